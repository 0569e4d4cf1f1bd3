"""State and waiting of a delivery in words that a technician understands; pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from haut_desktop.domain.ageing import Late, LateKind, lateness
from haut_desktop.domain.delivery import (
    HELD_BY_HAND,
    BatchState,
    ImageState,
    RegistrationState,
    Trouble,
    Waiting,
)
from haut_desktop.domain.errors import (
    Blame,
    NotThePlatformError,
    OtherAccountError,
    PermissionRefusedError,
    UnreachableError,
)
from haut_desktop.domain.imaging import Batch, Image
from haut_desktop.domain.outbox import OutboxSummary
from haut_desktop.domain.rechecks import Recheck
from haut_desktop.domain.retraction import Retraction
from haut_desktop.domain.session import Connection
from haut_desktop.domain.subjects import Registration
from haut_desktop.domain.tenant import Tenant, platform_words
from haut_desktop.domain.words import state_words
from haut_desktop.viewmodels.outbox_late import late_phrase
from haut_desktop.viewmodels.phrase import Mood, Phrase
from haut_desktop.viewmodels.recheck_words import recheck_phrase
from haut_desktop.viewmodels.words import clock_time, count, day


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds for the whole outbox while one row is put into words."""

    now: datetime
    zone: str = "UTC"
    """The site's IANA zone."""
    is_paused: bool = False
    is_signed_in: bool = True
    connection: Connection = Connection.ONLINE
    opens_at: datetime | None = None
    """When the sending window opens next; None while it is open."""
    account_waits: Waiting | None = None
    """What the platform told the account, which keeps everything; None while it may send."""
    tenant: Tenant | None = None
    """Whose account is signed in; None where nobody's is."""
    needs: Tenant | None = None
    """Whose account the work at hand needs, where another one's is signed in (``whose``)."""

    def whose(self, tenant: Tenant | None) -> "Circumstances":
        """What holds for the work of ``tenant``: another one's account can't send it."""
        if tenant is None or not self.is_signed_in or self.tenant in (None, tenant):
            return self
        return replace(self, needs=tenant, account_waits=None)

    def clock_time(self, moment: datetime) -> str:
        """A moment's time of day at the site with its zone, and the date when it is not today."""
        time, date = clock_time(moment, self.zone), day(moment, self.zone)
        return time if date == day(self.now, self.zone) else f"{date}, {time}"

    def obstacle(self) -> Phrase | None:
        """What keeps everything from being sent, the nearest to a person's hand first."""
        if self.is_paused:
            return Phrase("Paused by you", Mood.WARN)
        if not self.is_signed_in:
            return Phrase("Waiting for sign-in", Mood.WARN)
        if self.needs is not None:
            return _ANOTHER_COMPANYS
        if self.account_waits is not None:
            return waiting_words(self.account_waits)
        if self.opens_at is not None:
            return Phrase(f"Sends again at {self.clock_time(self.opens_at)}", Mood.ACCENT)
        return _CONNECTIONS.get(self.connection)

    def obstacle_in_full(self) -> Phrase | None:
        """The obstacle, and when the station looks whether the account is allowed again."""
        found, waits = self.obstacle(), self.account_waits
        if found is None or waits is None or waits.retry_at is None:
            return found
        if found != waiting_words(waits):
            return found
        return Phrase(f"{found.text}, looks again at {self.clock_time(waits.retry_at)}", found.mood)

    def keeps(self, late: Late) -> Phrase | None:
        """What has to be out of the way before something late can come to its end."""
        if late.kind is LateKind.NOT_COMPUTED:
            return self.obstacle()
        # results are looked for while sending is paused, too
        return replace(self, is_paused=False, account_waits=None, opens_at=None).obstacle()

    def account_keeps(self, batch: Batch) -> Waiting | None:
        """What the account was told, where it keeps ``batch`` back as well; None otherwise."""
        return self.account_waits if self._is_asked(batch) else None

    def another_keeps(self, batch: Batch, study: str) -> Trouble | None:
        """Whose account ``batch`` needs, where that is all that keeps it; None otherwise."""
        if self.needs is None or not self._is_asked(batch):
            return None
        return whose_trouble(study, self.needs)

    def _is_asked(self, batch: Batch) -> bool:
        """Whether the platform is asked for something about ``batch`` as soon as it may be."""
        may_go = batch.state in _TO_GO and (
            batch.not_before is None or batch.not_before <= self.now
        )
        return batch.state is BatchState.RETRACTING or (may_go and batch.retraction is None)


