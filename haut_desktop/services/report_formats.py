"""Reports as JSON, CSV and HTML: the same lines, three ways to read them."""

import csv
import dataclasses
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from haut_desktop.domain.delivery import ImageState, Proof
from haut_desktop.domain.imaging import Side, Transform
from haut_desktop.domain.tenant import platform_words
from haut_desktop.domain.words import (
    TAKEN_BACK,
    picture_words,
    plain_words,
    proof_words,
    source_words,
    state_words,
    transform_words,
)

if TYPE_CHECKING:
    from haut_desktop.services.report_lines import MetricLine, MissingLine, PictureLine, VisitReport

NOT_KNOWN: Final = "not known after a rebuild"
"""Of what only the trail said that was put aside with the former record."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run by spreadsheets; a quote in front keeps it text."""


def to_json(report: "VisitReport") -> str:
    """Write a report with all its lines; times as ISO 8601."""
    return json.dumps(
        dataclasses.asdict(report), default=_iso, ensure_ascii=False, indent=2, sort_keys=False
    )


def to_csv(kind: type, lines: Iterable[object], key: Mapping[str, object]) -> str:
    """Write dataclass ``lines``, each after the columns of ``key``.

    The columns are the fields of ``kind``; what a line of another kind does not have stays empty.
    """
    names = [field.name for field in dataclasses.fields(kind)]
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([*key, *names])
    for line in lines:
        values = [*key.values(), *(getattr(line, name, None) for name in names)]
        writer.writerow([_cell(value) for value in values])
    return buffer.getvalue()


def to_html(report: "VisitReport") -> str:
    """Write a page with a head, the pictures and the metrics."""
    zone = ZoneInfo(report.zone)
    return (
        "<html><body style='font-family: sans-serif; font-size: 9pt'>"
        f"<h1>Visit report</h1>{_head(report, zone)}"
        f"<h2>Pictures</h2>{_pictures(report.pictures, zone)}"
        f"<h2>Results</h2>{_metrics(report.metrics)}"
        "</body></html>"
    )


def receipts_to_html(report: "VisitReport") -> str:
    """Write a page that leads from each picture's bytes to the proof of their delivery; in UTC."""
    utc = ZoneInfo("UTC")
    rows = [
        (
            _title(line),
            "\n".join(
                (
                    f"taken {_local(line.captured_at, utc)} ({source_words(line.captured_source)})",
                    f"sealed {_local(line.received_at, utc)}",
                    line.taken_in_by,
                )
            ),
            _hashes(line),
            "\n".join(
                filter(
                    None,
                    (
                        *_delivery(line),
                        _at(line.proof_at),
                        *_endings(line),
                    ),
                )
            ),
            "\n".join(
                filter(
                    None,
                    (
                        line.image_id,
                        line.platform_image_id,
                        line.batch_id,
                        line.platform_batch_id,
                        line.supersedes_batch_id and f"replaces {line.supersedes_batch_id}",
                    ),
                )
            ),
            "\n".join(
                (
                    _said("accepted", line.computation_accepted_at),
                    _said(f"{line.results_received} results from", line.results_received_at),
                )
            ),
        )
        for line in report.pictures
    ]
    rows += [
        (line.slot, "", "", f"{line.state}\n{line.because or _why_none(line)}", "", "")
        for line in report.missing
    ]
    names = (
        "Picture",
        "Taken, sealed, by",
        "SHA-256 and transform",
        "Delivery and proof",
        "Our ids and the platform's",
        "Computation",
    )
    body = _table(names, rows) if rows else "<p>No pictures.</p>"
    by = report.finished_by
    finished = _said("finished", report.finished_at) + (
        f", by whom is {NOT_KNOWN}" if by == NOT_KNOWN else f" {by}".rstrip()
    )
    if report.finished_because:
        finished += f", although a view is missing: {report.finished_because}"
    return (
        "<html><body style='font-family: sans-serif; font-size: 9pt'>"
        f"<h1>Receipts</h1>{_head(report, utc)}<p>{escape(finished)}</p>"
        f"<p>All times are in UTC.</p>{body}"
        f"{_taken_back(report, utc)}{_abandoned(report, utc)}</body></html>"
    )


def _title(line: "PictureLine") -> str:
    return f"{line.slot}, take {line.take}" + ("" if line.counts else " (set aside)")


