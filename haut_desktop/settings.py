"""Where things lie and what may be set: read once at the start, frozen afterwards."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

PRODUCTION_SERVER: Final = "https://saas.haut.ai"
PROGRAM: Final = "Haut Desktop"
FOLDER_VARIABLE: Final = "HAUT_DESKTOP_DATA"
"""Environment variable that an installer or a test sets to choose the station's folder."""

NETWORK_FILE_SYSTEMS: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ncpfs", "webdav", "davfs"}
)
PASSING_FILE_SYSTEMS: Final = frozenset({"tmpfs", "ramfs"})


@dataclass(frozen=True, slots=True)
class AppPaths:
    """The folders of one computer; practice lies apart and never mixes with the study's data."""

    root: Path

    @property
    def station(self) -> Path:
        """The station's sealed pictures, database and keys."""
        return self.root / "station"

    @property
    def practice_station(self) -> Path:
        """The same for practice."""
        return self.root / "practice" / "station"

    @property
    def practice_platform(self) -> Path:
        """The practice platform's own state."""
        return self.root / "practice" / "platform"

    @property
    def scheme(self) -> Path:
        """The word for light or dark; it is asked for before anything is opened."""
        return self.root / "colours.txt"

    @property
    def logs(self) -> Path:
        """Logs, which carry ids and nothing else."""
        return self.root / "logs"


def app_paths() -> AppPaths:
    """Find this computer's folder: one for all its accounts, unless only an own one is writable."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return AppPaths(Path(chosen))
    shared = platformdirs.site_data_path("haut-desktop", appauthor=False)
    if os.access(shared, os.W_OK):
        return AppPaths(shared)
    return AppPaths(platformdirs.user_data_path("haut-desktop", appauthor=False, roaming=False))


def resources_folder() -> Path:
    """The folder with icons, help and licences: beside the package, or inside the built program."""
    bundled = getattr(sys, "_MEIPASS", None)
    if bundled:
        return Path(bundled) / "resources"
    return Path(__file__).resolve().parent.parent / "resources"


def storage_problem(folder: Path) -> str:
    """Say why ``folder`` can't hold the station's pictures; empty when it can.

    The record needs a local disk whose flushes are real: network, redirected, synchronised and
    passing storage lose or tear what was promised.
    """
    if any("onedrive" in part.lower() or "dropbox" in part.lower() for part in folder.parts):
        return "This folder is synchronised with a cloud service. Choose one on the local disk."
    if sys.platform == "win32":
        return _windows_problem(folder)
    kind = _file_system(folder)
    if kind in NETWORK_FILE_SYSTEMS:
        return "This folder lies on a network drive. Choose one on the local disk."
    if kind in PASSING_FILE_SYSTEMS:
        return "This folder is emptied at every restart. Choose one on the local disk."
    return ""


def _windows_problem(folder: Path) -> str:
    import ctypes

    if str(folder).startswith("\\\\"):
        return "This folder lies on a network drive. Choose one on the local disk."
    drive_remote = 4  # DRIVE_REMOTE of GetDriveTypeW
    drive = ctypes.windll.kernel32.GetDriveTypeW(folder.anchor)  # type: ignore[attr-defined,unused-ignore]
    return (
        "This folder lies on a network drive. Choose one on the local disk."
        if drive == drive_remote
        else ""
    )


def _file_system(folder: Path) -> str:
    """Name of the file system that holds ``folder``, from the kernel's list of mounts (Linux)."""
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return ""
    resolved = folder.resolve()
    best, kind = Path(), ""
    for line in mounts.read_text("utf-8", "replace").splitlines():
        _device, point, name, *_ = line.split(" ")
        mount = Path(point.replace("\\040", " "))
        if resolved.is_relative_to(mount) and len(mount.parts) >= len(best.parts):
            best, kind = mount, name
    return kind
