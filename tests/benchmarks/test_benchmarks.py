"""The benchmarks run, at tiny sizes; their figures are judged by people."""

import subprocess
import sys

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.table import Row, table


@pytest.mark.timeout(200)
def test_every_benchmark_gives_its_rows_at_tiny_sizes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--quick"],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("sign-in window", "sealed delivery", "intake", "2 visits", "answered late"):
        assert words in done.stdout
    for words in ("200 Mbit/s & 5 ms", "intake to sealed and shown", "fsync of 30 ms"):
        assert words in done.stdout
    assert "one claim, during the look, 200 images, all waiting" in done.stdout


def test_a_name_that_is_none_is_said_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--quick", "start", "nope"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "no such benchmark: nope. There are start, " in said


@pytest.mark.parametrize(
    ("ours", "other", "aim", "verdict"),
    ((1.0, 1.0, 3.0, "met"), (4.0, 1.0, 3.0, "MISSED"), (4.0, 1.0, None, "")),
)
def test_an_aim_is_judged_by_the_ratio(
    ours: float, other: float, aim: float | None, verdict: str
) -> None:
    assert Row("start", ours, "bare", other, aim).verdict == verdict


def test_the_table_has_a_line_for_each_row_and_says_short_times_in_milliseconds() -> None:
    drawn = table([Row("start", 0.3, "bare", 0.1, 3.0), Row("size", 375, "all", 500, unit="MiB")])
    assert len(drawn.splitlines()) == 4
    assert "300.0 ms" in drawn
    assert "375 MiB" in drawn