_TO_GO: Final = (BatchState.OPEN, BatchState.INITIATING, BatchState.SUBMITTING)
_ANOTHER_COMPANYS: Final = Phrase("Waiting for an account of its company", Mood.WARN)
_NEEDS: Final = (
    "This belongs to the study “{study}” of company {company} on {server}. The account that is "
    "signed in is of another one, so that nothing of it is sent. It is safe here and goes by "
    "itself when somebody signs in with an account of that company."
)
_MOODS: Final = {
    ImageState.STORED: Mood.GOOD,
    ImageState.UPLOADING: Mood.ACCENT,
    ImageState.UNSETTLED: Mood.WARN,
}
_NOTHING_ASKED: Final = (UnreachableError.__name__, NotThePlatformError.__name__)
"""Troubles of the network in which no answer of the platform was lost."""
_CONNECTIONS: Final = {
    Connection.OFFLINE: Phrase("Waiting for the network", Mood.WARN),
    Connection.PORTAL: Phrase("Waiting: the network wants its own sign-in first", Mood.WARN),
    Connection.TROUBLE: Phrase("Waiting: the platform has trouble", Mood.WARN),
}


def image_words(image: Image, *, is_taken_back: bool = False) -> Phrase:
    """Where one picture stands; of a batch that is taken back, what is not there stays here."""
    is_proven = image.proof is not None
    text = state_words(image.state, is_proven=is_proven, is_taken_back=is_taken_back)
    if is_taken_back and image.state in (ImageState.SEALED, ImageState.HELD):
        return Phrase(text)
    match image.state:
        case ImageState.HELD:
            return _held(image.waiting.trouble)
        case ImageState.SEALED:
            return waiting_words(image.waiting) or Phrase(text)
        case _:
            return Phrase(text, _MOODS.get(image.state, Mood.NEUTRAL))


def batch_words(
    batch: Batch,
    around: Circumstances,
    registration: Registration | None = None,
    *,
    is_computed: bool = False,
    recheck: Recheck | None = None,
) -> Phrase:
    """Where the pictures that are computed together stand."""
    match batch.state:
        case BatchState.HELD:
            return _held(batch.waiting.trouble)
        case BatchState.RETRACTED:
            return _taken_back(batch.retraction)
        case _ if batch.retraction is not None or batch.state is BatchState.RETRACTING:
            return _being_taken_back(batch, around)
        case _ if recheck and (differs := recheck_phrase(recheck, is_computed=is_computed)):
            return differs
        case _ if (late := lateness(batch, around.now, is_computed=is_computed)) is not None:
            return late_phrase(late, around.now, around.keeps(late))
        case BatchState.SUBMITTED if is_computed:
            return Phrase("Arrived and computed", Mood.GOOD)
        case BatchState.SUBMITTED:
            return Phrase("Arrived, being computed", Mood.GOOD)
        case BatchState.OPEN | BatchState.INITIATING | BatchState.SUBMITTING:
            return _unfinished(batch, around, registration)


def _being_taken_back(batch: Batch, around: Circumstances) -> Phrase:
    if (words := _person_awaited(batch, around)) is not None:
        return Phrase(f"Being taken back, {words.text[0].lower()}{words.text[1:]}", Mood.WARN)
    waits = around.obstacle() or waiting_words(batch.waiting)
    return Phrase("Being taken back, waiting" if waits else "Being taken back", Mood.WARN)


def _person_awaited(batch: Batch, around: Circumstances) -> Phrase | None:
    """What only a person ends: it is named also where other waiting is not."""
    if around.needs is not None:
        return _ANOTHER_COMPANYS
    for told in (around.account_waits, batch.waiting):
        if told is not None and told.trouble and told.trouble.blame is Blame.ACCOUNT:
            return waiting_words(told)
    return None


def _taken_back(retraction: Retraction | None) -> Phrase:
    if retraction is not None and retraction.left:
        if all(remnant.is_doubt for remnant in retraction.left):
            return Phrase("Taken back, perhaps a part is left there", Mood.NEUTRAL)
        return Phrase("Taken back, a part is left there", Mood.NEUTRAL)
    return Phrase("Taken back, nothing is left there" if retraction else "Taken back")


def _unfinished(batch: Batch, around: Circumstances, registration: Registration | None) -> Phrase:
    held = sum(image.state is ImageState.HELD for image in batch.images)
    if held:
        return Phrase(f"Held: {held} of {count(len(batch.images), 'picture')}", Mood.BAD)
    if registration is not None and registration.state is RegistrationState.HELD:
        return Phrase("Held: the subject's registration", Mood.BAD)
    if batch.not_before is not None and batch.not_before > around.now:
        return Phrase(f"Resting until {around.clock_time(batch.not_before)}", Mood.ACCENT)
    return (
        _in_flight(batch)
        or around.obstacle()
        or _unregistered(registration)
        or _answer_awaited(batch)
        or waiting_words(batch.waiting)
        or _image_waits(batch)
        or _STEPS.get(batch.state)
        or _in_line(batch)
    )


