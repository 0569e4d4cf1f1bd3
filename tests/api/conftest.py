"""The platform and the clients of the api's tests."""

from collections.abc import AsyncIterator

import pytest_asyncio

from haut_desktop.api.auth import TokenKeeper
from haut_desktop.api.client import HautApi
from haut_desktop.api.object_store import ObjectStore
from tests.fakes.practice import (
    PASSWORD,
    TECHNICIAN,
    PracticePlatform,
    practice_platform,
    shared_practice,
)

__all__ = ["practice_platform", "shared_practice"]


@pytest_asyncio.fixture
async def keeper() -> TokenKeeper:
    return TokenKeeper()


@pytest_asyncio.fixture
async def api(practice_platform: PracticePlatform, keeper: TokenKeeper) -> AsyncIterator[HautApi]:
    """A client of the practice platform that nobody is signed in with."""
    client = HautApi(practice_platform.url, keeper)
    yield client
    await client.aclose()


@pytest_asyncio.fixture
async def signed_in(api: HautApi, keeper: TokenKeeper) -> HautApi:
    """A client of the practice platform that the technician is signed in with."""
    keeper.use(await api.sign_in(TECHNICIAN, PASSWORD))
    return api


@pytest_asyncio.fixture
async def store() -> AsyncIterator[ObjectStore]:
    client = ObjectStore()
    yield client
    await client.aclose()
