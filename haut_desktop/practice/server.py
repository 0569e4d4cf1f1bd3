"""The practice platform's command: two ports on this computer, one line when it is ready."""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import uvicorn
from starlette.types import ASGIApp

from haut_desktop.practice.accounts import list_accounts, open_company
from haut_desktop.practice.app import make_platform_app
from haut_desktop.practice.computing import Computing
from haut_desktop.practice.connections import BreakableProtocol
from haut_desktop.practice.demonstration import open_demonstration, prepare_datasets
from haut_desktop.practice.fault_injection import FaultInjection
from haut_desktop.practice.faults import Fault, Faults, Target, parse_fault
from haut_desktop.practice.object_store import make_store_app
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.service import Options, Service, open_service

_HOST: Final = "127.0.0.1"


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until asked to stop; the exit code."""
    arguments = _make_parser().parse_args(argv)
    try:
        faults = [parse_fault(text) for text in arguments.fault]
        quirks = frozenset(Quirk(name) for name in arguments.quirk)
    except ValueError as error:
        sys.stderr.write(f"practice-platform: {error}\n")
        return 2
    options = Options(
        token_seconds=arguments.token_seconds,
        result_delay_s=arguments.result_delay,
        address_seconds=arguments.address_seconds,
        logins_per_minute=arguments.logins_per_minute,
        quirks=quirks,
        has_demonstration=arguments.demonstration,
    )
    service = _open(arguments.data, options, faults)
    try:
        asyncio.run(_serve(service, arguments))
    finally:
        service.computing.stop()
        service.records.close()
    return 0


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("haut-desktop practice-platform", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of its state")
    parser.add_argument("--port", type=int, default=0, help="0: the last one, or any free one")
    parser.add_argument("--store-port", type=int, default=0, help="port of the object store")
    parser.add_argument("--token-seconds", type=int, default=3600, help="life of a token")
    parser.add_argument("--address-seconds", type=int, default=3600, help="life of an address")
    parser.add_argument("--result-delay", type=float, default=0.0, help="seconds to compute")
    parser.add_argument("--logins-per-minute", type=int, default=60, help="for one account")
    parser.add_argument("--fault", action="append", default=[], help="KIND[,NAME=VALUE…]")
    parser.add_argument(
        "--quirk", action="append", default=[], choices=[quirk.value for quirk in Quirk]
    )
    parser.add_argument("--demonstration", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--exit-with-parent", action="store_true", help="end when stdin closes")
    return parser


def _open(folder: Path, options: Options, faults: Sequence[Fault]) -> Service:
    service = open_service(folder, options)
    service.computing = Computing(service)
    service.faults = Faults()
    for fault in faults:
        service.faults.add(fault)
    account = open_company(service)
    dataset = prepare_datasets(service, account)
    if options.has_demonstration:
        open_demonstration(service, dataset, account)
    return service


async def _serve(service: Service, arguments: argparse.Namespace) -> None:
    platform_socket = _listen(service, "port", arguments.port)
    store_socket = _listen(service, "store_port", arguments.store_port)
    service.addresses.store_url = _url(store_socket)
    servers = [
        _make_server(make_platform_app(service), service.faults, Target.PLATFORM),
        _make_server(make_store_app(service), service.faults, Target.STORE),
    ]
    stop = _watch_for_end(is_with_parent=arguments.exit_with_parent)
    tasks = [
        asyncio.ensure_future(server.serve(sockets=[listening]))
        for server, listening in zip(servers, (platform_socket, store_socket), strict=True)
    ]
    service.computing.start()
    _print_ready(service, _url(platform_socket))
    await stop.wait()
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*tasks)


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to the command."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _make_server(app: ASGIApp, faults: Faults, target: Target) -> uvicorn.Server:
    config = uvicorn.Config(
        FaultInjection(app, faults, target),
        http=BreakableProtocol,
        lifespan="off",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
    return _Server(config)


def _listen(service: Service, name: str, port: int) -> socket.socket:
    """A listening socket; port 0 is the last one used, where it is free."""
    remembered = int(service.records.setting(name) or 0) if port == 0 else port
    try:
        listening = _bind(remembered)
    except OSError:
        if port:
            raise
        listening = _bind(0)
    service.records.remember(name, str(listening.getsockname()[1]))
    return listening


def _bind(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there it would share a port that is in use
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((_HOST, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening


def _url(listening: socket.socket) -> str:
    return f"http://{_HOST}:{listening.getsockname()[1]}"


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