def _hashes(line: "PictureLine") -> str:
    name, _, version = line.transform.rpartition(" ")
    done = transform_words(Transform(name, int(version)))
    return f"original {line.original_sha256}\ntransform: {done}\nsent {line.rendition_sha256}"


def _delivery(line: "PictureLine") -> tuple[str, ...]:
    """Where a picture stands and how that is proven, as the screens say it."""
    if not line.state:
        return ()
    is_taken_back = line.batch_state in TAKEN_BACK
    is_proven = bool(line.proof)
    state = ImageState(line.state)
    words = state_words(state, is_proven=is_proven, is_taken_back=is_taken_back)
    proof = proof_words(Proof(line.proof)) if line.proof else ""
    return (words, proof, line.proof_detail)


def _why_none(line: "MissingLine") -> str:
    return "" if line.is_required else "not required"


def _abandoned(report: "VisitReport", zone: ZoneInfo) -> str:
    rows = [
        (line.batch_id, line.platform_batch_id, _local(line.at, zone), line.because)
        for line in report.abandoned_platform_batches
    ]
    names = ("Batch", "Left behind on the platform", "At", "Reason")
    title = "<h2>Begun and left behind</h2>"
    return f"{title}{_table(names, rows)}" if rows else ""


def _taken_back(report: "VisitReport", zone: ZoneInfo) -> str:
    rows = [
        (
            f"{line.batch_id}\n{line.pictures} pictures",
            f"{_local(line.asked_at, zone)}\n{line.asked_by}",
            line.reason,
            line.left_on_platform or "being asked for",
            line.replaced_by,
        )
        for line in report.taken_back
    ]
    names = ("Batch", "Taken back, by", "Reason", "Left on the platform", "Replaced by")
    return f"<h2>Taken back</h2>{_table(names, rows)}" if rows else ""


def _endings(line: "PictureLine") -> tuple[str, ...]:
    """What a person, or a rule, did to it afterwards."""
    left = f"left on the platform: {line.left_on_platform}" if line.left_on_platform else ""
    return (
        _said("taken back", line.taken_back_at),
        line.taken_back_by,
        line.taken_back_because,
        left,
        _said("erased here", line.erased_at),
        line.erased_by,
        line.erased_because,
    )


def _at(at: datetime | None) -> str:
    return "" if at is None else _local(at, ZoneInfo("UTC"))


def _said(what: str, at: datetime | None) -> str:
    return "" if at is None else f"{what} {_at(at)}"


def _head(report: "VisitReport", zone: ZoneInfo) -> str:
    visit = report.visit if report.occurrence == 1 else f"{report.visit} ({report.occurrence})"
    head = (
        ("Study", report.study),
        ("Platform", platform_words(report.server)),
        ("Company", report.company_id),
        ("Site", report.site),
        ("Subject", report.subject_code),
        ("Visit", visit),
        ("Date", report.local_date.isoformat()),
        ("Status", report.status),
        ("Report made", _local(report.made_at, zone)),
    )
    facts = "".join(f"<tr><td><b>{name}</b></td><td>{escape(v)}</td></tr>" for name, v in head)
    return f"<table cellpadding='2'>{facts}</table>"


def _pictures(lines: "Iterable[PictureLine]", zone: ZoneInfo) -> str:
    rows = [
        (
            _title(line),
            _local(line.captured_at, zone),
            _hashes(line),
            "\n".join(filter(None, _delivery(line))),
            "\n".join(filter(None, (line.platform_image_id, line.platform_batch_id))),
        )
        for line in lines
    ]
    names = ("Picture", "Taken", "SHA-256 and transform", "Delivery and proof", "Platform's ids")
    return _table(names, rows) if rows else "<p>No pictures.</p>"


def _metrics(lines: "Iterable[MetricLine]") -> str:
    rows = [
        (
            picture_words(Side(line.side), line.light),
            plain_words(line.application) or "not stated",
            plain_words(line.algorithm),
            line.version or "not stated",
            plain_words(line.area),
            line.name or plain_words(line.metric),
            line.error if line.value is None else f"{_number(line.value)} {line.unit}".strip(),
        )
        for line in lines
    ]
    names = ("Side", "Application", "Algorithm", "Version", "Area", "Metric", "Value")
    return _table(names, rows) if rows else "<p>No results yet.</p>"


def _table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th align='left'>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{_lines(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        "<table border='1' cellspacing='0' cellpadding='3' width='100%' style='font-size: 7pt'>"
        f"<thead><tr>{head}</tr></thead>{body}</table>"
    )


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _cell(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def _iso(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
