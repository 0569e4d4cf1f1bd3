"""``haut-desktop outbox``: the outbox on the command line, beside the window or without one.

Reading commands open the record for reading only and change nothing, not even a token; ``rebuild``
and a change by ``keep`` take the lock that the window takes. Exit codes: 0 all is well, 1 something
differs or is held, 2 it could not be done, or not wholly.
"""

import argparse
import asyncio
import dataclasses
import getpass
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from haut_desktop.domain.audit import Act, given_reason
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.delivery import BatchState
from haut_desktop.domain.errors import HautError, StationError, StoreError
from haut_desktop.domain.tenant import platform_words
from haut_desktop.outbox_troubles import for_a_command, no_station, read_recovery_key
from haut_desktop.settings import app_paths
from haut_desktop.store.secrets import KeyringSecrets, Secrets
from haut_desktop.store.station import (
    Station,
    has_station,
    open_station,
    open_station_for_reading,
)
from haut_desktop.viewmodels.words import count

if TYPE_CHECKING:
    from haut_desktop.domain.imaging import Batch
    from haut_desktop.domain.outbox import VisitDelivery
    from haut_desktop.domain.retraction import Retraction
    from haut_desktop.domain.study import Study
    from haut_desktop.domain.verification import VerificationReport
    from haut_desktop.services.keeping import Kept
    from haut_desktop.store.rebuild import Rebuilt
    from haut_desktop.viewmodels.outbox_words import Circumstances

WELL: Final = 0
DIFFERS: Final = 1
NOT_DONE: Final = 2

_PAGE: Final = 200
_TAKEN_BACK: Final = frozenset({BatchState.RETRACTING, BatchState.RETRACTED})
_OFFLINE: Final = "--offline was given."
_REBUILD: Final = (
    "Make a damaged or missing record anew from the sealed pictures and the notes beside them. "
    "The former file is kept beside it. Subjects without pictures, camera clocks, the sign-in and "
    "the audit trail so far are not in the vault: a record that is in order is left as it is."
)
_ANYWAY: Final = "With --anyway it is rebuilt all the same."
_NOBODY: Final = "Nobody is signed in on this station."
_HALF_A_CHANGE: Final = (
    "Name the study with --study, and one of --days, --until-closed and --closed; without any of "
    "them the command says what holds now."
)
_ONCE_MORE: Final = (
    "Nothing was changed. A picture that leaves is gone from this computer for ever; the program "
    "sees to it by itself when it runs the next time. What is not proven to be on the platform "
    "stays. Say the same once more with --yes."
)
_EXPIRED: Final = "The kept sign-in has ended. Open the program, which renews it, and try again."


