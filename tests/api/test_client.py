"""The client against a practice platform over real sockets."""

import hashlib
from datetime import UTC, date, datetime

import pytest

from haut_desktop.api.auth import TokenKeeper
from haut_desktop.api.client import HautApi
from haut_desktop.api.object_store import ObjectStore
from haut_desktop.domain.delivery import Proof
from haut_desktop.domain.errors import (
    ItemError,
    MfaAccountError,
    NotThePlatformError,
    OutcomeUnknownError,
    RefusedError,
    ServerTroubleError,
    SignedOutError,
    SignInRefusedError,
    TooManyRequestsError,
    UnexpectedAnswerError,
    UnreachableError,
)
from haut_desktop.domain.ids import (
    PlatformBatchId,
    PlatformDatasetId,
    PlatformSubjectId,
    StationId,
    SubjectId,
    new_id,
)
from haut_desktop.domain.imaging import ImageType, Side
from haut_desktop.domain.subjects import PlatformSubject, SubjectDetails
from tests.fakes.pictures import jpeg
from tests.fakes.practice import (
    PASSWORD,
    SECOND_FACTOR,
    SELFIE,
    TECHNICIAN,
    VISIA,
    PracticePlatform,
)
from tests.waiting import eventually

TAKEN_AT = datetime(2026, 3, 1, 9, 12, 44, tzinfo=UTC)


async def _add_subject(
    api: HautApi, platform: PracticePlatform, dataset: str, name: str
) -> PlatformSubject:
    return await api.create_subject(
        platform.tenant,
        PlatformDatasetId(dataset),
        name,
        SubjectDetails(),
        subject_id=SubjectId(new_id()),
        station_id=StationId("station-1"),
    )


async def _initiated(
    api: HautApi, platform: PracticePlatform, dataset_name: str
) -> PlatformBatchId:
    """A batch whose picture was never put."""
    dataset = platform.make_dataset(dataset_name, SELFIE, "face_skin_metrics_3.0")
    subject = await _add_subject(api, platform, dataset, "B-001")
    started = await api.initiate_upload(
        platform.tenant,
        subject.id,
        {Side.FRONT: "front.jpg"},
        created_at=TAKEN_AT,
        meta={},
    )
    return started.platform_id


# ---- account


async def test_sign_in_gives_account_and_tokens_that_end(
    api: HautApi, practice_platform: PracticePlatform
) -> None:
    signed_in = await api.sign_in(TECHNICIAN, PASSWORD)
    assert signed_in.account.company_id == practice_platform.company_id
    assert signed_in.account.username == TECHNICIAN
    assert signed_in.account.server == practice_platform.url
    assert signed_in.tokens.expires_at is not None
    assert signed_in.tokens.refresh


async def test_a_wrong_password_is_said_to_be_one(api: HautApi) -> None:
    with pytest.raises(SignInRefusedError):
        await api.sign_in(TECHNICIAN, "wrong")


async def test_something_that_is_no_email_is_refused_with_the_platforms_words(
    api: HautApi,
) -> None:
    with pytest.raises(SignInRefusedError, match="valid email"):
        await api.sign_in("nobody", "wrong")


async def test_an_account_with_a_second_factor_is_told_apart(api: HautApi) -> None:
    with pytest.raises(MfaAccountError):
        await api.sign_in(SECOND_FACTOR, PASSWORD)


async def test_too_many_sign_ins_carry_the_servers_waiting_time(
    api: HautApi, practice_platform: PracticePlatform
) -> None:
    practice_platform.add_fault("429", path="*/login/", count=1, retry_after_s=17)
    with pytest.raises(TooManyRequestsError) as caught:
        await api.sign_in(TECHNICIAN, PASSWORD)
    assert caught.value.retry_after_s == 17


