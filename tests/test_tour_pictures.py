"""The pictures that the tour draws: the first that anybody sees of the program."""

from pathlib import Path

from haut_desktop.domain.imaging import VerdictLevel
from haut_desktop.services.quality import judge
from haut_desktop.tour.pictures import VIEWS, draw_pictures


def test_the_station_finds_no_fault_with_the_tours_own_pictures(tmp_path: Path) -> None:
    drawn = draw_pictures(tmp_path)
    found = {side: judge(drawn[side].read_bytes(), needs_face=True, side=side) for side in VIEWS}
    faults = [
        (side, finding.text)
        for side, findings in found.items()
        for finding in findings
        if finding.level is not VerdictLevel.GOOD
    ]
    assert faults == []
