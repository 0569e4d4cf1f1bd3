"""The outbox on the command line: read beside the window, rebuilt only without it."""

import asyncio
import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import time, timedelta
from pathlib import Path

import msgspec
import pytest

from haut_desktop.desktop.instance import FolderLock
from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.delivery import BatchEvent, Waiting
from haut_desktop.domain.errors import OtherAccountError, PermissionRefusedError
from haut_desktop.domain.ids import PlatformBatchId
from haut_desktop.domain.retraction import Computed, Remnant
from haut_desktop.domain.session import Account, SignedIn, Tokens
from haut_desktop.domain.traffic import SendingRules, Window
from haut_desktop.outbox_command import DIFFERS, NOT_DONE, WELL, run_outbox_command
from haut_desktop.outbox_command.output import say
from haut_desktop.services.troubles import trouble_of
from haut_desktop.store.database import Database
from haut_desktop.store.files import remove
from haut_desktop.store.keys import RecoveryPassphrase
from haut_desktop.store.spool import SPOOL, Spool
from haut_desktop.store.vault import Vault
from tests.commands import read, run
from tests.fakes.keyring import absent
from tests.photographs import marked
from tests.services.rooms import Room, open_room

PASSPHRASE = "correct horse battery staple"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """A station with a finished visit, open as the window has it."""
    async with open_room(tmp_path) as opened:
        await opened.take_face()
        await opened.capture.finish(opened.visit)
        account = Account(opened.study.server, opened.study.company_id, 1, "somebody")
        await opened.station.credentials.save(SignedIn(account, Tokens("kept")))
        yield opened


@contextmanager
def open_window(room: Room) -> Iterator[None]:
    """The station's folder as long as its window is open: nobody else may change it."""
    lock = FolderLock(room.station.folder)
    assert lock.acquire()
    try:
        yield
    finally:
        lock.release()


