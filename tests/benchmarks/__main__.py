"""`make bench`: every benchmark against its named baseline in one run; a table, and bench.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.engine_costs import engine_overhead, pdf_memory
from tests.benchmarks.engine_pages import engine_pages
from tests.benchmarks.extraction import extraction
from tests.benchmarks.frames import export_memory, imports, results_100k
from tests.benchmarks.transfers import transfers

BENCHMARKS = (
    engine_pages,
    engine_overhead,
    pdf_memory,
    extraction,
    transfers,
    results_100k,
    export_memory,
    imports,
)


def main() -> int:
    """Ratios above 1 mean better than the baseline, whatever the unit.

    `cpu` is what the process that measures spent, ours and the baseline's in seconds, where that says more than the
    clock: on a machine that others use, too.
    """
    rows: list[dict[str, Any]] = []
    print(f"{'name':<27}{'ours':>10}{'baseline':>10}  {'unit':<9}{'ratio':>7}{'cpu':>14}")
    for benchmark in BENCHMARKS:
        for row in benchmark():
            rows.append(row)
            cpu = f"{row['cpu_ours']:.1f} / {row['cpu_baseline']:.1f} s" if "cpu_ours" in row else ""
            print(
                f"{row['name']:<27}{row['ours']:>10.1f}{row['baseline']:>10.1f}  {row['unit']:<9}{row['ratio']:>7.2f}"
                f"{cpu:>14}  {row.get('note', '')}".rstrip(),
                flush=True,
            )
    Path("bench.json").write_text(json.dumps(rows, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
