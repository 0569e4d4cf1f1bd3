import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from haut_desktop.api.client import HautApi
from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import RegistrationEvent, RegistrationState, Route
from haut_desktop.domain.errors import (
    HautError,
    ServerTroubleError,
    SubjectCodeError,
    UnreachableError,
)
from haut_desktop.domain.ids import (
    DatasetId,
    PlatformDatasetId,
    PlatformSubjectId,
    StationId,
    StudyId,
    SubjectId,
    new_id,
)
from haut_desktop.domain.imaging import ImageType
from haut_desktop.domain.study import Dataset, Study
from haut_desktop.domain.subjects import PlatformSubject, Subject, SubjectDetails
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.subjects import Subjects
from haut_desktop.store.database import Database
from haut_desktop.store.registrations import RegistrationStore
from haut_desktop.store.studies import StudyStore
from haut_desktop.store.subjects import SubjectStore
from tests.fakes.builders import make_study, make_subject
from tests.fakes.clock import FakeClock

_ACT = Act()


@dataclass
class Directory:
    """The platform's lists of subjects, without a network."""

    lists: dict[PlatformDatasetId, list[PlatformSubject]] = field(default_factory=dict)
    trouble: HautError | None = None
    is_silent: bool = False

    async def find_subjects(
        self, company: Tenant, dataset: PlatformDatasetId, name: str
    ) -> tuple[PlatformSubject, ...]:
        if self.is_silent:
            await asyncio.Event().wait()
        if self.trouble is not None:
            raise self.trouble
        return tuple(entry for entry in self.lists.get(dataset, []) if entry.name == name)

    async def subjects(
        self, company: Tenant, dataset: PlatformDatasetId
    ) -> tuple[PlatformSubject, ...]:
        return tuple(self.lists.get(dataset, []))


@dataclass
class Desk:
    """Everything that the service stands on."""

    study: Study
    directory: Directory
    store: SubjectStore
    registrations: RegistrationStore
    studies: StudyStore
    subjects: Subjects
    changes: list[Change]

    def list_there(self, *entries: PlatformSubject, dataset: int = 0) -> None:
        self.directory.lists[self.study.datasets[dataset].platform_id] = list(entries)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock, changes = FakeClock(), Changes()
    database = Database.open(tmp_path / "station.db", bytes(32), expect_existing=False)
    studies, store = StudyStore(database, clock), SubjectStore(database, clock)
    registrations = RegistrationStore(database, clock)
    station = await studies.set_up("DE-01", "Europe/Berlin", "Room 2", _ACT)
    study = make_study()
    skin = Dataset(
        DatasetId(new_id()),
        study.id,
        ImageType.SKIN,
        PlatformDatasetId("platform-skin"),
        "Skin",
        Route.INLINE,
    )
    study = replace(study, datasets=(*study.datasets, skin))
    await studies.save_study(study, _ACT)
    heard: list[Change] = []
    changes.subscribe(heard.append)
    directory = Directory()
    subjects = Subjects(
        api=cast(HautApi, directory),
        store=store,
        registrations=registrations,
        station_id=station.id,
        act=lambda reason: Act(reason=reason),
        changes=changes,
        clock=clock,
        ask_there_s=0.05,
    )
    yield Desk(study, directory, store, registrations, studies, subjects, heard)
    await database.aclose()


def _entry(
    name: str,
    *,
    ours: SubjectId | None = None,
    station: StationId | None = None,
    platform_id: str = "",
) -> PlatformSubject:
    return PlatformSubject(PlatformSubjectId(platform_id or new_id()), name, ours, station)


# ---- codes


@pytest.mark.parametrize(
    ("typed", "words"),
    (
        ("", "Type or scan"),
        ("B 007!", "does not have the study's form"),
        ("X" * 500, "at most 64 characters; this one has 500"),
        ("Б-007", "another script"),
    ),
)
async def test_a_code_of_the_wrong_form_is_said_and_not_asked_about(
    desk: Desk, typed: str, words: str
) -> None:
    check = await desk.subjects.check_code(desk.study, typed)
    assert check.problem is not None
    assert words in check.problem
    assert check.is_taken_there is None
    with pytest.raises(SubjectCodeError, match=words):
        await desk.subjects.register(desk.study, typed, SubjectDetails())


