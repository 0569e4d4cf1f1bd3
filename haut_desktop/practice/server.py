"""The practice platform's command: it serves on this computer until it is asked to stop."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from haut_desktop.practice.accounts import list_accounts
from haut_desktop.practice.data_folder import DataFolderError, hold
from haut_desktop.practice.faults import Fault, FaultKind, parse_fault
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.service import Options, Service
from haut_desktop.practice.serving import PortInUseError, close_platform, open_platform, serve

_EPILOG: Final = f"""\
faults: --fault KIND[,NAME=VALUE]..., as often as wanted; the first that strikes a request counts.
Kinds:
{FaultKind.explain()}

Which requests it strikes (all of them, if nothing is said):
  target=platform|store|both  the platform (default), its object store, or both
  method=POST                 one method
  path=*/compute/             a pattern of the path, with * for anything
  skip=2                      the first two that fit pass
  count=1                     it strikes once; every time without it
  probability=0.1             it strikes one in ten, the same ones for the same seed=N

What it does:
  done=true                   everything is done before the wrong answer is given
  status=502                  of 5xx, refuse_early, redirect, address_expired; 401 may be 403
  retry_after_s=5             of 429
  delay_s=3  bytes_per_s=50000  of slow; delay_s of commit_late
  skew_s=-7200                of clock_skew: the clock runs two hours behind
  location=http://host/       of redirect

For example:
  --fault drop_answer,path=*/compute/,count=1
  --fault 5xx,status=502,probability=0.1,target=both
  --fault clock_skew,skew_s=7200,target=both

quirks: --quirk NAME, as often as wanted: plausible answers where the contract says nothing.
{Quirk.explain()}

While it runs: GET, POST and DELETE /_practice/faults/ and GET and PUT /_practice/quirks/ (JSON).
"""

_LAST_PORT: Final = 65535
_PORT_HELP: Final = "0 (default): the port of the last time where it is free, or any free one"
_STORE_URL_HELP: Final = (
    "where clients reach the object store, through a proxy for instance: signed addresses name it;"
    " the store itself listens on --store-port as ever"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until asked to stop; the exit code."""
    arguments = _make_parser().parse_args(argv)
    try:
        faults = [parse_fault(text) for text in arguments.fault]
    except ValueError as error:
        sys.stderr.write(f"practice-platform: --fault: {error}\n")
        return 2
    try:
        with hold(arguments.data):
            _open_and_serve(arguments, faults)
    except (DataFolderError, PortInUseError) as error:
        sys.stderr.write(f"practice-platform: {error}\n")
        return 2
    return 0


def _open_and_serve(arguments: argparse.Namespace, faults: Sequence[Fault]) -> None:
    service = open_platform(arguments.data, _read_options(arguments), faults)
    try:
        asyncio.run(_serve(service, arguments))
    finally:
        close_platform(service)


def _port(text: str) -> int:
    """Read a port; raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is no port: 0 to {_LAST_PORT}")
    return int(text)


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "haut-desktop practice-platform",
        description=__doc__,
        epilog=_EPILOG.replace("%", "%%"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of its state")
    parser.add_argument("--port", type=_port, default=0, help=_PORT_HELP)
    parser.add_argument(
        "--store-port", type=_port, default=0, help="the object store's; 0 as above"
    )
    parser.add_argument("--object-store-url", default="", metavar="URL", help=_STORE_URL_HELP)
    parser.add_argument("--token-seconds", type=int, default=3600, help="life of a token")
    parser.add_argument("--address-seconds", type=int, default=3600, help="life of an address")
    parser.add_argument("--result-delay", type=float, default=0.0, help="seconds to compute")
    parser.add_argument("--logins-per-minute", type=int, default=60, help="for one account")
    parser.add_argument("--fault", action="append", default=[], metavar="FAULT", help="see below")
    parser.add_argument(
        "--quirk",
        action="append",
        default=[],
        choices=[quirk.value for quirk in Quirk],
        metavar="NAME",
        help="see below",
    )
    parser.add_argument(
        "--demonstration",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="the invented study with its subjects, made at the first start (default)",
    )
    parser.add_argument("--exit-with-parent", action="store_true", help="end when stdin closes")
    return parser


def _read_options(arguments: argparse.Namespace) -> Options:
    return Options(
        token_seconds=arguments.token_seconds,
        result_delay_s=arguments.result_delay,
        address_seconds=arguments.address_seconds,
        logins_per_minute=arguments.logins_per_minute,
        quirks=frozenset(quirk for quirk in Quirk if quirk in arguments.quirk),
        has_demonstration=arguments.demonstration,
        object_store_url=arguments.object_store_url.rstrip("/"),
    )


async def _serve(service: Service, arguments: argparse.Namespace) -> None:
    await serve(
        service,
        _watch_for_end(is_with_parent=arguments.exit_with_parent),
        lambda url: _print_ready(service, url),
        port=arguments.port,
        store_port=arguments.store_port,
    )


def _watch_for_end(*, is_with_parent: bool) -> asyncio.Event:
    """Set on SIGTERM, SIGINT, and when stdin closes where the parent holds it."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def end(*_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be closed already
            loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    if is_with_parent:
        threading.Thread(target=_wait_for_parent, args=(end,), daemon=True).start()
    return stop


def _wait_for_parent(end: Callable[[], None]) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    end()


def _print_ready(service: Service, url: str) -> None:
    accounts = list_accounts(service)
    line = {
        "url": url,
        "object_store_url": service.addresses.store_url,
        "accounts": [
            {
                "username": account["username"],
                "password": account["password"],
                "role": account["role"],
                "mfa": bool(account["mfa"]),
            }
            for account in accounts
        ],
        "company_id": accounts[0]["company_id"],
    }
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()
