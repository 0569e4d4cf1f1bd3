"""A visit that is reopened from the outbox goes on in its own study."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from haut_desktop.domain.delivery import Route
from haut_desktop.domain.ids import CompanyId
from haut_desktop.services.session import Session
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.widgets.outbox_page import OutboxPage
from haut_desktop.widgets.rail import Place
from tests.e2e.conftest import MakeStudy
from tests.e2e.stations import open_workplace
from tests.e2e.windows import open_shell
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("is_of_the_company", (True, False))
async def test_a_visit_of_another_study_takes_its_pictures_there(
    qtbot: QtBot,
    tmp_path: Path,
    study_by: MakeStudy,
    small_pictures: tuple[Path, ...],
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_of_the_company: bool,
) -> None:
    theirs, open_one = study_by(Route.SIGNED), study_by(Route.INLINE)
    async with open_workplace(tmp_path / "station", MemorySecrets(), is_working=False) as station:
        await station.sign_in(theirs.platform.url)
        study = await station.choose_study(theirs.name, resting_s=3600)
        subject = await station.register(study, "B-007")
        visit_id = await station.finish_visit(study, subject, small_pictures[0])
        await station.choose_study(open_one.name)
        shell = await open_shell(station)
        page = shell.window.findChild(OutboxPage)
        assert isinstance(page, OutboxPage)
        if not is_of_the_company:
            own = station.work.session.account
            assert own is not None
            other = replace(own, company_id=CompanyId("another-company"))
            monkeypatch.setattr(Session, "account", other)
        await station.work.capture.reopen(visit_id)
        page.visit_reopened.emit(visit_id)
        if is_of_the_company:
            await eventually(lambda: shell.desk.visit_id == visit_id)
            assert shell.window.place is Place.CAPTURE
            assert shell.desk.study is not None
            assert shell.desk.study.id == study.id
        else:
            notice = await eventually(lambda: shell.notices.current)
            assert notice is not None
            assert notice.title == "The visit is open again"
            assert f"“{study.name}”" in notice.message
            assert shell.desk.subject is None
        shell.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert not station.errors
