"""Every plausible answer to the contract's open questions is understood, over real sockets."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from haut_desktop.api.auth import TokenKeeper
from haut_desktop.api.client import HautApi
from haut_desktop.domain.errors import MfaAccountError, RefusedError
from haut_desktop.domain.ids import (
    PlatformDatasetId,
    PlatformSubjectId,
    StationId,
    SubjectId,
)
from haut_desktop.domain.imaging import Side
from haut_desktop.domain.subjects import SubjectDetails
from tests.fakes.pictures import jpeg
from tests.fakes.practice import (
    PASSWORD,
    SECOND_FACTOR,
    SELFIE,
    TECHNICIAN,
    PracticePlatform,
    running_practice,
)
from tests.waiting import eventually

QUIRKS = (
    "refresh_token_rotated",
    "ids_as_words",
    "dictionaries_paged",
    "results_paged",
    "plain_errors",
    "iso_timestamps",
    "aux_old_shape",
    "subject_names_unique",
    "subject_search_ignored",
    "pages_of_ten",
    "compute_answers_202",
    "store_etag_only",
    "batch_images_paged",
    "results_early_404",
)


@pytest.fixture(scope="module")
def odd_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticePlatform]:
    """A platform that does everything the other way."""
    arguments = [word for quirk in QUIRKS for word in ("--quirk", quirk)]
    with running_practice(tmp_path_factory.mktemp("odd"), *arguments) as platform:
        yield platform


@pytest_asyncio.fixture
async def odd(odd_platform: PracticePlatform) -> AsyncIterator[HautApi]:
    keeper = TokenKeeper()
    api = HautApi(odd_platform.url, keeper)
    keeper.use(await api.sign_in(TECHNICIAN, PASSWORD))
    yield api
    await api.aclose()


async def test_a_second_factor_is_known_by_its_words_alone(odd: HautApi) -> None:
    with pytest.raises(MfaAccountError):
        await odd.sign_in(SECOND_FACTOR, PASSWORD)


async def test_rotated_refresh_tokens_are_followed(odd_platform: PracticePlatform) -> None:
    keeper = TokenKeeper()
    api = HautApi(odd_platform.url, keeper)
    keeper.use(await api.sign_in(TECHNICIAN, PASSWORD))
    seen = {(await keeper.refresh()).refresh for _ in range(3)}
    assert len(seen) == 3
    await api.aclose()


async def test_without_a_new_refresh_token_the_old_one_stays(tmp_path: Path) -> None:
    with running_practice(tmp_path, "--quirk", "refresh_no_refresh_token") as platform:
        keeper = TokenKeeper()
        api = HautApi(platform.url, keeper)
        keeper.use(signed_in := await api.sign_in(TECHNICIAN, PASSWORD))
        for _ in range(2):
            renewed = await keeper.refresh()
            assert renewed.refresh == signed_in.tokens.refresh
        await api.aclose()


async def test_an_id_token_alone_is_enough(tmp_path: Path) -> None:
    with running_practice(tmp_path, "--quirk", "refresh_only_id_token") as platform:
        keeper = TokenKeeper()
        api = HautApi(platform.url, keeper)
        keeper.use(await api.sign_in(TECHNICIAN, PASSWORD))
        assert await keeper.refresh() != await keeper.refresh()
        await api.aclose()


async def test_dictionaries_in_pages_with_words_for_ids_are_whole(odd: HautApi) -> None:
    assert {"selfie", "skin", "visia"} <= {kind.tech_name for kind in await odd.image_types()}
    assert len(await odd.algorithms()) == len({a.version_id for a in await odd.algorithms()})


async def test_plain_errors_keep_their_detail(odd: HautApi, odd_platform: PracticePlatform) -> None:
    with pytest.raises(RefusedError, match="Not found"):
        await odd.dataset(odd_platform.tenant, PlatformDatasetId("none"))


async def test_an_inline_visit_works_from_subject_to_rows(
    odd: HautApi, odd_platform: PracticePlatform
) -> None:
    company = odd_platform.tenant
    made = odd_platform.make_dataset("Odd", SELFIE, "face_skin_metrics_2.0")
    dataset = PlatformDatasetId(made)
    details = SubjectDetails(biological_sex="male")
    subject = await odd.create_subject(
        company, dataset, "B-1", details, subject_id=SubjectId("ours"), station_id=StationId("s")
    )
    assert subject.details == details
    assert subject.created_at is not None
    where = (company, dataset, PlatformSubjectId(subject.id))
    batch = await odd.create_batch(*where, created_at=subject.created_at)
    image = await odd.post_image(
        *where, batch, data=jpeg(), name="x.jpg", side=Side.FRONT, light="regular"
    )
    await eventually(lambda: odd_platform.state()["queue_length"] == 0)
    results = (await odd.image_results(*where, batch, image)).results
    applications = {a.tech_name: a for a in await odd.applications(company)}
    algorithms = applications["face_skin_metrics_2.0"].algorithms
    assert {r.version_id for r in results} == {a.version_id for a in algorithms}
    assert all(result.created_at is not None for result in results)
    await odd.aux_pictures(*where, batch, image)
