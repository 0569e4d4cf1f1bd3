"""What the command line says before any window: no display, no folder, no platform."""

import socket
import sys
from pathlib import Path

import pytest

from haut_desktop.__main__ import main
from haut_desktop.tour.report import clear_earlier


@pytest.mark.skipif(sys.platform != "linux", reason="only there a display may be missing")
@pytest.mark.parametrize("words", ([], ["--practice"]))
def test_without_a_display_the_program_says_so_and_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main(words) == 1
    assert "there is no display here" in capsys.readouterr().err


def test_practice_may_be_said_before_the_outbox(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--practice", "outbox", "list", "--folder", str(tmp_path)]) == 2
    assert "practice keeps nothing over its end" in capsys.readouterr().err


def test_a_tour_into_a_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "file"
    out.touch()
    assert main(["tour", "--out", str(out)]) == 1
    assert f"--out {out} can't be used" in capsys.readouterr().err


def test_a_tour_clears_the_pictures_of_an_earlier_one_and_nothing_else(tmp_path: Path) -> None:
    for name in ("01-start.png", "holiday.png", "notes.txt"):
        (tmp_path / name).touch()
    clear_earlier(tmp_path)
    assert (tmp_path / "01-start.png").exists()
    (tmp_path / "tour.json").touch()
    clear_earlier(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"holiday.png", "notes.txt", "tour.json"}


@pytest.mark.parametrize("address", ("nonsense", "http://", "ftp://127.0.0.1", "http://x:y"))
def test_a_tour_of_what_is_no_address_ends_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    assert main(["tour", "--out", str(tmp_path), "--platform", address]) == 1
    assert f"“{address}” is no address of a platform" in capsys.readouterr().err


def test_a_tour_of_a_platform_that_is_not_there_ends_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as bound:  # bound and not listening: nobody else answers there
        bound.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        assert main(["tour", "--out", str(tmp_path), "--platform", address]) == 1
    assert f"Nothing answers at {address}" in capsys.readouterr().err
