# Two commands for a newcomer: `make demo` and `make test`. Everything lives in .venv; nothing is installed elsewhere
# but Chromium, by apt, where `make test` runs as root and finds none.

PYTHON ?= python3
BIN := .venv/bin
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
export LLAMABATCH_HOME ?= $(CURDIR)/.llamabatch
# Nothing made here is paid for: with these set, the demo and the notebooks would go to LlamaCloud.
unexport LLAMA_CLOUD_API_KEY LLAMA_PARSE_API_KEY LLAMA_CLOUD_BASE_URL LLAMA_CLOUD_CUSTOM_HEADERS

.PHONY: help demo lab test lint unit browser notebooks refresh bench drills pandas screenshots clean chromium

help:  ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: .venv/local  ## sample documents through a batch on the local engine, into DataFrames and a Parquet file
	@$(BIN)/llamabatch-nb samples demo/documents
	@$(BIN)/llamabatch-nb run demo/documents --configuration cfg-PARSE_AGENTIC --name demo --new \
	    --export pages.parquet --overwrite
	@echo
	@echo "Next: make lab    opens the same in JupyterLab, with the live panel."

lab: .venv/lab  ## JupyterLab on the quickstart notebook
	@$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) --LabApp.default_url=/lab/tree/notebooks/01-quickstart.ipynb

test: lint unit notebooks browser  ## lint, types, unit, engine, notebook and browser tests

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

unit: .venv/dev
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not browser" tests

# Seeded ids and a fixed clock, so that what is committed is what comes out; a state folder of their own.
SEEDED = home=$$(mktemp -d); trap 'rm -rf "$$home"' EXIT; LLAMABATCH_HOME=$$home LLAMABATCH_ENGINE=seed=notebooks

notebooks: .venv/dev
	$(SEEDED) $(BIN)/python -m pytest --nbval --nbval-sanitize-with notebooks/nbval-sanitize.cfg notebooks

refresh: .venv/dev  ## run the notebooks anew, make README's table of differences anew; to be committed
	$(BIN)/python -m llamabatch_nb.engine.differences README.md
	$(SEEDED) $(BIN)/python -m jupyter nbconvert --to notebook --inplace --execute --log-level WARN \
	    --ExecutePreprocessor.store_widget_state=False --ExecutePreprocessor.record_timing=False notebooks/*.ipynb

browser: .venv/dev chromium
	$(BIN)/python -m pytest -m browser tests

bench: .venv/dev  ## speed and memory against named baselines, into bench.json
	$(BIN)/python -m tests.benchmarks

drills: .venv/dev  ## the long drills: killed processes, many schedules
	LLAMABATCH_DRILLS=full $(BIN)/python -m pytest -m drill tests

# Environments of their own: the package has to be right under the pandas that somebody has already.
pandas:  ## the tests of the frames under pandas 2.2 and under 3
	@for version in 2.2 3; do \
	    test -x .pandas/$$version/bin/python || $(PYTHON) -m venv .pandas/$$version; \
	    .pandas/$$version/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' "pandas==$$version.*"; \
	    .pandas/$$version/bin/python -m pytest tests/frames; \
	done

screenshots: .venv/dev chromium  ## docs/images, light and dark
	$(BIN)/python -m tests.screenshots

clean:  ## everything that was made here
	rm -rf .venv .pandas .llamabatch demo pages.parquet bench.json dist .mypy_cache .ruff_cache .pytest_cache

chromium:
	@./.ci/chromium

# A stamp a set of extras. The package itself is editable; only a changed pyproject.toml installs again.
.venv/local .venv/lab .venv/dev: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
	    { echo "Python >= 3.11 with venv is needed (Debian: apt install python3-venv)."; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python >= 3.11 is needed: make PYTHON=python3.11 $(MAKECMDGOALS)"; rm -rf .venv; exit 1; }
	@echo "Installing llamabatch-nb[$(if $(filter %/lab,$@),local$(comma)lab,$(@F))] into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$(if $(filter %/lab,$@),local$(comma)lab,$(@F))]'
	@touch $@

comma := ,
