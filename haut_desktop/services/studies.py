"""Studies: the site's word for the platform's datasets that belong together."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from haut_desktop.api.client import HautApi
from haut_desktop.domain.analysis import Application
from haut_desktop.domain.clock import Clock, system_clock
from haut_desktop.domain.delivery import Route
from haut_desktop.domain.dictionary import find_application
from haut_desktop.domain.errors import ItemError, OtherSignInError, SignedOutError
from haut_desktop.domain.ids import DatasetId, StudyId, new_id
from haut_desktop.domain.imaging import ImageType
from haut_desktop.domain.study import Dataset, PlatformDataset, Study
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.session import Session
from haut_desktop.store.studies import StudyStore

GUESS_NAME_GRAMMAR: Final = re.compile(
    r"(?P<study>.+?)\s*(?:·\s*(?P<dotted>[^·]+)|\((?P<bracketed>[^()]+)\))"
)
"""A dataset has one image type and knows no study (contract §4.2, §9.7); by our own grammar
``<study> · <kind>`` and ``<study> (<kind>)`` of one company belong to one study."""

GUESS_KIND_WORDS: Final = {
    "selfie": ImageType.SELFIE,
    "face": ImageType.SELFIE,
    "faces": ImageType.SELFIE,
    "visia": ImageType.VISIA,
    "skin": ImageType.SKIN,
    "body": ImageType.SKIN,
    "hair": ImageType.HAIR,
    "scalp": ImageType.HAIR,
}
"""Words for an image type at the end of a dataset's name; any other word is part of the name."""

GUESS_SIGNED_APPLICATIONS: Final = re.compile(r".*[_ ]3(\.0)?", re.IGNORECASE)
"""Which applications take the signed upload of v3: the contract shows it for Face Skin Metrics 3.0
alone (§6.5), whose technical name is inferred (§3.2)."""

_NO_APPLICATION: Final = (
    "No application is connected to this dataset, so its pictures would never be computed, not "
    "even later. Ask the study's administrator to connect one in the web portal."
)
_UNKNOWN_KIND: Final = "This dataset takes a kind of picture that the station can't deliver."


@dataclass(frozen=True, slots=True)
class StudyOffer:
    """Datasets that can be chosen as one study, or the reason in words why they can't."""

    name: str
    datasets: tuple[PlatformDataset, ...]
    problem: str | None = None


class Studies:
    """Offers the company's studies and keeps the one that is worked on."""

    def __init__(
        self,
        api: HautApi,
        session: Session,
        store: StudyStore,
        changes: Changes,
        clock: Clock = system_clock,
    ) -> None:
        self._api = api
        self._session = session
        self._store = store
        self._changes = changes
        self._clock = clock
        self._current: Study | None = None
        # a double click chooses twice: two at once would both find it unknown and both make it
        self._choosing = asyncio.Lock()
        self._leavings = 0
        """How often the study was put away: what was being written down then is not opened."""

    @property
    def current(self) -> Study | None:
        """The study that is worked on."""
        return self._current

    async def restore(self) -> Study | None:
        """Go on with the last study, if it belongs to the company and server of the sign-in."""
        last = await self._store.last_study()
        study = await self._store.study(last) if last else None
        account = self._session.account
        if study is not None and account is not None and study.tenant == account.tenant:
            self._take_up(study)
        return self._current

    async def known(self) -> tuple[Study, ...]:
        """Studies of the company that were chosen on this station; works offline."""
        return await self._store.studies(self._tenant())

    async def available(self) -> tuple[StudyOffer, ...]:
        """Everything the platform has for the company, by name; what can't be chosen says why."""
        tenant = self._tenant()
        applications = await self._api.applications(tenant)
        datasets = [
            dataset
            if dataset.applications is not None
            else await self._api.dataset(tenant, dataset.id)
            for dataset in await self._api.datasets(tenant)
        ]
        return group(_with_tech_names(dataset, applications) for dataset in datasets)

    async def choose(self, offer: StudyOffer) -> Study:
        """Work on ``offer``; datasets that are known here keep their study, ids and plan."""
        if offer.problem is not None:
            raise ItemError(offer.problem, title=f"“{offer.name}” can't be chosen")
        async with self._choosing:
            return await self._choose(offer)

    async def _choose(self, offer: StudyOffer) -> Study:
        tenant, leavings = self._tenant(), self._leavings
        known = _find(await self._store.studies(tenant), offer)
        study = known or Study(
            StudyId(new_id()),
            tenant.company_id,
            offer.name,
            (),
            created_at=self._clock(),
            server=tenant.server,
        )
        study = replace(study, datasets=_merge(study, offer))
        await self._store.save_study(study, self._session.act())
        await self._work_on(study, leavings)
        return study

    async def select(self, study_id: StudyId) -> Study:
        """Work on a study that was chosen here before; works offline."""
        study, leavings = await self._store.study(study_id), self._leavings
        if study.tenant != self._tenant():
            raise ItemError("This study is not known on this station.", title="Study not found")
        await self._work_on(study, leavings)
        return study

    def leave(self) -> None:
        """Work on none, as after a sign-in of another company."""
        self._leavings += 1
        self._current = None
        self._changes.send(Change(Topic.STUDY))

    async def _work_on(self, study: Study, leavings: int) -> None:
        """Take it up, unless somebody of another company has signed in since; raises then."""
        await self._store.set_last_study(study.id)
        if self._leavings != leavings:
            raise OtherSignInError
        self._take_up(study)

    def _take_up(self, study: Study) -> None:
        self._current = study
        self._changes.send(Change(Topic.STUDY, frozenset({study.id})))

    def _tenant(self) -> Tenant:
        if self._session.account is None:
            raise SignedOutError
        return self._session.account.tenant


