"""The station under test: the real store and services on a folder that outlives every crash."""

import asyncio
import io
import itertools
import shutil
import sys
import tempfile
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar
from uuid import UUID

import pytest
from PIL import Image as Picture

from haut_desktop.api.transport import Network
from haut_desktop.domain.audit import BY_ITSELF
from haut_desktop.domain.delivery import Route
from haut_desktop.domain.errors import DiskFullError, HautError
from haut_desktop.domain.ids import (
    CompanyId,
    DatasetId,
    PlatformDatasetId,
    StationId,
    StudyId,
    new_id,
)
from haut_desktop.domain.imaging import ImageType
from haut_desktop.domain.session import Account, SignedIn, Tokens
from haut_desktop.domain.study import Dataset, Study
from haut_desktop.store.driver import Connection, Row, connect
from haut_desktop.store.keys import NoRecovery
from haut_desktop.store.station import Station, create_station, open_station
from haut_desktop.workplace import Workplace
from tests.fakes.clock import START
from tests.fakes.keyring import FakeSecrets
from tests.faults.model.platform import COMPANY, SERVER, FakePlatform
from tests.faults.model.stepped_loop import Inline, Power, PowerCutError, SteppedLoop

T = TypeVar("T")

_TURNS_TO_DIE: Final = 500
_USER: Final = "technician@site.example"


@dataclass
class _Prepared:
    """A station's folder with a study and a sign-in, copied for each run."""

    folder: Path
    secrets: FakeSecrets
    study: Study
    station_id: StationId


