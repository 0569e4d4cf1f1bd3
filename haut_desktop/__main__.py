"""The command line: the window, the outbox, the tour, the practice platform, the self-test."""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from haut_desktop import __version__

_NO_DISPLAY: Final = (
    "Haut Desktop shows windows, and there is no display here. Start it in a desktop session; "
    "“haut-desktop outbox” and “haut-desktop tour --out FOLDER” need no display.\n"
)
_UNREAD: Final = 2
"""Exit code when nobody reads the output any more."""


def run() -> NoReturn:
    """Do what the command line asks for and end the process.

    By then everything is closed and written. What is left are Python's and Qt's objects, which take
    each other down in whatever order; once in some dozen ends that crashed the process.
    """
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        code = _UNREAD  # whoever read it has seen enough: head, or a pager that was closed
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["practice-platform"]:
        from haut_desktop.practice.server import main as practice_platform

        return practice_platform(arguments[1:])
    if arguments[:2] == ["--practice", "outbox"]:  # as one says it, too
        arguments = [*arguments[1:], "--practice"]
    if arguments[:1] == ["outbox"]:
        from haut_desktop.outbox_command import run_outbox_command

        return run_outbox_command(arguments[1:])
    chosen = _parser().parse_args(arguments)
    if chosen.self_test:
        from haut_desktop.self_test import run_self_test

        return run_self_test()
    if chosen.command == "tour":
        from haut_desktop.tour import run_tour

        return run_tour(chosen.out, pictures=chosen.pictures, platform=chosen.platform)
    if not _has_display():
        sys.stderr.write(_NO_DISPLAY)
        return 1
    # what is imported stays: to look through it for garbage would only hold the window up
    gc.disable()
    from haut_desktop.starting import run_window

    gc.freeze()
    gc.enable()
    return run_window(is_practice=chosen.practice)


def _has_display() -> bool:
    """Whether Qt has somewhere to show windows: where it has not, it ends the process."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform != "linux" or any(os.environ.get(name) for name in names)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="haut-desktop", description="Capture station for the Haut.AI platform."
    )
    parser.add_argument("--version", action="version", version=f"Haut Desktop {__version__}")
    parser.add_argument(
        "--practice", action="store_true", help="open the window on the practice platform"
    )
    parser.add_argument(
        "--self-test", action="store_true", help="check that every part of the program works"
    )
    commands = parser.add_subparsers(dest="command", metavar="command")
    tour = commands.add_parser("tour", help="do the main job without hands, with screenshots")
    tour.add_argument("--out", type=Path, required=True, help="folder for screenshots and report")
    tour.add_argument("--pictures", type=Path, help="folder with front.*, left.*, right.*")
    tour.add_argument("--platform", help="address of a platform that is already running")
    commands.add_parser(
        "outbox",
        help="list, verify or rebuild the outbox, write its receipts, say what is kept",
        add_help=False,
    )
    commands.add_parser(
        "practice-platform", help="serve the practice platform on this computer", add_help=False
    )
    return parser


if __name__ == "__main__":
    run()
