"""Receipts as files: what proves each picture of a visit, for a program and on paper."""

from collections.abc import Iterable
from pathlib import Path

from haut_desktop.desktop.printing import offscreen_fonts, write_pdf, write_whole
from haut_desktop.domain.errors import StationError
from haut_desktop.services.report_lines import VisitReport


def write_receipts(folder: Path, reports: Iterable[VisitReport]) -> None:
    """Write a CSV and a PDF file per visit, named by the visit's id and by nobody's code.

    Blocking. Raises StationError when ``folder`` can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with offscreen_fonts():
            for report in reports:
                text = report.receipts_to_csv()
                write_whole(folder / f"{report.visit_id}.csv", text.encode("utf-8-sig"))
                pdf = folder / f"{report.visit_id}.pdf"
                write_pdf(report.receipts_to_html(), pdf, title="Receipts")
    except OSError as error:
        raise StationError(
            f"The receipts can't be written to {folder}. Choose another folder.",
            title="Receipts not written",
        ) from error
