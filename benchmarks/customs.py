"""
The figures of customs, each beside a baseline of the same run: ``make bench BENCH=customs``.

Each part is a program of its own and can be run alone (``make bench BENCH=customs_declaring``). They run one after
another in processes of their own: memory is one of the figures, and no part finds another's million rows.
"""

import subprocess
import sys
import time

from app.core.settings import ROOT

PARTS = ("tariff", "schedule", "customs_declaring", "parcels")


def main() -> int:
    """Run all parts; a part that breaks off does not hold back the others, and is told by the answer."""
    broken = []
    for name in PARTS:
        print(f"-- {name}", flush=True)
        began = time.perf_counter()
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=ROOT, check=False).returncode:
            broken.append(name)
        print(f"   {name} took {time.perf_counter() - began:.0f} s", flush=True)
    if broken:
        print(f"Broken off: {', '.join(broken)}")
    return len(broken)


if __name__ == "__main__":
    sys.exit(main())