def run_outbox_command(arguments: Sequence[str], *, secrets: Secrets | None = None) -> int:
    """Do what the command line asks for; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(chosen, secrets or KeyringSecrets()))
    except HautError as error:
        sys.stderr.write(f"{error.title}. {error.message}\n")
        return NOT_DONE


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="write JSON for a program to read")
    shared.add_argument("--folder", type=Path, help="the station's folder, if not the usual one")
    shared.add_argument("--practice", action="store_true", help="the practice station")
    shared.add_argument(
        "--recovery-key-stdin",
        action="store_true",
        help="read the recovery key from the first line of standard input, not the keyring",
    )
    parser = argparse.ArgumentParser(
        prog="haut-desktop outbox", description="What waits, what is proven, what differs."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser("list", parents=[shared], help="visits and where they stand")
    verify = commands.add_parser(
        "verify", parents=[shared], help="read every sealed picture, ask for every confirmed one"
    )
    verify.add_argument("--offline", action="store_true", help="do not ask the platform")
    receipts = commands.add_parser(
        "receipts",
        parents=[shared],
        help="hashes, proofs and times of every picture, printed as one CSV table or written",
    )
    receipts.add_argument(
        "--out", type=Path, help="write a PDF and a CSV file per visit into this folder"
    )
    _add_keep(commands.add_parser("keep", parents=[shared], help="how long pictures stay here"))
    words = "make a damaged or missing record anew from the sealed pictures"
    rebuild = commands.add_parser("rebuild", parents=[shared], help=words, description=_REBUILD)
    rebuild.add_argument(
        "--anyway", action="store_true", help="also a record that is in order, or of unknown state"
    )
    return parser


def _add_keep(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Says how long each study's delivered pictures stay on this station, or changes it. A "
        "picture leaves only when it is proven to be on the platform."
    )
    parser.add_argument("--study", help="number or name of the study for which it is changed")
    rule = parser.add_mutually_exclusive_group()
    rule.add_argument("--days", type=_days, help="so many days after the delivery is proven")
    rule.add_argument("--until-closed", action="store_true", help="until the study is closed")
    rule.add_argument("--closed", action="store_true", help="no longer: the study is closed")
    parser.add_argument("--reason", default="", help="why; it stands in the audit trail")
    parser.add_argument("--yes", action="store_true", help="do it; without it, say what it means")


def _days(text: str) -> int:
    if (days := int(text)) < 1:
        raise ValueError
    return days


async def _run(chosen: argparse.Namespace, secrets: Secrets) -> int:
    paths = app_paths()
    usual = paths.practice_station if chosen.practice else paths.station
    folder: Path = chosen.folder or usual
    if not has_station(folder):
        raise no_station(folder, is_practice=chosen.practice)
    key = read_recovery_key(sys.stdin.readline()) if chosen.recovery_key_stdin else None
    try:
        return await _do(chosen, folder, secrets, key)
    except StationError as error:
        raise for_a_command(error, folder) from error


async def _do(chosen: argparse.Namespace, folder: Path, secrets: Secrets, key: str | None) -> int:
    """Do what changes the record alone on the folder, and the rest beside whoever works there."""
    if chosen.command == "rebuild":
        return await _rebuild(chosen, folder, secrets, key)
    if chosen.command == "keep" and chosen.yes:
        with _alone(folder):
            station = await open_station(folder, secrets, system_clock, recovery_secret=key)
            try:
                return await _keep(chosen, station)
            finally:
                await station.aclose()
    station = await open_station_for_reading(folder, secrets, system_clock, recovery_secret=key)
    try:
        match chosen.command:
            case "list":
                return await _list(chosen, station)
            case "verify":
                return await _verify(chosen, station)
            case "keep":
                return await _keep(chosen, station)
            case _:
                return await _receipts(chosen, station)
    finally:
        await station.aclose()


# ---- list --------------------------------------------------------------------------------------


async def _circumstances(station: Station) -> "Circumstances":
    """Say what holds for the whole outbox, by the record; how the network is, it does not know."""
    from haut_desktop.services.traffic import kept_rules
    from haut_desktop.viewmodels.outbox_words import Circumstances

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


async def _list(chosen: argparse.Namespace, station: Station) -> int:
    around = await _circumstances(station)
    account = around.account_waits
    studies = {study.id: study for study in await station.studies.every_study()}
    visits = [
        _visit(one, studies[one.visit.study_id], around) for one in await _deliveries(station)
    ]
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
        _write_json(
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
        _say(f"held picture {picture['original_id']}: {picture['reason']}")
    if account and account.trouble:
        _say(f"sending waits for the account: {account.trouble.title}. {account.trouble.message}")
    if around.is_paused:
        _say("sending is paused by hand")
    if not around.is_signed_in:
        _say("nobody is signed in: nothing is sent until somebody signs in")
    if around.opens_at:
        _say(
            f"sending waits for its time of day: it begins at {around.clock_time(around.opens_at)}"
        )
    unknown = f", {summary.unsettled} of them sent without an answer" if summary.unsettled else ""
    _say(
        f"{count(summary.waiting_images, 'picture')} to be sent "
        f"({summary.waiting_bytes / 2**20:.1f} MB){unknown}; "
        f"{summary.held + len(held)} held, {summary.late} late"
    )
    return WELL


def _say_visit(visit: dict[str, Any], now: datetime) -> None:
    from haut_desktop.viewmodels.words import ago

    _say(f"{visit['subject']}  {visit['visit']}  {visit['date']}  {visit['visit_id']}")
    _say(f"  for {visit['study']}: {_held_by(visit['server'], visit['company_id'])}")
    for batch in visit["batches"]:
        age = ago(batch["created_at"], now)
        _say(f"  {batch['words']}  (made {age})  {batch['batch_id']}")
        if batch["reason"]:
            _say(f"    {batch['reason']}")
        if batch["late"]:
            _say(f"    {batch['late']['words']}")
        if batch["supersedes"]:
            _say(f"    replaces {batch['supersedes']}")
        if batch["retraction"]:
            _say(f"    taken back: {batch['retraction']['reason']}")
            _say(f"    left on the platform: {batch['retraction']['words'] or 'being asked for'}")
        for image in batch["images"]:
            _say(f"    {image['side']}: {image['words']}  {image['image_id']}")


async def _deliveries(station: Station) -> "list[VisitDelivery]":
    found: list[VisitDelivery] = []
    while page := await station.outbox.deliveries(_PAGE, len(found)):
        found += page
    return found


def _held_by(server: str, company_id: str) -> str:
    return f"{platform_words(server)}, company {company_id}"


def _visit(delivery: "VisitDelivery", study: "Study", around: "Circumstances") -> dict[str, Any]:
    from haut_desktop.viewmodels.outbox_words import batch_words, image_words

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


def _late(delivery: "VisitDelivery", batch: "Batch", now: datetime) -> dict[str, Any] | None:
    from haut_desktop.domain.ageing import lateness
    from haut_desktop.viewmodels.outbox_late import late_trouble

    late = lateness(batch, now, is_computed=batch.id in delivery.computed)
    if late is None:
        return None
    return {
        "kind": late.kind,
        "since": late.since,
        "age_s": int((now - late.since).total_seconds()),
        "words": late_trouble(late, now).message,
    }


def _retraction(retraction: "Retraction | None") -> dict[str, Any] | None:
    if retraction is None:
        return None
    return {
        "reason": retraction.reason,
        "asked_at": retraction.asked_at,
        "ended_at": retraction.ended_at,
        "left_on_platform": retraction.left,
        "words": retraction.left_in_words(),
    }


# ---- verify ------------------------------------------------------------------------------------


async def _verify(chosen: argparse.Namespace, station: Station) -> int:
    from haut_desktop.api.auth import TokenKeeper
    from haut_desktop.api.client import HautApi
    from haut_desktop.api.object_store import ObjectStore
    from haut_desktop.domain.session import SignedIn, Tokens
    from haut_desktop.services.verification import Verification

    kept = await station.credentials.load()
    reason = _OFFLINE if chosen.offline else _NOBODY if kept is None else ""
    api = None
    if kept is not None and not reason:
        expires_at = kept.tokens.expires_at
        if expires_at is not None and expires_at <= system_clock():
            reason = _EXPIRED
        else:
            keeper = TokenKeeper(system_clock)
            # a token that this command renewed would be lost to the window
            as_it_is = Tokens(kept.tokens.access, is_private=True)
            api = HautApi(kept.account.server, keeper, clock=system_clock)
            keeper.use(SignedIn(kept.account, as_it_is))
    objects = ObjectStore(clock=system_clock)
    verification = Verification(
        pictures=station.pictures,
        outbox=station.outbox,
        destinations=station.destinations,
        audit=station.audit,
        vault=station.vault,
        clock=system_clock,
        api=api,
        objects=objects,
        no_api=reason,
    )
    try:
        report = await verification.verify()
    finally:
        await objects.aclose()
        if api is not None:
            await api.aclose()
    return _tell_verification(chosen, report)


def _tell_verification(chosen: argparse.Namespace, report: "VerificationReport") -> int:
    if chosen.json:
        _write_json(report)
    else:
        for one in report.differences:
            where = f"{one.place}: " if one.place else ""
            _say(f"{one.kind}  {where}{one.words}  ({one.entity} {one.entity_id})")
            if one.tenant is not None:
                _say(f"    {_held_by(one.tenant.server, one.tenant.company_id)}")
        for holder in report.holders:
            _say(
                f"{_held_by(holder.tenant.server, holder.tenant.company_id)}: "
                f"{count(holder.confirmed_pictures, 'picture')} delivered, "
                f"{holder.asked_pictures} looked for there"
            )
        _say(
            f"{count(report.pictures, 'sealed picture')} read here "
            f"({report.bytes_read / 2**20:.1f} MB), {report.asked_pictures} looked for on the "
            f"platform, {count(len(report.differences), 'difference')}"
        )
        if report.not_asked:
            _say(f"Not everything was looked for on the platform: {report.not_asked}")
        if report.only_listed_pictures:
            _say(
                f"{count(report.only_listed_pictures, 'picture')} of those only listed there: the "
                "platform did not give them out, so that their bytes were not compared"
            )
    if not report.is_clean:
        return DIFFERS
    return NOT_DONE if report.not_asked and not chosen.offline else WELL


# ---- receipts ----------------------------------------------------------------------------------


async def _receipts(chosen: argparse.Namespace, station: Station) -> int:
    from haut_desktop.services.reports import Reports

    reports = Reports(
        studies=station.studies,
        subjects=station.subjects,
        visits=station.visits,
        outbox=station.outbox,
        results=station.results,
        audit=station.audit,
        clock=system_clock,
    )
    made = [await reports.visit_report(one.visit.id) for one in await _deliveries(station)]
    if chosen.out is not None:
        from haut_desktop.desktop.receipts import write_receipts

        write_receipts(chosen.out, made)
    if chosen.json:
        _write_json([json.loads(report.receipts_to_json()) for report in made])
    elif chosen.out is None:
        for number, report in enumerate(made):
            text = report.receipts_to_csv()
            # one table: its head stands above the first visit only
            sys.stdout.write(text if number == 0 else text.partition("\r\n")[2])
    else:
        _say(f"{count(len(made), 'receipt')} (PDF and CSV) written to {chosen.out}")
    return WELL


# ---- keep --------------------------------------------------------------------------------------


async def _keep(chosen: argparse.Namespace, station: Station) -> int:
    from haut_desktop.services.keeping import Keeping
    from haut_desktop.services.retention import CLOSED

    keeping = Keeping(
        studies=station.studies,
        erasures=station.erasures,
        asides=station.asides,
        clock=system_clock,
    )
    is_change = chosen.days is not None or chosen.until_closed or chosen.closed
    if not is_change or chosen.study is None:
        if is_change or chosen.yes or chosen.study is not None:
            raise StationError(_HALF_A_CHANGE, title="Nothing was changed")
        _tell_kept(chosen, await keeping.every())
        return WELL
    reason = given_reason(chosen.reason)
    days = CLOSED if chosen.closed else chosen.days
    planned = await keeping.planned(await keeping.find(chosen.study), days)
    if chosen.yes:
        by = f"{reason} (on the command line, computer account {getpass.getuser()})"
        await keeping.set(planned, Act(reason=by))
    _tell_kept(chosen, (planned,))
    if not chosen.yes:
        sys.stderr.write(f"{_ONCE_MORE}\n")
    return WELL if chosen.yes else NOT_DONE


def _tell_kept(chosen: argparse.Namespace, kept: "tuple[Kept, ...]") -> None:
    if chosen.json:
        _write_json({"studies": [_kept_in_json(one) for one in kept]})
        return
    for one in kept:
        study = one.study
        _say(f"{study.name}  {study.id}")
        _say(f"  for {_held_by(study.server, study.company_id)}")
        _say(f"  {one.rule}")
        _say(f"  {one.delivered} delivered pictures are here, {one.leaving} leave by this rule")
        _say(f"  {one.aside} set aside or removed {_aside_words(one)}")


def _aside_words(one: "Kept") -> str:
    from haut_desktop.services.retention import CLOSED

    is_closed = one.study.plan.keep_days == CLOSED
    return "leave, because the study is closed" if is_closed else "stay until the study is closed"


def _kept_in_json(one: "Kept") -> dict[str, Any]:
    return {
        "study_id": one.study.id,
        "study": one.study.name,
        "server": one.study.server,
        "company_id": one.study.company_id,
        "keep_days": one.study.plan.keep_days,
        "rule": one.rule,
        "delivered_pictures": one.delivered,
        "leaving_pictures": one.leaving,
        "aside_pictures": one.aside,
    }


# ---- rebuild -----------------------------------------------------------------------------------


async def _rebuild(
    chosen: argparse.Namespace, folder: Path, secrets: Secrets, key: str | None
) -> int:
    with _alone(folder):
        rebuilt = await _rebuild_alone(folder, secrets, key, is_anyway=chosen.anyway)
    return _tell_rebuilt(chosen, rebuilt)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep the window out; raises StationError while it is open."""
    from haut_desktop.desktop.instance import FolderLock

    lock = FolderLock(folder)
    if not lock.acquire():
        raise StationError(
            "Haut Desktop is open on this station. Close it and try again; nothing was changed.",
            title="The station is in use",
        )
    try:
        yield
    finally:
        lock.release()


