"""The rules: what people, the network, the platform and the computer do to a station."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from hypothesis import currently_in_test_context, note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from haut_desktop.domain.errors import HautError
from haut_desktop.domain.ids import (
    BatchId,
    OriginalId,
    PlatformSubjectId,
    SlotId,
    SubjectId,
    VisitId,
)
from haut_desktop.domain.imaging import ImageType, Side
from haut_desktop.domain.session import SessionState
from haut_desktop.domain.subjects import SubjectDetails
from haut_desktop.domain.visits import TakenPicture
from haut_desktop.services.intake import Pasted
from haut_desktop.workplace import Workplace
from tests.faults.model.desk import Desk, picture_bytes
from tests.faults.model.platform import Fault, Step, Trap
from tests.faults.model.promises import Promises, Sealed

T = TypeVar("T")

MOST_SUBJECTS: Final = 3
MOST_VISITS: Final = 5
MOST_PICTURES: Final = 12
SIDES: Final = (Side.FRONT, Side.LEFT, Side.RIGHT)

_LIVING: Final = "state NOT IN ('HELD', 'RETRACTED')"
_HELD: Final = (
    "state = 'HELD' OR EXISTS"
    " (SELECT 1 FROM image WHERE batch_id = batch.id AND image.state = 'HELD')"
)
_UNKNOWN: Final = "state = 'HELD' AND held_from = 'SUBMITTING'"
_TAKEABLE: Final = "NOT EXISTS (SELECT 1 FROM retraction WHERE batch_id = batch.id)"
_SEALED_HERE: Final = "SELECT id, sha256 FROM original WHERE erased_at IS NULL ORDER BY rowid"
_HELD_SUBJECT: Final = "SELECT 1 FROM registration WHERE state = 'HELD'"

_ANY: Final = st.integers(0, 63)
"""Which of what is there: the machine takes it modulo their number."""
_LATE_S: Final = st.sampled_from((0.3, 3.0, 20.0, 60.0, 100.0))
_LAPSES_S: Final = st.sampled_from((0.06, 0.3, 1.0, 7.0, 45.0, 130.0, 310.0, 1300.0))
_JUMPS_S: Final = st.sampled_from((-90_000.0, -600.0, -20.0, 20.0, 600.0, 90_000.0))
_STEPS: Final = st.sampled_from(
    (
        Step.FIND_SUBJECT,
        Step.CREATE_SUBJECT,
        Step.INITIATE,
        Step.PUT,
        Step.COMPUTE,
        Step.BATCH_RESULTS,
        Step.CREATE_BATCH,
        Step.POST_IMAGE,
        Step.LIST_IMAGES,
        Step.REFRESH,
        Step.DATASET,
        Step.DICTIONARY,
    )
)
_SENDING: Final = st.sampled_from(
    (
        Step.INITIATE,
        Step.PUT,
        Step.COMPUTE,
        Step.CREATE_BATCH,
        Step.POST_IMAGE,
        Step.CREATE_SUBJECT,
    )
)
_ENDS_S: Final = (600.0,) * 6 + (3600.0,) * 12
"""How much time passes, again and again, before something counts as stuck: half a day, though the
clock may have been set back by one."""

_step_count = [0]


def steps_so_far() -> int:
    """How many steps all runs of this process took."""
    return _step_count[0]


@dataclass
class _Visit:
    """A visit as people see it."""

    id: VisitId
    subject_id: SubjectId
    slots: list[SlotId]
    inline_slots: list[SlotId]


class Station(RuleBasedStateMachine):
    """Random lives of one station."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.promises = Promises(self.desk)
        self.visits: list[_Visit] = []
        self.subjects: list[SubjectId] = []
        self.pictures = 0
        self.is_sound = True
        """False once a promise was found broken: then there is nothing more to learn."""

    @initialize()
    def begin(self) -> None:
        """Every life has somebody in it: what happens without is soon told."""
        self.register(is_known_elsewhere=False)

    # ---- people: the work --------------------------------------------------------------------

    @precondition(lambda self: len(self.subjects) < MOST_SUBJECTS)
    @rule(is_known_elsewhere=st.sampled_from((False, False, False, True)))
    def register(self, is_known_elsewhere: bool) -> None:
        code = f"B-{len(self.subjects):03}"
        if is_known_elsewhere:
            self.desk.platform.enrol_stranger(self.desk.study.datasets[0].platform_id, code)
        work = self.desk.work.subjects
        subject = self._try(work.register(self.desk.study, code, SubjectDetails(birth_year=1980)))
        if subject is not None:
            self.subjects.append(subject.id)

    @precondition(lambda self: self.subjects and len(self.visits) < MOST_VISITS)
    @rule(which=_ANY, faces=st.integers(1, 3), inline=st.integers(0, 2), goes=st.booleans())
    def hold_visit(self, which: int, faces: int, inline: int, goes: bool) -> None:
        """Open a visit, take its pictures, finish it, and perhaps send it at once."""
        visit = self._open_visit(which)
        if visit is None:
            return
        for number in range(faces):
            self._take(visit, visit.slots[number])
        for number in range(inline):
            self._take(visit, visit.inline_slots[number])
        if self._finish(visit) and goes:
            self._try(self.desk.work.capture.send_now(visit.id))

    @precondition(lambda self: self.subjects and len(self.visits) < MOST_VISITS)
    @rule(
        which=_ANY,
        faces=st.integers(1, 2),
        inline=st.integers(0, 2),
        step=_SENDING,
        fault=st.sampled_from(Fault),
        late_s=_LATE_S,
        seconds=_LAPSES_S,
    )
    def send_visit(
        self,
        which: int,
        faces: int,
        inline: int,
        step: Step,
        fault: Fault,
        late_s: float,
        seconds: float,
    ) -> None:
        """Hold a visit and send it into a trap."""
        self.desk.platform.traps[step].append(Trap(fault, late_s))
        self.hold_visit(which=which, faces=faces, inline=inline, goes=True)
        self.desk.loop.run_for(seconds)

    @precondition(lambda self: self.subjects and len(self.visits) < MOST_VISITS)
    @rule(which=_ANY)
    def open_visit(self, which: int) -> None:
        self._open_visit(which)

    @precondition(lambda self: self.visits and self.pictures < MOST_PICTURES)
    @rule(which=_ANY, place=st.integers(0, 4), cut=st.none() | st.integers(1, 40))
    def add_picture(self, which: int, place: int, cut: int | None) -> None:
        visit = self._visit(which)
        self._take(visit, (visit.slots + visit.inline_slots)[place % 5], cut=cut)

    @precondition(lambda self: self.visits)
    @rule(which=_ANY, cut=st.none() | st.integers(1, 40), again=st.booleans())
    def finish(self, which: int, cut: int | None, again: bool) -> None:
        """Finish a visit; computed pictures go once more only if somebody says so."""
        self._finish(self._visit(which), cut=cut, again=again)

    @precondition(lambda self: self.visits)
    @rule(which=_ANY, cut=st.none() | st.integers(1, 40))
    def reopen(self, which: int, cut: int | None) -> None:
        visit = self._visit(which)
        was_finished = visit.id in self.promises.finished
        self.promises.finished.discard(visit.id)
        if self._try(self.desk.work.capture.reopen(visit.id), cut=cut) is None and was_finished:
            self._learn_of(visit)

    @precondition(lambda self: self.visits)
    @rule(which=_ANY)
    def send_now(self, which: int) -> None:
        self._try(self.desk.work.capture.send_now(self._visit(which).id))

    @precondition(lambda self: self.visits and self.pictures < MOST_PICTURES)
    @rule(which=_ANY, place=st.integers(0, 4))
    def retake(self, which: int, place: int) -> None:
        """Replace a picture that went already: its batch supersedes the first one."""
        visit = self._visit(which)
        slot = (visit.slots + visit.inline_slots)[place % 5]
        source = self._source()
        call = self.desk.work.capture.retake(visit.id, source, slot, "model")
        taken = self._try(call)
        if taken is not None:
            self._note_sealed(taken, visit)

    # ---- people: decisions -----------------------------------------------------------------------

    @precondition(lambda self: self._batch(0, _LIVING) is not None)
    @rule(which=_ANY)
    def hold(self, which: int) -> None:
        if (batch := self._batch(which, _LIVING)) is not None:
            self._try(self.desk.work.outbox.hold(batch, "model"))

    @precondition(lambda self: self._batch(0, _HELD) is not None)
    @rule(which=_ANY)
    def resume(self, which: int) -> None:
        if (batch := self._batch(which, _HELD)) is not None:
            self._try(self.desk.work.outbox.resume_held(batch, "model"))

    @precondition(lambda self: self._batch(0, _UNKNOWN) is not None)
    @rule(which=_ANY)
    def compute_again(self, which: int) -> None:
        if (batch := self._batch(which, _UNKNOWN)) is None:
            return
        rows = self.desk.rows(
            "SELECT sha256 FROM image JOIN rendition ON rendition.id = rendition_id"
            " WHERE batch_id = ?",
            batch,
        )
        if self._try(_accepted(self.desk.work.outbox.compute_again(batch, "model"))):
            self.promises.asked_again.update(row["sha256"] for row in rows)

    @precondition(lambda self: self._batch(0, _TAKEABLE) is not None)
    @rule(which=_ANY, cut=st.none() | st.integers(1, 40))
    def retract(self, which: int, cut: int | None) -> None:
        """Take a batch back, wherever it stands; the power may go in the middle."""
        if (batch := self._batch(which, _TAKEABLE)) is not None:
            self._try(self.desk.work.outbox.retract(batch, "model"), cut=cut)
            self.promises.note_taken_back(batch)

    @precondition(lambda self: self.desk.rows(_SEALED_HERE))
    @rule(which=_ANY, cut=st.none() | st.integers(1, 40))
    def erase(self, which: int, cut: int | None) -> None:
        """Erase a picture for ever, or be told why not; the power may go in the middle."""
        rows = self.desk.rows(_SEALED_HERE)
        row = rows[which % len(rows)]
        self._try(self.desk.work.outbox.erase(OriginalId(row["id"]), "model"), cut=cut)
        self.promises.note_erased(row["sha256"])

    @precondition(lambda self: self.subjects and len(self.visits) < MOST_VISITS)
    @rule(
        which=_ANY,
        faces=st.integers(1, 2),
        inline=st.integers(0, 2),
        turns=st.integers(1, 120),
        step=_SENDING,
        fault=st.none() | st.sampled_from(Fault),
        late_s=_LATE_S,
    )
    def take_back_in_flight(
        self,
        which: int,
        faces: int,
        inline: int,
        turns: int,
        step: Step,
        fault: Fault | None,
        late_s: float,
    ) -> None:
        """Hold a visit, let it begin to go, perhaps into a trap, and take it back then."""
        if fault is not None:
            self.desk.platform.traps[step].append(Trap(fault, late_s))
        self.hold_visit(which=which, faces=faces, inline=inline, goes=True)
        self.desk.loop.run_turns(turns)
        for row in self.desk.rows(f"SELECT id FROM batch WHERE {_TAKEABLE} ORDER BY rowid DESC"):
            self._try(self.desk.work.outbox.retract(BatchId(row["id"]), "model"))
            self.promises.note_taken_back(row["id"])
            break

    @precondition(lambda self: self.desk.rows(_HELD_SUBJECT))
    @rule(is_same=st.booleans())
    def decide_about_subject(self, is_same: bool) -> None:
        """Say that a held subject is the platform's entry, or have it looked up once more."""
        work = self.desk.work
        for subject_id in self.subjects:
            subject = self.desk.call(work.subjects.get(subject_id))
            for registration in subject.registrations:
                if registration.state.value != "HELD":
                    continue
                dataset = self.desk.study.datasets[0]
                people = self.desk.platform.people.values()
                entry = next(
                    (
                        p
                        for p in people
                        if p.name == subject.code
                        and p.dataset_id == dataset.platform_id
                        and registration.dataset_id == dataset.id
                    ),
                    None,
                )
                if is_same and entry is not None:
                    self.promises.said_same.add(entry.id)
                    platform_id = PlatformSubjectId(entry.id)
                    self._try(work.outbox.say_same(registration, platform_id, "model"))
                else:
                    self._try(work.outbox.look_again(registration, "model"))

    @rule()
    def retry_now(self) -> None:
        self._try(self.desk.work.outbox.retry_now())

    @rule(seconds=_LAPSES_S)
    def pause(self, seconds: float) -> None:
        self.desk.call(by_hand(self.desk.work.outbox.pause))
        self.desk.loop.run_for(seconds)
        self.desk.call(by_hand(self.desk.work.outbox.resume))

    @rule()
    def sign_in(self) -> None:
        self._try(self.desk.work.session.sign_in("https://platform.example", "user", "password"))

    # ---- time ------------------------------------------------------------------------------------

    @rule(seconds=_LAPSES_S)
    def let_pass(self, seconds: float) -> None:
        self.desk.loop.run_for(seconds)

    @rule(turns=st.integers(1, 60))
    def progress(self, turns: int) -> None:
        self.desk.loop.run_turns(turns)

    @rule(seconds=_JUMPS_S)
    def set_clock(self, seconds: float) -> None:
        self.desk.clock_ahead_s += seconds

    # ---- the network and the platform ----------------------------------------------

    @rule(step=_STEPS, fault=st.sampled_from(Fault), late_s=_LATE_S, count=st.integers(1, 3))
    def set_trap(self, step: Step, fault: Fault, late_s: float, count: int) -> None:
        self.desk.platform.traps[step].extend([Trap(fault, late_s)] * count)

    @rule(seconds=_LAPSES_S, is_noticed=st.booleans())
    def lose_network(self, seconds: float, is_noticed: bool) -> None:
        self.desk.platform.is_online = False
        self.desk.loop.run_for(seconds)
        self.desk.platform.is_online = True
        if is_noticed:
            self.desk.work.connectivity.network_changed()

    @rule(refuses_refresh=st.booleans())
    def expire_tokens(self, refuses_refresh: bool) -> None:
        self.desk.platform.expire_tokens(refuses_refresh=refuses_refresh)

    @rule()
    def expire_addresses(self) -> None:
        self.desk.platform.expire_addresses()

    # ---- the computer -----------------------------------------------------------------

    @rule(
        seconds=st.sampled_from((0.0, 0.0, 0.06, 0.2, 0.4)),
        turns=st.integers(0, 40),
        finishes=st.booleans(),
    )
    def crash(self, seconds: float, turns: int, finishes: bool) -> None:
        """Lose power in the middle of something; the platform may go on with what it has."""
        self.desk.loop.run_for(seconds)
        self.desk.loop.run_turns(turns)
        self._crash(finishes=finishes)

    @rule(writes=st.integers(0, 8))
    def fill_disk_soon(self, writes: int) -> None:
        self.desk.power.writes_left = writes

    @rule(seconds=_LAPSES_S)
    def fill_disk(self, seconds: float) -> None:
        self.desk.power.is_disk_full = True
        self.desk.loop.run_for(seconds)
        self.desk.power.is_disk_full = False

    # ---- what must be true -----------------------------------------------------------------------

    @invariant()
    def check(self) -> None:
        _step_count[0] += 1
        self.is_sound = False
        self.promises.check()
        self.is_sound = True

    def teardown(self) -> None:
        """Let everything go well: then every promise is kept, or held for a person to decide."""
        try:
            if self.is_sound:
                self.end_well()
        finally:
            self.desk.close()

    def end_well(self) -> None:
        desk = self.desk
        desk.platform.heal()
        desk.power.is_disk_full, desk.power.writes_left = False, None
        desk.call(by_hand(desk.work.outbox.resume))
        unkept: list[str] = []
        for seconds in _ENDS_S:
            if desk.work.session.state is not SessionState.SIGNED_IN:
                desk.sign_in()
            desk.loop.run_for(seconds)
            if not (unkept := self.promises.unkept()):
                break
        self.promises.check()
        self.promises.check_bytes()
        self.promises.names_are_ours()
        assert not unkept, f"never kept and not held: {unkept}"

    # ---- inside ----------------------------------------------------------------------------------

    def _visit(self, which: int) -> _Visit:
        return self.visits[which % len(self.visits)]

    def _open_visit(self, which: int) -> _Visit | None:
        subject_id = self.subjects[which % len(self.subjects)]
        capture, name = self.desk.work.capture, f"Visit {len(self.visits)}"
        opened = self._try(capture.open_visit(self.desk.study, subject_id, name))
        if opened is None:
            return None
        inline = []
        for side in (Side.FRONT, Side.LEFT):
            slot = self._try(capture.add_free_slot(opened.id, side, ImageType.SKIN))
            if slot is None:
                return None
            inline.append(slot.id)
        sheet = self.desk.call(capture.sheet(opened.id))
        faces = [s.slot.id for s in sheet.shelves if s.slot.image_type is ImageType.SELFIE]
        self.visits.append(_Visit(opened.id, subject_id, faces, inline))
        return self.visits[-1]

    def _source(self) -> Pasted:
        self.pictures += 1
        return Pasted(picture_bytes(self.pictures), f"{self.pictures}.jpg")

    def _take(self, visit: _Visit, slot: SlotId, *, cut: int | None = None) -> None:
        call = self.desk.work.capture.take_in(visit.id, self._source(), slot)
        taken = self._try(call, cut=cut)
        if taken is not None:
            self._note_sealed(taken, visit)

    def _note_sealed(self, taken: TakenPicture, visit: _Visit) -> None:
        sha256 = taken.original.digest.sha256
        self.promises.sealed[sha256] = Sealed(sha256, taken.original.id, visit.subject_id, visit.id)

    def _finish(self, visit: _Visit, *, cut: int | None = None, again: bool = False) -> bool:
        if again:
            self.promises.said_again.add(visit.id)
        call = self.desk.work.capture.finish(visit.id, "model", again="model" if again else "")
        done = self._try(call, cut=cut)
        if done is not None:
            self.promises.finished.add(visit.id)
        return done is not None

    def _learn_of(self, visit: _Visit) -> None:
        """A reopening that was refused, or of which nobody heard: the record says which."""
        rows = self.desk.rows("SELECT status FROM visit WHERE id = ?", visit.id)
        if rows[0]["status"] == "finished":
            self.promises.finished.add(visit.id)

    def _batch(self, which: int, where: str) -> BatchId | None:
        rows = self.desk.rows(f"SELECT id FROM batch WHERE {where} ORDER BY rowid")
        return BatchId(rows[which % len(rows)]["id"]) if rows else None

    def _try(self, call: Coroutine[Any, Any, T], *, cut: int | None = None) -> T | None:
        """Do what a person asks for; None when it was refused in words, or the power went."""
        if cut is None:
            return self.desk.call(_answered(call))
        task = self.desk.loop.create_task(_answered(call))
        self.desk.loop.run_turns(cut)
        done = task.result() if task.done() else None
        self._crash(finishes=True)
        return done

    def _crash(self, *, finishes: bool) -> None:
        self.desk.crash()
        if not finishes:
            self.desk.platform.forget_orphans()
        self.desk.start()

    @property
    def work(self) -> Workplace:
        """The program that runs just now."""
        return self.desk.work


async def by_hand(click: Callable[[], None]) -> None:
    """Do what a click does, on the program's loop."""
    click()


async def _accepted(call: Coroutine[Any, Any, None]) -> bool:
    """Tell what has no answer of its own from a refusal."""
    await call
    return True


async def _answered(call: Coroutine[Any, Any, T]) -> T | None:
    try:
        return await call
    except HautError as error:
        if currently_in_test_context():  # a station can be led by hand
            note(f"refused: {error.kind}")
        return None
