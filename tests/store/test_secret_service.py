"""The real Secret Service: made in one process, opened in another, locked in a third."""

import os
import subprocess
import sys
from pathlib import Path

from tests.keyring_tools import needs_secret_service

pytestmark = needs_secret_service

PROGRAM = """
import sys
from pathlib import Path
from haut_desktop.domain.errors import HautError
from haut_desktop.store.keys import KeyChest, NoRecovery
from haut_desktop.store.secrets import KeyringSecrets
chest = KeyChest(Path(sys.argv[2]), KeyringSecrets())
try:
    keys = chest.create(NoRecovery("test")) if sys.argv[1] == "create" else chest.open()
    print(keys.fingerprint)
except HautError as error:
    print(error.kind)
"""

UNLOCKED = 'printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null; "$@"'
LOCKED = 'gnome-keyring-daemon --start --components=secrets >/dev/null; "$@"'


def in_session(script: str, home: Path, word: str) -> str:
    """Do one step of the program in a desktop session of its own; gives what it printed."""
    station = home / "station"
    station.mkdir(exist_ok=True)
    runtime = home / "run"
    runtime.mkdir(exist_ok=True, mode=0o700)
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "share"),
        "XDG_RUNTIME_DIR": str(runtime),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    environment.pop("DISPLAY", None)
    child = (sys.executable, "-c", PROGRAM, word, str(station))
    command = ("dbus-run-session", "--", "sh", "-c", script, "sh", *child)
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_keys_made_in_one_session_open_in_the_next(tmp_path: Path) -> None:
    made = in_session(UNLOCKED, tmp_path, "create")
    assert len(made) == 32
    assert in_session(UNLOCKED, tmp_path, "open") == made


def test_a_locked_keyring_is_told_apart(tmp_path: Path) -> None:
    in_session(UNLOCKED, tmp_path, "create")
    assert in_session(LOCKED, tmp_path, "open") == "KeyringLockedError"


def test_a_service_without_a_keyring_in_it_is_told_apart(tmp_path: Path) -> None:
    assert in_session(LOCKED, tmp_path, "create") == "KeyringUninitialisedError"


def test_no_service_at_all_is_told_apart(tmp_path: Path) -> None:
    no_bus = 'DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere "$@"'
    assert in_session(no_bus, tmp_path, "create") == "KeyringAbsentError"
