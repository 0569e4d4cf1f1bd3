"""Pictures taken in while the station is locked: what is sealed, of whom, and what was refused."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from haut_desktop.domain.errors import HautError
from haut_desktop.domain.ids import OriginalId
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.capture_sources import Encode
from haut_desktop.viewmodels.capture_words import Rejected
from haut_desktop.viewmodels.notices import Notice, Weight
from haut_desktop.viewmodels.words import count

if TYPE_CHECKING:
    from haut_desktop.services.intake import Source
    from haut_desktop.services.spooling import Drained, Spooled, SpoolIntake

CODE: Final = "subject_code"
VISIT: Final = "visit"


@dataclass(frozen=True, slots=True)
class SpoolLine:
    """One sealed picture."""

    id: OriginalId
    name: str
    whose: str
    """As it was typed: a hint for the person who places the picture."""
    thumbnail: bytes

    def __repr__(self) -> str:
        return f"SpoolLine({self.id})"


@dataclass(frozen=True, slots=True)
class SpoolState:
    """What the page shows beside the fields."""

    lines: tuple[SpoolLine, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    earlier: int = 0
    """Pictures of earlier times that wait as well."""
    done: int = 0
    total: int = 0
    is_going: bool = False

    @property
    def heading(self) -> str:
        """Above the list."""
        if not self.lines:
            return "Nothing sealed yet"
        return f"{count(len(self.lines), 'picture')} sealed, not yet in the record"

    @property
    def earlier_words(self) -> str:
        """Of pictures from an earlier time; empty when there are none."""
        if not self.earlier:
            return ""
        waits = "waits" if self.earlier == 1 else "wait"
        return f"{count(self.earlier, 'picture')} from an earlier time {waits} as well."


class SpoolViewModel(QObject):
    """Seals what is dropped, with the words that stand there at that moment; one after the other.

    It outlives the windows that show it: what was typed and sealed is there after another try.
    """

    changed = Signal(object)

    def __init__(self, intake: "SpoolIntake", tasks: TaskScope) -> None:
        super().__init__()
        self._intake = intake
        self._tasks = tasks
        self._one = asyncio.Lock()
        self._spooled: dict[OriginalId, Spooled] = {}
        self._running = 0
        self._state = SpoolState()
        self.code = ""
        """The subject's code, as it is being typed."""
        self.visit = ""

    @property
    def state(self) -> SpoolState:
        """What is shown now."""
        return self._state

    @property
    def words(self) -> Mapping[str, str]:
        """What is said of the next picture."""
        typed = {CODE: self.code.strip(), VISIT: self.visit.strip()}
        return {key: text for key, text in typed.items() if text}

    async def count_earlier(self) -> None:
        """Look how many pictures lie here from an earlier time."""
        self._show(replace(self._state, earlier=await self._intake.waiting()))

    def take_in(self, paths: tuple[Path, ...]) -> None:
        """Take in files and folders."""
        self._start(paths)

    def paste(self, data: bytes | Encode) -> None:
        """Take in the clipboard's picture."""
        # imported when needed: it brings the image libraries with it
        from haut_desktop.services.intake import Pasted

        self._start((Pasted(data),))

    def rename(self, ids: Iterable[OriginalId]) -> None:
        """Put the words that stand there on pictures that are sealed already."""
        self._tasks.start(self._rename(tuple(ids), self.words), name="rename spooled")

    def forget_rejected(self) -> None:
        """Clear the list of files that were not taken in."""
        self._show(replace(self._state, rejected=()))

    def _start(self, sources: "tuple[Source, ...]") -> None:
        before = self._state if self._state.is_going else replace(self._state, done=0, total=0)
        total = before.total + len(sources)
        # counted here: what is dropped as the last one ends is not begun yet, and not done either
        self._running += 1
        self._show(replace(before, total=total, is_going=True))
        self._tasks.start(self._take_in_all(sources, self.words), name="spool pictures")

    async def _take_in_all(self, sources: "tuple[Source, ...]", words: Mapping[str, str]) -> None:
        try:
            async with self._one:
                for source in sources:
                    await self._take_in_one(source, words)
        finally:
            self._running -= 1
            self._show(replace(self._state, is_going=bool(self._running)))

    async def _take_in_one(self, source: "Source", words: Mapping[str, str]) -> None:
        try:
            found = await self._intake.expand(source)
        except HautError as error:
            self._refuse(source, error)
            return
        self._show(replace(self._state, total=self._state.total + len(found) - 1))
        for each in found:
            try:
                spooled = await self._intake.take_in(each, words)
            except HautError as error:
                self._refuse(each, error)
            else:
                self._keep(spooled)

    def _keep(self, spooled: "Spooled") -> None:
        self._spooled[spooled.note.original_id] = spooled
        self._show(replace(self._state, lines=self._lines(), done=self._state.done + 1))

    def _refuse(self, source: "Source", error: HautError) -> None:
        line = Rejected(source.name, error.title, error.message)
        rejected = (*self._state.rejected, line)
        self._show(replace(self._state, rejected=rejected, done=self._state.done + 1))

    async def _rename(self, ids: tuple[OriginalId, ...], words: Mapping[str, str]) -> None:
        for original_id in ids:
            spooled = self._spooled[original_id]
            try:
                self._spooled[original_id] = await self._intake.say(spooled, words)
            except HautError as error:
                line = Rejected(spooled.note.file_name, error.title, error.message)
                self._show(replace(self._state, rejected=(*self._state.rejected, line)))
        self._show(replace(self._state, lines=self._lines()))

    def _lines(self) -> tuple[SpoolLine, ...]:
        return tuple(
            SpoolLine(key, each.note.file_name, whose(each.note.words), each.thumbnail)
            for key, each in self._spooled.items()
        )

    def _show(self, state: SpoolState) -> None:
        self._state = state
        self.changed.emit(state)


def whose(words: Mapping[str, str]) -> str:
    """Say whose a picture is said to be."""
    code, visit = words.get(CODE, ""), words.get(VISIT, "")
    if not code:
        return f"no subject typed · {visit}" if visit else "no subject typed"
    return f"{code} · {visit}" if visit else code


def drained_notice(drained: "Drained") -> Notice | None:
    """Say what became of the spool's pictures; None when there were none."""
    placed, known, kept = len(drained.placed), drained.known, len(drained.kept)
    if not placed + known + kept:
        return None
    words = []
    if placed:
        whose_they_are = "whose it is" if placed == 1 else "whose they are"
        waits = "waits" if placed == 1 else "wait"
        words.append(
            f"{count(placed, 'picture')} {waits} in the outbox for you to say {whose_they_are}; "
            "nothing is sent before that."
        )
    if known:
        was = "was" if known == 1 else "were"
        words.append(f"{count(known, 'picture')} {was} in the record already.")
    if kept:
        stays = "stays" if kept == 1 else "stay"
        reason = drained.kept[0][1]
        words.append(
            f"{count(kept, 'picture')} {stays} sealed where {'it is' if kept == 1 else 'they are'}"
            f", to be tried again at the next start. {reason.title}: {reason.message}"
        )
    weight = Weight.BAD if kept else Weight.WARN if placed else Weight.INFO
    return Notice("Pictures taken in while the station was locked", " ".join(words), weight)
