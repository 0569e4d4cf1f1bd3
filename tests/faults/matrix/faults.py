"""The rows of the matrix: what goes wrong, and which quirks are hostile enough to be tried."""

from dataclasses import dataclass
from typing import Any, Final

from haut_desktop.practice.quirks import Quirk
from tests.faults.matrix.steps import PUT, Fields, Step

LATE_S: Final = 0.5
"""Seconds by which a late commit is late; the station's quiet times are longer."""
_HOURS_S: Final = 7200.0


@dataclass(frozen=True)
class Row:
    """One thing that goes wrong, wherever it is aimed."""

    name: str
    kind: str
    fields: tuple[tuple[str, Any], ...] = ()
    of_store_alone: bool = False

    def at(self, step: Step, **more: object) -> Fields:
        """The fault that strikes ``step`` so."""
        return step.aim(kind=self.kind, **dict(self.fields), **more)

    def fits(self, step: Step) -> bool:
        """Whether it can happen there at all."""
        return step is PUT or not self.of_store_alone


def _row(name: str, kind: str = "", *, of_store_alone: bool = False, **fields: object) -> Row:
    return Row(name, kind or name, tuple(fields.items()), of_store_alone)


OFFLINE: Final = _row("offline")
DROPPED: Final = _row("drop_answer")
LATE: Final = _row("commit_late", delay_s=LATE_S)
FORBIDDEN: Final = _row("403")
PORTAL: Final = _row("html")
TOO_LARGE: Final = _row("refuse_early 413", "refuse_early", status=413)

FAULTS: Final = (
    OFFLINE,
    _row("slow", delay_s=0.3),
    DROPPED,
    LATE,
    _row("401"),
    _row("401 as 403", "401", status=403),
    FORBIDDEN,
    _row("429", retry_after_s=1),
    _row("5xx", status=500),
    _row("5xx done", "5xx", status=504, done=True),
    TOO_LARGE,
    _row("refuse_early 403", "refuse_early", status=403),
    PORTAL,
    _row("html done", "html", done=True),
    _row("redirect 302", "redirect", status=302),
    _row("redirect 307", "redirect", status=307),
    _row("empty"),
    _row("empty done", "empty", done=True),
    _row("wrong_shape"),
    _row("wrong_shape done", "wrong_shape", done=True),
    _row("truncated"),
    _row("clock ahead", "clock_skew", skew_s=_HOURS_S),
    _row("clock behind", "clock_skew", skew_s=-_HOURS_S),
    _row("wrong_hash", of_store_alone=True),
    _row("expired 400", "address_expired", of_store_alone=True),
    _row("expired 403", "address_expired", status=403, of_store_alone=True),
)

CLASSES: Final = (OFFLINE, DROPPED, LATE, FORBIDDEN, PORTAL, TOO_LARGE)
"""One of each kind of outcome, for two different faults in a row: it never happened, happened
unheard, happens later; the account is told no, the network speaks, this item is refused."""

QUIRKS: Final = (
    Quirk.REFRESH_TOKEN_ROTATED,
    Quirk.REFRESH_ONLY_ID_TOKEN,
    Quirk.REFRESH_NO_REFRESH_TOKEN,
    Quirk.TOKEN_REFUSED_403,
    Quirk.SUBJECT_NAMES_UNIQUE,
    Quirk.SUBJECTS_LISTED_LATE,
    Quirk.SUBJECT_SEARCH_IGNORED,
    Quirk.SUBJECT_SEARCH_BLIND,
    Quirk.PAGES_OF_TEN,
    Quirk.INITIATE_FEWER_SIDES,
    Quirk.COMPUTE_TWICE_BILLS,
    Quirk.COMPUTE_TWICE_REFUSED,
    Quirk.COMPUTE_EARLY_REFUSED,
    Quirk.COMPUTE_ANSWERS_200,
    Quirk.COMPUTE_ANSWERS_202,
    Quirk.STORE_403_ON_EXPIRY,
    Quirk.STORE_ETAG_ONLY,
    Quirk.STORE_ETAG_OPAQUE,
    Quirk.STORE_NO_PROOF,
    Quirk.STORE_CLOSED_BY_COMPUTE,
    Quirk.CONTENT_MD5,
    Quirk.BATCH_IMAGES_PAGED,
    Quirk.BATCH_IMAGES_LATE,
    Quirk.RESULT_ADDRESSES_SHORT,
    Quirk.IDS_AS_WORDS,
    Quirk.DICTIONARIES_PAGED,
    Quirk.RESULTS_PAGED,
    Quirk.RESULTS_EARLY_404,
    Quirk.RESULTS_SOME_SIDES,
    Quirk.PLAIN_ERRORS,
    Quirk.ISO_TIMESTAMPS,
    Quirk.ROWS_AT_ONCE,
    Quirk.FAILURES_LEFT_OUT,
    Quirk.V3_ROWS_IN_V1,
)
"""Every quirk but the two shapes of aux images, which no step of a delivery reads."""

WRONG_CLOCKS: Final = {"clock always ahead": _HOURS_S, "clock always behind": -_HOURS_S}
"""Of platform and object store alike, as when a computer room's time service is wrong."""
