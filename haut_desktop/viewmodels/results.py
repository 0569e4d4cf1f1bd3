"""The results page's state: a subject's visits, the picture looked at, the table, the trend."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from haut_desktop.domain.analysis import Completeness, MetricKey, Trend
from haut_desktop.domain.days import day_words
from haut_desktop.domain.errors import HautError
from haut_desktop.domain.imaging import REGULAR, Side
from haut_desktop.domain.subjects import Subject
from haut_desktop.services.changes import Change as News
from haut_desktop.services.changes import Changes, Topic
from haut_desktop.services.results import Results, VisitResults
from haut_desktop.services.results_masks import MasksState
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.capture_words import visit_title
from haut_desktop.viewmodels.outbox import PageState
from haut_desktop.viewmodels.phrase import Phrase
from haut_desktop.viewmodels.rereading import Rereading
from haut_desktop.viewmodels.results_images import decode_mask, decode_picture
from haut_desktop.viewmodels.results_picture import (
    Choice,
    Layer,
    choices,
    layers,
    lights_of,
    sides_of,
)
from haut_desktop.viewmodels.results_table import MetricLine, MetricsModel, metric_lines
from haut_desktop.viewmodels.results_trends import TrendPicture, changes_since_first, trend_picture
from haut_desktop.viewmodels.results_words import (
    awaited_words,
    image_type_words,
    masks_words,
    state_explanation,
    state_phrase,
)

if TYPE_CHECKING:
    from haut_desktop.viewmodels.desk import Desk

_LATE_MS: Final = 300
"""Most pictures are there sooner; going from one to the next then does not flicker."""
_TOPICS: Final = frozenset({Topic.RESULTS, Topic.VISITS})


@dataclass(frozen=True, slots=True)
class VisitChip:
    """One visit on the line along the top."""

    name: str
    date: str
    phrase: Phrase
    kind: str = ""
    """The image type, where the visit has batches of several."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What the viewer shows: a picture with the masks that are switched on."""

    image: QImage | None
    picture_id: str = ""
    layers: tuple[Layer, ...] = ()
    rasters: tuple[tuple[str, QImage], ...] = ()
    """Raster masks by their key, already in their layer's colour."""
    before: QImage | None = None
    """The captured picture, where ``image`` is a prediction that is compared with it."""
    is_coming: bool = False
    """Whether the picture is still being fetched."""


