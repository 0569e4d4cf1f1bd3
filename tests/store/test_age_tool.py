"""A dead station's pictures open with the ordinary age tool and the printed passphrase."""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from haut_desktop.store.keys import RecoveryPassphrase, RecoveryRecipient, make_recovery_passphrase
from haut_desktop.store.sealing import new_identity, recipient_of
from haut_desktop.store.spool import SPOOL, Spool
from tests.fakes.clock import FakeClock
from tests.fakes.keyring import FakeSecrets
from tests.store.test_station import create
from tests.store.test_vault import DATA, make_sidecar

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the tool asks on a terminal"),
    pytest.mark.skipif(shutil.which("age") is None, reason="needs the age tool"),
    pytest.mark.timeout(120),
]

_PATIENCE_S = 60.0


async def test_a_picture_opens_with_the_printed_passphrase(
    tmp_path: Path, clock: FakeClock
) -> None:
    folder, passphrase = tmp_path / "station", make_recovery_passphrase()
    station = await create(folder, FakeSecrets(), clock, RecoveryPassphrase(passphrase))
    name = station.vault.seal(DATA, make_sidecar())
    await station.aclose()
    keys = tmp_path / "keys.json"
    answer_the_tool(
        passphrase,
        *("--decrypt", "--identity", str(folder / "recovery.age")),
        *("--output", str(keys), str(folder / "keys.age")),
    )
    assert open_picture(tmp_path, keys, folder / "vault" / name) == DATA


async def test_a_picture_opens_with_the_studys_own_key(tmp_path: Path, clock: FakeClock) -> None:
    folder, identity = tmp_path / "station", new_identity()
    recovery = RecoveryRecipient(recipient_of(identity))
    station = await create(folder, FakeSecrets(), clock, recovery)
    name = station.vault.seal(DATA, make_sidecar())
    spool = Spool(folder / SPOOL, station.keys.recipient, clock)
    spooled = spool.seal(DATA, {}).original_id
    await station.aclose()
    (tmp_path / "study.txt").write_text(f"{identity}\n", "ascii")
    keys = tmp_path / "keys.json"
    keys.write_bytes(age("--decrypt", "-i", str(tmp_path / "study.txt"), str(folder / "keys.age")))
    assert open_picture(tmp_path, keys, folder / "vault" / name) == DATA
    assert open_picture(tmp_path, keys, folder / SPOOL / f"{spooled}.age") == DATA


def open_picture(tmp_path: Path, keys: Path, sealed: Path) -> bytes:
    """Open a picture with the vault's identity out of the opened keys."""
    identity = tmp_path / "vault.txt"
    identity.write_text(json.loads(keys.read_bytes())["vault_identity"], "ascii")
    return age("--decrypt", "-i", str(identity), str(sealed))


def age(*arguments: str) -> bytes:
    """Run the tool and give what it writes."""
    return subprocess.run(["age", *arguments], capture_output=True, check=True).stdout


def answer_the_tool(passphrase: str, *arguments: str) -> None:
    """Run the tool on a terminal of its own and type the passphrase when it asks."""
    import pty

    process, terminal = pty.fork()
    if process == 0:  # pragma: no cover - the tool takes this process's place
        os.execvp("age", ["age", *arguments])
    try:
        said = _listen(terminal, until=b"passphrase")
        os.write(terminal, f"{passphrase}\n".encode())
        said += _listen(terminal, until=None)
    finally:
        os.close(terminal)
        _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) == 0, said.decode("utf-8", "replace")


def _listen(terminal: int, until: bytes | None) -> bytes:
    """Read until the tool has said so, or until it ends."""
    said, deadline = b"", time.monotonic() + _PATIENCE_S
    while until is None or until not in said.lower():
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"the tool says nothing more: {said!r}"
        try:
            part = os.read(terminal, 4096)
        except OSError:  # Linux's way to say that the other side is closed
            return said
        if not part:
            return said
        said += part
    return said
