"""What the command line takes, and what it says of itself with ``--help``."""

import argparse
from pathlib import Path
from typing import Final

_LIST: Final = (
    "Says where each visit's batches and pictures stand, which subjects wait to be registered or "
    "are held, what was begun on the platform and left behind, and what keeps things: a pause, a "
    "missing sign-in, the account of another company, the sending times. Changes nothing."
)
_REBUILD: Final = (
    "Make a damaged or missing record anew from the sealed pictures and the notes beside them. "
    "The former file is kept beside it. Subjects and visits without pictures, what was erased, "
    "what was begun on the platform and left behind, what the quality checks said in visits that "
    "were not finished, camera clocks, the pause, times and limit for sending, limits of disk "
    "space, how long pictures stay, the sign-in and the audit trail so far are not in the vault: a "
    "record that is in order is left as it is."
)


def make_parser() -> argparse.ArgumentParser:
    """The verbs with their options; ``--help`` of each says what it does."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="write JSON for a program to read")
    shared.add_argument("--folder", type=Path, help="the station's folder, if not the usual one")
    shared.add_argument("--practice", action="store_true", help="the practice station")
    shared.add_argument(
        "--recovery-key-stdin",
        action="store_true",
        help="read the recovery key from the first line of standard input, not the keyring",
    )
    parser = argparse.ArgumentParser(
        prog="haut-desktop outbox", description="What waits, what is proven, what differs."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser(
        "list",
        parents=[shared],
        help="visits and subjects, and where they stand",
        description=_LIST,
    )
    verify = commands.add_parser(
        "verify", parents=[shared], help="read every sealed picture, ask for every confirmed one"
    )
    verify.add_argument("--offline", action="store_true", help="do not ask the platform")
    receipts = commands.add_parser(
        "receipts",
        parents=[shared],
        help="hashes, proofs and times of every picture, printed as one CSV table or written",
    )
    receipts.add_argument(
        "--out", type=Path, help="write a PDF and a CSV file per visit into this folder"
    )
    _add_keep(commands.add_parser("keep", parents=[shared], help="how long pictures stay here"))
    words = "make a damaged or missing record anew from the sealed pictures"
    rebuild = commands.add_parser("rebuild", parents=[shared], help=words, description=_REBUILD)
    rebuild.add_argument(
        "--anyway", action="store_true", help="also a record that is in order, or of unknown state"
    )
    return parser


def _add_keep(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Says how long each study's delivered pictures stay on this station, or changes it. A "
        "picture leaves only when it is proven to be on the platform."
    )
    parser.add_argument("--study", help="number or name of the study for which it is changed")
    rule = parser.add_mutually_exclusive_group()
    rule.add_argument("--days", type=_days, help="so many days after the delivery is proven")
    rule.add_argument("--until-closed", action="store_true", help="until the study is closed")
    rule.add_argument("--closed", action="store_true", help="no longer: the study is closed")
    parser.add_argument("--reason", default="", help="why; it stands in the audit trail")
    parser.add_argument("--yes", action="store_true", help="do it; without it, say what it means")


def _days(text: str) -> int:
    if not text.isdecimal() or (days := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"a whole number of days, 1 at least, not {text}")
    return days
