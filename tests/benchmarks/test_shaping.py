"""The shaped link: its arithmetic exactly, its process by bounds that a busy computer keeps."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.benchmarks.shaping.link import far_practice, running_link
from tests.benchmarks.shaping.oneway import QUEUE_S, TURN_S, UNSHAPED, OneWay, Shape
from tests.benchmarks.shaping.proxy import HOST

SLOW = Shape(20e6, 0.080)
SHAPES = (SLOW, Shape(200e6, 0.020), Shape(1e9, 0.005))
DEADLINE_S = 60.0


# ------------------------------------------------------------------------------ the arithmetic


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bytes_arrive_one_after_another_at_the_rate_and_half_a_trip_later(shape: Shape) -> None:
    way, sent, arrived = OneWay(shape), 0, 0.0
    while sent < 12_000_000:
        arrived = way.send(way.turn_bytes, 0.0)
        sent += way.turn_bytes
    assert arrived == pytest.approx(sent * 8 / shape.bits_per_s + shape.round_trip_s / 2)
    assert way.carried_bytes == sent


def test_the_line_gives_back_no_time_in_which_nothing_was_sent() -> None:
    way = OneWay(SLOW)
    way.send(2500, 0.0)
    assert way.send(2500, 10.0) == pytest.approx(10.0 + 2500 * 8 / 20e6 + 0.040)


def test_a_sender_waits_once_the_queue_before_the_line_is_full() -> None:
    way = OneWay(SLOW)
    assert way.wait_s(0.0) == 0.0
    way.send(int(20e6 / 8 * (QUEUE_S + 0.005)), 0.0)
    assert way.wait_s(0.0) == pytest.approx(0.005)
    assert way.wait_s(0.005) == pytest.approx(0.0, abs=1e-9)


def test_a_loop_that_is_late_by_less_than_the_queue_loses_nothing_of_the_line() -> None:
    way, now_s, sent, arrived = OneWay(SLOW), 0.0, 0, 0.0
    while sent < 1_000_000:
        if (wait_s := way.wait_s(now_s)) > 0:
            now_s += wait_s + QUEUE_S * 0.9
        arrived = way.send(way.turn_bytes, now_s)
        sent += way.turn_bytes
    assert arrived == pytest.approx(sent * 8 / 20e6 + 0.040, rel=0.001)


def test_a_turn_is_a_short_piece_of_the_line_and_the_window_more_than_it_holds() -> None:
    for shape in SHAPES:
        way = OneWay(shape)
        assert way.turn_bytes <= shape.bytes_per_s * TURN_S
        assert way.window_bytes > shape.bytes_per_s * (shape.round_trip_s + QUEUE_S)


def test_an_unshaped_link_asks_nobody_to_wait() -> None:
    way = OneWay(UNSHAPED)
    assert way.send(100_000_000, 5.0) == 5.0
    assert way.wait_s(5.0) == 0.0


@pytest.mark.parametrize(
    ("shape", "words"),
    (
        (SLOW, "20 Mbit/s & 80 ms"),
        (Shape(1e9, 0.005), "1 Gbit/s & 5 ms"),
        (UNSHAPED, "unshaped"),
    ),
)
def test_a_shape_says_what_it_is(shape: Shape, words: str) -> None:
    assert str(shape) == words


# -------------------------------------------------------------------------------- the process


def test_connections_share_one_rate_and_nothing_is_lost() -> None:
    shape, size_bytes = Shape(80e6, 0.0), 400_000
    with _echo() as port, running_link(port, shape=shape) as link:
        sent = [bytes([number]) * size_bytes for number in range(3)]
        began = time.monotonic()
        got = _at_once(link.ports[0], sent)
        took_s = time.monotonic() - began
        carried = link.reshape(shape)
    assert got == sent
    assert (carried.up, carried.down) == (3 * size_bytes, 3 * size_bytes)
    assert took_s > 3 * size_bytes / shape.bytes_per_s


def test_an_answer_comes_after_the_round_trips_of_opening_and_asking() -> None:
    with _echo() as port, running_link(port, shape=Shape(round_trip_s=0.1)) as link:
        opened_at = time.monotonic()
        with socket.create_connection((HOST, link.ports[0]), DEADLINE_S) as connection:
            _ask(connection, b"first")
            assert time.monotonic() - opened_at > 0.19
            assert _ask(connection, b"again") > 0.09
            link.reshape(UNSHAPED)
            assert min(_ask(connection, b"near") for _ in range(20)) < 0.09


def test_a_break_at_the_far_end_is_a_break_at_the_near_end() -> None:
    with (
        closing(socket.create_server((HOST, 0))) as server,
        running_link(server.getsockname()[1]) as link,
        socket.create_connection((HOST, link.ports[0]), DEADLINE_S) as connection,
    ):
        far, _peer = server.accept()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
        with pytest.raises(ConnectionError):
            connection.recv(1)


def test_signed_addresses_of_a_platform_behind_a_link_lead_over_the_link(tmp_path: Path) -> None:
    with far_practice(tmp_path) as far, httpx.Client(trust_env=False) as http:
        assert far.platform.object_store_url == far.link.urls[1]
        dataset = far.platform.make_dataset("Far", 1, "face_skin_metrics_3.0")
        (subject,) = far.platform.make_subjects(dataset, "S-1")
        slot = far.platform.initiate_upload(subject, "front")
        assert urlsplit(slot["url"]).port == far.link.ports[1]
        before = far.link.reshape(UNSHAPED)
        answer = http.put(slot["url"], headers=slot["headers"], content=bytes(100_000))
        assert answer.status_code == 200, answer.text
        assert before.up == 0
        assert far.link.reshape(UNSHAPED).up > 100_000


def _at_once(port: int, sent: list[bytes]) -> list[bytes]:
    """What comes back of each piece, sent over a connection of its own, all at the same time."""
    got = [b""] * len(sent)

    def exchange(number: int) -> None:
        with socket.create_connection((HOST, port), DEADLINE_S) as connection:
            sending = threading.Thread(target=connection.sendall, args=(sent[number],))
            sending.start()
            got[number] = _receive(connection, len(sent[number]))
            sending.join()

    threads = [threading.Thread(target=exchange, args=(number,)) for number in range(len(sent))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def _ask(connection: socket.socket, words: bytes) -> float:
    """Seconds until the words have come back."""
    began = time.monotonic()
    connection.sendall(words)
    assert _receive(connection, len(words)) == words
    return time.monotonic() - began


def _receive(connection: socket.socket, size_bytes: int) -> bytes:
    parts: list[bytes] = []
    while size_bytes and (part := connection.recv(1 << 20)):
        parts.append(part)
        size_bytes -= len(part)
    return b"".join(parts)


@contextmanager
def _echo() -> Iterator[int]:
    """Give back whatever comes; the port, while the block lasts."""
    server = socket.create_server((HOST, 0))

    def answer(connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(1 << 20):
                connection.sendall(data)

    def accept() -> None:
        threads = []
        while True:
            try:
                connection, _peer = server.accept()
            except OSError:
                break
            threads.append(threading.Thread(target=answer, args=(connection,)))
            threads[-1].start()
        for thread in threads:
            thread.join()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        accepting.join()
