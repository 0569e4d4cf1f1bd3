"""Starts the whole program on what a power cut left and has the work done to its end."""

import hashlib
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.delivery import BatchState
from haut_desktop.domain.imaging import Batch
from haut_desktop.store.spool import SPOOL, Spool
from tests.e2e.stations import HeadlessStation, open_workplace
from tests.fakes.keyring import FakeSecrets
from tests.fakes.practice import PracticePlatform, running_practice
from tests.faults.matrix.reasons import REASONS
from tests.faults.power_loss.promises import Promises
from tests.faults.power_loss.recording import STUDY, Recording
from tests.faults.power_loss.technician import VISITS, Technician, words_of
from tests.faults.power_loss.trial import (
    BrokenPromiseError,
    check_spooled,
    open_as_the_program_does,
)
from tests.waiting import in_time


@dataclass(frozen=True, slots=True)
class Delivered:
    """How the work ended."""

    computed: int
    """Pictures computed, each once."""
    held: tuple[str, ...]
    """Why a person has to decide about a batch."""


async def deliver(
    recording: Recording, station: Path, promises: Promises, platform_folder: Path
) -> Delivered:
    """Finish both visits on the platform as it was when the power went.

    Raises BrokenPromiseError when a picture is lost, or computed twice.
    """
    shutil.copytree(recording.platform(promises.answers), platform_folder)
    secrets = FakeSecrets(promises.secrets)
    opened = await open_as_the_program_does(station, promises, secrets)
    await opened.aclose()
    with running_practice(platform_folder, "--logins-per-minute", "100000") as platform:
        technician = Technician(platform.url, STUDY, recording.pictures)
        async with open_workplace(station, secrets) as work:
            study = await technician.prepare(work)
            for name in VISITS:
                await technician.visit(work, study, name)
            work.work.delivery.wake()
            try:
                batches = await technician.until_sent(work)
            except AssertionError as error:
                standing = [*await work.standing(), *words_of(work.errors)]
                raise BrokenPromiseError(f"not delivered: {standing}") from error
            await _until_off_the_disk(work, promises)
        return await _compare(technician, platform, batches)


async def place(station: Path, promises: Promises) -> Delivered:
    """Unlock the station and place what lies in the spool; each picture waits for a person once."""
    secrets = FakeSecrets(promises.secrets)
    opened = await open_as_the_program_does(station, promises, secrets)
    await opened.aclose()
    async with open_workplace(station, secrets) as program:
        drained = await program.work.spool.drain()
        _demand(not drained.kept, f"pictures stay in the spool: {drained.kept}")
        store = program.work.store
        await check_spooled(store, promises)
        held = await store.rebuilt.held_pictures()
        hashes = Counter(one.original.digest.sha256 for one in held)
        _demand(all(times == 1 for times in hashes.values()), "a picture was placed twice")
        _demand(set(promises.spooled.values()) <= set(hashes), "a picture was lost")
        for one in held:
            store.vault.open(one.original.vault_name, one.original.digest.sha256)
        spool = Spool(store.folder / SPOOL, store.keys.recipient, system_clock)
        _demand(not spool.names(), "a picture lies in the spool as well")
    return Delivered(0, ())


async def _until_off_the_disk(program: HeadlessStation, promises: Promises) -> None:
    """What is on record as erased leaves the disk by itself, and never comes back."""
    store = program.work.store

    async def is_clean() -> bool:
        on_record = (await store.erasures.remains()).original_ids
        _demand(set(promises.erased) <= set(on_record), "an erased picture is back")
        names = {store.vault.name_for(original) for original in on_record}
        return not names & set(store.vault.names()) and not await store.erasures.pending()

    await in_time(is_clean, deadline_s=30.0)


async def _compare(
    technician: Technician, platform: PracticePlatform, batches: tuple[Batch, ...]
) -> Delivered:
    async def is_idle() -> bool:
        return not platform.state()["queue_length"]

    await in_time(is_idle)
    state = platform.state()
    expected = Counter(
        hashlib.sha256(path.read_bytes()).hexdigest()
        for names in VISITS.values()
        for path in technician.files(names)
    )
    computed: Counter[str] = Counter()
    for batch in state["batches"]:
        for image in batch["images"]:
            if image["times_computed"]:
                computed[image["sha256"]] += image["times_computed"]
    held = [batch for batch in batches if batch.state is BatchState.HELD]
    waiting = {image.rendition.digest.sha256 for batch in held for image in batch.images}
    _demand(all(count == 1 for count in computed.values()), "a picture was computed twice")
    _demand(not computed - expected, "a picture was computed that nobody took")
    _demand(set(expected - computed) <= waiting, "a picture was lost")
    _demand(not platform.violations(), f"the contract was broken: {platform.violations()}")
    reasons = [b.waiting.trouble.kind if b.waiting.trouble else "" for b in held]
    strange = set(reasons) - set(REASONS)
    _demand(not strange, f"held for a reason that the design does not name: {strange}")
    return Delivered(computed.total(), tuple(reasons))


def _demand(is_so: bool, words: str) -> None:
    if not is_so:
        raise BrokenPromiseError(words)
