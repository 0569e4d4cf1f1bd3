"""Datasets become studies: grouped by name, refused with a reason, kept with their ids."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from haut_desktop.api.auth import TokenKeeper
from haut_desktop.api.client import HautApi
from haut_desktop.domain.audit import BY_ITSELF
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.delivery import Route
from haut_desktop.domain.errors import HautError, ItemError, OtherSignInError, SignedOutError
from haut_desktop.domain.ids import PlatformDatasetId, StudyId
from haut_desktop.domain.imaging import ImageType
from haut_desktop.domain.study import ImagingPlan, PlatformDataset
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.session import Session
from haut_desktop.services.studies import Studies, StudyOffer, group, route_for
from tests.fakes.practice import PASSWORD, SKIN, TECHNICIAN, PracticePlatform
from tests.fakes.stations import StationStores, open_stores

V3 = "face_skin_metrics_3.0"


def _dataset(
    name: str,
    image_type: ImageType | str = ImageType.SELFIE,
    applications: tuple[str, ...] | None = (V3,),
) -> PlatformDataset:
    return PlatformDataset(PlatformDatasetId(f"id-{name}"), name, image_type, applications)


def _grouped(*datasets: PlatformDataset) -> list[tuple[str, int]]:
    return [(offer.name, len(offer.datasets)) for offer in group(datasets)]


# ---- grouping


@pytest.mark.parametrize("form", ("{} ({})", "{} · {}", "{}·{}"))
def test_datasets_that_share_a_studys_name_are_one_study(form: str) -> None:
    faces = _dataset(form.format("Aloe 12", "faces"))
    skin = _dataset(form.format("Aloe 12", "skin"), ImageType.SKIN)
    visia = _dataset(form.format("Aloe 12", "VISIA"), ImageType.VISIA)
    assert _grouped(faces, skin, visia) == [("Aloe 12", 3)]


def test_a_dataset_without_a_sibling_keeps_its_whole_name() -> None:
    assert _grouped(_dataset("Aloe (faces)"), _dataset("Birch")) == [
        ("Aloe (faces)", 1),
        ("Birch", 1),
    ]


def test_words_that_are_no_image_type_group_nothing() -> None:
    german, british = _dataset("Aloe (DE)"), _dataset("Aloe (UK)", ImageType.SKIN)
    assert _grouped(german, british) == [("Aloe (DE)", 1), ("Aloe (UK)", 1)]


def test_a_word_that_contradicts_the_image_type_groups_nothing() -> None:
    wrong = _dataset("Aloe (skin)", ImageType.VISIA)
    assert _grouped(_dataset("Aloe (faces)"), wrong) == [("Aloe (faces)", 1), ("Aloe (skin)", 1)]


def test_two_datasets_of_one_image_type_stand_alone() -> None:
    first, second = _dataset("Aloe (face)"), _dataset("Aloe (faces)")
    assert _grouped(first, second) == [("Aloe (face)", 1), ("Aloe (faces)", 1)]


def test_what_cannot_be_chosen_stands_alone_at_the_end_with_its_reason() -> None:
    offers = group(
        [
            _dataset("Aloe (skin)", ImageType.SKIN, ()),
            _dataset("Toes", "toenail"),
            _dataset("Aloe (faces)"),
        ]
    )
    assert [offer.name for offer in offers] == ["Aloe (faces)", "Aloe (skin)", "Toes"]
    assert [offer.problem is None for offer in offers] == [True, False, False]
    assert "application" in (offers[1].problem or "")


@pytest.mark.parametrize(
    ("image_type", "applications", "route"),
    (
        (ImageType.SELFIE, ("face_skin_metrics_3.0",), Route.SIGNED),
        (ImageType.SELFIE, ("face_skin_metrics_2.0", "face_skin_metrics_3.0"), Route.SIGNED),
        (ImageType.SELFIE, ("face_skin_metrics_2.0",), Route.INLINE),
        (ImageType.SKIN, ("skin_metrics_3.0",), Route.INLINE),
        (ImageType.SELFIE, ("metrics_13.0", "metrics_3.5"), Route.INLINE),
    ),
)
def test_only_faces_with_an_application_of_v3_take_the_signed_route(
    image_type: ImageType, applications: tuple[str, ...], route: Route
) -> None:
    assert route_for(image_type, applications) is route


# ---- with the practice platform and a real store


@dataclass
class Desk:
    """Studies with everything they stand on; signed in."""

    studies: Studies
    session: Session
    stores: StationStores
    changes: Changes
    platform: PracticePlatform


@pytest_asyncio.fixture
async def desk(tmp_path: Path, practice_platform: PracticePlatform) -> AsyncIterator[Desk]:
    keeper, changes = TokenKeeper(), Changes()
    api = HautApi(practice_platform.url, keeper)
    async with open_stores(tmp_path, system_clock) as stores:
        session = Session(api, keeper, stores.credentials, stores.studies, changes)
        await session.sign_in(practice_platform.url, TECHNICIAN, PASSWORD)
        studies = Studies(api, session, stores.studies, changes)
        yield Desk(studies, session, stores, changes, practice_platform)
    await api.aclose()


async def _offer(desk: Desk, name: str) -> StudyOffer:
    return next(offer for offer in await desk.studies.available() if offer.name == name)


async def test_the_platforms_datasets_are_offered_with_their_applications(desk: Desk) -> None:
    desk.platform.make_dataset("Offered (faces)", 1, V3)
    desk.platform.make_dataset("Offered (skin)", SKIN, "skin_metrics")
    desk.platform.make_dataset("Offered, not set up")
    offer = await _offer(desk, "Offered")
    assert [dataset.applications for dataset in offer.datasets] == [(V3,), ("skin_metrics",)]
    assert (await _offer(desk, "Offered, not set up")).problem is not None


async def test_a_chosen_study_is_kept_and_is_the_current_one(desk: Desk) -> None:
    desk.platform.make_dataset("Chosen (faces)", 1, V3)
    desk.platform.make_dataset("Chosen (skin)", SKIN, "skin_metrics")
    heard: list[Change] = []
    desk.changes.subscribe(heard.append)
    study = await desk.studies.choose(await _offer(desk, "Chosen"))
    routes = {dataset.image_type: dataset.route for dataset in study.datasets}
    assert routes == {ImageType.SELFIE: Route.SIGNED, ImageType.SKIN: Route.INLINE}
    assert desk.studies.current == study
    assert heard == [Change(Topic.STUDY, frozenset({study.id}))]
    assert await desk.studies.known() == (study,)


async def test_choosing_again_keeps_study_dataset_and_plan(desk: Desk) -> None:
    desk.platform.make_dataset("Again (faces)", 1, V3)
    first = await desk.studies.choose(await _offer(desk, "Again (faces)"))
    planned = replace(first, plan=ImagingPlan(code_example="X-1"))
    await desk.stores.studies.save_study(planned, BY_ITSELF)
    desk.platform.make_dataset("Again (skin)", SKIN, "skin_metrics")
    second = await desk.studies.choose(await _offer(desk, "Again"))
    assert second.id == first.id
    assert second.plan.code_example == "X-1"
    assert first.datasets[0].id in {dataset.id for dataset in second.datasets}
    assert len(second.datasets) == 2


async def test_a_study_that_is_chosen_twice_at_once_is_one_study(desk: Desk) -> None:
    desk.platform.make_dataset("Twice (faces)", 1, V3)
    offer = await _offer(desk, "Twice (faces)")
    first, second = await asyncio.gather(desk.studies.choose(offer), desk.studies.choose(offer))
    assert first == second
    assert await desk.studies.known() == (first,)


@pytest.mark.parametrize("is_known", [False, True])
async def test_a_study_that_is_left_while_it_is_written_down_is_not_taken_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    desk.platform.make_dataset("Left (faces)", 1, V3)
    offer = await _offer(desk, "Left (faces)")
    known = await desk.studies.choose(offer) if is_known else None
    set_last = desk.stores.studies.set_last_study

    async def leave_then(study_id: StudyId) -> None:
        await set_last(study_id)
        desk.studies.leave()  # somebody of another company signs in

    monkeypatch.setattr(desk.stores.studies, "set_last_study", leave_then)
    with pytest.raises(OtherSignInError):
        await (desk.studies.select(known.id) if known else desk.studies.choose(offer))
    assert desk.studies.current is None


async def test_a_dataset_without_an_application_is_refused_with_its_reason(desk: Desk) -> None:
    desk.platform.make_dataset("Bare")
    with pytest.raises(ItemError, match="No application") as caught:
        await desk.studies.choose(await _offer(desk, "Bare"))
    assert "Bare" in caught.value.title
    assert desk.studies.current is None


async def test_the_last_study_is_restored_for_its_own_company_only(desk: Desk) -> None:
    desk.platform.make_dataset("Last (faces)", 1, V3)
    study = await desk.studies.choose(await _offer(desk, "Last (faces)"))
    desk.studies.leave()
    assert await desk.studies.restore() == study
    await desk.session.sign_out()
    desk.studies.leave()
    assert await desk.studies.restore() is None


async def test_a_known_study_is_selected_offline(desk: Desk) -> None:
    desk.platform.make_dataset("Offline (faces)", 1, V3)
    study = await desk.studies.choose(await _offer(desk, "Offline (faces)"))
    desk.studies.leave()
    desk.platform.add_fault("offline")
    assert await desk.studies.select(study.id) == study
    with pytest.raises(HautError):
        await desk.studies.select(StudyId("nobody's"))


async def test_nobody_signed_in_is_offered_nothing(desk: Desk) -> None:
    await desk.session.sign_out()
    with pytest.raises(SignedOutError):
        await desk.studies.available()


async def test_a_dataset_that_was_replaced_on_the_platform_is_refused_in_words(desk: Desk) -> None:
    desk.platform.make_dataset("Cedar (faces)", 1, V3)
    desk.platform.make_dataset("Cedar (skin)", SKIN, "skin_metrics")
    first = await desk.studies.choose(await _offer(desk, "Cedar"))
    offer = await _offer(desk, "Cedar")
    successor = tuple(
        replace(d, id=PlatformDatasetId("another")) if d.image_type == ImageType.SELFIE else d
        for d in offer.datasets
    )
    with pytest.raises(ItemError, match="faces"):
        await desk.studies.choose(replace(offer, datasets=successor))
    assert await desk.studies.known() == (first,)
