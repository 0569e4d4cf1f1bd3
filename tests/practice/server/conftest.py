"""Platforms, clients and small pictures for the practice platform's tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from haut_desktop.practice.pictures import Person, SkinTone, draw_face, draw_skin, encode_jpeg
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.service import Options
from tests.practice.server.running import Client, RunningPlatform

_TAKEN_AT = datetime(2025, 3, 4, 9, 30, tzinfo=UTC)
_PERSON = Person(5, SkinTone.LIGHT)

StartClient = Callable[..., Client]


@pytest.fixture(scope="session")
def faces() -> dict[str, bytes]:
    """Three sides of one face, as small JPEGs."""
    return {
        side: encode_jpeg(draw_face(_PERSON, side=side, size=360), taken_at=_TAKEN_AT)
        for side in ("front", "left", "right")
    }


@pytest.fixture(scope="session")
def skin() -> bytes:
    """A patch of skin without a face."""
    return encode_jpeg(draw_skin(_PERSON, size=360), taken_at=_TAKEN_AT)


@pytest.fixture(scope="session")
def blank() -> bytes:
    """A grey picture: nothing on it."""
    return cv2.imencode(".png", np.full((200, 160, 3), 128, np.uint8))[1].tobytes()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A signed-in client of a platform with default behaviour, shared by a module."""
    folder = tmp_path_factory.mktemp("platform")
    platform = RunningPlatform(folder, Options(has_demonstration=False))
    client = Client(platform.url)
    client.sign_in()
    yield client
    client.http.close()
    platform.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartClient]:
    """Starts a platform of the test's own, with options and quirks; a signed-in client of it."""
    with ExitStack() as stack:

        def start_platform(*quirks: Quirk, **options: object) -> Client:
            chosen = {"has_demonstration": False, **options, "quirks": frozenset(quirks)}
            platform = RunningPlatform(tmp_path, Options(**chosen))  # type: ignore[arg-type]  # by name
            stack.callback(platform.stop)
            client = Client(platform.url)
            stack.callback(client.http.close)
            client.sign_in()
            return client

        yield start_platform
