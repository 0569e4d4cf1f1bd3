"""What the command line says when a station doesn't open: in place of the window's dialogs."""

from pathlib import Path
from typing import Final

from haut_desktop.domain.errors import (
    HautError,
    KeyringError,
    RecoveryKeyError,
    StationError,
    StoreCorruptError,
    StoreMissingError,
)
from haut_desktop.store.station import refuse_lost_keys
from haut_desktop.store.vault import Vault
from haut_desktop.viewmodels.words import count

_NO_STATION: Final = (
    "Start the program once to set a station up, or name another folder with --folder."
)
_NO_PRACTICE: Final = "On a computer without a keyring practice keeps nothing over its end."
_RECOVERY: Final = (
    "This command takes the recovery key from the first line of standard input when it is given "
    "--recovery-key-stdin."
)
_NO_KEY: Final = (
    "Standard input ended before its first line. Give the recovery key there, for instance: "
    "haut-desktop outbox list --recovery-key-stdin < FILE"
)
_REBUILD: Final = (
    "Close the program and give the command “rebuild”: it makes the record anew from {pictures} in "
    "the vault and keeps the file that is there. If your IT has a backup of station.db, put that "
    "back instead."
)
_NOTHING_LEFT: Final = (
    "There is no sealed picture in the folder vault either, so that the record can't be made anew. "
    "Restore the station's folder from a backup, or call your study's IT."
)


def read_recovery_key(line: str) -> str:
    """Give the recovery key that stands in a line; raises RecoveryKeyError for none."""
    if not line.strip():
        raise RecoveryKeyError(_NO_KEY, title="No recovery key was given")
    return line.strip()


def no_station(folder: Path, *, is_practice: bool) -> StationError:
    """Say why there is nothing to open in ``folder``, which has no keys; blocking."""
    try:
        refuse_lost_keys(folder)
    except StoreMissingError as error:
        return error
    if folder.is_dir():
        what = f"Nothing of a station lies in {folder}."
    elif folder.exists():
        what = f"{folder} is a file, not a folder."
    else:
        what = f"The folder {folder} does not exist."
    words = [what, _NO_STATION, *([_NO_PRACTICE] if is_practice else [])]
    return StationError(" ".join(words), title="No station")


def for_a_command(error: HautError, folder: Path) -> HautError:
    """Say an error of opening or reading as somebody needs it who has no window; blocking."""
    if isinstance(error, KeyringError):
        return StationError(f"{error.message} {_RECOVERY}", title=error.title)
    if not isinstance(error, StoreCorruptError | StoreMissingError):
        return error
    pictures = len(Vault(folder / "vault", "", None, None).names())
    if pictures:
        help_ = _REBUILD.format(pictures=count(pictures, "sealed picture"))
    else:
        help_ = _NOTHING_LEFT
    return StationError(f"Nothing was changed. {help_}", title=error.title)
