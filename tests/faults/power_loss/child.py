"""The program at work under the eyes of ``strace``; what it promises it says on its output.

Arguments: the station's folder, the platform's address, the study's name, the pictures' folder, and
the shape of the work.
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

from haut_desktop.domain.clock import system_clock
from haut_desktop.services.changes import Change, Topic
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.spooling import SpoolIntake
from haut_desktop.store.keys import KeyChest
from haut_desktop.store.spool import SPOOL, Spool
from tests.e2e.stations import HeadlessStation, open_workplace
from tests.fakes.keyring import FakeSecrets, locked
from tests.faults.power_loss.shapes import Shape
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


async def work(folder: Path, technician: Technician, *, erases: bool) -> None:
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
            if erases:
                await technician.erase_one(station, name)
    say(promise="closed")


async def spool(folder: Path, technician: Technician) -> None:
    """Set the station up; twice, seal pictures while the keyring is locked, unlock, place them."""
    secrets = SpokenSecrets()
    async with open_workplace(folder, secrets, is_working=False):
        say(promise="made")
    for names in VISITS.values():
        recipient = KeyChest(folder, locked()).recipient()
        spool_of_it = Spool(folder / SPOOL, recipient, system_clock)
        await technician.spool(SpoolIntake(spool_of_it, DiskSpace(folder)), names)
        async with open_workplace(folder, secrets) as station:
            drained = await station.work.spool.drain()
            assert len(drained.placed) == len(names)
    say(promise="closed")


def main() -> None:
    """Run to the end."""
    folder, server, study, pictures, shape = sys.argv[1:]
    listen_to_the_network()
    technician = Technician(server, study, Path(pictures), say)
    if shape == Shape.SPOOL:
        asyncio.run(spool(Path(folder), technician))
    else:
        asyncio.run(work(Path(folder), technician, erases=shape == Shape.ERASURE))


if __name__ == "__main__":
    main()
