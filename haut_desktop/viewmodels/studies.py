"""Study choice: what the account may work on; what can't be computed is shown and refused."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from haut_desktop.domain.errors import HautError
from haut_desktop.domain.imaging import ImageType
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.notices import NoticesViewModel, Weight
from haut_desktop.viewmodels.rereading import Rereading

if TYPE_CHECKING:
    from haut_desktop.services.studies import Studies, StudyOffer

_KINDS: Final[dict[str, str]] = {
    ImageType.SELFIE: "faces",
    ImageType.VISIA: "faces with VISIA",
    ImageType.SKIN: "skin close up",
    ImageType.HAIR: "hair",
}


@dataclass(frozen=True, slots=True)
class StudyLine:
    """One study in the page's words."""

    offer: "StudyOffer"
    name: str
    words: str
    """What it takes, or why it can't be used."""
    is_refused: bool
    is_open: bool


@dataclass(frozen=True, slots=True)
class StudiesState:
    """What the study page shows."""

    lines: tuple[StudyLine, ...] = ()
    is_loading: bool = False
    error: HautError | None = None


class StudiesViewModel(QObject):
    """Lists the studies and opens the chosen one on the desk."""

    changed = Signal(object)
    opened = Signal()

    def __init__(
        self,
        studies: "Studies",
        desk: Desk,
        notices: NoticesViewModel,
        tasks: TaskScope,
        changes: Changes,
    ) -> None:
        super().__init__()
        self._studies = studies
        self._desk = desk
        self._notices = notices
        self._tasks = tasks
        self._state = StudiesState()
        self._asked = 0
        self._reading = Rereading(self._read, tasks, name="studies")
        changes.subscribe(self._on_change)

    @property
    def state(self) -> StudiesState:
        """What is shown now."""
        return self._state

    def refresh(self) -> None:
        """Ask for the studies again; what was asked before somebody else came is not shown."""
        self._asked += 1
        if not self._state.is_loading:
            self._show(StudiesState(self._state.lines, is_loading=True))
        self._reading.want()

    def choose(self, line: StudyLine) -> None:
        """Open a study, or say why it can't be opened."""
        if line.is_refused:
            self._notices.tell(f"{line.name} can't be opened", line.words, Weight.BAD)
            return
        self._tasks.start(self._open(line.offer), name="open study")

    async def _read(self) -> None:
        asked = self._asked
        try:
            offers = await self._studies.available()
        except HautError as error:
            read = StudiesState(self._state.lines, error=error)
        else:
            read = StudiesState(tuple(self._line(offer) for offer in offers))
        if asked == self._asked:
            self._show(read)

    async def _open(self, offer: "StudyOffer") -> None:
        self._desk.open_study(await self._studies.choose(offer))
        self.opened.emit()

    def _line(self, offer: "StudyOffer") -> StudyLine:
        kinds = ", ".join(_KINDS.get(d.image_type, d.image_type) for d in offer.datasets)
        is_open = self._desk.study is not None and self._desk.study.name == offer.name
        words = offer.problem or (f"Takes pictures of: {kinds}" if kinds else "Ready")
        return StudyLine(offer, offer.name, words, bool(offer.problem), is_open)

    def _show(self, state: StudiesState) -> None:
        self._state = state
        self.changed.emit(state)

    def _on_change(self, change: Change) -> None:
        if change.topic is Topic.STUDY and self._studies.current is None:
            # somebody of another company signs in: nothing of the company before may be chosen,
            # nor what is still on its way; what is theirs is read when the session has turned
            self._asked += 1
            self._show(StudiesState(is_loading=self._state.is_loading))
        if change.topic is Topic.SESSION:
            self.refresh()
