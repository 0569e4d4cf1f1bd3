"""Capture: a visit's pictures taken in, sealed before anything else is promised, and finished."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.computed_before import ComputedBefore
from haut_desktop.domain.errors import PictureError
from haut_desktop.domain.ids import (
    OriginalId,
    SlotId,
    SubjectId,
    TakeId,
    VisitId,
    new_id,
)
from haut_desktop.domain.imaging import ImageType, Side, Slot
from haut_desktop.domain.study import Study
from haut_desktop.domain.visits import (
    Arrangement,
    TakenPicture,
    Visit,
    VisitSheet,
    VisitStatus,
)
from haut_desktop.services import finishing, visit_rules
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.drops import Drops, IntakeOutcome, Watcher
from haut_desktop.services.hand_over import HandOver
from haut_desktop.services.intake import Pasted, Source
from haut_desktop.services.judging import Judgements, Sealed
from haut_desktop.services.looking import Looker
from haut_desktop.services.picture_intake import PictureIntake, free_slot
from haut_desktop.services.previews import Previews
from haut_desktop.services.sidecars import Sidecars
from haut_desktop.services.tasks import TaskScope

if TYPE_CHECKING:
    from haut_desktop.store.cache import PictureCache
    from haut_desktop.store.hand_overs import HandOverStore
    from haut_desktop.store.pictures import PictureStore
    from haut_desktop.store.registrations import RegistrationStore
    from haut_desktop.store.studies import StudyStore
    from haut_desktop.store.subjects import SubjectStore
    from haut_desktop.store.takes import TakeStore
    from haut_desktop.store.vault import Vault
    from haut_desktop.store.visits import VisitStore

__all__ = ["Capture", "IntakeOutcome", "Pasted", "Source"]


class Capture:
    """The visits on this station and the pictures that are put into them."""

    def __init__(
        self,
        *,
        studies: "StudyStore",
        subjects: "SubjectStore",
        registrations: "RegistrationStore",
        visits: "VisitStore",
        pictures: "PictureStore",
        takes: "TakeStore",
        hand_overs: "HandOverStore",
        vault: "Vault",
        cache: "PictureCache",
        act: Callable[[str], Act],
        changes: Changes,
        clock: Clock,
        tasks: TaskScope,
        space: DiskSpace | None = None,
    ) -> None:
        self._studies = studies
        self._subjects = subjects
        self._visits = visits
        self._takes = takes
        self._act = act
        self._changes = changes
        self._clock = clock
        # whoever reads a visit and then changes it must not see another's change in between
        self._changing = asyncio.Lock()
        self._previews = Previews(pictures=pictures, vault=vault, cache=cache)
        self._sidecars = Sidecars(pictures=pictures, vault=vault)
        self._intake = PictureIntake(
            studies=studies,
            subjects=subjects,
            pictures=pictures,
            vault=vault,
            previews=self._previews,
            sidecars=self._sidecars,
            act=act,
            clock=clock,
            changing=self._changing,
        )
        self._looker = Looker(space or DiskSpace(vault.folder))
        self._judgements = Judgements(pictures, tasks, self._tell)
        self._drops = Drops(
            looker=self._looker,
            intake=self._intake,
            judgements=self._judgements,
            tasks=tasks,
            on_sealed=self._tell,
        )
        self._hand_over = HandOver(
            studies=studies,
            subjects=subjects,
            registrations=registrations,
            visits=visits,
            pictures=pictures,
            hand_overs=hand_overs,
            sidecars=self._sidecars,
            act=act,
            clock=clock,
            changing=self._changing,
        )

    @property
    def changing(self) -> asyncio.Lock:
        """Held by whoever reads a visit and then changes it."""
        return self._changing

    # ---- visits --------------------------------------------------------------------------

    async def visits(self, subject_id: SubjectId) -> tuple[Visit, ...]:
        """List a subject's visits, oldest first."""
        return await self._visits.of_subject(subject_id)

    async def planned_names(self, study: Study, subject_id: SubjectId) -> tuple[str, ...]:
        """Name the plan's visits that the subject has not had yet, in the plan's order."""
        had = {visit.name for visit in await self._visits.of_subject(subject_id)}
        return tuple(name for name in study.plan.planned_visits if name not in had)

    async def open_visit(self, study: Study, subject_id: SubjectId | None, name: str) -> Visit:
        """Open a visit with the plan's slots; a name that is there already makes a repeat.

        A visit of this name that is still open is given back instead of a second one.
        """
        name = " ".join(name.split())[: visit_rules.LONGEST_NAME]
        if not name:
            raise PictureError("Give the visit a name, for example Baseline.", title="No name")
        async with self._changing:
            known = await self._visits.of_subject(subject_id) if subject_id else ()
            alike = [visit for visit in known if visit.name == name]
            still_open = [visit for visit in alike if visit.status is VisitStatus.OPEN]
            if still_open:
                return still_open[-1]
            visit = await self._start_visit(study, subject_id, name, alike)
        self._tell(visit.id)
        return visit

    async def sheet(self, visit_id: VisitId) -> VisitSheet:
        """Read a visit with its slots and takes."""
        return await self._visits.sheet(visit_id)

    async def assign(self, visit_id: VisitId, subject_id: SubjectId) -> Visit:
        """Say whose visit it is, when it was taken before anybody was registered."""
        async with self._changing:
            visit = await self._visits.assign(visit_id, subject_id, self._act(""))
            await self._sidecars.follow(visit_id)
        self._tell(visit_id)
        return visit

    # ---- pictures ------------------------------------------------------------------------

    async def take_in(
        self, visit_id: VisitId, source: Source, slot_id: SlotId | None = None
    ) -> TakenPicture:
        """Read, check and seal one picture and put it into its slot.

        The slot is the given one, else the one that the file's name speaks of, else the next empty
        one, else a new free slot. Raises ``PictureError``, ``VisitClosedError``, ``DiskFullError``
        or ``VaultError``.
        """
        looking = self._looker.begin(source)
        sealed = await self._intake.take_in(visit_id, source, looking, slot_id)
        taken = await self._judgements.judge(sealed)
        self._tell(visit_id)
        return taken

    async def take_in_all(
        self,
        visit_id: VisitId,
        sources: Iterable[Source],
        on_outcome: Callable[[IntakeOutcome], None],
        *,
        on_judged: Callable[[], None] = lambda: None,
        slot_id: SlotId | None = None,
    ) -> None:
        """Take in pictures and folders in their order; an error of one does not stop the others.

        All are sealed first, then judged; both are told one by one, and it comes back after the
        last. ``slot_id`` is for a single picture; several find their places by themselves.
        """
        await self._drops.take_in(visit_id, sources, Watcher(on_outcome, on_judged), slot_id)

    async def retake(
        self, visit_id: VisitId, source: Source, slot_id: SlotId, reason: str
    ) -> TakenPicture:
        """Replace a picture that has gone already: a new take in a batch that supersedes.

        Raises ``VisitClosedError`` while the visit is open or can still be reopened.
        """
        looking = self._looker.begin(source)
        sealed = await self._intake.retake(visit_id, source, looking, slot_id, reason)
        taken = await self._judgements.judge(sealed)
        self._tell(visit_id, Topic.OUTBOX)
        return taken

    async def judge(self, sealed: Sealed) -> None:
        """Judge a picture that came into a visit in another way than by a drop."""
        await self._judgements.judge(sealed)

    async def add_free_slot(
        self, visit_id: VisitId, side: Side, image_type: ImageType | None = None
    ) -> Slot:
        """Add a slot beyond the plan; without an image type, one like the visit's others."""
        async with self._changing:
            sheet = await self._visits.sheet(visit_id)
            slot = free_slot(sheet, side, image_type)
            await self._visits.add_slot(slot, self._act(""))
        self._tell(visit_id)
        return slot

    async def move_take(self, take_id: TakeId, slot_id: SlotId, reason: str = "") -> None:
        """Put a take into another slot of its visit, before the visit is finished."""
        async with self._changing:
            visit_id = await self._takes.move(take_id, slot_id, self._act(reason))
            await self._sidecars.follow(visit_id)
        self._tell(visit_id)

    async def choose_take(self, take_id: TakeId, reason: str = "") -> None:
        """Let this take count instead of its slot's other ones."""
        async with self._changing:
            await self._takes.choose(take_id, self._act(reason))
            await self._sidecars.follow(await self._takes.visit_of(take_id))
        self._changes.send(Change(Topic.VISITS))

    async def remove_take(self, take_id: TakeId, reason: str = "") -> None:
        """Take a picture out of the visit, before the visit is finished."""
        async with self._changing:
            await self._takes.remove(take_id, self._act(reason))
            await self._sidecars.follow(await self._takes.visit_of(take_id))
        self._changes.send(Change(Topic.VISITS))

    async def thumbnail(self, original_id: OriginalId, edge_px: int) -> bytes:
        """Give a JPEG, orientation applied, whose longer edge is at most ``edge_px`` pixels."""
        return await self._previews.thumbnail(original_id, edge_px)

    async def picture(self, original_id: OriginalId) -> bytes:
        """Open the original's bytes, exactly as they came."""
        return await self._previews.picture(original_id)

    async def previous_front(self, subject_id: SubjectId, before: VisitId) -> OriginalId | None:
        """Find the front view of the subject's latest earlier visit that has one."""
        found: OriginalId | None = None
        for sheet in await self._visits.sheets(subject_id):
            if sheet.visit.id == before:
                break
            found = visit_rules.front_of(sheet) or found
        return found

    # ---- finishing -----------------------------------------------------------------------

    def problems(self, sheet: VisitSheet) -> tuple[str, ...]:
        """Say in words what stands against finishing, e.g. a required view that is missing."""
        return finishing.problems_of(sheet)

    async def computed_before(self, visit_id: VisitId) -> tuple[ComputedBefore, ...]:
        """Give those of the pictures that would go which were computed before, or may have been."""
        return await self._hand_over.computed_before(visit_id)

    async def finish(
        self,
        visit_id: VisitId,
        reason: str = "",
        *,
        shown: Arrangement | None = None,
        again: str = "",
        is_day_checked: bool = False,
    ) -> Visit:
        """Seal the visit into batches, one per dataset and way, which rest and then go.

        ``reason`` says why a required view is missing; ``shown`` is what somebody has looked at and
        said yes to; ``again`` says why what was computed before is computed once more; with
        ``is_day_checked`` somebody said that what was taken on another day belongs here. Raises
        ``PictureError``, ``VisitClosedError`` when what was looked at is no longer so, and
        ``ComputedAlreadyError`` when ``again`` is needed: without it nothing goes.
        """
        visit = await self._hand_over.finish(
            visit_id, reason, shown, again, is_day_checked=is_day_checked
        )
        self._tell(visit_id, Topic.OUTBOX)
        return visit

    async def reopen(self, visit_id: VisitId) -> Visit:
        """Take a finished visit back while nothing of it has been initiated."""
        visit = await self._hand_over.reopen(visit_id)
        self._tell(visit_id, Topic.OUTBOX)
        return visit

    async def send_now(self, visit_id: VisitId) -> Visit:
        """End a finished visit's rest, after which it can't be reopened."""
        visit = await self._hand_over.end_rest(visit_id)
        self._tell(visit_id, Topic.OUTBOX)
        return visit

    # ---- inside --------------------------------------------------------------------------

    async def _start_visit(
        self, study: Study, subject_id: SubjectId | None, name: str, alike: list[Visit]
    ) -> Visit:
        now = self._clock()
        visit = Visit(
            id=VisitId(new_id()),
            study_id=study.id,
            subject_id=subject_id,
            name=name,
            occurrence=1 + max((visit.occurrence for visit in alike), default=0),
            kind=visit_rules.kind_of(study, name, is_repeat=bool(alike)),
            status=VisitStatus.OPEN,
            local_date=now.astimezone(ZoneInfo(await self._zone())).date(),
            created_at=now,
        )
        await self._visits.add(visit, visit_rules.planned_slots(study, visit.id), self._act(""))
        return visit

    async def _zone(self) -> str:
        site = await self._studies.site()
        return site.zone if site is not None else "UTC"

    def _tell(self, visit_id: VisitId, *more: Topic) -> None:
        for topic in (Topic.VISITS, *more):
            self._changes.send(Change(topic, frozenset({visit_id})))