async def test_a_private_token_signs_in_and_is_never_refreshed(
    api: HautApi, keeper: TokenKeeper, practice_platform: PracticePlatform
) -> None:
    signed_in = await api.sign_in_with_token(practice_platform.make_private_token())
    keeper.use(signed_in)
    assert signed_in.account.company_id == practice_platform.company_id
    assert signed_in.tokens.is_private
    assert await api.applications(signed_in.account.tenant)


async def test_a_private_token_that_is_none_is_refused(api: HautApi) -> None:
    with pytest.raises(SignInRefusedError, match="token"):
        await api.sign_in_with_token("no-token")


async def test_a_refresh_gives_other_tokens(api: HautApi) -> None:
    tokens = (await api.sign_in(TECHNICIAN, PASSWORD)).tokens
    renewed = await api.refresh(tokens)
    assert renewed.access != tokens.access
    assert renewed.refresh


# ---- dictionaries, applications, datasets


async def test_dictionaries_need_no_sign_in(api: HautApi) -> None:
    algorithms = await api.algorithms()
    sides = {kind.tech_name: [s.tech_name for s in kind.sides] for kind in await api.image_types()}
    assert "redness" in {algorithm.tech_name for algorithm in algorithms}
    assert all(algorithm.version for algorithm in algorithms)
    assert sides["selfie"] == ["front", "right", "left"]
    assert ("female", "Female") in await api.biological_sexes()


async def test_a_dataset_says_which_applications_it_has(
    signed_in: HautApi, practice_platform: PracticePlatform
) -> None:
    dataset_id = practice_platform.make_dataset("Faces", SELFIE, "face_skin_metrics_3.0")
    company = practice_platform.tenant
    dataset = await signed_in.dataset(company, PlatformDatasetId(dataset_id))
    applications = {a.tech_name: a for a in await signed_in.applications(company)}
    assert dataset.image_type is ImageType.SELFIE
    assert dataset.applications in (
        ("face_skin_metrics_3.0",),
        (applications["face_skin_metrics_3.0"].name,),
    )
    assert applications["face_skin_metrics_3.0"].algorithms


async def test_all_pages_of_the_datasets_are_read(
    signed_in: HautApi, practice_platform: PracticePlatform
) -> None:
    made = {practice_platform.make_dataset(f"Page {number}") for number in range(12)}
    listed = await signed_in.datasets(practice_platform.tenant)
    assert made <= {dataset.id for dataset in listed}


# ---- subjects


async def test_a_subject_comes_back_with_our_ids_and_details(
    signed_in: HautApi, practice_platform: PracticePlatform
) -> None:
    company = practice_platform.tenant
    dataset = PlatformDatasetId(practice_platform.make_dataset("Subjects"))
    ours = SubjectId(new_id())
    details = SubjectDetails(1980, date(1980, 2, 3), "female", 3, "left-handed")
    made = await signed_in.create_subject(
        company, dataset, "B-007", details, subject_id=ours, station_id=StationId("s-1")
    )
    (found,) = await signed_in.find_subjects(company, dataset, "B-007")
    assert found == made
    assert (found.subject_id, found.station_id, found.details) == (ours, "s-1", details)


async def test_a_search_finds_the_exact_name_only(
    signed_in: HautApi, practice_platform: PracticePlatform
) -> None:
    dataset = practice_platform.make_dataset("Exact")
    for name in ("B-0", "B-07", "B-007"):
        await _add_subject(signed_in, practice_platform, dataset, name)
    found = await signed_in.find_subjects(
        practice_platform.tenant, PlatformDatasetId(dataset), "B-0"
    )
    assert [subject.name for subject in found] == ["B-0"]


async def test_a_search_that_does_not_look_at_names_finds_them_all_the_same(
    signed_in: HautApi, practice_platform: PracticePlatform
) -> None:
    dataset = practice_platform.make_dataset("Blind search")
    for name in ("B-1", "B-2"):
        await _add_subject(signed_in, practice_platform, dataset, name)
    practice_platform.set_quirks("subject_search_blind", "pages_of_ten")
    found = await signed_in.find_subjects(
        practice_platform.tenant, PlatformDatasetId(dataset), "B-2"
    )
    assert [subject.name for subject in found] == ["B-2"]


