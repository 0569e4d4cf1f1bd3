"""The station's folder lies on storage that keeps what was promised."""

from pathlib import Path

import pytest

from haut_desktop import settings
from haut_desktop.settings import AppPaths, app_paths, resources_folder, storage_problem


def test_practice_never_shares_a_folder_with_the_study() -> None:
    paths = AppPaths(Path("/data"))
    assert paths.station not in (paths.practice_station, *paths.practice_station.parents)
    assert paths.practice_station != paths.practice_platform


def test_installer_may_choose_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(settings.FOLDER_VARIABLE, str(tmp_path))
    assert app_paths().root == tmp_path


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("nfs4", "network drive"),
        ("cifs", "network drive"),
        ("tmpfs", "every restart"),
        ("ext4", ""),
    ],
)
def test_storage_is_judged_by_its_file_system(
    kind: str, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(settings, "_file_system", lambda _folder: kind)
    monkeypatch.setattr("sys.platform", "linux")
    problem = storage_problem(tmp_path)
    assert words in problem
    assert bool(problem) == bool(words)


def test_synchronised_folder_is_refused() -> None:
    assert "synchronised" in storage_problem(Path("/data/OneDrive - Clinic/haut"))


def test_help_is_among_the_resources() -> None:
    assert (resources_folder() / "help" / "help.md").is_file()


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("/Volumes/share/haut", "network drive"),
        ("/Volumes/Disk (2)/haut", ""),
        ("/Library/Application Support/haut", ""),
    ],
)
def test_a_mac_is_judged_by_its_table_of_mounts(folder: str, words: str) -> None:
    mounts = (
        "/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)\n"
        "//nurse@server/share on /Volumes/share (smbfs, nodev, nosuid, mounted by nurse)\n"
        "/dev/disk5s1 on /Volumes/Disk (2) (apfs, local, nodev)\n"
    )
    problem = settings._problem_of_mount(mounts, Path(folder))
    assert words in problem
    assert bool(problem) == bool(words)


def test_the_folder_that_has_the_station_stays_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    (own / "station").mkdir(parents=True)
    shared.mkdir()
    monkeypatch.delenv(settings.FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr("platformdirs.site_data_path", lambda *_, **__: shared)
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: own)
    assert app_paths().root == shared
    (own / "station" / "keys.age").touch()
    assert app_paths().root == own
