import csv
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from haut_desktop.desktop.printing import write_pdf
from haut_desktop.domain.analysis import AlgorithmResult, AreaResult, BatchResults, Metric
from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import BatchEvent, BatchState
from haut_desktop.domain.errors import StoreError
from haut_desktop.domain.ids import CompanyId, PlatformBatchId, VisitId
from haut_desktop.domain.imaging import Batch, Side
from haut_desktop.domain.retraction import Computed, Remnant
from haut_desktop.domain.session import Account
from haut_desktop.domain.visits import VisitStatus
from haut_desktop.services.report_formats import NOT_KNOWN
from haut_desktop.services.report_lines import VisitReport
from haut_desktop.services.reports import Reports
from haut_desktop.services.sidecars import Sidecars
from haut_desktop.store.rebuild import recover_station
from tests.fakes.builders import make_batch, make_visit
from tests.photographs import marked
from tests.services.rooms import Room, open_room

_REDNESS = AlgorithmResult(
    algorithm="redness",
    version="2.1",
    version_id=7,
    name="Redness",
    application="face_skin_metrics_3.0",
    side=Side.FRONT,
    is_ok=True,
    areas=(
        AreaResult(
            "face",
            Metric("redness_score", "Redness <score>", 71.5),
            (Metric("redness_area", "Area", 3.25, "%"), Metric("type", "Type", "=cmd()")),
        ),
    ),
)
_FAILED = replace(
    _REDNESS, algorithm="pores", name="Pores", is_ok=False, error="No face detected", areas=()
)


@dataclass
class Desk:
    """A visit that was delivered and computed."""

    room: Room
    reports: Reports
    batch: Batch

    async def report(self) -> VisitReport:
        return await self.reports.visit_report(self.room.visit)


def _reports(room: Room) -> Reports:
    return Reports(
        studies=room.station.studies,
        subjects=room.station.subjects,
        visits=room.station.visits,
        outbox=room.station.outbox,
        results=room.station.results,
        audit=room.station.audit,
        clock=room.clock,
    )


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_room(tmp_path) as room:
        await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
        await room.capture.take_in(room.visit, room.file("front.jpg", marked(2)))
        await room.capture.finish(room.visit)
        batch = await room.arrive()
        answer = BatchResults(results=(_REDNESS, _FAILED), raw=b"{}")
        await room.station.results.save(batch.id, answer, (), room.clock())
        yield Desk(room, _reports(room), batch)


async def test_a_report_leads_from_the_bytes_to_the_proof(desk: Desk) -> None:
    report = await desk.report()
    assert (report.subject_code, report.visit, report.site) == ("B-007", "Baseline", "DE-01")
    aside, sent = report.pictures
    assert (aside.counts, aside.state, aside.proof) == (False, "", "")
    image = desk.batch.images[0]
    assert sent.counts
    assert sent.original_sha256 == sent.rendition_sha256 == image.rendition.digest.sha256
    assert sent.transform == "none 1"
    assert (sent.state, sent.proof, sent.proof_detail) == ("STORED", "store-hash", "md5=00")
    assert sent.platform_image_id == image.platform_id
    assert sent.platform_batch_id == "there-1"
    assert sent.name == image.name


async def test_receipts_name_the_platform_and_the_company_in_every_form(desk: Desk) -> None:
    study, report = desk.room.study, await desk.report()
    assert study.server
    rows = list(csv.DictReader(StringIO(report.receipts_to_csv())))
    assert {(row["server"], row["company_id"]) for row in rows} == {
        (study.server, study.company_id)
    }
    read = json.loads(report.receipts_to_json())
    assert (read["server"], read["company_id"]) == (study.server, study.company_id)
    page = report.receipts_to_html()
    assert study.server in page
    assert study.company_id in page


async def test_a_receipt_says_so_when_nobody_wrote_the_platform_down(desk: Desk) -> None:
    report = replace(await desk.report(), server="")
    assert "from before servers were kept" in report.receipts_to_html()


async def test_every_value_stands_with_its_algorithm_version_and_area(desk: Desk) -> None:
    lines = (await desk.report()).metrics
    assert [(m.algorithm, m.version, m.area, m.metric, m.value) for m in lines] == [
        ("redness", "2.1", "face", "redness_score", 71.5),
        ("redness", "2.1", "face", "redness_area", 3.25),
        ("redness", "2.1", "face", "type", "=cmd()"),
        ("pores", "2.1", "", "", None),
    ]
    assert lines[-1].error == "No face detected"


async def test_json_carries_everything(desk: Desk) -> None:
    report = await desk.report()
    read = json.loads(report.to_json())
    assert read["pictures"][1]["original_sha256"] == report.pictures[1].original_sha256
    assert read["metrics"][0]["value"] == 71.5
    assert read["local_date"] == report.local_date.isoformat()


