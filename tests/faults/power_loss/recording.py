"""Records the real program at work: its operations, and the platform after each answer."""

import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from haut_desktop.practice.pictures import Person, SkinTone, draw_face, encode_jpeg
from tests.e2e.studies import KINDS
from tests.fakes.practice import PracticePlatform, running_practice
from tests.faults.power_loss.operations import ROOT, Entry, Node, Operation
from tests.faults.power_loss.shapes import Shape
from tests.faults.power_loss.technician import VISITS
from tests.faults.power_loss.trace import CALLS, Reader

STUDY: Final = "Faces power loss"
_SIZE_PX: Final = 320
_SIDES: Final[tuple[Literal["front", "left", "right"], ...]] = ("front", "left", "right")
_PROJECT: Final = Path(__file__).parents[3]
_SHAPE: Final = "shape"
_LONGEST_TEXT: Final = 1 << 28
_END_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Recording:
    """What the program did, in a folder that another process can read as well."""

    folder: Path
    operations: tuple[Operation, ...]
    folders: frozenset[Node]
    shape: Shape = Shape.SIGNED

    @classmethod
    def load(cls, folder: Path) -> "Recording":
        """Read the trace."""
        reader = Reader(folder / "disk")
        with (folder / "trace").open(encoding="ascii") as lines:
            reader.read(lines)
        shape = Shape((folder / _SHAPE).read_text("ascii"))
        return cls(folder, tuple(reader.operations), frozenset(reader.folders), shape)

    @property
    def pictures(self) -> Path:
        """The folder of the visits' pictures."""
        return self.folder / "pictures"

    def platform(self, answers: int) -> Path:
        """The platform's state when it had given so many answers."""
        return self.folder / "platform" / str(answers)

    def paths(self) -> dict[Node, str]:
        """The last path of every file and folder."""
        paths = {ROOT: ""}
        for operation in self.operations:
            if isinstance(operation, Entry) and operation.added:
                where = f"{paths[operation.folder]}/{operation.added}"
                paths[operation.node] = where.removeprefix("/")
        return paths


def why_not() -> str:
    """Why nothing can be recorded on this computer; empty when it can."""
    if sys.platform != "linux":
        return "power loss is recorded on Linux"
    if shutil.which("strace") is None:
        return "strace is not installed"
    probe = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, check=False)
    return "" if probe.returncode == 0 else "strace may not watch a process here"


def record(folder: Path, shape: Shape = Shape.SIGNED) -> Recording:
    """Let the program do its work on a practice platform of its own, and watch."""
    folder = folder.resolve()
    disk = folder / "disk"
    disk.mkdir(parents=True)
    (folder / _SHAPE).write_text(shape, "ascii")
    _draw(folder / "pictures")
    data = folder / "practice"
    with running_practice(data, "--logins-per-minute", "100000") as platform:
        platform.make_dataset(STUDY, *KINDS[shape.route])
        _copy_platform(data, folder / "platform" / "0")
        _watch(folder, disk / "station", platform, shape)
        assert not platform.violations()
    return Recording.load(folder)


def _watch(folder: Path, station: Path, platform: PracticePlatform, shape: Shape) -> None:
    strace = ["strace", "-f", "-y", "-xx", "--seccomp-bpf", "-s", str(_LONGEST_TEXT)]
    strace += ["-e", f"trace={CALLS}", "-o", str(folder / "trace")]
    program = [sys.executable, "-m", "tests.faults.power_loss.child"]
    arguments = [str(station), platform.url, STUDY, str(folder / "pictures"), shape.value]
    with subprocess.Popen(
        [*strace, *program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=_PROJECT,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for line in child.stdout:
            words = msgspec.json.decode(line)
            if "answered" in words:
                _copy_platform(platform.data, folder / "platform" / str(words["answered"]))
                child.stdin.write(b"\n")
                child.stdin.flush()
        child.wait(_END_S)
    assert child.returncode == 0, "the program did not come to its end"


def _copy_platform(data: Path, target: Path) -> None:
    """Copy the platform's state; its objects never change, so they are shared."""
    target.mkdir(parents=True)
    source = sqlite3.connect(data / "practice.sqlite3")
    copy = sqlite3.connect(target / "practice.sqlite3")
    source.backup(copy)
    source.close()
    copy.close()
    for path in (data / "objects").rglob("*"):
        if path.is_file() and not path.name.endswith(".partial"):
            beside = target / path.relative_to(data)
            beside.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, beside)


def _draw(folder: Path) -> None:
    """Draw a person's views for both visits."""
    folder.mkdir()
    person = Person(seed=11, skin_tone=list(SkinTone)[2])
    for number, names in enumerate(VISITS.values()):
        taken_at = datetime(2026, 3, 1 + number, 9, 12, 44, tzinfo=UTC)
        for name in names:
            face = draw_face(person, side=_side_of(name), size=_SIZE_PX + 8 * number)
            (folder / f"{name}.jpg").write_bytes(encode_jpeg(face, taken_at=taken_at))


def _side_of(name: str) -> Literal["front", "left", "right"]:
    for side in _SIDES:
        if name.startswith(side):
            return side
    raise ValueError(name)
