import asyncio
from itertools import pairwise

import pytest

from haut_desktop.api.throttle import CHUNK_BYTES, Throttle
from haut_desktop.api.transport import InlineBody, Network, PictureBody


class Line:
    """A throttle's time without waiting for it: how long, and until when, turns were put off."""

    def __init__(self, throttle: Throttle, monkeypatch: pytest.MonkeyPatch) -> None:
        self.throttle = throttle
        self.waited_s: list[float] = []
        self.ends_s: list[float] = []
        monkeypatch.setattr("haut_desktop.api.throttle.asyncio.sleep", self._sleep)

    async def _sleep(self, delay_s: float) -> None:
        self.waited_s.append(delay_s)
        self.ends_s.append(asyncio.get_running_loop().time() + delay_s)


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    return Line(Throttle(), monkeypatch)


async def test_without_a_limit_nobody_waits(line: Line) -> None:
    for _ in range(10):
        await line.throttle.turn(CHUNK_BYTES)
    assert line.waited_s == []
    assert line.throttle.chunk_bytes == CHUNK_BYTES
    assert line.throttle.longest_s(10**9) == 0.0


async def test_all_bodies_share_one_line_in_turn(line: Line) -> None:
    line.throttle.bytes_per_s = 1000
    for _ in range(4):
        await line.throttle.turn(25_000)
    # by the moments, not the waits: this computer may have been busy between the turns
    assert len(line.ends_s) == 3
    assert [b - a for a, b in pairwise(line.ends_s)] == pytest.approx([25.0, 25.0], abs=5.0)
    assert line.waited_s[0] <= 25.0


async def test_a_line_that_was_idle_owes_nothing(line: Line) -> None:
    line.throttle.bytes_per_s = 100_000_000
    await line.throttle.turn(1000)
    loop = asyncio.get_running_loop()
    end = loop.time() + 0.001
    while loop.time() < end:
        pass
    await line.throttle.turn(1000)
    assert line.waited_s == []


@pytest.mark.parametrize("bytes_per_s", (50_000, 333_333, 2_000_000, 10**9))
def test_chunks_are_short_on_a_slow_line_and_fit_base64(bytes_per_s: int) -> None:
    throttle = Throttle()
    throttle.bytes_per_s = bytes_per_s
    assert throttle.chunk_bytes % 12 == 0
    assert 24 * 1024 // 12 * 12 <= throttle.chunk_bytes <= CHUNK_BYTES


def test_a_limited_line_is_not_a_stalled_one() -> None:
    network = Network()
    free_s = network.whole_s(30_000_000)
    network.throttle.bytes_per_s = 50_000
    # three pictures share the line: each may need the time of all of them
    assert network.whole_s(30_000_000) > free_s + 3 * 30_000_000 / 50_000


async def test_a_limited_body_is_the_same_body(line: Line) -> None:
    line.throttle.bytes_per_s = 100_000
    data = bytes(range(256)) * 2000
    sent: list[int] = []
    body = PictureBody(data, sent.append, line.throttle)
    assert b"".join([chunk async for chunk in body]) == data
    assert sent[-1] == len(data)
    free = InlineBody(b'{"name":"x"}', "b64data", data)
    limited = InlineBody(b'{"name":"x"}', "b64data", data, throttle=line.throttle)
    whole = b"".join([chunk async for chunk in free])
    assert b"".join([chunk async for chunk in limited]) == whole
    assert len(whole) == limited.size_bytes
