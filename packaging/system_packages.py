"""What the operating system must bring on Linux: which of it is missing, and how to install it."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys

from processes import run, say

# Library that Qt loads → Debian's and Ubuntu's package that brings it.
QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
}
DISPLAY_LIBRARIES = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
WAYLAND_LIBRARIES = {"libwayland-cursor.so.0": "libwayland-cursor0"}
TEST_PROGRAMS = {
    "age": "age",
    "dbus-run-session": "dbus",
    "gnome-keyring-daemon": "gnome-keyring",
    "strace": "strace",
    "Xvfb": "xvfb",
}
"""What the tests of keyring, recovery, power loss and display need; else they are skipped."""


def has_display() -> bool:
    """Whether a window can be shown: always on Windows and macOS."""
    if sys.platform != "linux":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def require_libraries(libraries: dict[str, str]) -> None:
    """End with the command that installs what Qt needs, unless it is there or can be installed."""
    missing = missing_libraries(libraries)
    offer_packages(list(missing.values()), f"Qt cannot start without {', '.join(missing)}.")
    if still := missing_libraries(missing):
        sys.exit(f"Missing system libraries: {', '.join(still)}")


def missing_libraries(libraries: dict[str, str]) -> dict[str, str]:
    """Those that the dynamic linker does not find."""
    if sys.platform != "linux":
        return {}
    return {name: package for name, package in libraries.items() if not can_load(name)}


def missing_programs(programs: dict[str, str]) -> list[str]:
    """Packages of those programs that are not there."""
    return [package for name, package in programs.items() if not shutil.which(name)]


def can_load(library: str) -> bool:
    """Whether the dynamic linker finds a shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def offer_packages(packages: list[str], reason: str) -> None:
    """Install system packages in continuous integration; elsewhere say how to."""
    if not packages or sys.platform != "linux":
        return
    if os.environ.get("CI") != "true" or os.geteuid() != 0 or not shutil.which("apt-get"):
        say(f"{reason} To install: {install_command(packages)}")
        return
    say(f"installing system packages: {' '.join(packages)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-qq"], quiet)
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], quiet)


def install_command(packages: list[str]) -> str:
    """The command for this distribution, with Debian's names where the names differ."""
    for tool, words in (("apt-get", "install"), ("dnf", "install"), ("zypper", "install")):
        if shutil.which(tool):
            return f"sudo {tool} {words} {' '.join(packages)}"
    return f"install the packages that Debian calls {' '.join(packages)}"