async def test_a_search_that_has_found_a_name_is_trusted_to_find_none(
    signed_in: HautApi, practice_platform: PracticePlatform
) -> None:
    company = practice_platform.tenant
    dataset = PlatformDatasetId(practice_platform.make_dataset("Trusted search"))
    await _add_subject(signed_in, practice_platform, dataset, "B-1")
    assert await signed_in.find_subjects(company, dataset, "B-1")
    # a second request would meet it
    practice_platform.add_fault("5xx", path="*/subjects/", method="GET", skip=1)
    assert await signed_in.find_subjects(company, dataset, "B-2") == ()


@pytest.mark.parametrize("quirk", ["", "compute_answers_202"])
async def test_a_computation_is_accepted_with_204_or_202(
    signed_in: HautApi, practice_platform: PracticePlatform, quirk: str
) -> None:
    batch = await _initiated(signed_in, practice_platform, f"Accepted {quirk}")
    practice_platform.set_quirks(*quirk.split())
    await signed_in.compute(practice_platform.tenant, batch)


@pytest.mark.parametrize("kind", ["empty", "wrong_shape"])
async def test_any_other_answer_to_a_computation_leaves_it_unknown(
    signed_in: HautApi, practice_platform: PracticePlatform, kind: str
) -> None:
    batch = await _initiated(signed_in, practice_platform, f"Unknown {kind}")
    practice_platform.add_fault(kind, path="*/compute/")
    with pytest.raises(UnexpectedAnswerError):
        await signed_in.compute(practice_platform.tenant, batch)


async def test_a_name_too_long_is_refused_with_the_field(
    signed_in: HautApi, practice_platform: PracticePlatform
) -> None:
    dataset = practice_platform.make_dataset("Long")
    with pytest.raises(RefusedError) as caught:
        await _add_subject(signed_in, practice_platform, dataset, "x" * 600)
    assert (caught.value.status, caught.value.code, caught.value.attr) == (
        400,
        "max_length",
        "name",
    )


# ---- both routes


async def test_a_face_goes_the_signed_route_to_its_results(
    signed_in: HautApi, store: ObjectStore, practice_platform: PracticePlatform
) -> None:
    company = practice_platform.tenant
    dataset = practice_platform.make_dataset("Signed", SELFIE, "face_skin_metrics_3.0")
    subject = await _add_subject(signed_in, practice_platform, dataset, "B-001")
    batch = await signed_in.initiate_upload(
        company,
        subject.id,
        {Side.FRONT: "front.jpg"},
        created_at=TAKEN_AT,
        meta={"visit": "v-1"},
    )
    ((side, address),) = batch.addresses
    data, sent = jpeg(), list[int]()
    md5 = hashlib.md5(data).hexdigest()
    proof = await store.put(address, data, md5_hex=md5, on_progress=sent.append)
    await signed_in.compute(company, batch.platform_id)
    assert (side, proof.kind, proof.detail) == (Side.FRONT, Proof.STORE_HASH, f"md5={md5}")
    assert sent[-1] == len(data)
    results = await signed_in.batch_results(company, batch.platform_id)
    while not results.is_complete_by_platform:
        results = await signed_in.batch_results(company, batch.platform_id)
    assert "redness" in {result.algorithm for result in results.results}
    (listed,) = await signed_in.batches(company, PlatformDatasetId(dataset), subject.id)
    assert (listed.created_at, dict(listed.meta)) == (TAKEN_AT, {"visit": "v-1"})
    assert practice_platform.violations() == []


