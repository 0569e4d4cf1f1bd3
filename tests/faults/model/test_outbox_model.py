"""The outbox keeps its promises in every life that the model can think of; and the model can fail.

``python -m tests.faults.model`` runs thousands of steps; this is the part for every change.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis.stateful import run_state_machine_as_test

from haut_desktop.domain.delivery import BatchEvent, ImageEvent, Waiting
from haut_desktop.domain.errors import VisitClosedError
from haut_desktop.domain.imaging import image_id_in
from haut_desktop.domain.retraction import Computed
from haut_desktop.domain.session import SessionState
from haut_desktop.services.delivery import Delivery
from haut_desktop.services.inline_route import InlineRoute
from haut_desktop.services.registration import Registrar
from haut_desktop.services.retracting import Retracting
from haut_desktop.services.signed_route import SignedRoute
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.vault import Vault
from tests.conftest import ExpectedLogs
from tests.faults.model.desk import picture_bytes
from tests.faults.model.machine import Station, by_hand
from tests.faults.model.platform import Fault, Step, Trap
from tests.faults.model.profiles import chosen


@pytest.fixture(autouse=True)
def _warnings_are_part_of_it(expected_log: ExpectedLogs) -> None:
    expected_log.allow("haut_desktop|asyncio|hypothesis")


@pytest.mark.timeout(0)
def test_every_promise_is_kept_in_every_life_of_a_station() -> None:
    run_state_machine_as_test(Station, settings=chosen())


# ---- the model can fail ------------------------------------------------------------------


async def _send_again(self: InlineRoute, image: Any, error: Exception, to: object) -> None:
    """Take an unknown outcome for a refusal."""
    await self._outbox.move_image(image.id, ImageEvent.RELEASE, waiting=Waiting())


async def _ask_again(self: SignedRoute, batch: Any, to: Any) -> None:
    """Take a lost answer for a refusal of the computation."""
    batch = await self._outbox.move_batch(batch.id, BatchEvent.RELEASE)
    await self._outbox.move_batch(batch.id, BatchEvent.SUBMIT)
    await self._api.compute(to.tenant, batch.platform_id)
    await self._outbox.move_batch(batch.id, BatchEvent.SUBMITTED)


async def _take_any(self: Registrar, registration: Any, subject: Any, listed: Any) -> None:
    """Take the first entry of that name for the subject, whoever made it."""
    await self._confirm(registration, listed[0].id)


def _say_nothing(self: Ledger, *_args: object) -> None:
    """Move without a record."""


def _write_nothing(self: Vault, path: object, data: bytes) -> None:
    """Call sealed what is not."""


@contextmanager
def _living() -> Iterator[Station]:
    """A station with a registered subject, to be led by hand."""
    station = Station()
    try:
        station.register(is_known_elsewhere=False)
        yield station
    finally:
        station.desk.close()


def _deliver(station: Station) -> None:
    for _ in range(4):
        station.hold_visit(which=0, faces=3, inline=2, goes=True)
    for _ in range(20):
        station.let_pass(12.0)
        station.check()


def test_the_model_finds_a_route_that_sends_again_on_a_guess(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(InlineRoute, "_lose", _send_again)
    with _living() as station:
        station.desk.platform.traps[Step.POST_IMAGE].append(Trap(Fault.LOST_ANSWER))
        with pytest.raises(AssertionError, match=r"computed \d+ times"):
            _deliver(station)


def _lose_the_computations_answer(station: Station) -> None:
    station.desk.platform.traps[Step.COMPUTE].append(Trap(Fault.LOST_ANSWER))
    _deliver(station)


def _register_a_strangers_code(station: Station) -> None:
    station.register(is_known_elsewhere=True)
    _deliver(station)


def _take_back_while_it_goes(station: Station) -> None:
    """At one moment after the other, until something of it is in flight and something is not."""
    for turns in range(20, 400, 20):
        station.let_pass(12.0)
        station.take_back_in_flight(
            which=0, faces=1, inline=2, turns=turns, step=Step.PUT, fault=None, late_s=0.3
        )
        station.check()


def _take_back_what_was_sent(station: Station) -> None:
    _deliver(station)
    station.retract(which=0, cut=None)
    station.let_pass(12.0)
    station.check()


def _send_once_more(station: Station, *, again: bool) -> None:
    """Take back what was computed, open its visit again, and finish it as it is."""
    station.let_pass(7.0)
    station.hold_visit(which=0, faces=2, inline=1, goes=True)
    station.let_pass(130.0)
    for which in range(2):
        station.retract(which=which, cut=None)
    station.let_pass(130.0)
    station.reopen(which=0, cut=None)
    station.finish(which=0, cut=None, again=again)
    station.send_now(which=0)
    station.let_pass(130.0)
    station.check()


def _send_once_more_unasked(station: Station) -> None:
    _send_once_more(station, again=False)


def _erase_before_it_goes(station: Station) -> None:
    station.let_pass(7.0)
    station.hold_visit(which=0, faces=2, inline=0, goes=False)
    station.erase(which=0, cut=None)
    station.send_now(which=0)
    station.let_pass(12.0)
    station.check()


def _go_anyway(_connection: object, _image_id: object) -> None:
    """Begin with a picture of a batch that is taken back."""


def _leave_as_it_is(_ledger: object, _image: object, _act: object) -> None:
    """Erase the bytes and leave the delivery as it stands."""


async def _ask_nobody(self: Retracting, batch: object, to: object) -> tuple[()]:
    """Say that nothing is left without having looked."""
    return ()


def _call_it_uncomputed(_connection: object, _row: object) -> Computed:
    """Let everything go once more as if nothing had been computed."""
    return Computed.NO


@pytest.mark.parametrize(
    ("place", "mutant", "lead", "words"),
    [
        (
            "haut_desktop.services.retracting.Retracting._left",
            _ask_nobody,
            _take_back_what_was_sent,
            "is left of batch",
        ),
        (
            "haut_desktop.store.computed_before._computed",
            _call_it_uncomputed,
            _send_once_more_unasked,
            r"computed 2 times, 1 asked for",
        ),
        (
            "haut_desktop.store.erasures._erase_image",
            _leave_as_it_is,
            _erase_before_it_goes,
            "is erased and",
        ),
        ("haut_desktop.store.ledger.Ledger.moved", _say_nothing, _deliver, "became"),
        ("haut_desktop.store.vault.Vault._write", _write_nothing, _deliver, "left the vault"),
        ("haut_desktop.workplace.IMAGES_IN_FLIGHT", 6, _deliver, "in flight at once"),
        (
            "haut_desktop.services.computing.Computing.settle",
            _ask_again,
            _lose_the_computations_answer,
            r"computed \d+ times",
        ),
        (
            "haut_desktop.services.registration.Registrar._judge",
            _take_any,
            _register_a_strangers_code,
            "haut_desktop",
        ),
    ],
    ids=[
        "a remnant that nobody noted",
        "what was computed, finished once more",
        "an erased picture on its way",
        "a move without a record",
        "a picture called sealed",
        "too many in flight",
        "a computation asked for again",
        "a stranger's subject",
    ],
)
def test_the_model_notices(
    place: str,
    mutant: object,
    lead: Callable[[Station], None],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(place, mutant)

    with _living() as station, pytest.raises((AssertionError, KeyError), match=words):
        lead(station)


def test_the_model_notices_that_nothing_is_delivered_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def start_nothing(self: Delivery, now: object) -> None:
        """Sleep through it."""

    monkeypatch.setattr(Delivery, "_start_due", start_nothing)

    with _living() as station:
        station.hold_visit(which=0, faces=1, inline=0, goes=True)
        with pytest.raises(AssertionError, match="never kept and not held"):
            station.end_well()


def test_the_model_notices_what_is_sent_of_a_batch_that_was_taken_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("haut_desktop.store.outbox.check_may_go", _go_anyway)
    monkeypatch.setattr("haut_desktop.workplace.IMAGES_IN_FLIGHT", 1)

    with _living() as station, pytest.raises(AssertionError, match="was taken back at"):
        _take_back_while_it_goes(station)


def test_the_model_notices_a_loop_that_spins(monkeypatch: pytest.MonkeyPatch) -> None:
    async def carry(self: SignedRoute, batch: object, to: object, meta: object) -> None:
        """Do nothing, and be found due again at once."""

    monkeypatch.setattr(SignedRoute, "carry", carry)

    with _living() as station:
        station.hold_visit(which=0, faces=1, inline=0, goes=True)
        with pytest.raises(AssertionError, match="something spins"):
            station.let_pass(12.0)


def test_a_station_that_nothing_happens_to_delivers_everything() -> None:
    with _living() as station:
        _deliver(station)
        station.end_well()

        states = {row["state"] for row in station.desk.rows("SELECT state FROM batch")}
        assert states == {"SUBMITTED"}
        assert set(station.desk.platform.computations.values()) == {1}
        assert len(station.desk.platform.computations) == 20


@pytest.mark.parametrize("again", [False, True], ids=["nobody says so", "somebody says so"])
def test_what_was_computed_and_taken_back_goes_once_more_only_if_somebody_says_so(
    again: bool,
) -> None:
    with _living() as station:
        _send_once_more(station, again=again)
        assert set(station.desk.platform.computations.values()) == {2 if again else 1}
        assert len(station.desk.platform.computations) == 3
        (visit,) = station.desk.rows("SELECT status FROM visit")
        assert visit["status"] == ("finished" if again else "open")
        station.end_well()


def test_a_start_whose_answer_was_lost_is_not_forgotten_by_reopening() -> None:
    with _living() as station:
        station.desk.platform.traps[Step.INITIATE].append(Trap(Fault.LOST_ANSWER))
        station.hold_visit(which=0, faces=1, inline=0, goes=True)
        station.let_pass(1.0)
        capture, (visit,) = station.desk.work.capture, station.visits
        with pytest.raises(VisitClosedError):
            station.desk.call(capture.reopen(visit.id))
        station.end_well()


def test_a_late_commit_of_the_platform_is_seen_after_the_station_lost_its_power() -> None:
    with _living() as station:
        station.desk.platform.traps[Step.POST_IMAGE].append(Trap(Fault.LATE, 20.0))
        station.hold_visit(which=0, faces=1, inline=1, goes=True)
        station.let_pass(3.0)
        station.crash(seconds=0.0, turns=1, finishes=True)
        station.let_pass(45.0)

        assert max(station.desk.platform.computations.values()) == 1
        station.end_well()


def test_an_upload_of_a_dead_program_may_change_what_was_proven_after_it() -> None:
    with _living() as station:
        station.desk.platform.traps[Step.PUT].append(Trap(Fault.CHANGED, 3.0))
        station.hold_visit(which=0, faces=1, inline=0, goes=True)
        station.let_pass(1.0)
        station.crash(seconds=0.0, turns=0, finishes=True)
        station.let_pass(7.0)

        (image,) = station.desk.rows("SELECT * FROM image")
        assert image["state"] == "STORED"
        assert {image_id_in(name) for name in station.desk.platform.overtaken} == {image["id"]}
        station.end_well()


def test_no_picture_of_the_model_is_another_one_without_its_last_byte() -> None:
    pictures = [picture_bytes(number) for number in range(1, 120)]
    assert not {data[:-1] for data in pictures} & set(pictures)


def test_the_model_notices_a_picture_that_is_called_stored_and_was_changed() -> None:
    with _living() as station:
        station.hold_visit(which=0, faces=1, inline=0, goes=True)
        station.let_pass(1.0)
        (folder,) = station.desk.platform.folders.values()
        (picture,) = folder.pictures
        picture.sha256 = "other bytes"
        with pytest.raises(AssertionError, match="called stored and is not there"):
            station.check()


@pytest.mark.parametrize("is_restarted", [False, True], ids=["running", "restarted"])
def test_a_clock_set_ahead_does_not_shorten_the_quiet_time(is_restarted: bool) -> None:
    with _living() as station:
        station.let_pass(7.0)
        station.desk.platform.traps[Step.POST_IMAGE].append(Trap(Fault.LATE, 100.0))
        station.hold_visit(which=0, faces=1, inline=1, goes=True)
        station.let_pass(1.0)
        if is_restarted:
            station.crash(seconds=0.0, turns=1, finishes=True)
        station.set_clock(600.0)
        station.let_pass(130.0)

        assert max(station.desk.platform.computations.values()) == 1


@pytest.mark.parametrize("back_s", [3600.0, 86_400.0, 365 * 86_400.0])
@pytest.mark.parametrize("is_restarted", [False, True], ids=["running", "restarted"])
def test_a_clock_set_back_delays_nothing_that_waits(back_s: float, is_restarted: bool) -> None:
    with _living() as station:
        station.desk.platform.traps[Step.INITIATE].extend([Trap(Fault.TROUBLE)] * 2)
        station.hold_visit(which=0, faces=1, inline=1, goes=True)
        station.hold_visit(which=0, faces=1, inline=0, goes=False)
        station.let_pass(7.0)
        if is_restarted:
            station.crash(seconds=0.0, turns=1, finishes=True)
        station.set_clock(-back_s)
        if is_restarted:
            station.crash(seconds=0.0, turns=1, finishes=True)
        station.let_pass(600.0)

        states = {row["state"] for row in station.desk.rows("SELECT state FROM batch")}
        assert states == {"SUBMITTED"}


def test_a_wait_that_a_full_disk_kept_unwritten_begins_when_it_is_written() -> None:
    with _living() as station:
        station.send_visit(
            which=0,
            faces=2,
            inline=0,
            seconds=1.0,
            step=Step.COMPUTE,
            fault=Fault.LOST_ANSWER,
            late_s=0.3,
        )
        station.hold_visit(which=0, faces=2, inline=1, goes=True)
        station.fill_disk(seconds=130.0)
        station.set_clock(-90_000.0)
        station.end_well()


@pytest.mark.parametrize("is_held", [False, True], ids=["resting", "held"])
def test_a_clock_set_back_while_nobody_was_signed_in_delays_nothing(is_held: bool) -> None:
    with _living() as station:
        station.expire_tokens(refuses_refresh=True)
        station.pause(seconds=4000.0)
        station.hold_visit(which=0, faces=1, inline=1, goes=False)
        station.set_clock(-90_000.0)
        # what is written now hides from the next start that the clock was set back
        (batch_id, *_) = [row["id"] for row in station.desk.rows("SELECT id FROM batch")]
        station.desk.call(station.desk.work.outbox.hold(batch_id, "model"))
        station.crash(seconds=0.0, turns=1, finishes=True)
        if not is_held:
            station.desk.call(station.desk.work.outbox.resume_held(batch_id))
        station.end_well()
        if is_held:
            station.desk.call(station.desk.work.outbox.resume_held(batch_id))
            station.end_well()
        station.end_well()


def _keep_back(station: Station, by: str) -> None:
    """Let nothing go: by hand, by a refused sign-in, or without network."""
    station.desk.platform.is_online = by != "network"
    if by == "hand":
        station.desk.call(by_hand(station.desk.work.outbox.pause))
    if by == "sign-in":
        station.expire_tokens(refuses_refresh=True)
    station.hold_visit(which=0, faces=1, inline=0, goes=True)
    station.let_pass(40.0)


def _let_go(station: Station) -> None:
    station.desk.platform.heal()
    station.desk.call(by_hand(station.desk.work.outbox.resume))
    if station.desk.work.session.state is not SessionState.SIGNED_IN:
        station.desk.sign_in()
    station.desk.work.connectivity.network_changed()


@pytest.mark.parametrize("by", ["hand", "sign-in", "network"])
def test_a_clock_set_back_is_followed_while_nothing_may_go(by: str) -> None:
    with _living() as station:
        station.let_pass(7.0)
        _keep_back(station, by)
        station.hold_visit(which=0, faces=1, inline=0, goes=False)
        station.let_pass(5.0)
        rests_until = station.desk.now + timedelta(seconds=295)
        station.set_clock(-3600.0)
        station.let_pass(65.0)

        (row,) = station.desk.rows("SELECT max(not_before) AS at FROM visit")
        left = datetime.fromisoformat(row["at"]) - (rests_until - timedelta(hours=1))
        assert abs(left) < timedelta(seconds=1)


@pytest.mark.parametrize("by", ["hand", "sign-in", "network"])
def test_a_visit_finished_before_anybody_saw_that_the_clock_was_set_back_can_be_reopened(
    by: str,
) -> None:
    with _living() as station:
        station.let_pass(7.0)
        _keep_back(station, by)
        station.set_clock(-3600.0)
        station.hold_visit(which=0, faces=1, inline=0, goes=False)
        station.let_pass(1.0)
        _let_go(station)
        station.let_pass(20.0)

        visit = station.visits[-1]
        assert station.desk.call(station.desk.work.capture.reopen(visit.id)) is not None
        station.promises.finished.discard(visit.id)
        station.check()


def test_nobody_sees_what_a_person_lets_go_on_half_way() -> None:
    """A picture that was held in flight, in a batch that is being taken back meanwhile."""
    with _living() as station:
        station.take_back_in_flight(
            which=0, faces=1, inline=2, turns=3, step=Step.PUT, fault=Fault.CHANGED, late_s=0.3
        )
        station.let_pass(45.0)
        station.retract(which=0, cut=1)
        station.resume(which=0)
        station.check()
        station.end_well()


@pytest.mark.parametrize("fault", [None, Fault.UNREACHABLE, Fault.TROUBLE, Fault.HANGS])
def test_a_batch_held_and_let_go_on_while_it_is_being_begun_is_begun_once_more(
    fault: Fault | None,
) -> None:
    with _living() as station:
        if fault is not None:
            station.set_trap(count=1, fault=fault, late_s=0.3, step=Step.INITIATE)
        station.hold_visit(which=0, faces=1, inline=0, goes=True)
        while not station.desk.rows("SELECT 1 FROM batch WHERE state = 'INITIATING'"):
            station.progress(1)
            station.let_pass(0.01)
        station.hold(which=0)
        station.resume(which=0)
        station.check()
        station.let_pass(1.0)
        station.check()
        station.end_well()
