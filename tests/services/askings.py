"""A platform that lists what it has, and the ways to it and into the record, for those who ask."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from haut_desktop.domain.delivery import RetryPolicy
from haut_desktop.domain.errors import HautError, RefusedError
from haut_desktop.domain.ids import PlatformBatchId, PlatformImageId, PlatformSubjectId
from haut_desktop.domain.imaging import PlatformBatch, PlatformImage, Side
from haut_desktop.domain.session import SessionState
from haut_desktop.domain.subjects import PlatformSubject
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.asking import Asking
from haut_desktop.services.blame import Judge
from haut_desktop.services.changes import Changes
from haut_desktop.services.connectivity import Connectivity
from tests.services.rooms import Room

THERE = PlatformBatchId("there")


@dataclass
class Listing:
    """The platform as far as it lists one subject's pictures, and somebody who is signed in."""

    tenant: Tenant
    own: PlatformSubjectId
    """The entry of the subject with whom the picture was placed."""
    entries: dict[PlatformBatchId, PlatformSubjectId] = field(default_factory=dict)
    """Of batches that lie under another one."""
    codes: dict[str, tuple[PlatformSubjectId, ...]] = field(default_factory=dict)
    """The entries that the platform lists by their code."""
    gone: set[object] = field(default_factory=set)
    batches_there: list[PlatformBatch] = field(default_factory=list)
    pictures: list[PlatformImage] = field(default_factory=list)
    contents: dict[str, bytes | HautError] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    trouble: HautError | None = None
    is_computed: bool | HautError = True
    state: SessionState = SessionState.SIGNED_IN
    is_paused: bool = False
    asked: int = 0
    """How often its batches were asked for."""
    before_results: Callable[[], Awaitable[None]] | None = None
    on_fetch: Callable[[], None] = lambda: None

    @property
    def account(self) -> "Listing":
        return self

    async def batches(self, *where: object) -> tuple[PlatformBatch, ...]:
        self.asked += 1
        entry = where[-1]
        if entry in self.gone:
            raise RefusedError(404, "not-found", "Not found.")
        if self.trouble is not None:
            raise self.trouble
        return tuple(b for b in self.batches_there if self.entries.get(b.id, self.own) == entry)

    async def find_subjects(self, *where: object) -> tuple[PlatformSubject, ...]:
        found = self.codes.get(str(where[-1]), ())
        return tuple(PlatformSubject(entry, str(where[-1]), None, None) for entry in found)

    async def batch_images(self, *where: object) -> tuple[PlatformImage, ...]:
        if where[-1] in self.gone:
            raise RefusedError(404, "not-found", "Not found.")
        return tuple(picture for picture in self.pictures if picture.batch_id == where[-1])

    async def has_results(self, *_: object) -> bool:
        if self.before_results is not None:
            await self.before_results()
        if isinstance(self.is_computed, HautError):
            raise self.is_computed
        return self.is_computed

    async def fetch(self, url: str) -> bytes:
        if url not in self.contents:
            raise RefusedError(404, "not-found", "Not found.")
        self.fetched.append(url)
        self.on_fetch()
        found = self.contents[url]
        if isinstance(found, HautError):
            raise found
        return found

    def hold(
        self,
        name: str,
        data: bytes | HautError | None,
        side: Side = Side.FRONT,
        *,
        url: str = "somewhere",
        is_signed: bool = True,
        entry: PlatformSubjectId | None = None,
    ) -> None:
        """Have a batch with one picture; ``data`` None for one that never arrived."""
        number = len(self.batches_there)
        key = PlatformBatchId(f"{THERE}-{number}")
        self.batches_there.append(PlatformBatch(key, None, (("batch_id", "another"),) * is_signed))
        url = url and f"{url}-{number}"
        if entry is not None:
            self.entries[key] = entry
        self.pictures.append(
            PlatformImage(PlatformImageId(f"picture-{number}"), key, name, side, original_url=url)
        )
        if data is not None:
            self.contents[url] = data


def listing_of(room: Room) -> Listing:
    own = PlatformSubjectId(f"platform-{room.subject.id}")
    return Listing(Tenant(room.study.server, room.study.company_id), own)


def ways_to(room: Room, there: Listing) -> Asking:
    """The ways to ``there``, kept back as delivery would be but for what ``there`` says."""

    def uptime() -> float:
        return room.clock().timestamp()

    connectivity = Connectivity(Changes(), clock=room.clock, uptime=uptime)
    policy = RetryPolicy(delays_s=(10.0, 20.0), jitter=0.0)
    judge = Judge(connectivity=connectivity, clock=room.clock, policy=policy, uptime=uptime)
    return Asking(
        api=there,  # type: ignore[arg-type]
        outbox=room.outbox,
        destinations=room.station.destinations,
        session=there,  # type: ignore[arg-type]
        has_results=there.has_results,
        from_store=there.fetch,
        judge=judge,
        may_begin=lambda: (
            not there.is_paused and judge.is_account_trusted and connectivity.due_in_s <= 0
        ),
        changes=Changes(),
        clock=room.clock,
        quiet_s=60.0,
    )