async def test_a_picture_goes_the_inline_route_with_its_side_and_light(
    signed_in: HautApi, practice_platform: PracticePlatform
) -> None:
    company = practice_platform.tenant
    dataset = PlatformDatasetId(practice_platform.make_dataset("Inline", VISIA))
    subject = await _add_subject(signed_in, practice_platform, dataset, "B-001")
    batch = await signed_in.create_batch(company, dataset, subject.id, created_at=TAKEN_AT)
    data, sent = jpeg(), list[int]()
    image = await signed_in.post_image(
        company,
        dataset,
        subject.id,
        batch,
        data=data,
        name="one.jpg",
        side=Side.LEFT,
        light="uv",
        image_type=ImageType.VISIA,
        on_progress=sent.append,
    )
    (listed,) = await signed_in.batch_images(company, dataset, subject.id, batch)
    assert (listed.id, listed.name, listed.side) == (image, "one.jpg", Side.LEFT)
    assert (listed.light, listed.batch_id, sent[-1]) == ("uv", batch, len(data))
    (kept,) = [b for b in practice_platform.state()["batches"] if b["id"] == batch]
    assert kept["images"][0]["sha256"] == hashlib.sha256(data).hexdigest()
    await signed_in.delete_batch(company, dataset, subject.id, batch)
    await signed_in.delete_batch(company, dataset, subject.id, batch)
    assert await signed_in.batches(company, dataset, subject.id) == ()


async def test_an_unknown_light_is_the_pictures_trouble(
    signed_in: HautApi, practice_platform: PracticePlatform
) -> None:
    with pytest.raises(ItemError, match="moonlight"):
        await signed_in.post_image(
            practice_platform.tenant,
            PlatformDatasetId("d"),
            PlatformSubjectId("s"),
            PlatformBatchId("b"),
            data=b"x",
            name="x",
            side=Side.FRONT,
            light="moonlight",
        )


async def test_an_inline_picture_is_computed_by_itself_and_rows_tell_of_it(
    signed_in: HautApi, store: ObjectStore, practice_platform: PracticePlatform
) -> None:
    company = practice_platform.tenant
    made = practice_platform.make_dataset("Rows", SELFIE, "face_skin_metrics_2.0")
    dataset = PlatformDatasetId(made)
    subject = await _add_subject(signed_in, practice_platform, dataset, "B-001")
    batch = await signed_in.create_batch(company, dataset, subject.id, created_at=TAKEN_AT)
    image = await signed_in.post_image(
        company,
        dataset,
        subject.id,
        batch,
        data=jpeg(),
        name="one.jpg",
        side=Side.FRONT,
        light="regular",
    )
    await eventually(lambda: practice_platform.state()["queue_length"] == 0)
    results = await signed_in.image_results(company, dataset, subject.id, batch, image)
    assert results.is_complete_by_platform is None
    assert results.results
    assert {result.platform_image_id for result in results.results} == {image}
    pictures = await signed_in.aux_pictures(company, dataset, subject.id, batch, image)
    for picture in pictures:
        assert await store.get(picture.url)


# ---- what goes wrong


async def test_a_server_that_is_not_there_is_unreachable(keeper: TokenKeeper) -> None:
    api = HautApi("http://127.0.0.1:1", keeper)
    with pytest.raises(UnreachableError):
        await api.algorithms()
    await api.aclose()


async def test_an_answer_that_never_comes_leaves_the_outcome_unknown(
    signed_in: HautApi, practice_platform: PracticePlatform
) -> None:
    dataset = practice_platform.make_dataset("Dropped")
    practice_platform.add_fault("drop_answer", method="POST", path="*/subjects/", count=1)
    with pytest.raises(OutcomeUnknownError):
        await _add_subject(signed_in, practice_platform, dataset, "B-001")
    found = await signed_in.find_subjects(
        practice_platform.tenant, PlatformDatasetId(dataset), "B-001"
    )
    assert len(found) == 1


