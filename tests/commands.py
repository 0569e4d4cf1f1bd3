"""The outbox on the command line as tests give it: with a room's folder and its keys."""

import asyncio
import json
from typing import Any

import pytest

from haut_desktop.outbox_command import run_outbox_command
from tests.services.rooms import Room


async def run(room: Room, *arguments: str) -> int:
    """Run the command in a thread, for it has an event loop of its own."""
    words = [arguments[0], "--folder", str(room.station.folder), *arguments[1:]]
    return await asyncio.to_thread(run_outbox_command, words, secrets=room.secrets)


async def read(room: Room, capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """Run the command with --json and read what it wrote."""
    await run(room, *arguments, "--json")
    return json.loads(capsys.readouterr().out)