def route_for(image_type: ImageType, applications: Iterable[str]) -> Route:
    """The way pictures take: signed for faces with an application of v3, else inline."""
    is_v3 = any(GUESS_SIGNED_APPLICATIONS.fullmatch(name) for name in applications)
    return Route.SIGNED if image_type is ImageType.SELFIE and is_v3 else Route.INLINE


def group(datasets: Iterable[PlatformDataset]) -> tuple[StudyOffer, ...]:
    """Offer datasets as studies, by name; only those that share a study's name stand together.

    A study has at most one dataset per image type: where names say otherwise, each stands alone.
    """
    alone: list[StudyOffer] = []
    together: defaultdict[str, list[PlatformDataset]] = defaultdict(list)
    for dataset in datasets:
        problem, study = _problem_of(dataset), _study_name(dataset)
        if problem is None and study:
            together[study].append(dataset)
        else:
            alone.append(StudyOffer(dataset.name, (dataset,), problem))
    for study, members in together.items():
        if len(members) > 1 and len({m.image_type for m in members}) == len(members):
            alone.append(StudyOffer(study, tuple(members)))
        else:
            alone.extend(StudyOffer(member.name, (member,)) for member in members)
    return tuple(sorted(alone, key=lambda offer: (offer.problem is not None, offer.name.lower())))


def _study_name(dataset: PlatformDataset) -> str:
    """The study's part of a dataset's name; empty where the name has no kind at its end."""
    found = GUESS_NAME_GRAMMAR.fullmatch(dataset.name.strip())
    if found is None:
        return ""
    word = (found["dotted"] or found["bracketed"]).strip().lower()
    return found["study"].strip() if GUESS_KIND_WORDS.get(word) == dataset.image_type else ""


def _problem_of(dataset: PlatformDataset) -> str | None:
    if not isinstance(dataset.image_type, ImageType):
        return _UNKNOWN_KIND
    return None if dataset.applications else _NO_APPLICATION


def _with_tech_names(
    dataset: PlatformDataset, applications: tuple[Application, ...]
) -> PlatformDataset:
    """Name a dataset's applications by technical names, whatever the listing calls them."""
    names = []
    for word in dataset.applications or ():
        application = find_application(word, applications)
        names.append(application.tech_name if application else word)
    return replace(dataset, applications=tuple(names))


def _find(studies: Iterable[Study], offer: StudyOffer) -> Study | None:
    wanted = {dataset.id for dataset in offer.datasets}
    return next((s for s in studies if wanted & {d.platform_id for d in s.datasets}), None)


def _merge(study: Study, offer: StudyOffer) -> tuple[Dataset, ...]:
    """The study's datasets as the platform has them now; ours keep their ids."""
    known = {dataset.platform_id: dataset for dataset in study.datasets}
    _refuse_successors(study, offer)
    merged = []
    for offered in offer.datasets:
        if not isinstance(offered.image_type, ImageType):
            continue
        ours, applications = known.pop(offered.id, None), offered.applications or ()
        dataset = Dataset(
            id=ours.id if ours else DatasetId(new_id()),
            study_id=study.id,
            image_type=offered.image_type,
            platform_id=offered.id,
            name=offered.name,
            route=route_for(offered.image_type, applications),
            applications=applications,
        )
        merged.append(dataset)
    kinds = {dataset.image_type for dataset in merged}
    return (*merged, *(d for d in known.values() if d.image_type not in kinds))


def _refuse_successors(study: Study, offer: StudyOffer) -> None:
    """Refuse a dataset in place of another one of its kind: pictures here belong to that one."""
    offered = {dataset.id: dataset for dataset in offer.datasets}
    for ours in study.datasets:
        for theirs in offered.values():
            if ours.image_type == theirs.image_type and ours.platform_id not in offered:
                raise ItemError(
                    f"On this station the study sends to “{ours.name}”, the platform now has "
                    f"“{theirs.name}” in its place. Nothing was changed, and what waits still goes "
                    "where it belongs. Ask the study's administrator to give the new dataset a "
                    "name of its own.",
                    title=f"“{offer.name}” has another dataset now",
                )