@pytest.mark.parametrize(
    ("kind", "error"),
    (
        ("html", NotThePlatformError),
        ("5xx", ServerTroubleError),
        ("429", TooManyRequestsError),
        ("truncated", OutcomeUnknownError),
        ("wrong_shape", UnexpectedAnswerError),
    ),
)
async def test_each_kind_of_trouble_has_its_own_error(
    signed_in: HautApi, practice_platform: PracticePlatform, kind: str, error: type[Exception]
) -> None:
    practice_platform.add_fault(kind, path="*/applications/", count=1)
    with pytest.raises(error):
        await signed_in.applications(practice_platform.tenant)


async def test_an_unexpected_answer_names_the_call_and_the_field(
    signed_in: HautApi, practice_platform: PracticePlatform
) -> None:
    practice_platform.add_fault("wrong_shape", method="POST", path="*/subjects/", count=1)
    dataset = practice_platform.make_dataset("Shapeless")
    with pytest.raises(UnexpectedAnswerError) as caught:
        await _add_subject(signed_in, practice_platform, dataset, "B-001")
    assert (caught.value.call, caught.value.missing) == ("create subject", "id")


async def test_every_answer_tells_that_the_platform_can_be_reached(
    api: HautApi, practice_platform: PracticePlatform
) -> None:
    answers: list[datetime | None] = []
    api.on_answer = answers.append
    await api.algorithms()
    practice_platform.add_fault("html", path="*/algorithms/", count=1)
    with pytest.raises(NotThePlatformError):
        await api.algorithms()
    (moment,) = answers
    assert moment is not None
    assert abs(api.clock_offset_s) < 60


async def test_a_picture_that_broke_off_on_its_way_says_so(
    signed_in: HautApi, practice_platform: PracticePlatform
) -> None:
    practice_platform.add_fault("offline", method="POST", path="*/images/", count=1)
    with pytest.raises(OutcomeUnknownError) as caught:
        await signed_in.post_image(
            practice_platform.tenant,
            PlatformDatasetId("d"),
            PlatformSubjectId("s"),
            PlatformBatchId("b"),
            data=bytes(20_000_000),
            name="x",
            side=Side.FRONT,
            light="regular",
        )
    assert caught.value.in_body


# ---- tokens on the way


async def test_a_401_refreshes_once_and_repeats_the_same_step(
    signed_in: HautApi, practice_platform: PracticePlatform, keeper: TokenKeeper
) -> None:
    before = keeper.tokens
    practice_platform.add_fault("401", path="*/applications/", count=1)
    assert await signed_in.applications(practice_platform.tenant)
    assert keeper.tokens != before


async def test_a_streamed_picture_is_sent_again_after_a_401(
    signed_in: HautApi, practice_platform: PracticePlatform
) -> None:
    company = practice_platform.tenant
    dataset = PlatformDatasetId(practice_platform.make_dataset("Again"))
    subject = await _add_subject(signed_in, practice_platform, dataset, "B-001")
    batch = await signed_in.create_batch(company, dataset, subject.id, created_at=TAKEN_AT)
    practice_platform.add_fault("401", method="POST", path="*/images/", count=1)
    data = jpeg() + bytes(3_000_000)
    await signed_in.post_image(
        company,
        dataset,
        subject.id,
        batch,
        data=data,
        name="big.jpg",
        side=Side.FRONT,
        light="regular",
    )
    (kept,) = [b for b in practice_platform.state()["batches"] if b["id"] == batch]
    (image,) = kept["images"]
    assert (image["size"], image["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


async def test_a_401_after_a_refresh_is_a_refusal_until_it_works_again(
    signed_in: HautApi, practice_platform: PracticePlatform, keeper: TokenKeeper
) -> None:
    heard: list[str] = []
    keeper.on_refused = lambda error: heard.append(error.kind)
    keeper.on_accepted = lambda: heard.append("accepted")
    company = practice_platform.tenant
    practice_platform.add_fault("401", path="*/applications/", count=2)
    with pytest.raises(SignedOutError):
        await signed_in.applications(company)
    await signed_in.applications(company)
    assert heard == ["SignedOutError", "accepted"]
