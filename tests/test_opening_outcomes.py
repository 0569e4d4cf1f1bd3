"""Every way in which a station doesn't open is told in its own words, with what helps alone."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPushButton

from haut_desktop import opening
from haut_desktop.app import make_application
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.errors import HautError, StoreCorruptError
from haut_desktop.opening import StationOpener
from haut_desktop.services.tasks import TaskScope
from haut_desktop.settings import AppPaths
from haut_desktop.store import database as database_module
from haut_desktop.store.database import Database
from haut_desktop.store.driver import DatabaseError, connect
from haut_desktop.store.keys import RecoveryRecipient
from haut_desktop.store.sealing import new_identity, recipient_of
from haut_desktop.store.station import Station
from haut_desktop.store.studies import StudyStore
from haut_desktop.viewmodels.unlocking import Way
from haut_desktop.widgets.ask import finish
from haut_desktop.widgets.rebuilding_dialog import RebuildingDialog
from haut_desktop.widgets.secret_edit import SecretEdit
from haut_desktop.widgets.unlock_dialog import UnlockDialog
from tests.fakes.keyring import FakeSecrets, absent, denied, locked, uninitialised
from tests.photographs import marked
from tests.services.rooms import open_room

_RECOVERY = new_identity()


class Desk:
    """An opener and the person in front of it, who answers each dialog in turn."""

    def __init__(self, folder: Path, secrets: FakeSecrets) -> None:
        self.answers: list[Callable[[UnlockDialog], None]] = []
        self.titles: list[str] = []
        self.ways: list[Way] = []
        self.seen: list[str] = []
        """What the window of a rebuild said last."""
        self.reported: list[HautError] = []
        self.tasks = TaskScope("test", self.reported.append)
        self.opener = StationOpener(
            AppPaths(folder), clock=system_clock, tasks=self.tasks, ask=self._ask, secrets=secrets
        )

    async def open(self) -> Station | None:
        station = await self.opener.open_for_study()
        await self.tasks.aclose()
        assert self.reported == []
        return station

    async def _ask(self, dialog: QDialog) -> bool:
        if isinstance(dialog, RebuildingDialog):
            return await self._watch(dialog)
        assert isinstance(dialog, UnlockDialog), type(dialog)
        dialog.open()
        shown = [label.text() for label in dialog.findChildren(QLabel) if label.isVisible()]
        impasse = dialog._impasse
        assert impasse.title in shown
        assert impasse.message in shown
        self.titles.append(impasse.title)
        self.ways.append(_shown_ways(dialog))
        answer = self.answers.pop(0) if self.answers else UnlockDialog.reject
        answer(dialog)
        dialog.deleteLater()
        return dialog.result() == QDialog.DialogCode.Accepted

    async def _watch(self, dialog: RebuildingDialog) -> bool:
        """Try to close the window of a rebuild, as an impatient person does."""
        dialog.finished.connect(lambda _result: self.seen.append(dialog._busy._words.text()))
        try:
            closing = finish(dialog)
            dialog.reject()
            return await closing
        finally:
            dialog.deleteLater()


def _shown_ways(dialog: UnlockDialog) -> Way:
    """The ways that a person sees, whatever the view model says."""
    ways = Way.NONE
    for kind, name, way in (
        (SecretEdit, "recovery-key", Way.RECOVERY_KEY),
        (QPushButton, "meanwhile", Way.PICTURES),
        (QPushButton, "rebuild", Way.REBUILD),
    ):
        found = dialog.findChild(kind, name)
        if found is not None and found.isVisible():
            ways |= way
    return ways


@dataclass
class Kept:
    """A closed station with one sealed picture."""

    folder: Path
    secrets: FakeSecrets
    database_key: bytes


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The station that each test gets a copy of."""

    async def make(folder: Path) -> Kept:
        recovery = RecoveryRecipient(recipient_of(_RECOVERY))
        async with open_room(folder, recovery=recovery) as room:
            await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
        return Kept(room.station.folder, room.secrets, room.station.keys.database_key)

    return asyncio.run(make(tmp_path_factory.mktemp("made")))


