"""Forwards TCP connections over one shaped link; bytes move in large pieces."""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Sequence
from typing import Final

from tests.benchmarks.shaping.oneway import UNSHAPED, OneWay, Shape

Address = tuple[str, int]

HOST: Final = "127.0.0.1"
_NEAR_S: Final = 0.0005
"""The loop's timers come in whole milliseconds, rounded up: what is this near is due."""


class Proxy:
    """Listens on one port for each target; all connections share one link."""

    def __init__(self, targets: Sequence[Address], shape: Shape = UNSHAPED) -> None:
        self._routes = [(_listen(), target) for target in targets]
        self._up, self._down = _Way(shape), _Way(shape)
        self._tasks = set[asyncio.Task[None]]()

    @property
    def ports(self) -> list[int]:
        """Where it listens, in the targets' order."""
        return [listening.getsockname()[1] for listening, _target in self._routes]

    def reshape(self, shape: Shape) -> tuple[int, int]:
        """Change the link under all connections; the bytes it carried there and back until now."""
        carried = self._up.carried_bytes, self._down.carried_bytes
        for way in (self._up, self._down):
            way.shape, way.carried_bytes = shape, 0
        return carried

    async def serve(self) -> None:
        """Forward until cancelled."""
        try:
            await asyncio.gather(*(self._accept(*route) for route in self._routes))
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for listening, _target in self._routes:
                listening.close()

    async def _accept(self, listening: socket.socket, target: Address) -> None:
        while True:
            client, _peer = await asyncio.get_running_loop().sock_accept(listening)
            task = asyncio.create_task(self._forward(client, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(self, client: socket.socket, target: Address) -> None:
        """Carry one connection until both ends have closed; a break at one end is one at both."""
        loop = asyncio.get_running_loop()
        opened_s = loop.time() + self._up.shape.round_trip_s
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with client, server:
            for end in (client, server):
                end.setblocking(False)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                await loop.sock_connect(server, target)
                await _until(opened_s)
                async with asyncio.TaskGroup() as both:
                    both.create_task(_Pipe(client, server, self._up).run())
                    both.create_task(_Pipe(server, client, self._down).run())
            except* OSError:
                for end in (client, server):
                    _break(end)


class _Way(OneWay):
    """A direction whose connections take turns."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self._turn = asyncio.Lock()  # first come, first served

    async def take_turn(self, size_bytes: int) -> float:
        """Wait for a turn and for room; the moment at which the bytes arrive."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            if (wait_s := self.wait_s(loop.time())) > 0:
                await asyncio.sleep(wait_s)
            return self.send(size_bytes, loop.time())


class _Pipe:
    """One direction of one connection: reads in turns, delivers when the bytes have travelled."""

    def __init__(self, source: socket.socket, target: socket.socket, way: _Way) -> None:
        self._source = source
        self._target = target
        self._way = way
        self._travelling: deque[tuple[float, bytes]] = deque()
        self._travelling_bytes = 0
        self._news, self._room = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Carry everything until the source ends, then end the target."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._read())
            both.create_task(self._deliver())

    async def _read(self) -> None:
        loop, chunk = asyncio.get_running_loop(), b"-"
        while chunk:
            chunk = await loop.sock_recv(self._source, self._way.turn_bytes)
            self._travelling.append((await self._way.take_turn(len(chunk)), chunk))
            self._travelling_bytes += len(chunk)
            self._news.set()
            while self._travelling_bytes >= self._way.window_bytes:
                self._room.clear()
                await self._room.wait()

    async def _deliver(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self._travelling:
                self._news.clear()
                await self._news.wait()
            due_s, chunk = self._travelling.popleft()
            await _until(due_s)
            if not chunk:
                self._target.shutdown(socket.SHUT_WR)
                return
            await loop.sock_sendall(self._target, chunk)
            self._travelling_bytes -= len(chunk)
            self._room.set()


async def _until(due_s: float) -> None:
    wait_s = due_s - asyncio.get_running_loop().time()
    if wait_s > _NEAR_S:
        await asyncio.sleep(wait_s - _NEAR_S)


def _listen() -> socket.socket:
    listening = socket.create_server((HOST, 0), backlog=128)
    listening.setblocking(False)
    return listening


def _break(end: socket.socket) -> None:
    """Let the other side see a broken connection, not an ordinary end."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
