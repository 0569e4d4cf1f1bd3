"""The spool: pictures sealed while the keyring is locked, with the vault's public key alone.

What lies here is safe and is in nobody's record yet. After the unlocking each picture is opened,
proven by its hash, moved into the vault and written into the record, where a person says whose it
is: a note that was written without the keys proves nothing.
"""

import contextlib
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import KeyringLockedError, VaultError
from haut_desktop.domain.ids import OriginalId, new_id
from haut_desktop.domain.imaging import Digest
from haut_desktop.store.files import (
    clear_temporary,
    is_temporary,
    make_folder,
    remove,
    write_atomically,
)
from haut_desktop.store.sealing import NONSENSE, SealBrokenError, seal, unseal

SPOOL: Final = "spool"
"""Name of the spool's folder in a station's."""

_PICTURE: Final = ".age"
_NOTE: Final = ".side.age"
_NOT_SEALED: Final = (
    "This account can't write to the station's folder. The picture is where it was; keep it there "
    "and call your study's IT."
)


@dataclass(frozen=True, slots=True)
class SpoolNote:
    """What was said of a picture when it was sealed."""

    original_id: OriginalId
    """The id that the picture keeps for ever."""
    digest: Digest
    received_at: datetime
    file_name: str
    words: Mapping[str, str]
    """As somebody typed them, e.g. the subject's code and the visit: a hint, never a fact."""


# made at import, not at first use: msgspec breaks down when two threads learn a class at once
_NOTES: Final = msgspec.json.Decoder(SpoolNote)


class Spool:
    """Seals with the public key; opens with the identity; everything here blocks."""

    def __init__(self, folder: Path, recipient: str, clock: Clock) -> None:
        self.folder = folder
        self._recipient = recipient
        self._clock = clock

    def seal(self, data: bytes, words: Mapping[str, str], *, file_name: str = "") -> SpoolNote:
        """Seal a picture with its note; both are on the disk afterwards.

        Raises DiskFullError or VaultError.
        """
        if not data:
            raise VaultError("The picture is empty. Copy it from the camera once more.")
        note = SpoolNote(OriginalId(new_id()), _digest(data), self._clock(), file_name, dict(words))
        try:
            make_folder(self.folder)  # a name in it outlives a power cut only if its own name does
            # the note first: a picture that is there is always explained
            self._write(f"{note.original_id}{_NOTE}", msgspec.json.encode(note))
            self._seal_or_forget(note, data)
        except (OSError, ValueError) as error:
            raise VaultError(_NOT_SEALED, title="The picture could not be sealed") from error
        return note

    def _seal_or_forget(self, note: SpoolNote, data: bytes) -> None:
        """Seal the picture; without it, its note explains nothing."""
        try:
            self._write(f"{note.original_id}{_PICTURE}", data)
        except BaseException:
            with contextlib.suppress(OSError):
                remove(self.folder / f"{note.original_id}{_NOTE}")
            raise

    def say(self, note: SpoolNote, words: Mapping[str, str]) -> SpoolNote:
        """Put other words on a sealed picture; raises DiskFullError or VaultError."""
        other = replace(note, words=dict(words))
        try:
            self._write(f"{note.original_id}{_NOTE}", msgspec.json.encode(other))
        except (OSError, ValueError) as error:
            raise VaultError("The words on a sealed picture could not be changed.") from error
        return other

    def names(self) -> tuple[str, ...]:
        """List the sealed pictures in the order of their ids."""
        return tuple(sorted(name for name in self._entries() if not name.endswith(_NOTE)))

    def lone_notes(self, before: datetime) -> tuple[OriginalId, ...]:
        """Name the pictures of which only a note lies here, written before then.

        Its picture was never sealed, or has left for the vault already.
        """
        names = self._entries()
        lone = [
            name
            for name in names
            if name.endswith(_NOTE) and name.removesuffix(_NOTE) + _PICTURE not in names
        ]
        return tuple(
            OriginalId(name.removesuffix(_NOTE))
            for name in sorted(lone)
            if _written_at_s(self.folder / name) < before.timestamp()
        )

    def clear_half_written(self, before: datetime) -> None:
        """Remove what a crash before then left of a write; what can't be removed stays."""
        clear_temporary(self.folder, before)

    def open(self, name: str, identity: str | None) -> tuple[SpoolNote, bytes]:
        """Open a picture and its note, and prove that they belong together; raises VaultError."""
        if identity is None:
            raise KeyringLockedError
        try:
            note = _NOTES.decode(self._read(_note_of(name), identity))
            note.received_at.astimezone(UTC)  # the record keeps moments in UTC: not all are one
            data = self._read(name, identity)
        except (*NONSENSE, ValueError, OverflowError) as error:
            raise VaultError("The note beside a picture of the spool can't be read.") from error
        is_its_own = f"{note.original_id}{_PICTURE}" == name
        if not is_its_own or _digest(data) != note.digest:
            raise VaultError("A picture of the spool is not the one that was sealed.")
        return note, data

    def remove_note(self, original_id: OriginalId) -> None:
        """Remove a note that has no picture; raises VaultError."""
        self.remove(f"{original_id}{_PICTURE}")

    def remove(self, name: str) -> None:
        """Remove a picture that the vault holds now, and its note; a missing one is no error."""
        try:
            remove(self.folder / name)
            remove(self.folder / _note_of(name))
        except OSError as error:
            raise VaultError("A picture could not be taken out of the spool.") from error

    def _entries(self) -> frozenset[str]:
        """Name the pictures and notes; what a crash left of a write is none."""
        if not self.folder.is_dir():
            return frozenset()
        names = (path.name for path in self.folder.iterdir())
        return frozenset(n for n in names if n.endswith(_PICTURE) and not is_temporary(n))

    def _write(self, name: str, data: bytes) -> None:
        write_atomically(self.folder / name, seal(data, [self._recipient]), is_read_only=True)

    def _read(self, name: str, identity: str) -> bytes:
        try:
            return unseal((self.folder / name).read_bytes(), identity)
        except OSError as error:
            raise VaultError("A picture of the spool is missing or can't be read.") from error
        except SealBrokenError as error:
            raise VaultError("A picture of the spool is damaged.") from error


def _digest(data: bytes) -> Digest:
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Digest(hashlib.sha256(data).hexdigest(), md5, len(data))


def _written_at_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return math.inf  # it is gone, or is left alone


def _note_of(name: str) -> str:
    return name.removesuffix(_PICTURE) + _NOTE