async def test_csv_has_one_value_per_line_and_runs_nothing(desk: Desk) -> None:
    rows = list(csv.DictReader(StringIO((await desk.report()).to_csv())))
    assert [row["value"] for row in rows] == ["71.5", "3.25", "'=cmd()", ""]
    assert {row["subject_code"] for row in rows} == {"B-007"}


async def test_a_value_names_the_light_of_its_picture(desk: Desk) -> None:
    report = await desk.report()
    assert "light" not in report.to_html()
    line = replace(report.metrics[0], light="uv")
    report = replace(report, metrics=(report.metrics[0], line))
    assert "Front, UV light" in report.to_html()
    rows = list(csv.DictReader(StringIO(report.to_csv())))
    assert [row["light"] for row in rows] == ["regular", "uv"]


async def test_receipts_have_one_take_per_line(desk: Desk) -> None:
    rows = list(csv.DictReader(StringIO((await desk.report()).receipts_to_csv())))
    missing = [row["slot"] for row in rows if row["state"] == "no picture"]
    assert missing == ["left view", "right view"]
    rows = [row for row in rows if row["slot"] not in missing]
    assert [row["proof"] for row in rows] == ["", "store-hash"]
    assert rows[1]["rendition_md5"] == desk.batch.images[0].rendition.digest.md5


async def test_receipts_say_when_the_computation_was_accepted_and_results_came(desk: Desk) -> None:
    await desk.room.outbox.move_batch(desk.batch.id, BatchEvent.SUBMIT)
    await desk.room.outbox.move_batch(desk.batch.id, BatchEvent.SUBMITTED)
    report = await desk.report()
    aside, sent = report.pictures
    assert (sent.computation_accepted_at, sent.results_received) == (desk.room.clock(), 2)
    assert sent.results_received_at == desk.room.clock()
    assert (aside.computation_accepted_at, aside.results_received) == (None, 0)
    html = report.receipts_to_html()
    assert "All times are in UTC" in html
    assert sent.rendition_sha256 in html
    assert "transform: unchanged original" in html
    assert json.loads(report.receipts_to_json())["metrics"] == []


