"""The platform's words for biological sex, kept for the time without a network."""

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from haut_desktop.api.client import HautApi
    from haut_desktop.store.studies import StudyStore

BiologicalSex = tuple[str, str]
"""The platform's technical name, and the name that people read."""

_SETTING: Final = "biological-sexes"


class BiologicalSexes:
    """Asks the platform and remembers its answer on the station."""

    def __init__(self, api: "HautApi", settings: "StudyStore") -> None:
        self._api = api
        self._settings = settings

    async def kept(self) -> tuple[BiologicalSex, ...]:
        """What the platform said last; nothing before it was ever asked."""
        text = await self._settings.setting(_SETTING)
        return msgspec.json.decode(text, type=tuple[BiologicalSex, ...]) if text else ()

    async def fresh(self) -> tuple[BiologicalSex, ...]:
        """Ask the platform; nothing where it has no such dictionary.

        Raises as every call to the platform does.
        """
        said = await self._api.biological_sexes()
        if said and said != await self.kept():
            await self._settings.set_setting(_SETTING, msgspec.json.encode(said).decode())
        return said
