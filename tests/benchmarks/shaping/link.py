"""A shaped link in a process of its own, and a practice platform at its far end."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.shaping.oneway import UNSHAPED, Shape
from tests.benchmarks.shaping.proxy import HOST
from tests.fakes.practice import PracticePlatform, running_practice


@dataclass(frozen=True, slots=True)
class Carried:
    """Bytes that went over the link."""

    up: int
    down: int


@dataclass(frozen=True, slots=True)
class Link:
    """A running link: where it listens, and how it is changed."""

    process: subprocess.Popen[str]
    ports: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ports", self._hear())

    @property
    def urls(self) -> tuple[str, ...]:
        """Where it listens, in the order of its targets."""
        return tuple(f"http://{HOST}:{port}" for port in self.ports)

    def reshape(self, shape: Shape) -> Carried:
        """Change it, under open connections too; what it carried since the last time."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{shape.bits_per_s} {shape.round_trip_s}\n")
        self.process.stdin.flush()
        return Carried(*self._hear())

    def _hear(self) -> tuple[int, ...]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the link has ended"
        return tuple(map(int, line.split()))


@contextmanager
def running_link(*ports: int, shape: Shape = UNSHAPED) -> Iterator[Link]:
    """Run one link to these ports of this computer while the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.shaping", *map(str, ports)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        link = Link(process)
        link.reshape(shape)
        yield link
        assert process.stdin is not None
        process.stdin.close()


@dataclass(frozen=True, slots=True)
class FarPlatform:
    """A practice platform and the link that leads to it and to its object store."""

    platform: PracticePlatform
    """Reached directly: what a test asks it does not go over the link."""
    link: Link

    @property
    def url(self) -> str:
        """The platform's address at the near end of the link."""
        return self.link.urls[0]


@contextmanager
def far_practice(data: Path, *arguments: str, shape: Shape = UNSHAPED) -> Iterator[FarPlatform]:
    """Run a practice platform whose clients reach it and its object store over one link."""
    port, store_port = _free_port(), _free_port()
    with running_link(port, store_port, shape=shape) as link:
        at = ("--port", str(port), "--store-port", str(store_port))
        public = ("--object-store-url", link.urls[1])
        with running_practice(data, *at, *public, *arguments) as platform:
            yield FarPlatform(platform, link)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as found:
        port: int = found.getsockname()[1]
        return port
