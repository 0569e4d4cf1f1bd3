"""Serves a platform's two ports: the platform itself and its object store."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from haut_desktop.practice.accounts import open_company
from haut_desktop.practice.app import make_platform_app
from haut_desktop.practice.computing import Computing
from haut_desktop.practice.connections import BreakableProtocol
from haut_desktop.practice.demonstration import open_demonstration, prepare_datasets
from haut_desktop.practice.fault_injection import FaultInjection
from haut_desktop.practice.faults import Fault, Faults, Target
from haut_desktop.practice.object_store import make_store_app
from haut_desktop.practice.service import Options, Service, open_service
from haut_desktop.practice.webhook_sending import WebhookSender

_HOST: Final = "127.0.0.1"


class PortInUseError(Exception):
    """A port that was asked for by its number is another program's, or the system's."""


def open_platform(folder: Path, options: Options, faults: Sequence[Fault] = ()) -> Service:
    """Open a platform's store; at its first start with accounts, datasets, demonstration."""
    service = open_service(folder, options)
    service.computing = Computing(service)
    service.webhooks = WebhookSender(service)
    service.faults = Faults()
    for fault in faults:
        service.faults.add(fault)
    account = open_company(service)
    dataset = prepare_datasets(service, account)
    if options.has_demonstration:
        open_demonstration(service, dataset, account)
    return service


def close_platform(service: Service) -> None:
    """Stop computing and telling, close the store; what waits goes on after the next start."""
    service.computing.stop()
    service.webhooks.stop()
    service.records.close()


async def serve(
    service: Service,
    stop: asyncio.Event,
    on_ready: Callable[[str], None],
    *,
    port: int = 0,
    store_port: int = 0,
) -> None:
    """Serve until stop is set; on_ready gets the platform's address once both ports listen.

    Port 0 is the port of the last time, where it is free, so that addresses a client remembers
    survive a restart. Raises PortInUseError for another one that can't be had.
    """
    platform_socket = _listen(service, "port", port)
    store_socket = _listen(service, "store_port", store_port)
    service.addresses.store_url = service.options.object_store_url or _url(store_socket)
    platform = _make_server(make_platform_app(service), service.faults, Target.PLATFORM)
    store = _make_server(make_store_app(service), service.faults, Target.STORE)
    service.computing.start()
    service.webhooks.start()
    on_ready(_url(platform_socket))
    await asyncio.gather(
        platform.serve(sockets=[platform_socket]),
        store.serve(sockets=[store_socket]),
        _end(stop, platform, store),
    )


async def _end(stop: asyncio.Event, *servers: uvicorn.Server) -> None:
    await stop.wait()
    for server in servers:
        server.should_exit = True


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to the command."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _make_server(app: ASGIApp, faults: Faults, target: Target) -> uvicorn.Server:
    config = uvicorn.Config(
        FaultInjection(app, faults, target),
        http=BreakableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,  # the layer above writes it, by the platform's own clock
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
    return _Server(config)


def _listen(service: Service, name: str, port: int) -> socket.socket:
    remembered = int(service.records.setting(name) or 0) if port == 0 else port
    try:
        listening = _bind(remembered)
    except OSError as error:
        if port:
            raise PortInUseError(f"port {port} can't be used: {error.strerror}") from error
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