_STEPS: Final = {
    BatchState.SUBMITTING: Phrase("All sent, asking for the analysis", Mood.ACCENT),
    BatchState.INITIATING: Phrase("Starting", Mood.ACCENT),
}


def _in_flight(batch: Batch) -> Phrase | None:
    stored = sum(image.state is ImageState.STORED for image in batch.images)
    if any(image.state is ImageState.UPLOADING for image in batch.images):
        at = min(stored + 1, len(batch.images))
        return Phrase(f"Sending {at} of {len(batch.images)}", Mood.ACCENT)
    return None


def _answer_awaited(batch: Batch) -> Phrase | None:
    """Say that it is asked what arrived, where nothing but a lost answer keeps the batch."""
    trouble = batch.waiting.trouble
    if trouble is not None and (
        trouble.blame is not Blame.NETWORK or trouble.kind in _NOTHING_ASKED
    ):
        return None
    if any(image.state is ImageState.UNSETTLED for image in batch.images):
        return Phrase("Asking what arrived", Mood.WARN)
    return None


def _image_waits(batch: Batch) -> Phrase | None:
    waits = (waiting_words(image.waiting) for image in batch.images)
    return next((words for words in waits if words is not None), None)


def _unregistered(registration: Registration | None) -> Phrase | None:
    if registration is None or registration.state is RegistrationState.REGISTERED:
        return None
    return waiting_words(registration.waiting) or Phrase(
        "Registering the subject first", Mood.ACCENT
    )


def _in_line(batch: Batch) -> Phrase:
    stored = sum(image.state is ImageState.STORED for image in batch.images)
    if stored:
        return Phrase(f"{stored} of {len(batch.images)} sent, more to come", Mood.ACCENT)
    return Phrase("Waiting for its turn")


def waiting_words(waiting: Waiting) -> Phrase | None:
    """Why something waits; None when nothing keeps it. When it goes on is told apart."""
    trouble = waiting.trouble
    if trouble is None:
        return None
    if trouble.blame is Blame.NETWORK:
        text = "Waiting for the network"
    elif trouble.kind == OtherAccountError.__name__:
        return _ANOTHER_COMPANYS
    elif trouble.kind == PermissionRefusedError.__name__:
        # signing in again would not help: somebody has to grant it
        text = "Waiting for a right"
    elif trouble.blame is Blame.ACCOUNT:
        text = "Waiting for sign-in"
    else:
        text = trouble.title
    return Phrase(text, Mood.WARN)


def whose_trouble(study: str, tenant: Tenant) -> Trouble:
    """Say whose account something needs while another one's is signed in."""
    server = platform_words(tenant.server)
    message = _NEEDS.format(study=study, company=tenant.company_id, server=server)
    title = "Needs an account of its company"
    return Trouble(OtherAccountError.__name__, Blame.ACCOUNT, title, message)


def registration_words(registration: Registration, around: Circumstances) -> Phrase:
    """Where a subject's entry on the platform stands, which is not made yet."""
    if registration.state is RegistrationState.HELD:
        return _held(registration.waiting.trouble)
    if registration.state is RegistrationState.REGISTERED:
        return Phrase("Registered", Mood.GOOD)
    waits = around.obstacle() or waiting_words(registration.waiting)
    return waits or Phrase("Waiting for its turn")


def _held(trouble: Trouble | None) -> Phrase:
    if trouble is None or not trouble.title or trouble.kind == HELD_BY_HAND:
        return Phrase("Held by you", Mood.BAD)
    return Phrase("Held" if trouble.title == "Held" else f"Held: {trouble.title}", Mood.BAD)


_RANK: Final = {Mood.BAD: 0, Mood.WARN: 1, Mood.ACCENT: 2, Mood.NEUTRAL: 3, Mood.GOOD: 4}


def worst(phrases: Sequence[Phrase]) -> Phrase:
    """The phrase that needs a person most; what a visit with several batches shows."""
    return min(phrases, key=lambda phrase: _RANK[phrase.mood], default=Phrase("Nothing to send"))


def paused_words(summary: OutboxSummary) -> str:
    """Say that sending is paused, and what still goes: a picture under way is not broken off."""
    if not summary.uploading:
        return "Sending is paused"
    if summary.uploading == 1:
        return "Paused: the picture under way is still being sent"
    return f"Paused: the {summary.uploading} pictures under way are still being sent"
