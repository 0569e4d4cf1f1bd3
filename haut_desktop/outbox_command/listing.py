"""``list``: where each visit, batch and picture stands, in the words of the window."""

import argparse
import asyncio
import dataclasses
from datetime import datetime
from typing import Any

from haut_desktop.domain.ageing import unsent_after_s
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.outbox import AbandonedBatch, OutboxSummary
from haut_desktop.outbox_command.output import WELL, held_by, say, write_json
from haut_desktop.outbox_command.record import deliveries
from haut_desktop.outbox_command.rows import held_picture_row, registration_row, visit_row
from haut_desktop.services.traffic import kept_rules
from haut_desktop.store.spool import SPOOL, Spool
from haut_desktop.store.station import Station
from haut_desktop.viewmodels.outbox_words import Circumstances
from haut_desktop.viewmodels.words import ago, count, size


async def _circumstances(station: Station) -> Circumstances:
    """Say what holds for the whole outbox, by the record; how the network is, it does not know."""
    site, rules = await station.studies.site(), await kept_rules(station.studies)
    kept = await station.credentials.load()
    now, zone = system_clock(), site.zone if site else "UTC"
    return Circumstances(
        now,
        zone,
        is_paused=rules.is_paused,
        is_signed_in=kept is not None,
        opens_at=rules.opens_at(now, zone),
        account_waits=await station.outbox.account_trouble(),
        tenant=kept.account.tenant if kept is not None else None,
    )


async def list_deliveries(chosen: argparse.Namespace, station: Station) -> int:
    """Say where everything of the outbox stands."""
    around = await _circumstances(station)
    listed = await _listed(station, around)
    if chosen.json:
        write_json(listed)
        return WELL
    for visit in listed["visits"]:
        _say_visit(visit, around.now)
    for registration in listed["registrations"]:
        _say_registration(registration, around.now)
    for picture in listed["held_pictures"]:
        say(f"held picture {picture['original_id']}: {picture['reason']}")
    if spooled := listed["spooled_pictures"]:
        say(
            f"{count(spooled, 'picture')} sealed while the keyring was locked: "
            "start the program, it places them and asks whose they are"
        )
    _say_what_keeps_everything(around)
    _say_sum(listed["summary"], len(listed["held_pictures"]))
    return WELL


async def _listed(station: Station, around: Circumstances) -> dict[str, Any]:
    """Everything that the list tells, by the keys of its JSON."""
    studies = {study.id: study for study in await station.studies.every_study()}
    left: dict[BatchId, list[AbandonedBatch]] = {}
    for one in await station.outbox.abandoned():
        left.setdefault(one.batch_id, []).append(one)
    is_out = not around.is_signed_in
    is_kept_back = around.is_paused or is_out or around.account_waits is not None
    after_s = unsent_after_s(around.opens_at, is_kept_back=is_kept_back)
    summary = dataclasses.replace(
        await station.outbox.summary(after_s), is_paused=around.is_paused, opens_at=around.opens_at
    )
    account = around.account_waits
    spool = Spool(station.folder / SPOOL, station.keys.recipient, system_clock)
    return {
        "summary": summary,
        "is_signed_in": around.is_signed_in,
        "signed_in_to": around.tenant,
        "account": account.trouble if account else None,
        "visits": [
            visit_row(each, studies[each.visit.study_id], around, left)
            for each in await deliveries(station)
        ],
        "registrations": [
            registration_row(each, around) for each in await station.registrations.open()
        ],
        "held_pictures": [held_picture_row(each) for each in await station.rebuilt.held_pictures()],
        "spooled_pictures": len(await asyncio.to_thread(spool.names)),
    }


def _say_what_keeps_everything(around: Circumstances) -> None:
    trouble = around.account_waits.trouble if around.account_waits else None
    if trouble:
        say(f"sending waits for the account: {trouble.title}. {trouble.message}")
    if around.is_paused:
        say("sending is paused by hand")
    if not around.is_signed_in:
        say("nobody is signed in: nothing is sent until somebody signs in")
    if around.opens_at:
        say(f"sending waits for its time of day: it begins at {around.clock_time(around.opens_at)}")


def _say_sum(summary: OutboxSummary, held_pictures: int) -> None:
    unknown = f", {summary.unsettled} of them sent without an answer" if summary.unsettled else ""
    say(
        f"{count(summary.waiting_images, 'picture')} to be sent "
        f"({size(summary.waiting_bytes)}){unknown}; "
        f"{summary.held + held_pictures} held, {summary.late} late"
    )


def _say_registration(row: dict[str, Any], now: datetime) -> None:
    age = ago(row["created_at"], now)
    say(f"registration of {row['subject']}: {row['words']}  (made {age})  {row['registration_id']}")
    say(f"  for {row['study']}: {held_by(row['server'], row['company_id'])}")
    if row["reason"]:
        say(f"  {row['reason']}")


def _say_visit(visit: dict[str, Any], now: datetime) -> None:
    say(f"{visit['subject']}  {visit['visit']}  {visit['date']}  {visit['visit_id']}")
    say(f"  for {visit['study']}: {held_by(visit['server'], visit['company_id'])}")
    for batch in visit["batches"]:
        say(f"  {batch['words']}  ({_due(batch['due_at'], now)})  {batch['batch_id']}")
        if batch["reason"]:
            say(f"    {batch['reason']}")
        if batch["late"]:
            say(f"    {batch['late']['words']}")
        if batch["supersedes"]:
            say(f"    replaces {batch['supersedes']}")
        for left in batch["abandoned"]:
            _say_abandoned(left, now)
        if batch["retraction"]:
            say(f"    taken back: {batch['retraction']['reason']}")
            say(f"    left on the platform: {batch['retraction']['words'] or 'being asked for'}")
        for image in batch["images"]:
            say(f"    {image['side']}: {image['words']}  {image['image_id']}")
            if image["reason"]:
                say(f"      {image['reason']}")


def _due(at: datetime, now: datetime) -> str:
    """Say since when a batch was to go; its pictures may have been taken long before."""
    return "not due yet" if at > now else f"due {ago(at, now)}"


def _say_abandoned(left: dict[str, Any], now: datetime) -> None:
    number = left["platform_id"] or "whose number the platform never told"
    say(f"    left behind on the platform: batch {number} (begun, never computed)")
    say(f"      {ago(left['at'], now)}: {left['reason']}")
