"""A vault as full as its station's record says, made quickly: every file has its right name.

One small picture and one note are sealed for the station; all others are the same two files under
names of their own (hard links, and fresh files for every thousand names, for a file may have only
so many). So a vault has as many names as after a year, two for each picture, and what lies under
them is none of the pictures: it serves those who list, not those who open.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from haut_desktop.store.driver import Connection
from haut_desktop.store.sealing import seal
from haut_desktop.store.station import Station

_PICTURE: Final = ".age"
_NOTE: Final = ".side.age"
_LINKS: Final = 1000
"""Names of one file; Windows allows 1,023."""


def names_of_originals(connection: Connection) -> tuple[str, ...]:
    """Give the names that the record has for the vault's files."""
    rows = connection.execute("SELECT vault_name FROM original ORDER BY rowid")
    return tuple(row["vault_name"] for row in rows)


def fill_vault(store: Station, names: Iterable[str]) -> None:
    """Let a file and a note lie in the vault for every name (blocking)."""
    stems = [name.removesuffix(_PICTURE) for name in names]
    for ending, data in ((_PICTURE, b"a picture"), (_NOTE, b"a note")):
        sealed = seal(data, [store.keys.recipient])
        for start in range(0, len(stems), _LINKS):
            paths = [store.vault.folder / f"{stem}{ending}" for stem in stems[start:][:_LINKS]]
            _link(sealed, paths)


def _link(sealed: bytes, paths: list[Path]) -> None:
    first, *others = paths
    first.write_bytes(sealed)
    for path in others:
        os.link(first, path)
