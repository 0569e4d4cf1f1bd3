"""The vault: pictures sealed on the station's disk, each with a sealed note of what it is.

A picture's file is named after our id and never changes; beside it lies a sidecar, authenticated
and replaceable, that says whose picture it is. From these two alone the outbox can be rebuilt.
"""

import hashlib
import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from haut_desktop.domain.erasure import Erasure
from haut_desktop.domain.errors import KeyringLockedError, VaultError, VaultMissingError
from haut_desktop.domain.ids import OperatorId, OriginalId, StationId, StudyId, SubjectId, VisitId
from haut_desktop.domain.imaging import Digest
from haut_desktop.store.files import (
    clear_halves,
    flush_folder,
    is_temporary,
    make_folder,
    remove,
    write_atomically,
)
from haut_desktop.store.picture_record import PictureRecord, StationFrame
from haut_desktop.store.sealing import NONSENSE, SealBrokenError, seal, unseal

_PICTURE: Final = ".age"
_SIDECAR: Final = ".side.age"
_FRAME: Final = "station.side.age"
_PART: Final = 500
"""Names that are listed at once, in a millisecond or two: two names for each picture."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What a sealed picture is: who, what and when, as it was last known."""

    original_id: OriginalId
    digest: Digest
    study_id: StudyId | None
    subject_id: SubjectId | None
    subject_code: str
    visit_id: VisitId | None
    visit_name: str
    slot: str
    """The slot in words, e.g. ``front regular``."""
    take: int
    captured_at: datetime
    received_at: datetime
    station_id: StationId
    operator_id: OperatorId | None
    media_type: str
    file_name: str
    record: PictureRecord | None = None
    """Everything that the record says about the picture; what a rebuild is made of."""
    erasure: Erasure | None = None
    """The picture is erased in the record, and its file could not be removed yet."""


class UnauthenticatedSidecarError(VaultError):
    """A sidecar that opens and was not written with the station's keys: ``claim`` is its word."""

    default_title = "A note beside a picture is not ours"
    default_message = (
        "The note beside a sealed picture was not written by us. The picture is held until "
        "somebody says whose it is."
    )

    def __init__(self, claim: Sidecar | None) -> None:
        super().__init__()
        self.claim = claim


class _Envelope(msgspec.Struct):
    """A sidecar as it is sealed: the exact bytes that were authenticated, and the proof."""

    sidecar: msgspec.Raw
    hmac: str


# Made here and not at first use: msgspec breaks down when two threads learn a class at once, and
# notes are read by several.
_SIDECARS: Final = msgspec.json.Decoder(Sidecar)
_FRAMES: Final = msgspec.json.Decoder(StationFrame)
_ENVELOPES: Final = msgspec.json.Decoder(_Envelope)