async def test_a_free_code_is_free_here_and_there(desk: Desk) -> None:
    check = await desk.subjects.check_code(desk.study, " b-007 ")
    assert check.code == "B-007"
    assert check.is_free
    assert check.is_taken_there is False


async def test_a_code_that_the_platform_has_is_taken_there(desk: Desk) -> None:
    desk.list_there(_entry("B-007"), dataset=1)
    check = await desk.subjects.check_code(desk.study, "B-007")
    assert check.is_taken_there is True
    assert not check.is_free


@pytest.mark.parametrize("trouble", (UnreachableError(), ServerTroubleError(503)))
async def test_without_the_platform_the_check_is_of_this_station_only(
    desk: Desk, trouble: HautError
) -> None:
    desk.directory.trouble = trouble
    check = await desk.subjects.check_code(desk.study, "B-007")
    assert check.is_taken_there is None
    assert check.is_free


async def test_a_platform_that_does_not_answer_holds_nobody_up(desk: Desk) -> None:
    desk.directory.is_silent = True
    check = await desk.subjects.check_code(desk.study, "B-007")
    assert check.is_taken_there is None


async def test_a_code_of_this_station_is_taken_here(desk: Desk) -> None:
    await desk.subjects.register(desk.study, "B-007", SubjectDetails())
    check = await desk.subjects.check_code(desk.study, "b-007")
    assert check.is_taken_here
    assert not check.is_free


# ---- registration


async def test_registering_needs_no_network_and_drafts_every_dataset(desk: Desk) -> None:
    desk.directory.trouble = UnreachableError()
    details = SubjectDetails(birth_year=1980, biological_sex="female", phototype=4, remarks="dry")
    made = await desk.subjects.register(desk.study, "b-007", details)
    kept = await desk.subjects.get(made.id)
    assert (kept.code, kept.details) == ("B-007", details)
    assert {r.dataset_id for r in kept.registrations} == {d.id for d in desk.study.datasets}
    assert {r.state for r in kept.registrations} == {RegistrationState.DRAFT}
    assert Change(Topic.SUBJECTS, frozenset({made.id})) in desk.changes


async def test_a_code_is_given_once(desk: Desk) -> None:
    await desk.subjects.register(desk.study, "B-007", SubjectDetails())
    with pytest.raises(SubjectCodeError, match="B-007 belongs to another subject"):
        await desk.subjects.register(desk.study, "B-007", SubjectDetails())


async def test_two_clicks_at_once_register_once(desk: Desk) -> None:
    outcomes = await asyncio.gather(
        *(desk.subjects.register(desk.study, "B-007", SubjectDetails()) for _ in range(2)),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, SubjectCodeError) for outcome in outcomes) == 1
    assert len(await desk.subjects.search(desk.study)) == 1


async def test_search_finds_by_a_part_of_the_code(desk: Desk) -> None:
    for code in ("B-007", "B-008", "C-007"):
        await desk.subjects.register(desk.study, code, SubjectDetails())
    found = await desk.subjects.search(desk.study, "007")
    assert {row.subject.code for row in found} == {"B-007", "C-007"}


# ---- the platform's list


async def test_the_platforms_subjects_come_into_the_list_registered(desk: Desk) -> None:
    desk.list_there(*(_entry(f"A-{number:03}") for number in range(250)))
    outcome = await desk.subjects.sync(desk.study)
    assert (outcome.added, outcome.flagged) == (250, ())
    found = await desk.store.by_code(desk.study.id, "A-249")
    assert found is not None
    assert [r.state for r in found.registrations] == [RegistrationState.REGISTERED]


async def test_two_lookings_at_once_bring_each_entry_in_once(desk: Desk) -> None:
    desk.list_there(_entry("B-001"), _entry("B-002"))
    outcomes = await asyncio.gather(*(desk.subjects.sync(desk.study) for _ in range(2)))
    assert [(one.added, one.matched, one.flagged) for one in outcomes] == [(2, 0, ()), (0, 2, ())]


async def test_a_code_that_is_registered_here_during_the_look_keeps_no_other_entry_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.list_there(_entry("B-001"), _entry("B-002"))
    by_code = desk.store.by_code

    async def register_then(study_id: StudyId, code: str) -> Subject | None:
        found = await by_code(study_id, code)
        if code == "B-001":
            await desk.subjects.register(desk.study, code, SubjectDetails())
        return found

    monkeypatch.setattr(desk.store, "by_code", register_then)
    outcome = await desk.subjects.sync(desk.study)
    assert (outcome.added, outcome.flagged) == (1, ("B-001",))


