"""The program at work under the eyes of ``strace``; what it promises it says on its output.

Arguments: the station's folder, the platform's address, the study's name, the pictures' folder.
After each answer of the platform it waits for a line on its input, so that the platform as it is
at that moment can be copied.
"""

import asyncio
import os
import sys
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import msgspec

from haut_desktop.services.changes import Change, Topic
from tests.e2e.stations import HeadlessStation, open_workplace
from tests.fakes.keyring import FakeSecrets
from tests.faults.power_loss.technician import VISITS, Technician


def say(**words: Any) -> None:
    """Say something in one traced call."""
    os.write(1, msgspec.json.encode(words) + b"\n")


class SpokenSecrets(FakeSecrets):
    """A keyring whose secrets whoever listens can open the station with."""

    def set(self, name: str, value: str) -> None:
        """Keep a secret and say it."""
        super().set(name, value)
        say(secret=name, value=value)


def listen_to_the_network() -> None:
    """Say each request before it leaves; after each answer stand still until somebody looked."""
    send = httpx.AsyncHTTPTransport.handle_async_request
    answers = count(1)

    async def send_aloud(
        transport: httpx.AsyncHTTPTransport, request: httpx.Request
    ) -> httpx.Response:
        say(asks=request.method, path=request.url.path)
        response = await send(transport, request)
        say(answered=next(answers))
        os.read(0, 1)
        return response

    httpx.AsyncHTTPTransport.handle_async_request = send_aloud  # type: ignore[method-assign,assignment]


def listen(technician: Technician, station: HeadlessStation) -> None:
    """Say each confirmation as soon as the program shows it, until the workplace closes."""
    woken = asyncio.Event()

    def on_change(change: Change) -> None:
        if change.topic is Topic.OUTBOX:
            woken.set()

    async def follow() -> None:
        while True:
            await woken.wait()
            woken.clear()
            await technician.listen(station)

    station.work.changes.subscribe(on_change)
    station.work.tasks.start(follow(), name="listener")


async def work(folder: Path, technician: Technician) -> None:
    """Set the station up, do one visit, close; open again, do the other one, close."""
    secrets = SpokenSecrets()
    for name in VISITS:
        async with open_workplace(folder, secrets) as station:
            say(promise="made")
            listen(technician, station)
            study = await technician.prepare(station)
            say(promise="signed in", study=study.id)
            await technician.visit(station, study, name)
            await technician.until_sent(station)
            await technician.listen(station)
    say(promise="closed")


def main() -> None:
    """Run to the end."""
    folder, server, study, pictures = sys.argv[1:]
    listen_to_the_network()
    asyncio.run(work(Path(folder), Technician(server, study, Path(pictures), say)))


if __name__ == "__main__":
    main()
