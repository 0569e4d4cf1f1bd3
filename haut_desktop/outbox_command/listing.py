"""``list``: where each visit, batch and picture stands, in the words of the window."""

import argparse
import dataclasses
from datetime import datetime
from typing import Any, Final

from haut_desktop.domain.ageing import lateness
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.delivery import BatchState
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.outbox import VisitDelivery
from haut_desktop.domain.retraction import Retraction
from haut_desktop.domain.study import Study
from haut_desktop.outbox_command.output import WELL, held_by, say, write_json
from haut_desktop.outbox_command.record import deliveries
from haut_desktop.services.traffic import kept_rules
from haut_desktop.store.station import Station
from haut_desktop.viewmodels.outbox_late import late_trouble
from haut_desktop.viewmodels.outbox_words import Circumstances, batch_words, image_words
from haut_desktop.viewmodels.words import ago, count

_TAKEN_BACK: Final = frozenset({BatchState.RETRACTING, BatchState.RETRACTED})


async def _circumstances(station: Station) -> Circumstances:
    """Say what holds for the whole outbox, by the record; how the network is, it does not know."""
    site, rules = await station.studies.site(), await kept_rules(station.studies)
    now, zone = system_clock(), site.zone if site else "UTC"
    return Circumstances(
        now,
        zone,
        is_paused=rules.is_paused,
        is_signed_in=await station.credentials.load() is not None,
        opens_at=rules.opens_at(now, zone),
        account_waits=await station.outbox.account_trouble(),
    )


async def list_deliveries(chosen: argparse.Namespace, station: Station) -> int:
    """Say where everything of the outbox stands."""
    around = await _circumstances(station)
    account = around.account_waits
    studies = {study.id: study for study in await station.studies.every_study()}
    visits = [_visit(one, studies[one.visit.study_id], around) for one in await deliveries(station)]
    held = [
        {
            "original_id": one.original.id,
            "reason": one.reason,
            "claim": dict(one.claim),
            "since": one.since,
        }
        for one in await station.rebuilt.held_pictures()
    ]
    summary = dataclasses.replace(
        await station.outbox.summary(), is_paused=around.is_paused, opens_at=around.opens_at
    )
    if chosen.json:
        write_json(
            {
                "summary": summary,
                "is_signed_in": around.is_signed_in,
                "account": account.trouble if account else None,
                "visits": visits,
                "held_pictures": held,
            }
        )
        return WELL
    for visit in visits:
        _say_visit(visit, around.now)
    for picture in held:
        say(f"held picture {picture['original_id']}: {picture['reason']}")
    if account and account.trouble:
        say(f"sending waits for the account: {account.trouble.title}. {account.trouble.message}")
    if around.is_paused:
        say("sending is paused by hand")
    if not around.is_signed_in:
        say("nobody is signed in: nothing is sent until somebody signs in")
    if around.opens_at:
        say(f"sending waits for its time of day: it begins at {around.clock_time(around.opens_at)}")
    unknown = f", {summary.unsettled} of them sent without an answer" if summary.unsettled else ""
    say(
        f"{count(summary.waiting_images, 'picture')} to be sent "
        f"({summary.waiting_bytes / 2**20:.1f} MB){unknown}; "
        f"{summary.held + len(held)} held, {summary.late} late"
    )
    return WELL


def _say_visit(visit: dict[str, Any], now: datetime) -> None:
    say(f"{visit['subject']}  {visit['visit']}  {visit['date']}  {visit['visit_id']}")
    say(f"  for {visit['study']}: {held_by(visit['server'], visit['company_id'])}")
    for batch in visit["batches"]:
        age = ago(batch["created_at"], now)
        say(f"  {batch['words']}  (made {age})  {batch['batch_id']}")
        if batch["reason"]:
            say(f"    {batch['reason']}")
        if batch["late"]:
            say(f"    {batch['late']['words']}")
        if batch["supersedes"]:
            say(f"    replaces {batch['supersedes']}")
        if batch["retraction"]:
            say(f"    taken back: {batch['retraction']['reason']}")
            say(f"    left on the platform: {batch['retraction']['words'] or 'being asked for'}")
        for image in batch["images"]:
            say(f"    {image['side']}: {image['words']}  {image['image_id']}")


def _visit(delivery: VisitDelivery, study: Study, around: Circumstances) -> dict[str, Any]:
    visit = delivery.visit
    return {
        "visit_id": visit.id,
        "subject": delivery.subject_code,
        "visit": visit.name,
        "occurrence": visit.occurrence,
        "date": visit.local_date.isoformat(),
        "finished_at": visit.finished_at,
        "study": study.name,
        "server": study.server,
        "company_id": study.company_id,
        "batches": [
            {
                "batch_id": batch.id,
                "platform_id": batch.platform_id,
                "route": batch.route,
                "state": batch.state,
                "words": batch_words(
                    batch,
                    around,
                    delivery.registration_for(batch),
                    is_computed=batch.id in delivery.computed,
                ).text,
                "reason": batch.waiting.trouble.message if batch.waiting.trouble else "",
                "late": _late(delivery, batch, around.now),
                "next_try_at": batch.waiting.retry_at,
                "created_at": batch.created_at,
                "submitted_at": batch.submitted_at,
                "age_s": int((around.now - batch.created_at).total_seconds()),
                "supersedes": batch.supersedes,
                "retraction": _retraction(batch.retraction),
                "images": [
                    {
                        "image_id": image.id,
                        "original_id": image.rendition.original_id,
                        "platform_id": image.platform_id,
                        "side": image.side,
                        "name": image.name,
                        "state": image.state,
                        "words": image_words(image, is_taken_back=batch.state in _TAKEN_BACK).text,
                        "reason": image.waiting.trouble.message if image.waiting.trouble else "",
                        "proof": image.proof.kind if image.proof else "",
                    }
                    for image in batch.images
                ],
            }
            for batch in delivery.batches
        ],
    }


def _late(delivery: VisitDelivery, batch: Batch, now: datetime) -> dict[str, Any] | None:
    late = lateness(batch, now, is_computed=batch.id in delivery.computed)
    if late is None:
        return None
    return {
        "kind": late.kind,
        "since": late.since,
        "age_s": int((now - late.since).total_seconds()),
        "words": late_trouble(late, now).message,
    }


def _retraction(retraction: Retraction | None) -> dict[str, Any] | None:
    if retraction is None:
        return None
    return {
        "reason": retraction.reason,
        "asked_at": retraction.asked_at,
        "ended_at": retraction.ended_at,
        "left_on_platform": retraction.left,
        "words": retraction.left_in_words(),
    }
