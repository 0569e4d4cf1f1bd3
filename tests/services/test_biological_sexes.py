"""The platform's words for biological sex, with and without a network, over a real database."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from haut_desktop.api.auth import TokenKeeper
from haut_desktop.api.client import HautApi
from haut_desktop.api.transport import Network
from haut_desktop.domain.audit import Act
from haut_desktop.domain.errors import UnreachableError
from haut_desktop.services.biological_sexes import BiologicalSexes
from haut_desktop.store.database import Database
from haut_desktop.store.studies import StudyStore
from tests.fakes.clock import FakeClock
from tests.fakes.haut_server import HautServer

WHERE = "/api/v1/dicts/biological_sexes/"
WORDS: Any = [
    {"id": "1", "tech_name": "female", "name": "Female"},
    {"id": "2", "tech_name": "intersex", "name": "Intersex"},
]
SEXES = (("female", "Female"), ("intersex", "Intersex"))


async def test_what_the_platform_said_is_kept_for_the_time_offline(tmp_path: Path) -> None:
    server = HautServer().on(WHERE, httpx.ConnectError("offline"), WORDS)
    api = HautApi(
        "https://platform.example", TokenKeeper(), network=Network(transport=server.transport)
    )
    database = Database.open(tmp_path / "station.db", bytes(32), expect_existing=False)
    store = StudyStore(database, FakeClock())
    await store.set_up("DE-01", "Europe/Berlin", "Room 2", Act())
    sexes = BiologicalSexes(api, store)
    assert await sexes.kept() == ()
    with pytest.raises(UnreachableError):
        await sexes.fresh()
    assert await sexes.fresh() == SEXES
    assert await BiologicalSexes(api, store).kept() == SEXES
    await api.aclose()
    await database.aclose()


async def test_a_platform_without_the_dictionary_changes_nothing(tmp_path: Path) -> None:
    api = HautApi(
        "https://platform.example", TokenKeeper(), network=Network(transport=HautServer().transport)
    )
    database = Database.open(tmp_path / "station.db", bytes(32), expect_existing=False)
    store = StudyStore(database, FakeClock())
    await store.set_up("DE-01", "Europe/Berlin", "Room 2", Act())
    sexes = BiologicalSexes(api, store)
    assert await sexes.fresh() == ()
    assert await sexes.kept() == ()
    await api.aclose()
    await database.aclose()
