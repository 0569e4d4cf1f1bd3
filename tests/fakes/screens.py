"""Stand-ins for the services behind the screens: they keep everything in memory."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QColor, QImage, QImageWriter

from haut_desktop.domain.computed_before import ComputedAlreadyError, ComputedBefore
from haut_desktop.domain.errors import (
    HautError,
    PictureError,
    SubjectCodeError,
    UnreachableError,
    VisitClosedError,
)
from haut_desktop.domain.ids import OriginalId, SlotId, SubjectId, TakeId, VisitId
from haut_desktop.domain.imaging import ImageType, Side, Slot
from haut_desktop.domain.overviews import SubjectRow
from haut_desktop.domain.session import Account, SessionState
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject, SubjectDetails, code_problem, normalise_code
from haut_desktop.domain.visits import (
    Arrangement,
    Shelf,
    TakenPicture,
    Visit,
    VisitSheet,
    VisitStatus,
)
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.subjects import CodeCheck
from tests.fakes.builders import make_slots, make_subject, make_taken, make_verdict, make_visit
from tests.fakes.clock import START


@dataclass
class FakeSession:
    """Signs in whoever has the one right secret; raises what it was told to raise."""

    secret: str = "right"
    error: HautError | None = None
    state: SessionState = SessionState.SIGNED_OUT
    account: Account | None = None
    tried: list[tuple[str, str]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Let everybody through until a test closes the gate."""
        self.gate.set()

    async def sign_in(self, server: str, username: str, password: str) -> None:
        """Sign in by password."""
        self.tried.append((server, username))
        await self.gate.wait()
        self._judge(password)

    async def sign_in_with_token(self, server: str, token: str) -> None:
        """Sign in by private token."""
        self.tried.append((server, "token"))
        await self.gate.wait()
        self._judge(token)

    def _judge(self, secret: str) -> None:
        if self.error is not None and secret != self.secret:
            raise self.error
        self.state = SessionState.SIGNED_IN


def _set_event() -> asyncio.Event:
    made = asyncio.Event()
    made.set()
    return made


@dataclass
class FakeSubjects:
    """Subjects in a list; a code in ``there`` is taken at the platform."""

    changes: Changes
    rows: list[Subject] = field(default_factory=list)
    there: set[str] | None = field(default_factory=set)
    error: HautError | None = None
    syncs: int = 0
    may_sync: asyncio.Event = field(default_factory=_set_event)

    async def search(self, _study: Study, text: str = "") -> tuple[SubjectRow, ...]:
        """Find by a part of the code."""
        wanted = text.upper()
        return tuple(SubjectRow(s, 1, START, 2) for s in self.rows if wanted in s.code)

    async def get(self, subject_id: SubjectId) -> Subject:
        """Read one."""
        return next(subject for subject in self.rows if subject.id == subject_id)

    async def check_code(self, study: Study, text: str) -> CodeCheck:
        """Look here and there; None stands for no network."""
        code = normalise_code(text)
        here = any(subject.code == code for subject in self.rows)
        there = None if self.there is None else code in self.there
        return CodeCheck(code, code_problem(code, study.plan), here, there)

    async def register(self, study: Study, text: str, details: SubjectDetails) -> Subject:
        """Add one, unless its code is taken or a test wants an error."""
        if self.error is not None:
            raise self.error
        if any(subject.code == normalise_code(text) for subject in self.rows):
            raise SubjectCodeError("The code is taken.")
        subject = replace(make_subject(study, normalise_code(text)), details=details)
        self.rows.append(subject)
        self.changes.send(Change(Topic.SUBJECTS))
        return subject

    async def sync(self, _study: Study) -> None:
        """Count how often it was asked for; take as long as a test wants."""
        self.syncs += 1
        await self.may_sync.wait()


