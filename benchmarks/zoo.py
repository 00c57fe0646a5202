"""Recall and precision of the audit over many random worlds with random faults. Exit code 1 if either is below 1.

    python -m benchmarks.zoo --worlds 500

The same code as `tests/faults`: worlds of a seed each, laid out as files, audited in this process with one pool of
warm workers. Each world that the audit got wrong is told with its seed and what was missed or invented.
"""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from auditor.verify.pool import Verifier
from tests.faults.measure import Tally, audit, judge
from tests.faults.random_worlds import random_world


def measure(seeds: range, workers: int) -> tuple[Tally, int, set[str], int]:
    """Numbers over all worlds, how many faults there were, of which kinds, and how many worlds went wrong."""
    total, faults, kinds, wrong = Tally(), 0, set[str](), 0
    with Verifier(workers=workers) as verifier:
        for seed in seeds:
            world, happened = random_world(seed)
            with TemporaryDirectory() as home:
                found, told = judge(world, audit(world, Path(home), verifier))
            total.add(found)
            faults += len(happened)
            kinds |= set(happened)
            if told:
                wrong += 1
                print(f"seed {seed}: {happened}\n{told}", flush=True)
    return total, faults, kinds, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=500)
    parser.add_argument("--first-seed", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    begun = time.monotonic()
    total, faults, kinds, wrong = measure(range(asked.first_seed, asked.first_seed + asked.worlds), asked.workers)
    print(total)
    print(f"{faults} faults and harmless things of {len(kinds)} kinds; {wrong} worlds wrong in any way")
    print(f"{time.monotonic() - begun:.0f} s")
    return 0 if not wrong and total.recall == total.precision == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
