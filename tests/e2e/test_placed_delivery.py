"""Pictures that nobody could place are placed by a person and delivered once."""

from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QListWidget, QPushButton
from pytestqt.qtbot import QtBot

from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.delivery import Route
from haut_desktop.domain.ids import VisitId
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject
from haut_desktop.services.placing import NoteWord, Placement
from haut_desktop.services.spooling import SpoolIntake
from haut_desktop.store.keys import KeyChest
from haut_desktop.store.rebuild import recover_station
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.store.spool import Spool
from haut_desktop.store.vault import Vault
from haut_desktop.widgets.placing_dialog import PlacingDialog
from tests.e2e.conftest import MakeStudy
from tests.e2e.stations import HeadlessStation, open_workplace
from tests.e2e.windows import open_shell
from tests.fakes.keyring import locked
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(120)
both_routes = pytest.mark.parametrize("route", list(Route))


async def place_all(
    station: HeadlessStation, study: Study, subject: Subject, visit_id: VisitId
) -> None:
    """Put every picture that waits into the visit's next view."""
    placing = station.work.placing
    for number, one in enumerate(await placing.waiting()):
        sheet = await station.work.capture.sheet(visit_id)
        place = Placement(subject.id, visit_id, sheet.visit.name, sheet.shelves[number].slot)
        await placing.assign(one.held.original.id, study, place, "the paper list says so")


@both_routes
async def test_spooled_pictures_are_placed_and_delivered_once(
    tmp_path: Path, study_by: MakeStudy, small_pictures: tuple[Path, ...], route: Route
) -> None:
    there, folder = study_by(route), tmp_path / "station"
    async with open_workplace(folder, MemorySecrets()) as station:
        await station.sign_in(there.platform.url)
        study = await station.choose_study(there.name)
        subject = await station.register(study, "B-007")
        spool = Spool(folder / "spool", KeyChest(folder, locked()).recipient(), system_clock)
        for picture in small_pictures:
            await SpoolIntake(spool, station.work.space).take_in(picture, {"subject_code": "B-007"})
        # unlocked: what was spooled comes into the vault and waits for a person
        await station.work.spool.drain()
        assert len(await station.work.placing.waiting()) == len(small_pictures)
        visit = await station.work.capture.open_visit(study, subject.id, "Baseline")
        await place_all(station, study, subject, visit.id)
        await station.work.capture.finish(visit.id)
        await station.until_delivered()
    there.check_each_once(small_pictures)


async def test_pictures_with_a_strangers_notes_are_placed_after_a_rebuild(
    tmp_path: Path, study_by: MakeStudy, small_pictures: tuple[Path, ...]
) -> None:
    there, folder, secrets = study_by(Route.SIGNED), tmp_path / "station", MemorySecrets()
    async with open_workplace(folder, secrets, is_working=False) as station:
        await station.sign_in(there.platform.url)
        study = await station.choose_study(there.name)
        subject = await station.register(study, "B-007")
        visit = await station.work.capture.open_visit(study, subject.id, "Baseline")
        for picture in small_pictures:
            await station.work.capture.take_in(visit.id, picture)
        vault = station.work.store.vault
        stranger = Vault(vault.folder, station.work.store.keys.recipient, None, None)
        for name in vault.names():
            stranger.set_sidecar(name, vault.sidecar(name))
    rebuilt_station, rebuilt = await recover_station(folder, secrets, system_clock)
    await rebuilt_station.aclose()
    assert len(rebuilt.held) == len(small_pictures)
    async with open_workplace(folder, secrets) as station:
        await station.sign_in(there.platform.url)
        study = await station.choose_study(there.name)
        subject = await station.register(study, "B-007")
        waiting = await station.work.placing.waiting()
        assert {one.note for one in waiting} == {NoteWord.NOT_OURS}
        visit = await station.work.capture.open_visit(study, subject.id, "Baseline")
        await place_all(station, study, subject, visit.id)
        await station.work.capture.finish(visit.id)
        await station.until_delivered()
    there.check_each_once(small_pictures)


async def test_the_outbox_of_the_window_opens_them(
    qtbot: QtBot, tmp_path: Path, study_by: MakeStudy, small_pictures: tuple[Path, ...]
) -> None:
    there, folder = study_by(Route.SIGNED), tmp_path / "station"
    async with open_workplace(folder, MemorySecrets()) as station:
        await station.sign_in(there.platform.url)
        await station.choose_study(there.name)
        spool = Spool(folder / "spool", KeyChest(folder, locked()).recipient(), system_clock)
        await SpoolIntake(spool, station.work.space).take_in(small_pictures[0], {})
        # unlocked: what was spooled comes into the vault and waits for a person
        await station.work.spool.drain()
        shell = await open_shell(station)
        buttons = shell.window.findChildren(QPushButton)
        place = next(b for b in buttons if b.accessibleName() == "Say whose they are…")
        await eventually(place.isVisible)
        place.click()
        dialog = await eventually(lambda: shell.window.findChild(PlacingDialog))
        assert isinstance(dialog, PlacingDialog)
        pictures = dialog.findChild(QListWidget, "held-pictures")
        assert isinstance(pictures, QListWidget)
        await eventually(lambda: pictures.count() == 1)
        dialog.reject()
        await shell.tasks.aclose()
        shell.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