async def _rebuild_alone(
    folder: Path, secrets: Secrets, key: str | None, *, is_anyway: bool
) -> "Rebuilt":
    """Rebuild what needs it, or, when that is wanted, whatever lies there."""
    from haut_desktop.store.need_of_rebuild import (
        NeedlessRebuildError,
        Why,
        refuse_needless_rebuild,
    )
    from haut_desktop.store.rebuild import recover_station

    why = Why.DAMAGED
    try:
        await refuse_needless_rebuild(folder, secrets, recovery_secret=key)
    except NeedlessRebuildError as error:
        if not is_anyway:
            raise NeedlessRebuildError(f"{error.message} {_ANYWAY}") from error
        why = Why.ASKED_FOR
    except StoreError:
        if not is_anyway:
            raise
        why = Why.ASKED_FOR
    station, rebuilt = await recover_station(
        folder, secrets, system_clock, recovery_secret=key, why=why
    )
    await station.aclose()
    return rebuilt


def _tell_rebuilt(chosen: argparse.Namespace, rebuilt: "Rebuilt") -> int:
    if chosen.json:
        _write_json(rebuilt)
    else:
        for left in rebuilt.held:
            _say(f"held: {left.vault_name}: {left.reason}")
        for left in rebuilt.unreadable:
            _say(f"does not open: {left.vault_name}: {left.reason}")
        _say(
            f"{count(rebuilt.pictures, 'picture')} of {count(rebuilt.visits, 'visit')} and "
            f"{count(rebuilt.subjects, 'subject')}; before anything is sent the platform is asked "
            f"for {count(rebuilt.waiting_batches, 'batch', 'batches')}"
        )
        if rebuilt.moved_to is not None:
            _say(f"the former database lies in {rebuilt.moved_to}")
    return DIFFERS if rebuilt.held or rebuilt.unreadable else WELL


# ---- writing -----------------------------------------------------------------------------------


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _write_json(value: object) -> None:
    json.dump(value, sys.stdout, default=_plain, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(type(value).__name__)