@pytest.fixture
def kept(tmp_path: Path, made: Kept, qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Kept:
    make_application()  # which does not end with a window
    # whatever disk the tests' folder lies on is good enough for them
    monkeypatch.setattr(opening, "storage_problem", lambda _folder: "")
    monkeypatch.setattr(database_module, "_BUSY_TIMEOUT_S", 0.0)
    folder = shutil.copytree(made.folder, tmp_path / "station")
    return Kept(folder, FakeSecrets(dict(made.secrets.kept)), made.database_key)


def desk(kept: Kept, secrets: FakeSecrets | None = None) -> Desk:
    return Desk(kept.folder.parent, secrets or kept.secrets)


# ---- the database ------------------------------------------------------------------------------


Trouble = Callable[[Kept], AbstractContextManager[None]]


@contextmanager
def _held_by_another(kept: Kept) -> Iterator[None]:
    other = connect(kept.folder / "station.db", isolation_level=None)
    other.execute(f"PRAGMA key = \"x'{kept.database_key.hex()}'\"")
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.close()


@contextmanager
def _an_unusable_log(kept: Kept) -> Iterator[None]:
    (kept.folder / "station.db-wal").mkdir()
    yield


@contextmanager
def _of_other_keys(kept: Kept) -> Iterator[None]:
    path = kept.folder / "station.db"
    for old in path.parent.glob("station.db*"):
        old.unlink()
    Database.open(path, bytes(32), expect_existing=False).close()
    yield


@contextmanager
def _of_a_newer_program(kept: Kept) -> Iterator[None]:
    other = connect(kept.folder / "station.db")
    other.execute(f"PRAGMA key = \"x'{kept.database_key.hex()}'\"")
    other.execute("PRAGMA user_version = 9999")
    other.close()
    yield


@contextmanager
def _empty(kept: Kept) -> Iterator[None]:
    (kept.folder / "station.db").write_bytes(b"")
    yield


@contextmanager
def _gone(kept: Kept) -> Iterator[None]:
    (kept.folder / "station.db").unlink()
    yield


_SHUT = Way.PICTURES


@pytest.mark.parametrize(
    ("trouble", "title", "ways"),
    (
        (_held_by_another, "The station's database is busy", _SHUT),
        (_an_unusable_log, "The station's database can't be opened", _SHUT),
        (_of_other_keys, "The database was made with other keys", _SHUT),
        (_of_a_newer_program, "Made by a newer version", _SHUT),
        (_empty, "The database is missing", _SHUT | Way.REBUILD),
        (_gone, "The database is missing", _SHUT | Way.REBUILD),
    ),
)
async def test_what_is_wrong_with_the_database_is_told(
    kept: Kept, trouble: Trouble, title: str, ways: Way
) -> None:
    person = desk(kept)
    with trouble(kept):
        before = _files(kept)
        assert await person.open() is None
        assert (person.titles, person.ways) == ([title], [ways])
        assert _files(kept) == before


@pytest.mark.parametrize(
    ("code", "title", "ways"),
    (
        (5, "The station's database is busy", _SHUT),
        (6, "The record is in use by this program", _SHUT),
        (8, "The station's folder is read-only", Way.NONE),
        (10, "The disk reports an error", Way.NONE),
        (13, "The disk is full", Way.NONE),
        (14, "The station's database can't be opened", _SHUT),
        (1, "The station's database can't be used", Way.NONE),
    ),
)
async def test_what_the_driver_reports_is_told_and_tried_again(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, code: int, title: str, ways: Way
) -> None:
    def refuse(*_args: object, **_settings: object) -> None:
        error = DatabaseError("refused")
        error.sqlite_errorcode = code
        raise error

    def mend(dialog: UnlockDialog) -> None:
        monkeypatch.setattr(database_module, "connect", connect)
        dialog.accept()

    monkeypatch.setattr(database_module, "connect", refuse)
    person = desk(kept)
    person.answers = [UnlockDialog.accept, mend]
    station = await person.open()
    assert (person.titles, person.ways) == ([title] * 2, [ways] * 2)
    assert station is not None
    assert len(await station.pictures.sealed()) == 1
    await station.aclose()


async def test_damage_that_is_met_with_the_first_row_is_mended_without_a_question(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, met = StudyStore.station, list[Station | None]()

    async def damaged_once(store: StudyStore) -> object:
        if not met:
            met.append(None)
            raise StoreCorruptError
        return await real(store)

    monkeypatch.setattr(StudyStore, "station", damaged_once)
    person = desk(kept)
    station = await person.open()
    assert person.titles == []
    assert person.seen == ["1 of 1 notes read"]
    assert station is not None
    assert person.opener.rebuilt is not None
    assert person.opener.rebuilt.pictures == 1
    await station.aclose()


async def test_a_record_that_is_missing_is_rebuilt_when_a_person_says_so(kept: Kept) -> None:
    (kept.folder / "station.db").unlink()

    def rebuild(dialog: UnlockDialog) -> None:
        button = dialog.findChild(QPushButton, "rebuild")
        assert button is not None
        button.click()

    person = desk(kept)
    person.answers = [rebuild]
    station = await person.open()
    assert station is not None
    assert len(await station.pictures.sealed()) == 1
    assert person.opener.rebuilt is not None
    assert person.opener.rebuilt.moved_to is None
    await station.aclose()


# ---- the keyring -------------------------------------------------------------------------------

_KEYS = Way.RECOVERY_KEY | Way.PICTURES


@pytest.mark.parametrize(
    ("keyring", "title"),
    (
        (locked, "Your keyring is locked"),
        (denied, "Access to the keyring was denied"),
        (uninitialised, "Your keyring is not set up"),
        (absent, "This computer has no keyring"),
        (FakeSecrets, "This account has no key to the station"),
    ),
)
async def test_each_trouble_of_the_keyring_is_told_and_the_recovery_key_leads_past_it(
    kept: Kept, keyring: Callable[[], FakeSecrets], title: str
) -> None:
    person = desk(kept, keyring())
    person.answers = [_type("not this one"), _type(_RECOVERY)]
    station = await person.open()
    assert person.titles == [title, "Recovery key doesn't fit"]
    assert person.ways == [_KEYS, _KEYS]
    assert station is not None
    await station.aclose()


async def test_a_recovery_key_that_fitted_is_not_asked_for_again(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = desk(kept, absent())
    (kept.folder / "station.db").unlink()
    person.answers = [_type(_RECOVERY), lambda dialog: dialog._rebuild.click()]
    station = await person.open()
    assert person.titles == ["This computer has no keyring", "The database is missing"]
    assert station is not None
    await station.aclose()


async def test_keys_that_are_damaged_take_no_pictures_that_nobody_could_open(kept: Kept) -> None:
    (kept.folder / "keys.age").write_bytes(b"nonsense")
    (kept.folder / "vault.pub").unlink()
    person = desk(kept)
    assert await person.open() is None
    assert (person.titles, person.ways) == (["The station's keys can't be read"], [Way.NONE])


def _type(secret: str) -> Callable[[UnlockDialog], None]:
    def answer(dialog: UnlockDialog) -> None:
        dialog._key.setText(secret)
        dialog._again.click()

    return answer


def _files(kept: Kept) -> dict[str, bytes]:
    """What must not change; the shared-memory index is SQLite's own and holds nothing."""
    folder = kept.folder
    names = ("station.db", "station.db.fingerprint", "keys.age", "vault.pub")
    there = [folder / name for name in names if (folder / name).is_file()]
    return {path.name: path.read_bytes() for path in there}
