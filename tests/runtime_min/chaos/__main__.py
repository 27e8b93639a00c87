"""The chaos test in its long form: `python -m tests.runtime_min.chaos --seconds 600 --seed 1`.

Half of the time goes to storms (many programs at once, processes that die at random), half to commit points
(one program, a process that dies at each of its transactions in turn). `--storm SEED` and
`--point SEED NUMBER MOMENT` repeat one of them; databases of what went wrong are kept in `--keep`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.runtime_min.chaos.campaign import Campaign


@contextmanager
def _timed(figures: Counter[str]) -> Iterator[None]:
    began = time.monotonic()
    yield
    figures["seconds"] = round(time.monotonic() - began)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--storm", type=int)
    parser.add_argument("--point", type=int, nargs=3, metavar=("SEED", "NUMBER", "MOMENT"))
    options = parser.parse_args(arguments)
    campaign = Campaign(options.keep)
    with _timed(campaign.figures):
        if options.storm is not None:
            campaign.storm(options.storm)
        elif options.point is not None:
            campaign.point(*options.point)
        else:
            _all(campaign, options.seed, options.seconds)
    print(", ".join(f"{name}: {amount}" for name, amount in campaign.figures.items()))
    print(f"wrong: {len(campaign.wrong)}")
    return 1 if campaign.wrong else 0


def _all(campaign: Campaign, seed: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        campaign.storm(seed)
        campaign.points(seed, min(end, 2 * time.monotonic() - began))
        seed += 1


if __name__ == "__main__":
    sys.exit(main())