class Desk:
    """One station and its platform; ``crash`` ends the one and leaves the other."""

    def __init__(self) -> None:
        self.loop = SteppedLoop()
        self.power = Inline.power = Power()
        self.platform = FakePlatform(self.loop)
        self.clock_ahead_s = 0.0
        self.faults: list[BaseException] = []
        """What was raised by the program and is no error that it knows."""
        self.reports: list[HautError] = []
        self._patches = _patched()
        self._patches.__enter__()
        prepared = _prepared()
        self.study = prepared.study
        self._prepared = prepared
        self._folder = Path(tempfile.mkdtemp(prefix="haut-model-", dir=_memory()))
        shutil.copytree(prepared.folder, self._folder, dirs_exist_ok=True)
        self._hook, sys.excepthook = sys.excepthook, self._on_fault
        self.loop.set_exception_handler(self._on_loop_trouble)
        self.observer: Connection
        self.work: Workplace
        self._open()
        access, refresh, until = self.platform.issue()
        account = Account(SERVER, CompanyId(COMPANY), 1, _USER)
        self.call(
            self.work.store.credentials.save(SignedIn(account, Tokens(access, refresh, until)))
        )
        self.call(self.work.session.restore())

    @property
    def now(self) -> datetime:
        """The station's own clock, which people set."""
        return START + timedelta(seconds=self.loop.time() + self.clock_ahead_s)

    def call(self, call: Coroutine[Any, Any, T]) -> T:
        """Do one thing at the station and wait for it."""
        return self.loop.run_call(call)

    def rows(self, statement: str, *values: str) -> list[Row]:
        """Read the record with a connection of our own, as an inspector would."""
        return self.observer.execute(statement, values).fetchall()

    def crash(self) -> None:
        """Take the power away now: nothing that runs gets to do anything any more."""
        self.power.is_on = False
        running = asyncio.all_tasks(self.loop)
        for _ in range(_TURNS_TO_DIE):
            if not running:
                break
            for task in running:
                task.cancel()
            self.loop.run_turns(1)
            running = asyncio.all_tasks(self.loop)
        assert not running, f"tasks that survive the end: {running}"
        self._close_files()
        self.power.is_on = True
        self.power.is_disk_full, self.power.writes_left = False, None

    def start(self) -> None:
        """Start the program again on the same folder."""
        self._open()
        self.call(self.work.session.restore())

    def sign_in(self) -> None:
        """Sign in as a person does."""
        self.call(self.work.session.sign_in(SERVER, _USER, "password"))

    def close(self) -> None:
        """Leave nothing behind."""
        try:
            self.crash()
        finally:
            sys.excepthook = self._hook
            self.loop.run_turns(2)
            self.loop.close()
            self._patches.__exit__(None, None, None)
            shutil.rmtree(self._folder, ignore_errors=True)

    def _open(self) -> None:
        secrets = self._prepared.secrets
        store = self.loop.run_call(open_station(self._folder, secrets, lambda: self.now))
        self.observer = _observe(store)
        self.work = self.loop.run_call(self._assemble(store))

    async def _assemble(self, store: Station) -> Workplace:
        work = Workplace(
            store,
            self._prepared.station_id,
            report=self.reports.append,
            server=SERVER,
            network=Network(transport=self.platform),
            clock=lambda: self.now,
        )
        work.start()
        return work

    def _close_files(self) -> None:
        self.observer.close()
        self.work.store.database.close()

    def _on_fault(
        self, _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
    ) -> None:
        if not isinstance(error, PowerCutError):
            self.faults.append(error)

    def _on_loop_trouble(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception") or RuntimeError(context["message"])
        # what the power cut ended is found whenever the garbage is collected
        if not isinstance(error, PowerCutError | asyncio.CancelledError | HautError):
            self.faults.append(error)


@cache
def _prepared() -> _Prepared:
    """Make the folder once; every run starts with a copy."""
    folder = Path(tempfile.mkdtemp(prefix="haut-model-first-", dir=_memory()))
    secrets, loop = FakeSecrets(), SteppedLoop()
    study_id = StudyId(new_id())
    datasets = tuple(
        Dataset(
            DatasetId(new_id()),
            study_id,
            image_type,
            PlatformDatasetId(f"dataset-{image_type}"),
            f"Study {image_type}",
            route,
            ("face_skin_metrics_3.0",),
        )
        for image_type, route in (
            (ImageType.SELFIE, Route.SIGNED),
            (ImageType.SKIN, Route.INLINE),
        )
    )
    study = Study(study_id, CompanyId(COMPANY), "Study", datasets, created_at=START, server=SERVER)

    async def make() -> StationId:
        store = await create_station(
            folder,
            secrets,
            lambda: START,
            recovery=NoRecovery("test"),
            site_code="B01",
            zone="Europe/Berlin",
            station_name="Capture 1",
        )
        await store.studies.save_study(study, BY_ITSELF)
        station = await store.studies.station()
        assert station is not None
        await store.aclose()
        return station.id

    station_id = loop.run_call(make())
    loop.close()
    return _Prepared(folder, secrets, study, station_id)


def _observe(store: Station) -> Connection:
    connection = connect(store.folder / "station.db", isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{store.keys.database_key.hex()}'\"")
    connection.execute("PRAGMA query_only = ON")
    connection.row_factory = Row
    return connection


def _memory() -> str | None:
    """A folder in memory where there is one: no run needs a disk that really flushes."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() else None


def picture_bytes(number: int) -> bytes:
    """A picture like no other, also when its last byte is missing."""
    return _jpeg() + b"picture %d." % number


@cache
def _jpeg() -> bytes:
    buffer = io.BytesIO()
    Picture.new("RGB", (320, 240), "tan").save(buffer, "JPEG")
    return buffer.getvalue()


@contextmanager
def _patched() -> Iterator[None]:
    """Do without threads, chance and judgement; let the disk be as full as the run says."""
    numbers = itertools.count(1)

    def write_through(path: Path, data: bytes) -> None:
        if not Inline.power.is_on:
            raise PowerCutError
        if Inline.power.is_disk_full:
            raise DiskFullError
        path.write_bytes(data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("haut_desktop.store.database.ThreadPoolExecutor", Inline)
        patch.setattr("haut_desktop.store.files._write_through", write_through)
        patch.setattr("haut_desktop.store.files.flush_folder", lambda _folder: None)
        patch.setattr("haut_desktop.domain.ids.uuid4", lambda: UUID(int=next(numbers), version=4))
        patch.setattr("haut_desktop.services.quality.judge_view", lambda *_a, **_k: ())
        yield
