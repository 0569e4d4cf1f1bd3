"""``python -m tests.faults.night``: hundreds of visits in one go, with everything that befalls."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.faults.night.pictures import draw_pictures
from tests.faults.night.plan import Plan
from tests.faults.night.run import UNDECIDABLE, Account, NightError, NightRun


def main() -> int:
    """Run it and print what it was like; 0 when every promise was kept."""
    parser = argparse.ArgumentParser(prog="tests.faults.night", description=__doc__)
    parser.add_argument("--visits", type=int, default=Plan.visits, help="of three pictures each")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    chosen = parser.parse_args()
    plan = Plan(visits=chosen.visits, seed=chosen.seed)
    with tempfile.TemporaryDirectory(prefix="haut-night-") as name:
        folder = Path(name)
        draw_pictures(folder / "pictures")
        night = NightRun(plan, folder, tell)
        try:
            account = asyncio.run(night.run())
        except (NightError, TimeoutError) as error:
            tell(f"FAILED: {type(error).__name__} {error}")
            return 1
        finally:
            night.close()
    tell(words_of(account))
    return 0


def tell(words: str) -> None:
    """Say how it goes."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def words_of(account: Account) -> str:
    """The night in words and figures."""
    struck = ", ".join(f"{kind} {times}" for kind, times in sorted(account.struck.items()))
    memory = "; ".join("/".join(f"{mib:.0f}" for mib in one) for one in account.memory_mib)
    report = account.verification
    differences = len(report["differences"])
    return f"""\
{account.visits} batches, {account.pictures} pictures in {account.seconds:.0f} s: each is on the \
platform and was computed once
{account.requests} requests arrived; {account.struck.total()} were struck by faults: {struck}
befallen: {", ".join(account.events)}; signed in {account.signed_in} times
held for a person: {account.held.total()}; decisions in the morning: {account.asked}
{_reasons(account)}memory in MiB at the start, the end and the peak of each start: {memory}
frames late by {round(account.frames.longest_s * 1000)} ms at most, 99 of 100 by less than \
{account.frames.p99_ms()} ms
verify: {report["pictures"]} sealed pictures read, {report["asked_pictures"]} asked for, \
{differences} differences"""


def _reasons(account: Account) -> str:
    return "".join(
        f"  {times} × {kind}: {UNDECIDABLE[kind]}\n" for kind, times in account.held.items()
    )


if __name__ == "__main__":
    sys.exit(main())
