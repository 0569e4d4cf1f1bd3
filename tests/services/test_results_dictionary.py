"""The dictionaries: asked for once, also for an application that the platform does not list."""

from pathlib import Path
from typing import Any, cast

from haut_desktop.domain.analysis import Algorithm, Application
from haut_desktop.domain.ids import CompanyId
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.results_dictionary import ResultDictionary
from tests.services.rooms import open_room

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
