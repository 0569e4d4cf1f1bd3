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
SYNCHRONISERS: Final = (
    *("onedrive", "dropbox", "google drive", "googledrive", "icloud", "mobile documents"),
    *("cloudstorage", "nextcloud", "owncloud"),
)
"""Words in a path by which a folder is known that a cloud service copies away and rewrites."""
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
    """Find this computer's folder: one for all its accounts, unless only an own one is writable.

    A folder with a station in it is the folder, whatever rights have changed since.
    """
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return AppPaths(Path(chosen))
    shared = AppPaths(platformdirs.site_data_path("haut-desktop", appauthor=False))
    own = AppPaths(platformdirs.user_data_path("haut-desktop", appauthor=False, roaming=False))
    for paths in (shared, own):
        if (paths.station / "keys.age").is_file():
            return paths
    return shared if os.access(shared.root, os.W_OK) else own


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
    if _is_synchronised(folder):
        return "This folder is synchronised with a cloud service. Choose one on the local disk."
    if sys.platform == "win32":
        return _windows_problem(folder)
    if sys.platform == "darwin":
        return _mac_problem(folder)
    kind = _file_system(folder)
    if kind in NETWORK_FILE_SYSTEMS:
        return "This folder lies on a network drive. Choose one on the local disk."
    if kind in PASSING_FILE_SYSTEMS:
        return "This folder is emptied at every restart. Choose one on the local disk."
    return ""


def _is_synchronised(folder: Path) -> bool:
    """Whether a cloud service keeps the folder, as far as its path or its environment tells."""
    words = [part.lower() for part in (*folder.parts, *folder.resolve().parts)]
    if any(service in word for service in SYNCHRONISERS for word in words):
        return True
    roots = [os.environ.get(name) for name in ("OneDrive", "OneDriveCommercial")]
    return any(root and folder.resolve().is_relative_to(Path(root).resolve()) for root in roots)


def _windows_problem(folder: Path) -> str:
    import ctypes

    network = "This folder lies on a network drive. Choose one on the local disk."
    # the resolved path tells a share behind a link or a redirected folder
    real = folder.resolve()
    if str(folder).startswith("\\\\") or str(real).startswith(("\\\\?\\UNC", "\\\\")):
        return network
    drive = ctypes.windll.kernel32.GetDriveTypeW(real.anchor)  # type: ignore[attr-defined,unused-ignore]
    return {
        2: "This folder lies on a drive that can be taken out. Choose one on the local disk.",
        4: network,
        6: "This folder is emptied at every restart. Choose one on the local disk.",
    }.get(drive, "")  # DRIVE_REMOVABLE, DRIVE_REMOTE, DRIVE_RAMDISK of GetDriveTypeW


def _mac_problem(folder: Path) -> str:
    """Judge by the table of mounts: a volume that is not local says so nowhere else in a word."""
    import subprocess

    mounts = subprocess.run(
        ["/sbin/mount"], capture_output=True, text=True, timeout=10, check=False
    ).stdout
    return _problem_of_mount(mounts, folder.resolve())


def _problem_of_mount(mounts: str, folder: Path) -> str:
    """Say what is wrong with the volume that holds ``folder``.

    A line of the table is ``device on /Volumes/name (smbfs, nodev, ...)``.
    """
    best, words = Path(), ""
    for line in mounts.splitlines():
        place, _, options = line.partition(" on ")[2].rpartition(" (")
        is_nearer = len(Path(place).parts) >= len(best.parts)
        if place and folder.is_relative_to(place) and is_nearer:
            best, words = Path(place), options.rstrip(")")
    kinds = {word.strip() for word in words.split(",")}
    if kinds & (NETWORK_FILE_SYSTEMS | {"afpfs", "macfuse", "osxfuse"}):
        return "This folder lies on a network drive. Choose one on the local disk."
    return ""


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
