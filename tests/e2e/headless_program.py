"""A station as a program of its own, to be killed: ``python -m tests.e2e.headless_program``.

``FOLDER prepare SERVER STUDY PICTURE…`` makes the station, registers a subject and finishes a visit
of which nothing is sent. ``FOLDER deliver`` opens it again and delivers. The secret lies in the
real keyring, or with ``--secrets FILE`` in a file. Prints its process id first, ``done`` at the
end.
"""

import argparse
import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

from haut_desktop.store.secrets import KeyringSecrets, Secrets
from tests.e2e.stations import QUICK, FileSecrets, HeadlessStation, open_workplace


async def prepare(station: HeadlessStation, server: str, name: str, pictures: list[Path]) -> None:
    """Do a technician's part; delivery is not at work."""
    await station.sign_in(server)
    await station.finish_first_visit(name, *pictures)


async def run(arguments: argparse.Namespace) -> None:
    """Do the part that the command line names."""
    secrets: Secrets = FileSecrets(arguments.secrets) if arguments.secrets else KeyringSecrets()
    is_working = arguments.part == "deliver"
    pacing = replace(QUICK, settling_s=60.0)
    async with open_workplace(
        arguments.folder, secrets, pacing=pacing, is_working=is_working
    ) as station:
        if is_working:
            await station.until_delivered()
        else:
            server, study, *pictures = arguments.rest
            await prepare(station, server, study, [Path(picture) for picture in pictures])


def main() -> None:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--secrets", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("part", choices=("prepare", "deliver"))
    parser.add_argument("rest", nargs="*")
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    asyncio.run(run(parser.parse_args()))
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main()
