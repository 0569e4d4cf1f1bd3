"""The tour with a real portrait: the main job by hand, from the first window to the last mask."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from PIL import Image

from haut_desktop.practice.algorithms.faces import find_face
from tests.fakes.practice import running_practice

_DEADLINE_S: Final = 400
_ROUNDING_PX: Final = 2.0
_SCREEN: Final = (1366, 768)


def _tour(out: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "haut_desktop", "tour", "--out", str(out)]
    return subprocess.run(
        [*command, *map(str, options)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=_DEADLINE_S,
        check=False,
    )


@pytest.fixture(scope="module")
def finished_tour(portrait: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tour that was given the portrait as its only picture."""
    out = tmp_path_factory.mktemp("tour")
    done = _tour(out, "--pictures", portrait.parent)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def told(finished_tour: Path) -> Any:
    """What the tour says it did and saw."""
    return json.loads((finished_tour / "tour.json").read_text("utf-8"))


pytestmark = pytest.mark.timeout(_DEADLINE_S)


def test_every_step_is_done_and_photographed(told: Any, finished_tour: Path) -> None:
    assert [step["name"] for step in told["steps"] if step["status"] != "ok"] == []
    shots = [step["screenshot"] for step in told["steps"] if step["screenshot"]]
    assert len(shots) >= 20
    assert {_size_of(finished_tour / shot) for shot in shots} == {_SCREEN}


def test_no_two_pictures_show_the_same(told: Any, finished_tour: Path) -> None:
    shots = [step["screenshot"] for step in told["steps"] if step["screenshot"]]
    seen = [hashlib.sha256((finished_tour / shot).read_bytes()).digest() for shot in shots]
    assert len(set(seen)) == len(shots)


def test_the_platform_is_named_by_its_address(told: Any) -> None:
    assert told["platform"].startswith("http://127.0.0.1:")


def _size_of(picture: Path) -> tuple[int, int]:
    with Image.open(picture) as opened:
        return opened.size


def test_portrait_is_on_the_platform_byte_for_byte_with_the_stores_proof(
    told: Any, portrait: Path
) -> None:
    (image,) = told["images"]
    digest = hashlib.sha256(portrait.read_bytes()).hexdigest()
    assert (image["original_sha256"], image["rendition_sha256"]) == (digest, digest)
    assert (image["state"], image["proof"]) == ("STORED", "store-hash")
    assert [batch["state"] for batch in told["batches"]] == ["SUBMITTED"]
    assert {each["state"] for each in told["subject"]["registrations"]} == {"REGISTERED"}


def test_portrait_gets_at_least_eight_metrics(told: Any) -> None:
    measured = {(m["algorithm"], m["area"], m["metric"]) for m in told["metrics"]}
    assert len({algorithm for algorithm, _, _ in measured}) >= 8
    assert len(measured) >= 8


def test_masks_lie_inside_the_face(told: Any, portrait: Path) -> None:
    face = find_face(np.asarray(Image.open(portrait)))
    assert face is not None
    left, top, width, height = face.box
    boxes = [m["box"] for m in told["masks"] if m["space"] == "original" and m["box"]]
    assert len(boxes) >= 8
    outside = [
        box
        for box in boxes
        if box[0] < left - _ROUNDING_PX
        or box[1] < top - _ROUNDING_PX
        or box[2] > left + width + _ROUNDING_PX
        or box[3] > top + height + _ROUNDING_PX
    ]
    assert outside == []


def test_demonstration_shows_four_visits_and_a_change(told: Any) -> None:
    shown = told["demonstration"]
    assert [visit["completeness"] for visit in shown["visits"]] == ["complete"] * 4
    assert shown["metric"]["change"]


def test_visit_report_is_written_for_people_and_programs(told: Any, finished_tour: Path) -> None:
    report = json.loads((finished_tour / "visit.json").read_text("utf-8"))
    assert report["visit_id"] == told["visit"]["id"]
    assert (finished_tour / "visit.pdf").read_bytes().startswith(b"%PDF")
    assert set(told["files"]) <= {path.name for path in finished_tour.iterdir()}


def test_tour_of_a_given_platform_leaves_out_what_it_has_not(
    portrait: Path, tmp_path: Path
) -> None:
    with running_practice(tmp_path / "platform") as platform:
        done = _tour(tmp_path / "out", "--platform", platform.url, "--pictures", portrait.parent)
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "out" / "tour.json").read_text("utf-8"))
    assert told["platform"] == platform.url
    left_out = {step["name"] for step in told["steps"] if step["status"] == "left out"}
    assert left_out == {"demonstration"}


def test_tour_without_a_usable_picture_fails_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    out = tmp_path / "out"
    done = _tour(out, "--pictures", tmp_path)
    assert done.returncode == 1
    assert "front.*" in done.stderr
    told = json.loads((out / "tour.json").read_text("utf-8"))
    assert {step["status"] for step in told["steps"]} == {"not run"}
    assert "front.*" in told["reason"]