async def test_a_second_look_adds_nobody(desk: Desk) -> None:
    desk.list_there(_entry("A-001"))
    await desk.subjects.sync(desk.study)
    outcome = await desk.subjects.sync(desk.study)
    assert (outcome.added, outcome.matched) == (0, 1)


async def test_our_own_id_in_the_entry_settles_a_draft(desk: Desk) -> None:
    made = await desk.subjects.register(desk.study, "B-007", SubjectDetails())
    desk.list_there(_entry("B-007", ours=made.id, platform_id="there-1"))
    await desk.subjects.sync(desk.study)
    known = await desk.registrations.of(made.id, desk.study.datasets[0].id)
    assert known is not None
    assert (known.state, known.platform_id) == (RegistrationState.REGISTERED, "there-1")


async def test_a_draft_and_a_strangers_entry_of_one_name_are_not_merged(desk: Desk) -> None:
    made = await desk.subjects.register(desk.study, "B-007", SubjectDetails())
    desk.list_there(_entry("B-007", ours=SubjectId(new_id()), station=StationId("elsewhere")))
    outcome = await desk.subjects.sync(desk.study)
    assert outcome.flagged == ("B-007",)
    kept = await desk.subjects.get(made.id)
    assert {r.state for r in kept.registrations} == {RegistrationState.DRAFT}


async def test_one_name_twice_on_the_platform_is_flagged_and_left(desk: Desk) -> None:
    desk.list_there(_entry("A-001"), _entry("a-001"), _entry("A-002"))
    outcome = await desk.subjects.sync(desk.study)
    assert set(outcome.flagged) == {"A-001", "a-001"}
    assert outcome.added == 1


async def test_one_name_in_two_datasets_of_a_study_is_one_subject(desk: Desk) -> None:
    desk.list_there(_entry("A-001"))
    desk.list_there(_entry("A-001"), dataset=1)
    outcome = await desk.subjects.sync(desk.study)
    assert (outcome.added, outcome.matched) == (1, 1)
    found = await desk.store.by_code(desk.study.id, "A-001")
    assert found is not None
    assert {r.dataset_id for r in found.registrations} == {d.id for d in desk.study.datasets}


async def test_two_stations_subjects_of_one_name_in_two_datasets_stay_two(desk: Desk) -> None:
    desk.list_there(_entry("A-001", ours=SubjectId(new_id())))
    desk.list_there(_entry("A-001", ours=SubjectId(new_id())), dataset=1)
    outcome = await desk.subjects.sync(desk.study)
    assert (outcome.added, outcome.flagged) == (1, ("A-001",))


async def test_a_subject_delivered_from_here_is_not_merged_on_a_name_in_a_new_dataset(
    desk: Desk,
) -> None:
    made = make_subject(desk.study, state=RegistrationState.DRAFT)
    made = replace(made, registrations=made.registrations[:1])
    await desk.store.add(made, _ACT)
    desk.list_there(_entry("B-007", ours=made.id))
    desk.list_there(_entry("B-007"), dataset=1)
    outcome = await desk.subjects.sync(desk.study)
    assert outcome.flagged == ("B-007",)
    kept = await desk.subjects.get(made.id)
    assert [r.state for r in kept.registrations] == [RegistrationState.REGISTERED]


async def test_a_held_registration_stays_a_persons_matter(desk: Desk) -> None:
    made = await desk.subjects.register(desk.study, "B-007", SubjectDetails())
    draft = made.registrations[0]
    await desk.registrations.move(draft.id, RegistrationEvent.HOLD)
    desk.list_there(_entry("B-007", ours=made.id))
    outcome = await desk.subjects.sync(desk.study)
    assert outcome.flagged == ("B-007",)
    known = await desk.registrations.of(made.id, draft.dataset_id)
    assert known is not None
    assert known.state is RegistrationState.HELD


async def test_another_stations_subject_keeps_its_id(desk: Desk) -> None:
    theirs = SubjectId(new_id())
    desk.list_there(_entry("A-001", ours=theirs, station=StationId("elsewhere")))
    await desk.subjects.sync(desk.study)
    assert (await desk.subjects.get(theirs)).code == "A-001"