@dataclass
class FakeSexes:
    """The platform's words for biological sex; none stands for no network."""

    there: tuple[tuple[str, str], ...] = ()
    here: tuple[tuple[str, str], ...] = ()

    async def kept(self) -> tuple[tuple[str, str], ...]:
        """What was kept."""
        return self.here

    async def fresh(self) -> tuple[tuple[str, str], ...]:
        """Ask there."""
        if not self.there:
            raise UnreachableError
        return self.there


@dataclass
class FakeCapture:
    """Visits and pictures in memory; a file whose name has ``bad`` in it is refused."""

    study: Study
    changes: Changes
    all_visits: list[Visit] = field(default_factory=list)
    shelves: dict[VisitId, list[Shelf]] = field(default_factory=dict)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    judging: asyncio.Event = field(default_factory=asyncio.Event)
    reasons: list[str] = field(default_factory=list)
    previous: OriginalId | None = None
    before: list[ComputedBefore] = field(default_factory=list)
    """What an earlier batch had computed."""
    again: list[str] = field(default_factory=list)
    days_checked: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Let pictures through until a test closes the gate."""
        self.gate.set()
        self.judging.set()

    async def visits(self, subject_id: SubjectId) -> tuple[Visit, ...]:
        """List a subject's visits."""
        return tuple(visit for visit in self.all_visits if visit.subject_id == subject_id)

    async def planned_names(self, study: Study, subject_id: SubjectId) -> tuple[str, ...]:
        """Name the plan's visits that are still to come."""
        had = {visit.name for visit in await self.visits(subject_id)}
        return tuple(name for name in study.plan.planned_visits if name not in had)

    async def open_visit(self, study: Study, subject_id: SubjectId, name: str) -> Visit:
        """Open a visit with front, left and right."""
        subject = replace(make_subject(study), id=subject_id)
        visit = make_visit(study, subject, name)
        self.all_visits.append(visit)
        self.shelves[visit.id] = [Shelf(slot) for slot in make_slots(visit)]
        self._tell()
        return visit

    async def sheet(self, visit_id: VisitId) -> VisitSheet:
        """Read a visit."""
        return VisitSheet(self._visit(visit_id), tuple(self.shelves[visit_id]))

    def problems(self, sheet: VisitSheet) -> tuple[str, ...]:
        """Name the required views that are missing."""
        return tuple(
            f"The {shelf.slot.side} view is missing."
            for shelf in sheet.shelves
            if shelf.slot.is_required and not shelf.takes
        )

    async def take_in_all(
        self,
        visit_id: VisitId,
        sources: Iterable[object],
        on_outcome: Callable[[object], None],
        *,
        on_judged: Callable[[], None] = lambda: None,
        slot_id: SlotId | None = None,
    ) -> None:
        """Put pictures into the given slot, the one of their name, or the first."""
        sealed = 0
        for source in sources:
            await self.gate.wait()
            name = source.name if isinstance(source, Path) else "pasted picture"
            if "bad" in name:
                on_outcome(FakeOutcome(name, error=PictureError("This is not a picture.")))
                continue
            self._put(visit_id, name, slot_id)
            sealed += 1
            on_outcome(FakeOutcome(name))
            self._tell()
        for _ in range(sealed):
            await self.judging.wait()
            on_judged()

    async def add_free_slot(
        self, visit_id: VisitId, side: Side, _image_type: ImageType | None = None
    ) -> Slot:
        """Add a slot at the end."""
        slot = replace(make_slots(self._visit(visit_id), (side,))[0], is_required=False)
        self.shelves[visit_id].append(Shelf(slot))
        self._tell()
        return slot

    async def choose_take(self, take_id: TakeId, _reason: str = "") -> None:
        """Let a take count."""
        self._change_takes(take_id, lambda taken: _counting(taken, taken.take.id == take_id))

    async def move_take(self, take_id: TakeId, slot_id: SlotId, _reason: str = "") -> None:
        """Put a take into another slot."""
        every = [taken for shelves in self.shelves.values() for s in shelves for taken in s.takes]
        moved = next(taken for taken in every if taken.take.id == take_id)
        self._change_takes(take_id, lambda taken: None if taken is moved else taken)
        for shelves in self.shelves.values():
            for number, shelf in enumerate(shelves):
                if shelf.slot.id == slot_id:
                    shelves[number] = Shelf(shelf.slot, (*shelf.takes, moved))
        self._tell()

    async def remove_take(self, take_id: TakeId, _reason: str = "") -> None:
        """Take one away."""
        self._change_takes(take_id, lambda taken: None if taken.take.id == take_id else taken)

    async def thumbnail(self, _original_id: OriginalId, edge_px: int) -> bytes:
        """Give a small green picture."""
        image = QImage(edge_px // 2, edge_px, QImage.Format.Format_RGB32)
        image.fill(QColor("#2f8f4f"))
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        QImageWriter(buffer, b"png").write(image)
        return bytes(buffer.data().data())

    async def previous_front(self, _subject_id: SubjectId, _before: VisitId) -> OriginalId | None:
        """Give the front view a test has set."""
        return self.previous

    async def computed_before(self, _visit_id: VisitId) -> tuple[ComputedBefore, ...]:
        """Give what a test has set."""
        return tuple(self.before)

    async def finish(
        self,
        visit_id: VisitId,
        reason: str = "",
        *,
        shown: Arrangement | None = None,
        again: str = "",
        is_day_checked: bool = False,
    ) -> Visit:
        """Let the visit rest, if it is what was shown and what is asked for was said."""
        if shown is not None and shown != (await self.sheet(visit_id)).arrangement:
            raise VisitClosedError
        if self.before and not again:
            raise ComputedAlreadyError(self.before)
        self.reasons.append(reason)
        self.again.append(again)
        self.days_checked.append(is_day_checked)
        due = START + timedelta(minutes=5)
        return self._replace(visit_id, status=VisitStatus.FINISHED, not_before=due)

    async def reopen(self, visit_id: VisitId) -> Visit:
        """Take it back."""
        return self._replace(visit_id, status=VisitStatus.OPEN, not_before=None)

    def _visit(self, visit_id: VisitId) -> Visit:
        return next(visit for visit in self.all_visits if visit.id == visit_id)

    def _replace(self, visit_id: VisitId, **changed: object) -> Visit:
        visit = replace(self._visit(visit_id), **changed)  # type: ignore[arg-type] # two fields
        self.all_visits = [visit if v.id == visit_id else v for v in self.all_visits]
        self._tell()
        return visit

    def _put(self, visit_id: VisitId, name: str, slot_id: SlotId | None) -> None:
        shelves = self.shelves[visit_id]
        named = next((i for i, s in enumerate(shelves) if s.slot.side in name), 0)
        given = next((i for i, s in enumerate(shelves) if s.slot.id == slot_id), named)
        shelf = shelves[given]
        taken = make_taken(shelf.slot, number=len(shelf.takes) + 1)
        taken = replace(taken, verdicts=(make_verdict(taken.rendition),))
        before = tuple(_counting(other, False) for other in shelf.takes)
        shelves[given] = Shelf(shelf.slot, (*before, taken))

    def _change_takes(
        self, take_id: TakeId, change: Callable[[TakenPicture], TakenPicture | None]
    ) -> None:
        for shelves in self.shelves.values():
            for number, shelf in enumerate(shelves):
                if any(taken.take.id == take_id for taken in shelf.takes):
                    kept = tuple(t for taken in shelf.takes if (t := change(taken)) is not None)
                    shelves[number] = Shelf(shelf.slot, kept)
        self._tell()

    def _tell(self) -> None:
        self.changes.send(Change(Topic.VISITS))


@dataclass(frozen=True)
class FakeOutcome:
    """What became of one picture."""

    name: str
    error: HautError | None = None


def _counting(taken: TakenPicture, counts: bool) -> TakenPicture:
    return replace(taken, take=replace(taken.take, counts=counts))
