"""`make bench`: every benchmark against its named baseline in one run; a table, and bench.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.engine_pages import engine_pages

BENCHMARKS = (engine_pages,)


def main() -> int:
    """Ratios above 1 mean better than the baseline, whatever the unit."""
    rows: list[dict[str, Any]] = []
    print(f"{'name':<24}{'ours':>12}{'baseline':>12}  {'unit':<10}{'ratio':>7}")
    for benchmark in BENCHMARKS:
        row = benchmark()
        rows.append(row)
        print(
            f"{row['name']:<24}{row['ours']:>12.1f}{row['baseline']:>12.1f}  {row['unit']:<10}{row['ratio']:>7.2f}",
            flush=True,
        )
    Path("bench.json").write_text(json.dumps(rows, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