class Vault:
    """Seals with the public key alone; opens with the identity; everything here blocks."""

    def __init__(
        self, folder: Path, recipient: str, identity: str | None, hmac_key: bytes | None
    ) -> None:
        self.folder = folder
        self._recipient = recipient
        self._identity = identity
        self._hmac_key = hmac_key
        self._is_folder_flushed = False

    def seal(self, data: bytes, sidecar: Sidecar) -> str:
        """Seal a picture and its sidecar and give its name; both are on the disk afterwards.

        Raises DiskFullError, or VaultError when ``data`` is not what the sidecar says.
        """
        if hashlib.sha256(data).hexdigest() != sidecar.digest.sha256:
            raise VaultError("The picture changed while it was being read. Drop it again.")
        name = self.name_for(sidecar.original_id)
        if self.holds(name):
            raise VaultError("This picture is sealed already.")
        self._make_folder()
        # The sidecar first: a picture that is there is always explained.
        self.set_sidecar(name, sidecar)
        self._write(self._path(name), data)
        return name

    @staticmethod
    def name_for(original_id: OriginalId) -> str:
        """Give the name under which a picture is sealed."""
        return f"{original_id}{_PICTURE}"

    def open(self, vault_name: str, sha256: str) -> bytes:
        """Open a picture and prove that it is the one that was sealed; raises VaultError."""
        data = self._open(self._path(vault_name))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise VaultError("The sealed picture is not the one that was taken in.")
        return data

    def open_unproven(self, vault_name: str) -> bytes:
        """Open a picture of which no hash is known; raises VaultError."""
        return self._open(self._path(vault_name))

    def sealed_at(self, vault_name: str) -> datetime:
        """Say when a picture's file was written, as the disk has it."""
        try:
            return datetime.fromtimestamp(self._path(vault_name).stat().st_mtime, UTC)
        except OSError as error:
            raise VaultError("A sealed file is missing or can't be read.") from error

    def erase(self, vault_name: str) -> None:
        """Remove a picture and its sidecar for ever; a missing one is no error."""
        files = self._path(vault_name), self._sidecar_path(vault_name)
        try:
            if self.folder.is_dir() and not any(path.exists() for path in files):
                # whoever removed them may have been ended before that was on the disk
                flush_folder(self.folder)
            for path in files:
                remove(path)
        except OSError as error:
            raise VaultError("The sealed picture could not be erased.") from error

    def names(self) -> tuple[str, ...]:
        """List the sealed pictures."""
        return tuple(sorted(self._each_name()))

    def is_empty(self) -> bool:
        """Whether no picture is sealed; looks no further than the first one."""
        return next(self._each_name(), None) is None

    def holds(self, vault_name: str) -> bool:
        """Whether a picture is sealed under this name."""
        return self._path(vault_name).exists()

    def parts(self, before: datetime) -> Iterator[list[str]]:
        """Go through the sealed pictures, as the disk has them, a short part at a time.

        What a crash before then left of a write is removed on the way; what can't be stays.
        """
        for names in self._entries():
            clear_halves((self.folder / name for name in names if is_temporary(name)), before)
            yield [name for name in names if _is_picture(name)]

    def _each_name(self) -> Iterator[str]:
        return (name for names in self._entries() for name in names if _is_picture(name))

    def _entries(self) -> Iterator[list[str]]:
        """Give the names of everything in the folder, a part at a time."""
        if not self.folder.is_dir():
            return
        with os.scandir(self.folder) as entries:  # a path for each of them would cost a second
            while names := [entry.name for entry in islice(entries, _PART)]:
                yield names

    def sidecar(self, vault_name: str) -> Sidecar:
        """Read what a picture is; raises VaultError when the sidecar does not authenticate."""
        try:
            envelope = self._envelope(self._sidecar_path(vault_name))
            body = bytes(envelope.sidecar)
            if not self._is_ours(vault_name, envelope):
                raise UnauthenticatedSidecarError(_claim(body))
            return _SIDECARS.decode(body)
        except NONSENSE as error:
            raise VaultError("The note beside a sealed picture can't be read.") from error

    def set_sidecar(self, vault_name: str, sidecar: Sidecar) -> None:
        """Replace what is said about a picture, whole or not at all."""
        self._note(self._sidecar_path(vault_name), vault_name, msgspec.json.encode(sidecar))

    def renew_sidecar(self, name: str, sidecar: Sidecar) -> None:
        """As ``set_sidecar``, for a picture that may be erased meanwhile: no note outlives it."""
        if not self._path(name).exists():
            return
        self.set_sidecar(name, sidecar)
        # erasing removes the picture first: whoever writes its note after that finds it gone
        if not self._path(name).exists():
            self.erase(name)

    def frame(self) -> StationFrame | None:
        """Read which station's vault it is; None where nothing that is ours says so."""
        path = self.folder / _FRAME
        if not path.is_file():
            return None
        try:
            envelope = self._envelope(path)
            if not self._is_ours(_FRAME, envelope):
                return None
            return _FRAMES.decode(envelope.sidecar)
        except (VaultError, *NONSENSE):
            return None

    def set_frame(self, frame: StationFrame) -> None:
        """Say which station's vault it is, so that an empty one can be rebuilt, too."""
        self._make_folder()
        self._note(self.folder / _FRAME, _FRAME, msgspec.json.encode(frame))

    def _note(self, path: Path, about: str, body: bytes) -> None:
        envelope = _Envelope(msgspec.Raw(body), self._authenticate(about, body))
        self._write(path, msgspec.json.encode(envelope))

    def _envelope(self, path: Path) -> _Envelope:
        return _ENVELOPES.decode(self._open(path))

    def _is_ours(self, about: str, envelope: _Envelope) -> bool:
        expected = self._authenticate(about, bytes(envelope.sidecar)).encode()
        return bool(expected) and hmac.compare_digest(envelope.hmac.encode(), expected)

    def _authenticate(self, vault_name: str, body: bytes) -> str:
        """Bind a sidecar to its picture; empty while the keys are locked (the spool)."""
        if self._hmac_key is None:
            return ""
        return hmac.new(self._hmac_key, vault_name.encode() + b"\0" + body, "sha256").hexdigest()

    def _make_folder(self) -> None:
        """A picture's name outlives a power cut only if the folder's own name does."""
        if self._is_folder_flushed and self.folder.is_dir():
            return
        try:
            make_folder(self.folder)
        except OSError as error:
            raise VaultError("The sealed picture could not be written.") from error
        self._is_folder_flushed = True

    def _write(self, path: Path, data: bytes) -> None:
        try:
            write_atomically(path, seal(data, [self._recipient]), is_read_only=True)
        except OSError as error:
            raise VaultError("The sealed picture could not be written.") from error

    def _open(self, path: Path) -> bytes:
        if self._identity is None:
            raise KeyringLockedError
        try:
            return unseal(path.read_bytes(), self._identity)
        except FileNotFoundError as error:
            raise VaultMissingError from error
        except OSError as error:
            raise VaultError("A sealed file can't be read.") from error
        except SealBrokenError as error:
            raise VaultError("A sealed file is damaged.") from error

    def _path(self, vault_name: str) -> Path:
        if Path(vault_name).name != vault_name:
            raise VaultError("That is no name of a sealed picture.")
        return self.folder / vault_name

    def _sidecar_path(self, vault_name: str) -> Path:
        return self._path(vault_name.removesuffix(_PICTURE) + _SIDECAR)


def _is_picture(name: str) -> bool:
    return name.endswith(_PICTURE) and not name.endswith(_SIDECAR)


def _claim(body: bytes) -> Sidecar | None:
    try:
        return _SIDECARS.decode(body)
    except NONSENSE:
        return None
