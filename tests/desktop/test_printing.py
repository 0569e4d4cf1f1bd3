import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from haut_desktop.desktop.printing import write_pdf
from haut_desktop.domain.errors import StationError


def test_a_report_becomes_a_pdf_file(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    write_pdf("<h1>Visit report</h1><p>Week 4</p>", path, title="Visit report")
    data = path.read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
    assert "Visit report".encode("utf-16-be") in data or b"Visit report" in data


def test_a_long_report_has_several_pages(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    write_pdf("<p>A line of the report.</p>" * 200, path, title="Long")
    assert path.read_bytes().count(b"/Type /Page\n") > 1


def test_a_place_that_cannot_be_written_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    with pytest.raises(StationError, match="Choose another folder"):
        write_pdf("<p>x</p>", tmp_path / "missing" / "report.pdf", title="x")


if sys.platform != "win32":
    import resource

    @contextmanager
    def room_for(size: int) -> Iterator[None]:
        """No file may grow beyond ``size``, as on a disk that fills up midway."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    def test_a_disk_that_fills_up_midway_is_said_and_leaves_what_was_there(
        qtbot: QtBot, tmp_path: Path
    ) -> None:
        path = tmp_path / "report.pdf"
        path.write_bytes(b"the report of last week")
        with room_for(1024), pytest.raises(StationError, match="no room"):
            write_pdf("<p>A line of the report.</p>" * 200, path, title="Long")
        assert path.read_bytes() == b"the report of last week"
        assert list(tmp_path.iterdir()) == [path]
