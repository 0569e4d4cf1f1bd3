"""What a person is told, and asked, before a batch is taken back or a picture is erased."""

from dataclasses import dataclass
from typing import Final

from haut_desktop.viewmodels.outbox_rows import Deed, OutboxRow, RowKind

SHORTEST_REASON: Final = 3
"""Characters below which nothing can be a reason."""

_RETRACTION: Final = (
    "Nothing more of it is sent, and nothing more is computed.",
    "What is being sent at this moment comes to its end first.",
    (
        "What the platform has already stays there: this station deletes nothing on it. You are "
        "told the numbers, so that the administrator can remove it."
    ),
    (
        "The pictures stay sealed on this station. They go again only if somebody reopens the "
        "visit and finishes it anew. What was computed already is then computed once more only if "
        "somebody says why."
    ),
)
_GONE: Final = (
    "The sealed picture, its previews and its copies from the results leave this computer for "
    "ever. Nobody can bring them back."
)
_STAYS_THERE: Final = (
    "The copy that arrived on the platform stays there; this station deletes nothing on it."
)
_NO_PROOF: Final = (
    "Nothing proves that a whole copy is on the platform: there may be none of it anywhere."
)
_ONLY_COPY: Final = (
    "It was not part of what the visit sent: there may be no other copy of it anywhere."
)
_UNPLACED_STAYS: Final = "That the picture was taken in, and its hash, stay in the record."
_RECORD_STAYS: Final = (
    "That the picture was taken, its hash and its proof of delivery stay in the record."
)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Two steps: what it means and why; then, once more, whether."""

    title: str
    about: str
    """What it is about: subject, visit, picture."""
    meaning: tuple[str, ...]
    """What will happen, one sentence each."""
    reason_question: str
    question: str
    """The second step's question."""
    yes: str
    no: str


def confirmation_of(deed: Deed, row: OutboxRow) -> Confirmation:
    """Word the two steps for a row."""
    return _erasure_of(row) if deed is Deed.ERASE else _retraction_of(row)


def erasure_of_held(about: str) -> Confirmation:
    """Word the two steps for a picture that nobody has placed."""
    return _erasing(about, _NO_PROOF, _UNPLACED_STAYS)


def erasure_of_aside(about: str) -> Confirmation:
    """Word the two steps for a picture that was set aside or removed."""
    return _erasing(about, _ONLY_COPY, _UNPLACED_STAYS)


NO_REASON: Final = "Write a few words; they stand in the audit trail."
"""Said where a reason is missing."""


def is_reason(text: str) -> bool:
    """Whether somebody wrote something that can stand in the audit trail."""
    return len(text.strip()) >= SHORTEST_REASON


def _retraction_of(row: OutboxRow) -> Confirmation:
    whole = row.kind is RowKind.VISIT and len(row.batch_ids) > 1
    return Confirmation(
        title="Take back what was sent?" if whole else "Take the batch back?",
        about=_taken_back(row),
        meaning=_RETRACTION,
        reason_question="Why is it taken back?",
        question="It can't be undone. Take it back now?",
        yes="Take it back",
        no="Leave it as it is",
    )


def _taken_back(row: OutboxRow) -> str:
    """Name the batches and pictures that go; of a visit only those that can be taken back."""
    batches = [child for child in row.children if Deed.RETRACT in child.deeds]
    if row.kind is RowKind.BATCH:
        return "\n".join((row.path, _sides(row)))
    return "\n".join((row.path, *(f"{each.title}: {_sides(each)}" for each in batches)))


def _sides(batch: OutboxRow) -> str:
    return ", ".join(picture.title.lower() for picture in batch.children)


def _erasure_of(row: OutboxRow) -> Confirmation:
    copies = _STAYS_THERE if row.is_proven else _NO_PROOF
    return _erasing(row.path, copies, _RECORD_STAYS)


def _erasing(about: str, copies: str, stays: str) -> Confirmation:
    """Say which picture it is, where else it may be, and what stays of it."""
    return Confirmation(
        title="Erase the picture for ever?",
        about=about,
        meaning=(_GONE, copies, stays),
        reason_question="Why is it erased?",
        question="The picture is gone afterwards. Erase it now?",
        yes="Erase for ever",
        no="Keep the picture",
    )
