"""Run every benchmark in sequence: `make bench`. Each prints its ratio last."""

from __future__ import annotations

import runpy
from pathlib import Path


def main() -> None:
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        print(f"== {path.stem}", flush=True)
        runpy.run_module(f"tests.bench.{path.stem}", run_name="__main__")


if __name__ == "__main__":
    main()
