"""What waits for long turns into a warning, and into an alarm after a day; pure functions."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from haut_desktop.domain.ageing import (
    AGE_RULES,
    ERASING,
    UNPLACED,
    WAITS_LONG_AFTER_S,
    AgeRule,
    lateness,
)
from haut_desktop.domain.delivery import BatchState, ImageState, State
from haut_desktop.domain.imaging import Batch, Image
from haut_desktop.domain.outbox import OpenRegistration, VisitDelivery
from haut_desktop.viewmodels.outbox_words import Circumstances
from haut_desktop.viewmodels.phrase import Mood, Phrase
from haut_desktop.viewmodels.words import count, span

_TO_GO: Final = frozenset(
    {
        BatchState.OPEN,
        BatchState.INITIATING,
        BatchState.SUBMITTING,
        ImageState.SEALED,
        ImageState.UPLOADING,
    }
)
_NOT_SENT: Final = ", not sent for {age}"
_FOR: Final = ", for {age}"
_SAID: Final = ""
"""The words have the age already."""


def aged_batch(
    phrase: Phrase, delivery: VisitDelivery, batch: Batch, around: Circumstances
) -> Phrase:
    """A batch's words by its age; what is computed, or was made elsewhere, ages no more."""
    rule, now = _rule_of(batch.state, around), around.now
    if rule is None or not batch.images or batch.id in delivery.computed:
        return phrase
    if batch.retraction is not None:
        return _aged(phrase, rule, batch.retraction.asked_at, now, _FOR)
    if (late := lateness(batch, now)) is not None:
        return _aged(phrase, rule, late.since, now, _SAID)
    since = batch.submitted_at or since_when(delivery, batch)
    words = _FOR if batch.state is BatchState.HELD else _NOT_SENT
    return _aged(phrase, rule, since, now, words)


def aged_image(
    phrase: Phrase, delivery: VisitDelivery, batch: Batch, image: Image, around: Circumstances
) -> Phrase:
    """A picture's words by its age; one that stays here after a retraction waits for nothing."""
    erasing_since = delivery.erasing.get(image.rendition.original_id)
    if image.state is ImageState.ERASED and erasing_since is not None:
        erasing = Phrase("Erased, its file is still to leave this disk", Mood.ACCENT)
        return _aged(erasing, ERASING, erasing_since, around.now, _FOR)
    rule = _rule_of(image.state, around)
    if rule is None or batch.retraction is not None or batch.state is BatchState.RETRACTED:
        return phrase
    is_to_go = image.state in (ImageState.SEALED, ImageState.UPLOADING)
    since = since_when(delivery, batch)
    return _aged(phrase, rule, since, around.now, _NOT_SENT if is_to_go else _FOR)


def aged_registration(phrase: Phrase, found: OpenRegistration, now: datetime) -> Phrase:
    """A registration's words by its age."""
    rule = AGE_RULES[found.registration.state]
    return phrase if rule is None else _aged(phrase, rule, found.created_at, now, _FOR)


def unplaced_phrase(pictures: int, since: datetime | None, now: datetime) -> Phrase | None:
    """Say that pictures wait for a person, and since when; None when none does."""
    if not pictures:
        return None
    waits = "waits" if pictures == 1 else "wait"
    whose = "it is" if pictures == 1 else "they are"
    words = f"{count(pictures, 'picture')} {waits} for you to say whose {whose}"
    phrase = Phrase(words, Mood.WARN)
    return phrase if since is None else _aged(phrase, UNPLACED, since, now, _FOR)


def since_when(delivery: VisitDelivery, batch: Batch) -> datetime:
    """When a batch was to go: its visit was finished and has rested; it may lie ahead."""
    known = (moment for moment in (batch.not_before, delivery.visit.finished_at) if moment)
    return max(known, default=batch.created_at)


def _rule_of(state: State, around: Circumstances) -> AgeRule | None:
    """A state's rule; outside the sending times nobody is warned of what waits for them."""
    rule, obstacle = AGE_RULES[state], around.obstacle()
    if rule is None or state not in _TO_GO or obstacle is None or obstacle.mood is not Mood.ACCENT:
        return rule
    return replace(rule, warns_after_s=rule.alarms_after_s)


def _aged(phrase: Phrase, rule: AgeRule, since: datetime, now: datetime, words: str) -> Phrase:
    age_s = (now - since).total_seconds()
    if age_s < rule.warns_after_s:
        return phrase
    is_long = age_s >= WAITS_LONG_AFTER_S
    text = phrase.text + (words.format(age=span(age_s)) if is_long else "")
    is_alarm = phrase.mood is Mood.BAD or age_s >= rule.alarms_after_s
    return Phrase(text, Mood.BAD if is_alarm else Mood.WARN)
