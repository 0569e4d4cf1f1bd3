"""The lines of a visit's report, in the record's own words; report_formats words them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from haut_desktop.services import report_formats


@dataclass(frozen=True, slots=True)
class PictureLine:
    """One take: from the bytes as they came to the proof of their delivery."""

    slot: str
    take: int
    counts: bool
    captured_at: datetime
    captured_source: str
    received_at: datetime
    original_id: str
    original_sha256: str
    original_size_bytes: int
    transform: str
    """Name and version, e.g. ``none 1``."""
    rendition_sha256: str
    rendition_md5: str
    state: str = ""
    """Of its delivery; empty for a take that does not go."""
    name: str = ""
    proof: str = ""
    proof_detail: str = ""
    proof_at: datetime | None = None
    image_id: str = ""
    platform_image_id: str = ""
    batch_id: str = ""
    platform_batch_id: str = ""
    batch_state: str = ""
    taken_in_by: str = ""
    """The account that took the picture in; empty for what the station did by itself."""
    computation_accepted_at: datetime | None = None
    """When the platform accepted to compute the picture's batch."""
    results_received_at: datetime | None = None
    """When the first result of the picture's batch arrived."""
    results_received: int = 0
    supersedes_batch_id: str = ""
    """The batch that the picture's batch replaces."""
    taken_back_at: datetime | None = None
    """When a person took the picture's batch back."""
    taken_back_because: str = ""
    left_on_platform: str = ""
    """What the platform keeps of a batch that was taken back; empty while it is asked for."""
    erased_at: datetime | None = None
    """When the picture left this station for ever."""
    erased_because: str = ""
    taken_back_by: str = ""
    """The account that took the picture's batch back."""
    erased_by: str = ""
    """The account that erased it; empty for what the plan's rule erased."""


@dataclass(frozen=True, slots=True)
class MissingLine:
    """A view of the visit for which there is no picture that counts."""

    slot: str
    is_required: bool
    because: str = ""
    """Why the visit was finished without it; empty while it is open, and for a view that is not
    required."""
    state: str = "no picture"


@dataclass(frozen=True, slots=True)
class AbandonedLine:
    """A batch that was begun on the platform, left behind there, and begun anew."""

    batch_id: str
    platform_batch_id: str
    """Empty where the platform never told it."""
    at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One value, or the reason why there is none."""

    side: str
    algorithm: str
    version: str
    """Empty where the platform does not say."""
    name: str
    area: str
    metric: str
    value: float | str | None
    unit: str
    error: str
    application: str
    received_at: datetime
    platform_batch_id: str
    light: str = ""


@dataclass(frozen=True, slots=True)
class TakenBackLine:
    """A batch that a person took back, and what the platform keeps of it."""

    batch_id: str
    pictures: int
    asked_at: datetime
    asked_by: str
    reason: str
    ended_at: datetime | None
    left_on_platform: str
    """Empty while it is asked for."""
    replaced_by: str = ""
    """The batch that carries the pictures since."""


@dataclass(frozen=True, slots=True)
class LeftLine:
    """A batch of which the platform may have something and that carries no picture of the visit
    now; its fields are columns of ``PictureLine``."""

    state: str
    batch_id: str
    platform_batch_id: str = ""
    left_on_platform: str = ""
    taken_back_at: datetime | None = None
    taken_back_because: str = ""
    taken_back_by: str = ""


@dataclass(frozen=True, slots=True)
class VisitReport:
    """A visit in lines that a person or a program can read."""

    study: str
    server: str
    """The platform that holds what was delivered (``domain/tenant.py``); empty for a study from
    before servers were kept, until somebody of its company signs in."""
    company_id: str
    site: str
    zone: str
    subject_code: str
    subject_id: str
    visit_id: str
    visit: str
    occurrence: int
    local_date: date
    status: str
    finished_at: datetime | None
    made_at: datetime
    pictures: tuple[PictureLine, ...]
    metrics: tuple[MetricLine, ...]
    finished_by: str = ""
    finished_because: str = ""
    """Why it was finished although a required view is missing; empty when none is."""
    taken_back: tuple[TakenBackLine, ...] = ()
    missing: tuple[MissingLine, ...] = ()
    abandoned_platform_batches: tuple[AbandonedLine, ...] = ()

    def to_json(self) -> str:
        """Everything, as indented JSON; times in UTC."""
        return report_formats.to_json(self)

    def to_csv(self) -> str:
        """The metrics, one value per line."""
        return report_formats.to_csv(MetricLine, self.metrics, self._key())

    def receipts_to_csv(self) -> str:
        """The pictures with their hashes and proofs, one take per line, and the missing views.

        Behind them stands what the platform has of batches that carry none of these pictures now.
        """
        lines = (*self.pictures, *self.missing, *self._left())
        return report_formats.to_csv(PictureLine, lines, self._key())

    def receipts_to_json(self) -> str:
        """The pictures with their hashes and proofs, as indented JSON; times in UTC."""
        return report_formats.to_json(replace(self, metrics=()))

    def receipts_to_html(self) -> str:
        """The pictures with their hashes and proofs as a page; times in UTC."""
        return report_formats.receipts_to_html(self)

    def to_html(self) -> str:
        """A page for the screen and for paper, in the subset of HTML that Qt lays out."""
        return report_formats.to_html(self)

    def _left(self) -> Iterator["LeftLine"]:
        shown = {line.batch_id for line in self.pictures}
        for line in self.taken_back:
            if line.batch_id not in shown:
                yield LeftLine(
                    state="taken back",
                    batch_id=line.batch_id,
                    left_on_platform=line.left_on_platform,
                    taken_back_at=line.asked_at,
                    taken_back_because=line.reason,
                    taken_back_by=line.asked_by,
                )
        for one in self.abandoned_platform_batches:
            words = f"begun, never computed; left behind at {one.at.isoformat()}: {one.because}"
            yield LeftLine(
                state="left behind",
                batch_id=one.batch_id,
                platform_batch_id=one.platform_batch_id,
                left_on_platform=words,
            )

    def _key(self) -> dict[str, object]:
        """What stands before every line of a CSV file."""
        return {
            "study": self.study,
            "server": self.server,
            "company_id": self.company_id,
            "site": self.site,
            "subject_code": self.subject_code,
            "visit": self.visit,
            "occurrence": self.occurrence,
            "local_date": self.local_date,
            "finished_at": self.finished_at,
            "finished_by": self.finished_by,
            "finished_because": self.finished_because,
        }