async def test_receipts_say_who_took_the_picture_in(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        account = Account("https://saas.haut.ai", CompanyId("company-1"), 7, "tech@example.com")
        operator = await room.station.studies.operator_for(account)
        room.at_work.append(operator.id)
        await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
        await room.capture.finish(room.visit)
        report = await _reports(room).visit_report(room.visit)
    assert (report.pictures[0].taken_in_by, report.finished_by) == (
        "tech@example.com",
        "tech@example.com",
    )


async def test_receipts_know_after_a_rebuild_who_took_the_picture_in(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        account = Account("https://saas.haut.ai", CompanyId("company-1"), 7, "tech@example.com")
        room.at_work.append((await room.station.studies.operator_for(account)).id)
        await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
        await room.station.aclose()
        station, _ = await recover_station(room.station.folder, room.secrets, room.clock)
        report = await _reports(replace(room, station=station)).visit_report(room.visit)
        assert report.pictures[0].taken_in_by == "tech@example.com"
        (entry,) = await station.audit.of_entity(report.pictures[0].original_id)
        assert entry.operator_id is None  # nobody did anything: the station says what it read
        await station.aclose()


async def test_receipts_say_plainly_what_a_rebuild_does_not_know(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        account = Account("https://saas.haut.ai", CompanyId("company-1"), 7, "tech@example.com")
        room.at_work.append((await room.station.studies.operator_for(account)).id)
        await room.capture.take_in(room.visit, room.file("left.jpg", marked(1)))
        finished_at = (await room.capture.finish(room.visit, "a bandage")).finished_at
        (batch,) = await room.batches()
        await room.station.retractions.ask(batch.id, Act(room.at_work[0], "a mistake"))
        await Sidecars(pictures=room.station.pictures, vault=room.vault).follow(room.visit)
        await room.station.aclose()
        station, _ = await recover_station(room.station.folder, room.secrets, room.clock)
        report = await _reports(replace(room, station=station)).visit_report(room.visit)
        assert report.finished_at == finished_at
        assert (report.finished_by, report.finished_because) == (NOT_KNOWN,) * 2
        assert report.missing[0].because == NOT_KNOWN
        assert f"by whom is {NOT_KNOWN}" in report.receipts_to_html()
        assert NOT_KNOWN in report.receipts_to_csv()
        assert report.taken_back[0].asked_by == "tech@example.com"
        assert report.pictures[0].taken_back_by == "tech@example.com"
        await station.aclose()


async def test_nothing_is_unknown_of_a_visit_that_is_open_after_a_rebuild(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.capture.take_in(room.visit, room.file("left.jpg", marked(1)))
        await room.station.aclose()
        station, _ = await recover_station(room.station.folder, room.secrets, room.clock)
        report = await _reports(replace(room, station=station)).visit_report(room.visit)
        assert NOT_KNOWN not in report.receipts_to_csv() + report.receipts_to_html()
        await station.aclose()


async def test_nothing_is_unknown_after_a_rebuild_of_a_visit_that_was_made_elsewhere(
    desk: Desk,
) -> None:
    there = replace(
        make_visit(desk.room.study, desk.room.subject, "Week 4"),
        status=VisitStatus.FINISHED,
        finished_at=desk.room.clock(),
    )
    made = make_batch(there, desk.room.study.datasets[0], (), state=BatchState.SUBMITTED)
    batch = replace(made, submitted_at=desk.room.clock())
    await desk.room.station.visits.adopt(there, batch, Act(reason="found on the platform"))
    report = await _reports(desk.room).visit_report(there.id)
    assert NOT_KNOWN not in report.receipts_to_csv() + report.receipts_to_html()
    assert report.finished_by == ""


async def test_receipts_say_who_took_a_picture_back_and_who_erased_it(desk: Desk) -> None:
    studies, act = desk.room.station.studies, Act(reason="the subject has withdrawn")
    account = Account("https://saas.haut.ai", CompanyId("company-1"), 7, "first@example.com")
    acts = []
    for name in ("first@example.com", "second@example.com"):
        operator = await studies.operator_for(replace(account, username=name))
        acts.append(replace(act, operator_id=operator.id))
    original_id = desk.batch.images[0].rendition.original_id
    await desk.room.station.retractions.ask(desk.batch.id, acts[0])
    await desk.room.station.retractions.end(desk.batch.id, ())
    await desk.room.station.erasures.write(original_id, acts[1])
    report = await desk.report()
    line = report.pictures[1]
    assert (line.taken_back_by, line.erased_by) == ("first@example.com", "second@example.com")
    assert "first@example.com" in report.receipts_to_html()
    assert "second@example.com" in report.receipts_to_html()
    assert "second@example.com" in report.receipts_to_csv()


async def test_html_shows_hashes_and_values_and_escapes_words(desk: Desk) -> None:
    report = await desk.report()
    html = report.to_html()
    assert report.pictures[1].original_sha256 in html
    assert "71.5" in html
    assert "transform: unchanged original" in html
    assert "Redness &lt;score&gt;" in html
    assert "No face detected" in html


async def test_readers_get_words_and_programs_the_records_own(desk: Desk) -> None:
    report = await desk.report()
    cheek = replace(report.metrics[0], area="left_cheek", algorithm="face_redness")
    report = replace(report, metrics=(cheek, *report.metrics))
    for page in (report.to_html(), report.receipts_to_html()):
        assert "Arrived" in page
        assert "Proven by the store&#x27;s own checksum" in page
        assert "unchanged original" in page
        for raw in ("STORED", "store-hash", "none 1", "left_cheek", "face_redness"):
            assert raw not in page
    assert "Left cheek" in report.to_html()
    assert "Face redness" in report.to_html()
    # two applications may well have the same algorithm in the same version
    assert "Face skin metrics 3.0" in report.to_html()
    assert "(the file&#x27;s own time)" in report.receipts_to_html()
    row = list(csv.DictReader(StringIO(report.receipts_to_csv())))[1]
    assert (row["state"], row["proof"], row["transform"]) == ("STORED", "store-hash", "none 1")
    assert report.to_csv().count("left_cheek") == 1


async def test_a_picture_of_a_batch_taken_back_is_not_called_sent(desk: Desk) -> None:
    report = await desk.report()
    line = replace(report.pictures[1], state="SEALED", proof="", batch_state="RETRACTED")
    page = replace(report, pictures=(line,)).receipts_to_html()
    assert "Not sent, sealed here" in page


async def test_a_report_names_no_file_of_the_camera(desk: Desk) -> None:
    report = await desk.report()
    for text in (report.to_json(), report.to_html(), report.receipts_to_csv()):
        assert "front.jpg" not in text


async def test_a_report_prints(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    write_pdf((await desk.report()).to_html(), path, title="Visit report")
    assert path.stat().st_size > 2000


async def test_an_open_visit_has_a_report_too(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        report = await _reports(room).visit_report(room.visit)
    assert (report.pictures, report.metrics) == ((), ())
    assert "No pictures." in report.to_html()


async def test_an_unknown_visit_is_said(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        with pytest.raises(StoreError):
            await _reports(room).visit_report(VisitId("unknown"))


# ---- taken back, erased, replaced ------------------------------------------------------------


async def test_a_receipt_says_what_was_taken_back_and_what_is_left(desk: Desk) -> None:
    room, station = desk.room, desk.room.station
    left = (Remnant(PlatformBatchId("there-1"), computed=Computed.YES),)
    await station.retractions.ask(desk.batch.id, Act(reason="wrong <participant>"))
    asked = await desk.report()
    assert asked.pictures[1].left_on_platform == ""
    await station.retractions.end(desk.batch.id, left)
    await room.capture.reopen(room.visit)
    await room.capture.finish(room.visit, again="the right participant now")
    _, second = await room.batches()
    report = await desk.report()
    (line,) = report.taken_back
    assert (line.batch_id, line.replaced_by) == (desk.batch.id, second.id)
    assert line.reason == "wrong <participant>"
    assert line.left_on_platform == "batch there-1 (no picture, computed)"
    assert report.pictures[1].supersedes_batch_id == desk.batch.id
    html = report.receipts_to_html()
    assert "wrong &lt;participant&gt;" in html
    assert "batch there-1" in html
    assert "there-1" in report.receipts_to_json()
    rows = list(csv.DictReader(StringIO(report.receipts_to_csv())))
    (row,) = (row for row in rows if row["batch_id"] == desk.batch.id)
    assert (row["slot"], row["state"], row["taken_back_by"]) == ("", "taken back", line.asked_by)
    assert row["left_on_platform"] == line.left_on_platform
    assert row["taken_back_because"] == "wrong <participant>"
    assert row["taken_back_at"] == line.asked_at.isoformat()


async def test_a_receipt_knows_an_erased_picture(desk: Desk) -> None:
    image = desk.batch.images[0]
    await desk.room.station.erasures.write(
        image.rendition.original_id, Act(reason="the subject asked for it")
    )
    line = (await desk.report()).pictures[1]
    assert (line.state, line.proof) == ("ERASED", "store-hash")
    assert (line.erased_at, line.erased_because) == (
        desk.room.clock(),
        "the subject asked for it",
    )
    assert "the subject asked for it" in (await desk.report()).receipts_to_html()


async def test_a_receipt_says_why_a_view_is_missing(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.capture.take_in(room.visit, room.file("left.jpg", marked(1)))
        await room.capture.finish(room.visit, "no front view: bandage")
        report = await _reports(room).visit_report(room.visit)
        assert report.finished_because == "no front view: bandage"
        assert "no front view: bandage" in report.receipts_to_html()


async def test_a_view_without_a_picture_has_its_line_with_the_reason(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.capture.take_in(room.visit, room.file("left.jpg", marked(1)))
        await room.capture.finish(room.visit, "the forehead is bandaged")
        report = await _reports(room).visit_report(room.visit)
        assert [(one.slot, one.is_required, one.because) for one in report.missing] == [
            ("front view", True, "the forehead is bandaged"),
            ("right view", False, ""),
        ]
        rows = list(csv.DictReader(StringIO(report.receipts_to_csv())))
        assert [(row["slot"], row["state"]) for row in rows[1:]] == [
            ("front view", "no picture"),
            ("right view", "no picture"),
        ]
        page = report.receipts_to_html()
        assert "no picture<br>the forehead is bandaged" in page
        assert "no picture<br>not required" in page


async def test_a_batch_that_was_left_behind_on_the_platform_is_in_the_receipt(
    tmp_path: Path,
) -> None:
    async with open_room(tmp_path) as room:
        await room.take_face()
        await room.capture.finish(room.visit)
        reports = _reports(room)
        assert not (await reports.visit_report(room.visit)).abandoned_platform_batches
        batch = await room.deliver()
        await room.outbox.abandon(batch.id, "the addresses had expired")
        report = await reports.visit_report(room.visit)
        (left,) = report.abandoned_platform_batches
        assert (left.batch_id, left.platform_batch_id) == (batch.id, "there-1")
        assert left.because == "the addresses had expired"
        read = json.loads(report.receipts_to_json())
        assert read["abandoned_platform_batches"][0]["platform_batch_id"] == "there-1"
        rows = list(csv.DictReader(StringIO(report.receipts_to_csv())))
        (row,) = (row for row in rows if row["state"] == "left behind")
        assert (row["slot"], row["batch_id"], row["platform_batch_id"]) == ("", batch.id, "there-1")
        when = f"left behind at {left.at.isoformat()}: the addresses had expired"
        assert row["left_on_platform"] == f"begun, never computed; {when}"
        page = report.receipts_to_html()
        assert "left behind" in page
        assert "the addresses had expired" in page
