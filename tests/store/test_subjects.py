"""Subjects: codes with a history, one owner for each code, details with their past."""

from dataclasses import replace
from datetime import timedelta

import pytest

from haut_desktop.domain.errors import StoreError, SubjectCodeError
from haut_desktop.domain.ids import SubjectId
from haut_desktop.domain.subjects import CodeKind, SubjectDetails, SubjectStatus
from haut_desktop.store.database import Database
from tests.fakes.builders import make_slots, make_study, make_subject, make_visit
from tests.store.conftest import Record


async def test_a_subject_comes_back_as_it_was_added(record: Record) -> None:
    subject = make_subject(record.study, station_id=record.station.id)
    await record.subjects.add(subject, record.act)
    assert await record.subjects.get(subject.id) == subject


async def test_an_unknown_subject_is_an_error(record: Record) -> None:
    with pytest.raises(StoreError, match="no such subject"):
        await record.subjects.get(SubjectId("nobody"))


@pytest.mark.parametrize("typed", ("B-007", " b-007 ", "Ｂ-007"))
async def test_a_code_is_found_however_it_is_typed(record: Record, typed: str) -> None:
    subject = await record.register("B-007")
    assert await record.subjects.by_code(record.study.id, typed) == subject


async def test_a_taken_code_is_refused_and_nothing_of_the_subject_stays(record: Record) -> None:
    await record.register("B-007")
    second = make_subject(record.study, "b-007", station_id=record.station.id)
    with pytest.raises(SubjectCodeError, match="belongs to another subject"):
        await record.subjects.add(second, record.act)
    assert len(await record.subjects.search(record.study.id)) == 1


async def test_another_study_may_use_the_same_code(record: Record) -> None:
    await record.register("B-007")
    other = make_study("Sun cream")
    await record.studies.save_study(other, record.act)
    subject = make_subject(other, "B-007", station_id=record.station.id)
    await record.subjects.add(subject, record.act)
    assert await record.subjects.by_code(other.id, "B-007") == subject


async def test_a_changed_code_keeps_the_former_one_with_the_reason(record: Record) -> None:
    subject = await record.register("B-007")
    record.clock.advance(60)
    changed = await record.subjects.change_code(
        subject.id, "R-100", CodeKind.RANDOMISATION, record.act
    )
    assert [code.code for code in changed.codes] == ["B-007", "R-100"]
    assert changed.code == "R-100"
    assert changed.codes[-1].reason == "typing error"
    assert changed.codes[-1].since == record.clock()


async def test_a_code_that_was_given_up_is_free_again(record: Record) -> None:
    subject = await record.register("B-007")
    await record.subjects.change_code(subject.id, "B-008", CodeKind.SCREENING, record.act)
    await record.register("B-007")
    with pytest.raises(SubjectCodeError):
        await record.subjects.change_code(subject.id, "B-007", CodeKind.SCREENING, record.act)
    assert (await record.subjects.get(subject.id)).code == "B-008"


async def test_subjects_of_the_same_moment_are_listed_by_code(record: Record) -> None:
    for code in ("B-003", "B-001", "B-002"):
        await record.register(code)
    found = await record.subjects.search(record.study.id)
    assert [row.subject.code for row in found] == ["B-001", "B-002", "B-003"]


async def test_search_finds_parts_of_codes_and_former_codes(record: Record) -> None:
    subject = await record.register("B-007")
    await record.register("C-100")
    await record.subjects.change_code(subject.id, "R-1", CodeKind.RANDOMISATION, record.act)
    found = await record.subjects.search(record.study.id, "b-0")
    assert [row.subject.id for row in found] == [subject.id]


@pytest.mark.parametrize("text", ("%", "_", "\\"))
async def test_search_takes_its_text_literally(record: Record, text: str) -> None:
    await record.register("B-007")
    assert await record.subjects.search(record.study.id, text) == ()