class ResultsViewModel(QObject):
    """Reads a subject's results from the station and says what is shown of them."""

    state_changed = Signal(object)
    visits_changed = Signal()
    visit_chosen = Signal(int)
    side_chosen = Signal()
    sight_changed = Signal(object)
    trend_changed = Signal(object)
    about_changed = Signal(object, str)
    """Carries the metric line that is explained and the platform's HTML; None for no line."""

    def __init__(
        self, *, results: Results, desk: "Desk", changes: Changes, tasks: TaskScope
    ) -> None:
        super().__init__()
        self._results = results
        self._desk = desk
        self._tasks = tasks
        self.metrics = MetricsModel(self)
        self.state = PageState.EMPTY
        self.error: HautError | None = None
        self.visits: tuple[VisitResults, ...] = ()
        self.is_under_way = False
        """Whether pictures of a finished visit are to go, where nothing is computed."""
        self.sides: tuple[Side, ...] = ()
        self.choices: tuple[Choice, ...] = ()
        self.layers: tuple[Layer, ...] = ()
        self.side = Side.FRONT
        self.lights: tuple[str, ...] = (REGULAR,)
        """In which the side was taken."""
        self.light = REGULAR
        self._index = -1
        self._choice_name = ""
        self._trends: tuple[Trend, ...] = ()
        self._key: MetricKey | None = None
        self._asked = self._lines_chosen = 0
        self._seen_id = ""
        self._late = QTimer(self, singleShot=True, interval=_LATE_MS)
        """Runs while the picture of something else is still on the screen."""
        self._late.timeout.connect(self._on_late)
        self._subject_id = desk.subject.id if desk.subject else None
        self._reading = Rereading(self._read, tasks, name="results-read")
        self._is_seen = self._is_discovered = False
        self._unsubscribe = changes.subscribe(self._on_news)
        desk.subject_changed.connect(self._on_subject_changed)

    # ---- reading -------------------------------------------------------------------------

    @property
    def subject(self) -> Subject | None:
        """Whose results are shown."""
        return self._desk.subject

    def close(self) -> None:
        """Listen no longer."""
        self._late.stop()
        self._unsubscribe()

    def start(self) -> None:
        """The page is seen: read, and once per subject look for visits made elsewhere."""
        self._is_seen = True
        self.refresh()
        self._discover_once()

    def stop(self) -> None:
        """The page is not seen any more."""
        self._is_seen = False

    def refresh(self) -> None:
        """Read everything again from the station."""
        self._reading.want()

    def look_again(self) -> None:
        """Ask the platform about the shown visit now."""
        if (visit := self.visit) is not None:
            self._tasks.start(self._results.refresh(visit.batch.id), name="results-look")

    def _discover_once(self) -> None:
        if self._is_seen and not self._is_discovered and self.subject is not None:
            self._is_discovered = True
            self._tasks.start(self._discover(self.subject), name="results-discover")

    async def _discover(self, subject: Subject) -> None:
        try:
            await self._results.discover(subject.id)
        except HautError:
            # offline or signed out: what lies on the station is shown, the top bar says why
            return

    async def _read(self) -> None:
        try:
            await self._read_once()
        except HautError as error:
            self.error = error
            self._turn(PageState.FAILED)

    async def _read_once(self) -> None:
        subject = self.subject
        if subject is None:
            self.visits, self._trends = (), ()
            self._turn(PageState.EMPTY)
            return
        visits = await self._results.visits(subject.id)
        is_under_way = not visits and await self._results.is_under_way(subject.id)
        trends = await self._results.trends(subject.id)
        if subject != self.subject:
            self._reading.want()
            return
        self.is_under_way = is_under_way
        self._take(visits, trends)

    def _take(self, visits: tuple[VisitResults, ...], trends: tuple[Trend, ...]) -> None:
        chosen = self.visit.batch.id if self.visit else None
        self.visits, self._trends = visits, trends
        self._turn(PageState.READY if visits else PageState.EMPTY)
        self.visits_changed.emit()
        if visits:
            ids = [visit.batch.id for visit in visits]
            self.choose_visit(ids.index(chosen) if chosen in ids else len(visits) - 1)

    def _turn(self, state: PageState) -> None:
        self.state = state
        self.state_changed.emit(state)

    # ---- what is looked at ---------------------------------------------------------------

    @property
    def visit(self) -> VisitResults | None:
        """The visit that is looked at."""
        return self.visits[self._index] if 0 <= self._index < len(self.visits) else None

    @property
    def index(self) -> int:
        """Its place on the line."""
        return self._index

    @property
    def choice_name(self) -> str:
        """The picture space that is looked at, in words."""
        return self._choice_name

    def chips(self) -> tuple[VisitChip, ...]:
        """The visits on the line, oldest first."""
        batches = Counter(visit.visit.id for visit in self.visits)
        return tuple(_chip(v, is_only=batches[v.visit.id] == 1) for v in self.visits)

    @property
    def note(self) -> tuple[Phrase, str]:
        """How far the shown visit's analysis is, and what to make of it."""
        visit = self.visit
        state = visit.completeness if visit else Completeness.PENDING
        words = (state_explanation(state), awaited_words(visit.awaited if visit else ()))
        return state_phrase(state), " ".join(word for word in words if word)

    @property
    def masks_note(self) -> str:
        """Why no mask lies on the picture that is looked at; empty where some do."""
        visit, choice = self.visit, self._choice
        if self.layers or visit is None or choice is None:
            return ""
        if choice.picture.is_predicted:
            return masks_words(MasksState.NONE)
        where = choice.picture
        away, state = visit.masks_away, visit.completeness
        return masks_words(away.of(where.side, where.light, where.space, state))

    @property
    def _choice(self) -> Choice | None:
        return next((c for c in self.choices if c.name == self._choice_name), None)

    def choose_visit(self, index: int) -> None:
        """Look at another visit; side, light and picture space stay where the visit has them."""
        if not 0 <= index < len(self.visits):
            return
        self._index = index
        self.sides = sides_of(self.visits[index])
        self.visit_chosen.emit(index)
        self.choose_side(self.side if self.side in self.sides or not self.sides else self.sides[0])

    def choose_side(self, side: Side) -> None:
        """Look at another side, in the same light where it was taken in that."""
        if self.visit is None:
            return
        self.side = side
        self.lights = lights_of(self.visit, side) or (REGULAR,)
        self.choose_light(self.light if self.light in self.lights else self.lights[0])

    def choose_light(self, light: str) -> None:
        """Look at the side in another light."""
        visit = self.visit
        if visit is None:
            return
        self.light = light
        self.choices = choices(visit, self.side, light)
        names = [choice.name for choice in self.choices]
        if self._choice_name not in names:
            self._choice_name = names[0] if names else ""
        said = (stored.result for stored in visit.results)
        since = changes_since_first(visit, self.visits, self._trends)
        self.metrics.show(metric_lines(said, self.side, since, light))
        self.side_chosen.emit()
        self._look()

    def choose_picture(self, name: str) -> None:
        """Look at the side's other picture: aligned, anonymised, predicted."""
        if name != self._choice_name:
            self._choice_name = name
            self.side_chosen.emit()
            self._look()

    def _look(self) -> None:
        self._asked += 1
        visit, choice = self.visit, self._choice
        if visit is None or choice is None:
            self.layers = ()
            self._show_sight(Sight(None))
            return
        if choice.id == self._seen_id:
            self._late.stop()
        elif not self._late.isActive():
            self._late.start()
        self.layers = layers(visit.masks, choice.picture, [s.result for s in visit.results])
        self._tasks.start(self._show(choice, self.layers, self._asked), name="results-picture")

    async def _show(self, choice: Choice, shown: tuple[Layer, ...], asked: int) -> None:
        image = await self._image(choice.id)
        before = None
        if choice.picture.is_predicted and self.choices:
            before = await self._image(self.choices[0].id)
        keys = [(mask.key, layer.colour) for layer in shown for mask in layer.masks if mask.key]
        rasters = [(key, await self._raster(key, colour)) for key, colour in keys]
        kept = tuple((key, raster) for key, raster in rasters if raster is not None)
        if asked == self._asked:
            self._show_sight(Sight(image, choice.id, shown, kept, before))

    def _on_late(self) -> None:
        """Take the picture before away: it must not stand under the name of the one to come."""
        if (choice := self._choice) is not None:
            self._show_sight(Sight(None, choice.id, self.layers, is_coming=True))

    def _show_sight(self, sight: Sight) -> None:
        self._late.stop()
        self._seen_id = sight.picture_id
        self.sight_changed.emit(sight)

    async def _image(self, key: str) -> QImage | None:
        data = await self._open(key)
        return await asyncio.to_thread(decode_picture, data) if data else None

    async def _raster(self, key: str, colour: str) -> QImage | None:
        data = await self._open(key)
        return await asyncio.to_thread(decode_mask, data, colour) if data else None

    async def _open(self, key: str) -> bytes | None:
        try:
            return await self._results.picture(key)
        except HautError:
            # not kept here and not to be had now: the viewer says so in place of the picture
            return None

    # ---- one metric ----------------------------------------------------------------------

    def choose_line(self, line: MetricLine | None) -> None:
        """Explain a line of the table and draw its trend."""
        if line is None:
            return
        self._lines_chosen += 1
        self._tasks.start(self._explain(line, self._lines_chosen), name="results-about")
        self._key = line.key
        self.trend_changed.emit(self.trend())

    def trend(self) -> TrendPicture | None:
        """The chosen metric over the visits."""
        if self._key is None:
            return None
        return trend_picture(self._key, self._trends, self.visits)

    async def _explain(self, line: MetricLine, number: int) -> None:
        html = await self._results.description(line.result.algorithm, line.result.version_id)
        if number == self._lines_chosen:
            self.about_changed.emit(line, html)

    # ---- news ----------------------------------------------------------------------------

    def _on_news(self, news: News) -> None:
        subject = self.subject
        is_hoped_for = self._is_seen and self.state is PageState.EMPTY
        if news.topic is Topic.OUTBOX and is_hoped_for:
            self.refresh()
        if news.topic in _TOPICS and subject is not None and _concerns(news.ids, subject.id):
            self.refresh()

    def _on_subject_changed(self, subject: Subject | None) -> None:
        subject_id = subject.id if subject else None
        if subject_id != self._subject_id:
            if self._subject_id is not None:
                self._put_away()
            self._subject_id = subject_id
            self._is_discovered = False
            self._turn(PageState.EMPTY if subject is None else PageState.LOADING)
        self.refresh()
        self._discover_once()

    def _put_away(self) -> None:
        """Show nothing more of the subject before, whatever of it is still on its way."""
        self.visits, self._trends, self._index, self._key = (), (), -1, None
        self.choices, self.layers = (), ()
        self._asked += 1
        self._lines_chosen += 1
        self.metrics.show(())
        self._show_sight(Sight(None))
        self.trend_changed.emit(None)
        self.about_changed.emit(None, "")


def _concerns(ids: Iterable[str], subject_id: str) -> bool:
    known = frozenset(ids)
    return not known or subject_id in known


def _chip(visit: VisitResults, *, is_only: bool) -> VisitChip:
    return VisitChip(
        visit_title(visit.visit),
        day_words(visit.visit.local_date),
        state_phrase(visit.completeness),
        "" if is_only else image_type_words(visit.image_type),
    )
