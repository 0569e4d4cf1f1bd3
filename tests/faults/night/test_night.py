"""A short night: a few visits, every event, faults at a tenth of the requests."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.night.pictures import draw_pictures
from tests.faults.night.plan import EVENTS, Plan, random_faults
from tests.faults.night.run import NightRun
from tests.faults.night.watching import Frames, append_frames, read_frames

pytestmark = pytest.mark.timeout(640)

SHORT = Plan(visits=9, subjects=4, inline_every=4, away_s=2.0, deadline_s=600.0)


async def test_after_a_short_night_everything_is_there_once(tmp_path: Path) -> None:
    draw_pictures(tmp_path / "pictures")
    night = NightRun(SHORT, tmp_path, lambda _words: None)
    try:
        account = await night.run()
    finally:
        night.close()
    # one event at each report of the program: a fast one may have ended before the last of them
    assert account.events == [event.what for event in EVENTS][: len(account.events)]
    assert {"kill the program", "restart the platform"} <= set(account.events)
    assert account.struck.total() > 0
    assert sum(account.frames.late_ms) > 0
    assert account.verification["asked_pictures"] == SHORT.pictures


def test_a_tenth_of_the_requests_is_struck() -> None:
    passes = 1.0
    for fault in random_faults(1):
        if fault["target"] == "store":
            passes *= 1 - fault["probability"]
    assert passes == pytest.approx(0.9)


def test_frames_tell_the_latest_of_ninety_nine_in_a_hundred() -> None:
    frames = Frames()
    for late_s in [0.0005] * 985 + [0.030] * 14 + [0.9]:
        frames.note(late_s)
    assert frames.p99_ms() == 31
    assert frames.longest_s == 0.9
    assert replace(SHORT, visits=1).pictures == 3


def test_frames_of_a_start_that_was_killed_count_as_well(tmp_path: Path) -> None:
    killed, other = Frames(), Frames()
    killed.note(1.5)
    other.note(0.002)
    other.note(0.002)
    append_frames(tmp_path / "frames", killed)
    append_frames(tmp_path / "frames", other)
    with (tmp_path / "frames").open("ab") as file:
        file.write(b'{"longest_s": 9.0, "la')
    every = read_frames(tmp_path / "frames")
    assert (every.longest_s, every.late_ms[1500], every.late_ms[2]) == (1.5, 1, 2)
