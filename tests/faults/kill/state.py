"""The whole state at the end: record, vault and platform, each against the others."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from haut_desktop.domain.delivery import (
    BatchEvent,
    BatchState,
    ImageEvent,
    ImageState,
    RegistrationEvent,
    RegistrationState,
    TransitionError,
    advance,
)
from haut_desktop.domain.visits import VisitStatus
from haut_desktop.store.driver import Connection, Row
from haut_desktop.workplace import Workplace
from tests.e2e.stations import verify
from tests.faults.kill.technician import Screen
from tests.waiting import eventually

Truth = Mapping[str, Any]
"""What the platform holds of one data set."""


async def differences(
    work: Workplace, screen: Screen, truth: Truth, pictures: Sequence[Path]
) -> list[str]:
    """Everything that is not as it was promised."""
    hashes = Counter(hashlib.sha256(path.read_bytes()).hexdigest() for path in pictures)
    found = [*_on_the_platform(truth, hashes)]
    found += await _in_the_record(work, truth, hashes)
    found += await _as_shown(work, screen)
    found += await work.store.database.read(_in_the_notes)
    found += await _verified(work)
    found += await _left_in_the_vault(work.store.vault.folder)
    return found


async def _left_in_the_vault(folder: Path) -> list[str]:
    """What a kill left half written and the start did not remove.

    The proofs of a batch that has just ended are still being written down: such halves pass.
    """

    def halves() -> list[str]:
        return [path.name for path in folder.iterdir() if path.name.endswith(".part")]

    try:
        await eventually(lambda: not halves(), what="halves stay")
    except AssertionError:
        return ["left in the vault: part"]
    return []


def _on_the_platform(truth: Truth, hashes: Counter[str]) -> Iterator[str]:
    images = [image for batch in truth["batches"] for image in batch["images"]]
    stored = Counter(image["sha256"] for image in images if image["stored"])
    if stored != hashes:
        yield f"on the platform: {sorted(stored.values())} of {len(hashes)} pictures"
    computed = Counter(i["sha256"] for i in images if i["times_computed"])
    if computed != hashes or any(i["times_computed"] > 1 for i in images):
        yield f"computed: {[image['times_computed'] for image in images]}"
    if any(batch["computes"] > 1 for batch in truth["batches"]):
        yield f"computations asked for: {[batch['computes'] for batch in truth['batches']]}"
    if len(truth["subjects"]) != 1:
        yield f"{len(truth['subjects'])} subjects on the platform"


async def _in_the_record(work: Workplace, truth: Truth, hashes: Counter[str]) -> list[str]:
    found = []
    deliveries = await work.outbox.overview(limit=1000)
    if len(deliveries) != 1:
        return [f"{len(deliveries)} visits in the outbox"]
    (delivery,) = deliveries
    images = [image for batch in delivery.batches for image in batch.images]
    if Counter(image.rendition.digest.sha256 for image in images) != hashes:
        found.append(f"{len(images)} pictures in the outbox")
    if {batch.state for batch in delivery.batches} != {BatchState.SUBMITTED}:
        found.append(f"batches {[str(batch.state) for batch in delivery.batches]}")
    there = {i["id"]: i["sha256"] for batch in truth["batches"] for i in batch["images"]}
    for image in images:
        if image.state is not ImageState.STORED:
            found.append(f"picture {image.state}")
        elif there.get(image.platform_id or "") != image.rendition.digest.sha256:
            found.append("stored under an id that the platform has not, or with other bytes")
    known = {subject["id"] for subject in truth["subjects"]}
    for registration in delivery.registrations:
        is_registered = registration.state is RegistrationState.REGISTERED
        if not is_registered or registration.platform_id not in known:
            found.append(f"registration {registration.state}")
    return found


async def _as_shown(work: Workplace, screen: Screen) -> list[str]:
    """What the technician saw done is there."""
    sealed = {str(p.original_id): p for p in await work.store.pictures.sealed()}
    lost = [
        f"shown as sealed and lost: {word['key']}"
        for word in screen.shown("sealed")
        if word["key"] not in sealed or sealed[word["key"]].sha256 != word["sha256"]
    ]
    (delivery,) = await work.outbox.overview(limit=1000)
    subjects = {word["key"] for word in screen.shown("registered")}
    visits = {word["key"] for word in screen.shown("opened") + screen.shown("finished")}
    visit = (await work.capture.sheet(delivery.visit.id)).visit
    if subjects - {visit.subject_id} or visits - {visit.id}:
        lost.append("another subject or visit than the one that was shown")
    if visit.status is not VisitStatus.FINISHED:
        lost.append("the visit is open")
    return lost


async def _verified(work: Workplace) -> list[str]:
    """What ``haut-desktop outbox verify`` says."""
    report = await verify(work)
    found = [f"verify: {difference.kind}" for difference in report.differences]
    return [*found, f"verify: {report.not_asked}"] if report.not_asked else found


_MACHINES: Mapping[str, tuple[Any, Any, Any]] = {
    "image": (ImageState, ImageEvent, ImageState.SEALED),
    "batch": (BatchState, BatchEvent, BatchState.OPEN),
    "registration": (RegistrationState, RegistrationEvent, RegistrationState.DRAFT),
}
"""Entity → states, events, the first state."""


def _in_the_notes(connection: Connection) -> list[str]:
    """Every state came about by moves that the table has, each of them noted."""
    moves: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in connection.execute("SELECT * FROM transition ORDER BY rowid"):
        moves[row["entity"], row["entity_id"]].append(row)
    found: list[str] = []
    for entity, (states, events, first) in _MACHINES.items():
        statement = f"SELECT id, state FROM {entity}"
        for row in connection.execute(statement).fetchall():
            state, held_from = first, None
            for move in moves[entity, row["id"]]:
                if move["old"] != state:
                    found.append(f"{entity}: {state} became {move['old']} with no transition")
                before = states(move["old"])
                try:
                    state = advance(before, events(move["event"]), held_from=held_from)
                except TransitionError as error:
                    found.append(str(error))
                held_from = before if state.value == "HELD" else None
                if state != move["new"]:
                    found.append(f"{entity}: {move['event']} noted as leading to {move['new']}")
            if state != row["state"]:
                found.append(f"{entity}: {state} became {row['state']} with no transition")
    return found
