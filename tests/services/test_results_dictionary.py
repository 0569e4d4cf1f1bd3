"""The dictionaries: asked for once, also for an application that the platform does not list."""

from pathlib import Path
from typing import Any, cast

from haut_desktop.domain.analysis import (
    Algorithm,
    AlgorithmResult,
    Application,
    AreaResult,
    BatchResults,
    Metric,
    Purpose,
)
from haut_desktop.domain.ids import CompanyId
from haut_desktop.domain.imaging import Side
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.results_dictionary import ResultDictionary
from tests.services.rooms import open_room

V3 = "face_skin_metrics_3.0"
COMPANY = Tenant("https://saas.haut.ai", CompanyId("c"))


class _Api:
    """A platform that lists nothing and counts the questions."""

    def __init__(self) -> None:
        self.asked = self.described = 0

    async def algorithms(self) -> tuple[Algorithm, ...]:
        self.described += 1
        return ()

    async def applications(self, _tenant: Tenant) -> tuple[Application, ...]:
        self.asked += 1
        return ()


async def test_an_application_that_is_not_listed_is_asked_for_once(tmp_path: Path) -> None:
    api = _Api()
    async with open_room(tmp_path) as room:
        dictionary = ResultDictionary(api=cast(Any, api), store=room.station.results)
        for applications in (["first"], ["first"], ["first", "second"], ["second"]):
            await dictionary.refresh(COMPANY, applications)
    assert api.asked == 2


async def test_each_server_is_asked_for_its_own_algorithms_once(tmp_path: Path) -> None:
    api = _Api()
    elsewhere = Tenant("https://other.example", CompanyId("c"))
    async with open_room(tmp_path) as room:
        dictionary = ResultDictionary(api=cast(Any, api), store=room.station.results)
        for tenant in (COMPANY, COMPANY, elsewhere, COMPANY):
            await dictionary.refresh(tenant, ["first"])
    assert api.described == 2


class _Lists(_Api):
    """Lists one application whose one algorithm has a version."""

    def __init__(self, number: int, version: str) -> None:
        super().__init__()
        self._redness = Algorithm(number, "redness", version, "Redness")

    async def algorithms(self) -> tuple[Algorithm, ...]:
        return (self._redness,)

    async def applications(self, _tenant: Tenant) -> tuple[Application, ...]:
        listed = Application("app", V3, V3, "selfie", Purpose.METRICS, (self._redness,))
        return (listed,)


async def test_a_version_that_is_listed_since_did_not_compute_what_was_said(
    tmp_path: Path,
) -> None:
    score = Metric("score", "Score", 71.5)
    said = AlgorithmResult(
        "redness",
        "",
        None,
        "Redness",
        V3,
        Side.FRONT,
        is_ok=True,
        areas=(AreaResult("face", score),),
    )
    async with open_room(tmp_path) as room:
        await room.take_face()
        await room.capture.finish(room.visit)
        batch, store = await room.submit(), room.station.results
        for number, version in ((7, "1.0"), (8, "1.1")):
            dictionary = ResultDictionary(api=cast(Any, _Lists(number, version)), store=store)
            await dictionary.refresh(COMPANY, [V3])
            answer = await dictionary.described(BatchResults((said,)), batch.id)
            await store.save(batch.id, answer, (V3,), room.clock())
        kept = await store.of_batch(batch.id)
    assert [(one.result.version, one.result.version_id) for one in kept] == [("1.0", 7)]
