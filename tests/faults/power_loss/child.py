"""The program at work under the eyes of ``strace``; what it promises it says on its output.

Arguments: the station's folder, the platform's address, the study's name, the pictures' folder.
After each answer of the platform it waits for a line on its input, so that the platform as it is
at that moment can be copied.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec

from haut_desktop.services.changes import Change, Topic
from tests.e2e.stations import HeadlessStation, open_workplace
from tests.faults.power_loss.technician import VISITS, Technician
from tests.fakes.keyring import FakeSecrets


def say(**words: Any) -> None:
    """Say something in one traced call."""
    os.write(1, msgspec.json.encode(words) + b"\n")


class SpokenSecrets(FakeSecrets):
    """A keyring whose secrets whoever listens can open the station with."""

    def set(self, name: str, value: str) -> None:
        """Keep a secret and say it."""
        super().set(name, value)
        say(secret=name, value=value)


class SlowTransport(httpx.AsyncHTTPTransport):
    """Real sockets, and a moment of silence after each answer."""

    answers = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, say what is asked before it leaves, and wait until somebody has looked."""
        say(asks=request.method, path=request.url.path)
        response = await super().handle_async_request(request)
        type(self).answers += 1
        say(answered=self.answers)
        os.read(0, 1)  # everything stands still meanwhile
        return response


@asynccontextmanager
async def listening(technician: Technician, station: HeadlessStation) -> AsyncIterator[None]:
    """Say each confirmation as soon as the program shows it."""
    woken = asyncio.Event()

    def on_change(change: Change) -> None:
        if change.topic is Topic.OUTBOX:
            woken.set()

    async def listen() -> None:
        while True:
            await woken.wait()
            woken.clear()
            await technician.listen(station)

    unsubscribe = station.work.changes.subscribe(on_change)
    listener = asyncio.ensure_future(listen())
    try:
        yield
    finally:
        unsubscribe()
        listener.cancel()
        with suppress(asyncio.CancelledError):
            await listener


async def work(folder: Path, technician: Technician) -> None:
    """Set the station up, do one visit, close; open again, do the other one, close."""
    secrets = SpokenSecrets()
    for name in VISITS:
        async with open_workplace(folder, secrets) as station, listening(technician, station):
            say(promise="made")
            study = await technician.prepare(station)
            say(promise="signed in", study=study.id)
            await technician.visit(station, study, name)
            await technician.until_sent(station)
            await technician.listen(station)
    say(promise="closed")


def main() -> None:
    """Run to the end."""
    folder, server, study, pictures = sys.argv[1:]
    httpx.AsyncHTTPTransport = SlowTransport  # type: ignore[misc]
    import httpx._client as client

    client.AsyncHTTPTransport = SlowTransport  # type: ignore[misc]
    asyncio.run(work(Path(folder), Technician(server, study, Path(pictures), say)))


if __name__ == "__main__":
    main()