async def test_the_list_says_where_each_picture_stands(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = await read(room, capsys, "list")
    (visit,) = listed["visits"]
    (batch,) = visit["batches"]
    assert (visit["subject"], visit["visit"]) == ("B-007", "Baseline")
    assert (visit["server"], visit["company_id"]) == (room.study.server, room.study.company_id)
    assert batch["words"].startswith("Registering the subject first, not sent for ")
    assert [image["words"] for image in batch["images"]] == ["Sealed here"] * 3
    assert listed["summary"]["waiting_images"] == 3


async def test_the_list_is_for_people_too(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    waiting_bytes = (await read(room, capsys, "list"))["summary"]["waiting_bytes"]
    assert await run(room, "list") == WELL
    out = capsys.readouterr().out
    assert "B-007  Baseline" in out
    assert f"{room.study.server}, company {room.study.company_id}" in out
    assert f"3 pictures to be sent ({waiting_bytes / 1000:.0f} kB);" in out, "as on the screen"


async def test_the_list_says_what_was_taken_back_and_what_is_left(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = await room.deliver()
    await room.station.retractions.ask(batch.id, Act(reason="wrong participant"))
    left = (Remnant(PlatformBatchId("there-1"), computed=Computed.NO),)
    await room.station.retractions.end(batch.id, left)
    listed = await read(room, capsys, "list")
    (one,) = listed["visits"][0]["batches"]
    assert (one["state"], one["words"]) == ("RETRACTED", "Taken back, a part is left there")
    assert one["retraction"]["reason"] == "wrong participant"
    assert one["retraction"]["left_on_platform"] == [
        {"platform_id": "there-1", "pictures": [], "computed": "no"}
    ]
    assert {image["words"] for image in one["images"]} == {"Not sent, sealed here"}
    assert listed["summary"]["waiting_images"] == 0
    await run(room, "list")
    assert "left on the platform: batch there-1 (no picture, not computed)" in (
        capsys.readouterr().out
    )


async def test_the_list_says_that_the_account_was_refused(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (await read(room, capsys, "list"))["account"] is None
    await room.register()
    (batch,) = await room.batches()
    refused = Waiting(0, None, trouble_of(PermissionRefusedError()))
    await room.outbox.set_waiting_batch(batch.id, refused)
    listed = await read(room, capsys, "list")
    assert listed["account"]["kind"] == "PermissionRefusedError"
    await run(room, "list")
    assert "sending waits for the account: " in capsys.readouterr().out
    # what waits for another sign-in says nothing about this one
    other = Waiting(0, None, trouble_of(OtherAccountError()))
    await room.outbox.set_waiting_batch(batch.id, other)
    assert (await read(room, capsys, "list"))["account"] is None


@pytest.mark.parametrize(
    ("rules", "batch", "said"),
    (
        (SendingRules(is_paused=True), "Paused by you", "sending is paused by hand"),
        (
            SendingRules(window=Window(time(0, 0), time(0, 0, 0, 1))),
            "Sends again at ",
            "sending waits for its time of day: it begins at ",
        ),
        (None, "Waiting for sign-in", "nobody is signed in"),
    ),
)
async def test_the_list_says_what_keeps_everything_as_the_window_does(
    room: Room,
    capsys: pytest.CaptureFixture[str],
    rules: SendingRules | None,
    batch: str,
    said: str,
) -> None:
    await room.register()
    if rules is None:
        await room.station.credentials.clear_tokens()
    else:
        kept = msgspec.json.encode(rules).decode()
        await room.station.studies.set_setting("sending-rules", kept)
    listed = await read(room, capsys, "list")
    assert listed["visits"][0]["batches"][0]["words"].startswith(batch)
    assert listed["is_signed_in"] is (rules is not None)
    assert listed["summary"]["is_paused"] is (batch == "Paused by you")
    assert (listed["summary"]["opens_at"] is not None) is (batch == "Sends again at ")
    assert await run(room, "list") == WELL
    assert said in capsys.readouterr().out


async def test_the_list_says_what_is_late_and_for_how_long(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = await room.deliver()
    await room.station.outbox.move_batch(batch.id, BatchEvent.SUBMIT)
    await room.station.outbox.move_batch(
        batch.id, BatchEvent.SUBMITTED, submitted_at=system_clock() - timedelta(hours=2)
    )
    listed = await read(room, capsys, "list")
    (one,) = listed["visits"][0]["batches"]
    assert one["words"] == "Arrived, results late: 2 h"
    assert (one["late"]["kind"], one["late"]["age_s"] // 3600) == ("no-results", 2)
    assert listed["summary"]["late"] == 1
    await run(room, "list")
    out = capsys.readouterr().out
    assert "The analysis was asked for 2 h ago" in out
    assert "1 late" in out


async def test_what_is_as_it_was_verifies_without_a_difference(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(room, "verify", "--offline", "--json") == WELL
    report = json.loads(capsys.readouterr().out)
    assert (report["pictures"], report["differences"]) == (3, [])


async def test_a_verification_names_the_platform_and_the_company_that_hold_the_pictures(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    await room.arrive()
    (holder,) = (await read(room, capsys, "verify", "--offline"))["holders"]
    tenant = {"server": room.study.server, "company_id": room.study.company_id}
    assert (holder["tenant"], holder["confirmed_pictures"]) == (tenant, 3)
    assert await run(room, "verify", "--offline") == WELL
    assert (
        f"company {room.study.company_id}: 3 pictures delivered, 0 looked for"
        in capsys.readouterr().out
    )


async def test_not_asking_the_platform_unasked_is_not_all_well(room: Room) -> None:
    await room.station.credentials.clear_tokens()
    assert await run(room, "verify") == NOT_DONE


async def test_a_damaged_picture_differs(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    (name, *_) = room.vault.names()
    remove(room.vault.folder / name)
    (room.vault.folder / name).write_bytes(b"age-encryption.org/v1 nonsense")
    assert await run(room, "verify", "--offline", "--json") == DIFFERS
    said = capsys.readouterr().out
    (one,) = json.loads(said)["differences"]
    assert (one["kind"], one["entity_id"]) == ("picture-damaged", name.removesuffix(".age"))
    assert (one["place"]["subject_code"], one["place"]["visit_name"]) == ("B-007", "Baseline")
    listed = await read(room, capsys, "list")
    images = listed["visits"][0]["batches"][0]["images"]
    assert one["entity_id"] in {image["original_id"] for image in images}
    assert await run(room, "verify", "--offline") == DIFFERS
    out = capsys.readouterr().out
    assert "picture-damaged  B-007, Baseline of " in out
    read_bytes = json.loads(said)["bytes_read"]
    assert f"2 sealed pictures read here ({read_bytes / 1000:.0f} kB)," in out, "as on the screen"
    assert "1 difference\n" in out


async def test_what_was_sealed_without_the_keys_is_listed_and_read(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    spool = Spool(room.station.folder / SPOOL, room.station.keys.recipient, room.clock)
    whole, torn = (f"{spool.seal(marked(70 + n), {}).original_id}.age" for n in range(2))
    assert (await read(room, capsys, "list"))["spooled_pictures"] == 2
    report = await read(room, capsys, "verify", "--offline")
    assert (report["pictures"], report["spooled_pictures"], report["differences"]) == (3, 2, [])
    remove(spool.folder / torn)
    (spool.folder / torn).write_bytes((spool.folder / whole).read_bytes())
    assert await run(room, "verify", "--offline", "--json") == DIFFERS
    (one,) = json.loads(capsys.readouterr().out)["differences"]
    assert (one["kind"], one["entity_id"]) == ("spooled-damaged", torn)
    assert await run(room, "list") == WELL
    assert "2 pictures sealed while the keyring was locked" in capsys.readouterr().out


async def test_receipts_come_as_csv_with_one_head(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    await room.submit()
    assert await run(room, "receipts") == WELL
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))
    assert [row["proof"] for row in rows] == ["store-hash"] * 3
    assert all(row["computation_accepted_at"] for row in rows)


async def test_receipts_are_the_same_bytes_under_the_code_page_and_line_ends_of_windows(
    room: Room, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    await room.submit()
    await run(room, "receipts")
    usual = capsysbinary.readouterr().out
    assert usual.count(b"\r\n") == 4
    sent = io.BytesIO()
    output = io.TextIOWrapper(sent, encoding="cp1252", newline="\r\n")
    monkeypatch.setattr("sys.stdout", output)
    await run(room, "receipts")
    say("\u0412-007")
    output.flush()
    assert sent.getvalue() == usual + "\u0412-007\n".encode()


async def test_a_rebuild_is_refused_while_the_program_is_open(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_window(room):
        assert await run(room, "rebuild") == NOT_DONE
    assert "Close it and try again" in capsys.readouterr().err
    assert not list(room.station.folder.glob("*.damaged-*"))


async def test_a_record_in_order_is_rebuilt_only_when_that_is_wanted(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    await room.station.aclose()
    path = room.station.folder / "station.db"
    before = path.read_bytes()
    assert await run(room, "rebuild") == NOT_DONE
    said = capsys.readouterr().err
    assert "The record is in order. Nothing was changed." in said
    assert "visits without pictures" in said
    assert "--anyway" in said
    assert path.read_bytes() == before
    assert {kept.name for kept in path.parent.glob("station.db.*")} == {"station.db.fingerprint"}
    assert await run(room, "rebuild", "--anyway", "--json") == WELL
    assert "station.db.replaced-" in json.loads(capsys.readouterr().out)["moved_to"]
    (kept,) = path.parent.glob("station.db.replaced-*")
    assert kept.read_bytes() == before


async def test_a_record_of_other_keys_is_no_case_for_a_rebuild(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    await room.station.aclose()
    path = room.station.folder / "station.db"
    for old in path.parent.glob("station.db*"):
        old.unlink()
    Database.open(path, bytes(32), expect_existing=False).close()
    assert await run(room, "rebuild") == NOT_DONE
    assert "The database was made with other keys" in capsys.readouterr().err
    assert path.exists()


def damage(room: Room) -> None:
    """Spoil pages in the middle of the closed record."""
    path = room.station.folder / "station.db"
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"nonsense" * 1024)


async def test_a_rebuild_says_what_it_found(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    await room.station.studies.change_setting("sending-rules", '{"is_paused":true}', Act())
    await room.station.aclose()
    damage(room)
    assert await run(room, "rebuild", "--json") == WELL
    rebuilt = json.loads(capsys.readouterr().out)
    assert any("the pause" in one for one in rebuilt["lost"])
    assert not (await read(room, capsys, "list"))["summary"]["is_paused"]
    assert (rebuilt["pictures"], rebuilt["waiting_batches"]) == (3, 1)
    assert "the audit trail so far" in rebuilt["lost"]
    assert len(list(room.station.folder.glob("station.db.damaged-*"))) >= 1


async def test_a_rebuild_that_holds_something_says_so_and_what_did_not_come_back(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    (name, *_) = room.vault.names()
    stranger = Vault(room.vault.folder, room.station.keys.recipient, None, None)
    stranger.set_sidecar(name, room.vault.sidecar(name))
    await room.station.aclose()
    damage(room)
    assert await run(room, "rebuild") == DIFFERS
    said = capsys.readouterr().out
    assert (
        "not in the vault, and so not in the new record: the audit trail so far, what the" in said
    )
    assert said.index("not in the vault") < said.index("the former database lies in")


@pytest.mark.parametrize(
    ("name", "words"),
    (
        ("", "Nothing of a station lies in"),
        ("nowhere", "does not exist"),
        ("file", "is a file, not a folder"),
    ),
)
def test_a_folder_without_a_station_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    (tmp_path / "file").touch()
    command = ["list", "--folder", str(tmp_path / name)]
    assert run_outbox_command(command) == NOT_DONE
    said = capsys.readouterr().err
    assert words in said
    assert "practice" not in said
    assert run_outbox_command([*command, "--practice"]) == NOT_DONE
    assert "practice keeps nothing" in capsys.readouterr().err


async def test_a_station_without_its_keys_is_no_place_for_a_new_one(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    (room.station.folder / "keys.age").unlink()
    assert await run(room, "list") == NOT_DONE
    said = capsys.readouterr().err
    assert "restore keys.age from a backup" in said
    assert "set a station up" not in said


@pytest.mark.parametrize("command", ("list", "verify", "receipts"))
async def test_a_damaged_record_is_rebuilt_by_another_command(
    room: Room, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    await room.station.aclose()
    (room.station.folder / "station.db").write_bytes(b"nonsense" * 4096)
    before = sorted(room.station.folder.iterdir())
    assert await run(room, command) == NOT_DONE
    said = capsys.readouterr().err
    assert "The station's database is damaged. Nothing was changed." in said
    assert "give the command “rebuild”" in said
    assert "3 sealed pictures" in said
    assert sorted(room.station.folder.iterdir()) == before


async def test_nobody_promises_pictures_that_are_gone(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    await room.station.aclose()
    (room.station.folder / "station.db").write_bytes(b"nonsense" * 4096)
    room.vault.folder.rename(room.station.folder / "elsewhere")
    assert await run(room, "list") == NOT_DONE
    said = capsys.readouterr().err
    assert "Restore the station's folder from a backup" in said
    assert "rebuild" not in said


async def test_without_a_keyring_the_command_says_how_to_give_the_recovery_key(
    room: Room, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["list", "--folder", str(room.station.folder)]
    assert await asyncio.to_thread(run_outbox_command, words, secrets=absent()) == NOT_DONE
    said = capsys.readouterr().err
    assert "This computer has no keyring." in said
    assert "--recovery-key-stdin" in said
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert await run(room, "list", "--recovery-key-stdin") == NOT_DONE
    assert "No recovery key was given. Standard input ended" in capsys.readouterr().err


async def test_the_program_itself_writes_receipts_with_the_recovery_key(
    tmp_path: Path,
) -> None:
    out = tmp_path / "receipts"
    async with open_room(tmp_path, recovery=RecoveryPassphrase(PASSPHRASE)) as room:
        await room.take_face()
        await room.capture.finish(room.visit)
        done = await asyncio.to_thread(
            _program,
            *("receipts", "--folder", str(room.station.folder), "--recovery-key-stdin"),
            *("--out", str(out)),
            given=f"{PASSPHRASE}\n",
        )
    assert done.returncode == WELL, done.stderr
    assert {path.suffix for path in out.iterdir()} == {".csv", ".pdf"}
    (page,) = out.glob("*.pdf")
    assert page.read_bytes().startswith(b"%PDF")
    assert "B-007" not in " ".join(path.name for path in out.iterdir())


async def test_a_reader_that_has_seen_enough_is_told_nothing(tmp_path: Path) -> None:
    async with open_room(tmp_path, recovery=RecoveryPassphrase(PASSPHRASE)) as room:
        folder = str(room.station.folder)
        reading, writing = os.pipe()
        os.close(reading)
        command = ("-m", "haut_desktop", "outbox", "list", "--folder", folder)
        with os.fdopen(writing, "w") as unread:
            done = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, *command, "--recovery-key-stdin"],
                input=PASSPHRASE,
                text=True,
                stdout=unread,
                stderr=subprocess.PIPE,
                check=False,
            )
    assert (done.returncode, done.stderr) == (NOT_DONE, "")


# ---- keep ----------------------------------------------------------------------------------------


async def test_what_is_kept_for_how_long_is_said_and_changes_nothing(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    (study,) = (await read(room, capsys, "keep"))["studies"]
    assert (study["study_id"], study["keep_days"]) == (room.study.id, None)
    assert study["delivered_pictures"] == 0
    assert await run(room, "keep") == WELL
    assert "Pictures are kept until the study is closed." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rule", "days", "leaving"),
    ((("--closed",), 0, 3), (("--days", "30"), 30, 0), (("--until-closed",), None, 0)),
)
async def test_a_study_is_closed_in_two_steps_with_a_reason(
    room: Room,
    capsys: pytest.CaptureFixture[str],
    rule: tuple[str, ...],
    days: int | None,
    leaving: int,
) -> None:
    await room.submit(at=system_clock())  # the command goes by the real clock
    words = ("keep", "--study", room.study.name, *rule, "--reason", "last visit was in May")
    assert await run(room, *words, "--json") == NOT_DONE
    said = capsys.readouterr()
    (meant,) = json.loads(said.out)["studies"]
    assert (meant["delivered_pictures"], meant["leaving_pictures"]) == (3, leaving)
    assert "Say the same once more with --yes" in said.err
    study = await room.station.studies.study(room.study.id)
    assert study.plan.keep_days is None
    assert await run(room, *words, "--yes") == WELL
    study = await room.station.studies.study(room.study.id)
    assert study.plan.keep_days == days
    changes = [e for e in await room.station.audit.entries() if e.action == "plan.changed"]
    assert ("last visit was in May" in changes[0].reason) == (days is not None)


async def test_keeping_is_not_changed_by_halves(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, said in (
        (("--closed", "--reason", "it is over"), "Name the study"),
        (("--study", "another", "--closed", "--reason", "it is over"), "No study"),
        (("--study", room.study.id, "--closed"), "Write a few words why"),
        (("--study", room.study.id, "--days", "99999", "--reason", "long"), "36,500 days"),
    ):
        assert await run(room, "keep", *words, "--yes") == NOT_DONE
        assert said in capsys.readouterr().err
    assert (await room.station.studies.study(room.study.id)).plan == room.study.plan


@pytest.mark.parametrize("days", ["0", "-3", "1.5", "ten"])
def test_days_that_are_none_are_refused_in_words(
    days: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run_outbox_command(["keep", f"--days={days}"])
    assert f"a whole number of days, 1 at least, not {days}" in capsys.readouterr().err


async def test_keeping_is_not_changed_beside_the_window(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--study", room.study.id, "--closed", "--reason", "it is over")
    with open_window(room):
        assert await run(room, "keep", *words, "--yes") == NOT_DONE
    assert "Close it and try again" in capsys.readouterr().err


def test_the_outbox_explains_itself() -> None:
    done = _program("--help")
    assert done.returncode == 0
    assert "rebuild" in done.stdout


def _program(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "QT_QPA_PLATFORM"}
    return subprocess.run(
        [sys.executable, "-m", "haut_desktop", "outbox", *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
