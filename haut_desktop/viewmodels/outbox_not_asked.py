"""Why the platform was not asked yet for what it may have: what holds now, not what once held."""

from dataclasses import replace
from typing import Final

from haut_desktop.domain.delivery import RegistrationState, Trouble
from haut_desktop.domain.former import NotAskedYetError, RebuiltError
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.session import Connection
from haut_desktop.domain.subjects import Registration
from haut_desktop.domain.tenant import platform_words
from haut_desktop.viewmodels.outbox_words import Circumstances

_ASKED_FIRST: Final = (NotAskedYetError.__name__, RebuiltError.__name__)
_CONNECTIONS: Final = {
    Connection.OFFLINE: "The platform can't be reached just now; it is asked when it can be again.",
    Connection.PORTAL: (
        "The network wants its own sign-in first: open a web browser, sign in to the network, and "
        "the platform is asked."
    ),
    Connection.TROUBLE: "The platform has trouble just now; the station asks again by itself.",
}
_BY_ITSELF: Final = "The station asks by itself within a minute or two."


def with_cause(
    trouble: Trouble | None, batch: Batch, around: Circumstances, registration: Registration | None
) -> Trouble | None:
    """Add to the words of a batch that was not asked for yet what keeps the asking back."""
    if trouble is None or trouble.kind not in _ASKED_FIRST:
        return trouble
    cause = (
        _of_subject(registration, RegistrationState.HELD)
        or _of_rest(batch, around)
        or _of_all(around)
        or _of_subject(registration, RegistrationState.DRAFT, RegistrationState.REGISTERING)
        or _BY_ITSELF
    )
    return replace(trouble, message=f"{trouble.message} {cause}")


def _of_rest(batch: Batch, around: Circumstances) -> str:
    if batch.not_before is None or batch.not_before <= around.now:
        return ""
    return f"The visit rests until {around.clock_time(batch.not_before)}; after that it is asked."


def _of_all(around: Circumstances) -> str:
    """What keeps everything back, in the order in which the rows say it."""
    if around.is_paused:
        return "Sending is paused, so the platform is not asked either: let sending go on."
    if not around.is_signed_in:
        return "Nobody is signed in: sign in, and the platform is asked."
    if around.needs is not None:
        server = platform_words(around.needs.server)
        return f"Somebody has to sign in to company {around.needs.company_id} on {server} for it."
    if around.account_waits is not None:
        told = around.account_waits.trouble
        return told.message if told is not None else "The account was told no: sign in again."
    if around.opens_at is not None:
        return f"By the sending times it is asked from {around.clock_time(around.opens_at)} on."
    return _CONNECTIONS.get(around.connection, "")


def _of_subject(registration: Registration | None, *states: RegistrationState) -> str:
    if registration is None or registration.state not in states:
        return ""
    if registration.state is RegistrationState.HELD:
        return "The subject's registration is held: decide about it first."
    return "The subject is registered on the platform first; then it is asked."
