"""`llamabatch-nb`: run documents, serve the local engine, write the sample documents, see and free disk."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llamabatch_nb._version import __version__
from llamabatch_nb.engine import flags
from llamabatch_nb.errors import InputError, LlamaBatchError

if TYPE_CHECKING:
    from llamabatch_nb.run import Run

#: How a shell sees an interrupt.
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit status: 0 done (files may have failed: they are rows), 1 an error, 2 usage, 130 detached."""
    options = _parser().parse_args(arguments)
    try:
        result: int = options.do(options)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("llamabatch_nb"):
            raise
        print(
            f"llamabatch-nb: {error.name} is not installed: pip install 'llamabatch-nb[local]', then run this again.",
            file=sys.stderr,
        )
        return 1
    except LlamaBatchError as error:
        print(f"llamabatch-nb: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="llamabatch-nb", description=__doc__)
    parser.add_argument("--version", action="version", version=f"llamabatch-nb {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="submit documents, watch them, print the frames, write a file")
    run.add_argument("source", help="a folder, a document, a pattern such as 'in/**/*.pdf', or a directory's id")
    told = run.add_mutually_exclusive_group()
    told.add_argument("--configuration", help="a configuration's or preset's id (default: cfg-PARSE_AGENTIC)")
    told.add_argument("--schema", type=Path, metavar="FILE.json", help="a JSON Schema of what to extract")
    run.add_argument(
        "--ocr", action="store_true", help="recognise text in scans and pictures (local engine; extra 'ocr')"
    )
    run.add_argument("--name", help="what to call the run")
    run.add_argument("--new", action="store_true", help="submit again what was submitted before")
    run.add_argument("--include", action="append", metavar="PATTERN", help="only files that match (may be repeated)")
    run.add_argument("--exclude", action="append", metavar="PATTERN", help="no files that match (may be repeated)")
    run.add_argument("--flat", action="store_true", help="leave sub-folders out")
    run.add_argument("--sample", type=int, metavar="N", help="try on N files; without it the rest is sent")
    run.add_argument("--dry-run", action="store_true", help="say what would be sent and what it costs, and stop")
    run.add_argument("--max-credits", type=float, metavar="N", help="send nothing if it would cost more")
    run.add_argument(
        "--export",
        metavar="PATH",
        help="write what was read here: .parquet, .csv or .jsonl (pages, or records of an extraction), .xlsx, .html, "
        "or a folder of .md, which is a name without a dot",
    )
    run.add_argument("--overwrite", action="store_true", help="replace the exported file if it is there")
    run.set_defaults(do=_run)

    serve = commands.add_parser("serve", help="the local engine as a server")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    serve.add_argument("--port", type=int, default=8765, help="port to listen on, 0 for a free one (%(default)s)")
    serve.add_argument("--data", type=Path, help="folder for its data (default: in the state folder)")
    flags.add(serve)
    serve.set_defaults(do=_serve)

    clean = commands.add_parser("clean", help="show what is kept on this machine, and free it")
    clean.add_argument("--run", metavar="NAME", help="only the results of this run, by name or batch id")
    clean.add_argument("--older-than", type=float, metavar="DAYS", help="only results that were kept before that")
    clean.add_argument("--yes", action="store_true", help="remove them; without it they are only shown")
    clean.set_defaults(do=_clean)

    samples = commands.add_parser("samples", help="write the sample documents into a folder")
    samples.add_argument("folder", type=Path, metavar="DIR")
    samples.set_defaults(do=_samples)
    return parser


def _run(options: argparse.Namespace) -> int:
    import pandas as pd
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from llamabatch_nb.connect import connect
    from llamabatch_nb.render.text import render_text
    from llamabatch_nb.run import submit

    schema = _checked(options)
    console = Console()
    with connect(engine={"ocr": True} if options.ocr else None) as client:
        chosen = {
            "configuration": options.configuration,
            "schema": schema,
            "recursive": not options.flat,
            "include": options.include,
            "exclude": options.exclude,
            "sample": options.sample,
            "client": client,
        }
        if options.dry_run:
            found = submit(options.source, dry_run=True, **chosen)
            print(found)
            if found.rest and options.sample is None:
                print("This command sends those too.")
            return 0
        run = submit(options.source, name=options.name, max_credits=options.max_credits, new=options.new, **chosen)
        if run.snapshot.rest and options.sample is None:
            run.rest(max_credits=options.max_credits)
        # Where there is no terminal only the end is printed: rich sees to it.
        try:
            with Live(console=console, refresh_per_second=8, transient=False) as live:
                for snapshot in run.watch():
                    live.update(Text(render_text(snapshot, width=console.width)))
        except KeyboardInterrupt:
            print(f"Detached. {run.how_to_come_back()}", file=sys.stderr)
            raise
        run.wait()
        files = run.files()
        with pd.option_context("display.width", console.width, "display.max_rows", None, "display.max_columns", None):
            print("\n\nfiles = run.files()")
            shown = files[["name", "status", "pages", "error"]].astype("string").fillna("")
            print(shown.to_string(max_colwidth=None))
            if run.snapshot.job_type == "extract_v2":
                _print_values(run)
            else:
                print("\npages = run.pages()  # the head of it, white space folded")
                head = run.pages()[["name", "page", "text"]].head()
                print(head.assign(text=head["text"].str.split().str.join(" ")).to_string(max_colwidth=80))
        if options.export is not None:
            print(f"\nWrote {run.export(options.export, overwrite=options.overwrite)}.")
    return 0


def _checked(options: argparse.Namespace) -> dict[str, Any] | None:
    """The schema, if there is one. What can be refused is refused here, before the work of a batch is done."""
    from llamabatch_nb import frames

    if options.ocr:
        _check_local()
    schema = None if options.schema is None else _schema(options.schema)
    if options.export is not None:
        frames.target(options.export, overwrite=options.overwrite)
    return schema


def _check_local() -> None:
    """Raises InputError where the run is not the local engine's, which alone takes OCR as an option of its own."""
    from llamabatch_nb.client.settings import KEY_VARIABLES, URL_VARIABLE

    remote = [name for name in (*KEY_VARIABLES, URL_VARIABLE) if os.environ.get(name)]
    if remote:
        raise InputError(
            f"--ocr is the local engine's, and {remote[0]} is set: unset it, or give --configuration one that has "
            "processing_options.ocr_parameters. Nothing was sent."
        )


def _schema(path: Path) -> dict[str, Any]:
    try:
        schema = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is no JSON Schema that can be read: {error}. Nothing was sent.") from None
    if not isinstance(schema, dict):
        raise InputError(f"{path} holds no JSON object, which a schema is. Nothing was sent.")
    return schema


def _print_values(run: Run) -> None:
    """What was extracted, an object a file: all of it, for there is nothing else to read it with."""
    from llamabatch_nb.contract.extract import ExtractJob

    print("\nrun.results_of(name).extract_result")
    for file in run.snapshot.files:
        result = run.results_of(file.name)
        if isinstance(result, ExtractJob):
            print(f"{file.name}: {json.dumps(result.extract_result, ensure_ascii=False)}")


def _serve(options: argparse.Namespace) -> int:
    from llamabatch_nb.engine.serve import serve
    from llamabatch_nb.follow.home import home

    serve(options.host, options.port, options.data or home() / "engine", **flags.options(options))
    return 0


def _clean(options: argparse.Namespace) -> int:
    from datetime import UTC, datetime, timedelta

    from llamabatch_nb.run import archive

    kept = archive()
    age = None if options.older_than is None else timedelta(days=options.older_than)
    before = None if age is None else datetime.now(UTC) - age
    chosen = [
        one
        for one in kept
        if (options.run is None or options.run in {one.run, one.batch_id})
        and (before is None or one.archived_at <= before)
    ]
    if options.run is not None and not chosen:
        print(f"llamabatch-nb: nothing is kept of a run {options.run!r}; without --run all are shown.", file=sys.stderr)
        return 1
    runs: dict[str, list[int]] = {}
    for one in chosen:
        runs.setdefault(one.run or "(unknown)", []).append(one.bytes)
    for name, sizes in runs.items():
        print(f"{sum(sizes) / 1e6:>10,.1f} MB  {len(sizes):>7,} results  {name}")
    print(f"{sum(one.bytes for one in chosen) / 1e6:>10,.1f} MB  {len(chosen):>7,} results  in {kept.folder}")
    if options.yes:
        freed = kept.clear(older_than=age, run=options.run)
        print(f"Freed {freed / 1e6:,.1f} MB. They are fetched again when they are asked for, if the service has them.")
    elif chosen:
        print("--yes removes them; they are fetched again when they are asked for, if the service still has them.")
    return 0


def _samples(options: argparse.Namespace) -> int:
    from llamabatch_nb.samples import write_samples

    samples = write_samples(options.folder)
    truth = os.path.relpath(samples.truth)
    print(f"Wrote the sample documents to {options.folder}, and what is true of the invoices to {truth}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