async def test_search_counts_visits_and_waiting_pictures_and_stops_at_the_limit(
    record: Record,
) -> None:
    subject = await record.register("B-007")
    await record.register("B-008")
    record.clock.advance(60)
    await record.finish(subject)
    rows = await record.subjects.search(record.study.id, limit=1)
    assert len(rows) == 1
    assert rows[0].visit_count == 1
    assert rows[0].waiting_images == 3
    assert rows[0].last_visit_at == record.clock()


@pytest.mark.parametrize("limit", (1, 2, 3, 4, 5, 6, 100))
async def test_without_a_text_the_most_recent_come_first_visited_or_only_registered(
    record: Record, limit: int
) -> None:
    start = record.clock()
    # days of registration and of visits; two were seen at the same moment
    for number, (registered, *visits) in enumerate(((0, 5), (1,), (2, 3, 9), (4, 9), (7,), (6, 8))):
        subject = make_subject(record.study, f"C-{5 - number}", station_id=record.station.id)
        created_at = start + timedelta(days=registered)
        await record.subjects.add(replace(subject, created_at=created_at), record.act)
        for day in visits:
            visit = make_visit(
                record.study, subject, f"Day {day}", created_at=start + timedelta(days=day)
            )
            await record.visits.add(visit, make_slots(visit), record.act)
    rows = await record.subjects.search(record.study.id, limit=limit)
    codes = [row.subject.code for row in rows]
    assert codes == ["C-2", "C-3", "C-0", "C-1", "C-5", "C-4"][:limit]
    by_text = await record.subjects.search(record.study.id, "C-", limit=limit)
    assert [row.subject.code for row in by_text] == codes


@pytest.mark.parametrize("limit", (2, 3, 100))
async def test_opening_a_subject_whose_visits_lie_back_leaves_it_in_its_place(
    record: Record, limit: int
) -> None:
    made = {}
    for code in ("P-10", "P-2", "P-1"):
        made[code] = make_subject(record.study, code, station_id=record.station.id)
        await record.subjects.add(replace(made[code], created_at=record.clock()), record.act)
    wanted = ["P-1", "P-2", "P-10"][:limit]
    rows = await record.subjects.search(record.study.id, limit=limit)
    assert [row.subject.code for row in rows] == wanted
    before = record.clock() - timedelta(days=90)
    visit = make_visit(record.study, made["P-1"], "Baseline", created_at=before)
    await record.visits.add(visit, make_slots(visit), record.act)
    rows = await record.subjects.search(record.study.id, limit=limit)
    assert [row.subject.code for row in rows] == wanted
    assert rows[0].visit_count == 1


async def test_corrected_details_leave_their_former_values(record: Record) -> None:
    subject = await record.register()
    details = SubjectDetails(birth_year=1981, biological_sex="female", phototype=None)
    changed = await record.subjects.change_details(subject.id, details, record.act)
    assert changed.details == details
    corrections = await record.audit.corrections(subject.id)
    assert [(c.field, c.old, c.new, c.reason) for c in corrections] == [
        ("birth_year", "1980", "1981", "typing error"),
        ("phototype", "3", "", "typing error"),
    ]


async def test_a_changed_status_is_a_correction_with_a_reason(record: Record) -> None:
    subject = await record.register()
    changed = await record.subjects.change_status(
        subject.id, SubjectStatus.DISCONTINUED, record.act
    )
    assert changed.status is SubjectStatus.DISCONTINUED
    assert [c.field for c in await record.audit.corrections(subject.id)] == ["status"]


async def test_a_list_takes_no_statement_for_each_of_its_subjects(
    record: Record, database: Database
) -> None:
    said: list[str] = []
    await record.register("B-1")
    await database.read(lambda c: c.set_trace_callback(said.append))
    said.clear()
    await record.subjects.search(record.study.id)
    of_one = len(said)
    for number in range(2, 30):
        await record.register(f"B-{number}")
    said.clear()
    assert len(await record.subjects.search(record.study.id)) == 29
    assert len(said) == of_one
    await database.read(lambda c: c.set_trace_callback(None))
