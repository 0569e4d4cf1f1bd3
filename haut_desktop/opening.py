"""Opening a station: with the keyring, the recovery key, the first start, or for practice."""

import asyncio
import logging
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QDialog

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import (
    HautError,
    KeyringError,
    RecoveryKeyError,
    StationError,
    StoreCorruptError,
)
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.spooling import SpoolIntake
from haut_desktop.services.tasks import TaskScope
from haut_desktop.settings import AppPaths, storage_problem
from haut_desktop.store.keys import (
    KeyChest,
    NoRecovery,
    Recovery,
    RecoveryPassphrase,
    RecoveryRecipient,
    make_recovery_passphrase,
)
from haut_desktop.store.secrets import KeyringSecrets, MemorySecrets, Secrets
from haut_desktop.store.spool import SPOOL, Spool
from haut_desktop.store.station import Station, create_station, has_station, open_station
from haut_desktop.viewmodels.notices import Notice, Weight
from haut_desktop.viewmodels.spool import SpoolViewModel
from haut_desktop.viewmodels.unlocking import RebuildProgress
from haut_desktop.viewmodels.words import count
from haut_desktop.widgets.ask import Ask, problem_box

if TYPE_CHECKING:
    from haut_desktop.store.rebuild import Rebuilt
    from haut_desktop.viewmodels.first_start import FirstStartViewModel, SetUp

PRACTICE_SITE: Final = "PRACTICE"
_PRACTICE_ZONE: Final = "UTC"

_log = logging.getLogger(__name__)


class PracticeWanted(Exception):  # noqa: N818 - a choice of the user's, not an error
    """The user would rather practise first."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """How the station is to be opened this time."""

    recovery_key: str | None = None
    is_rebuild: bool = False

    def __repr__(self) -> str:
        return f"_Attempt(is_rebuild={self.is_rebuild})"


class StationOpener:
    """Opens the station of this computer and asks what it must on the way."""

    def __init__(
        self, paths: AppPaths, *, clock: Clock, tasks: TaskScope, ask: Ask, secrets: Secrets | None
    ) -> None:
        self._paths = paths
        self._clock = clock
        self._tasks = tasks
        self._ask = ask
        self._secrets = secrets or KeyringSecrets()
        self._spool: SpoolViewModel | None = None
        self.rebuilt: Rebuilt | None = None
        """What was found when the record was damaged and had to be rebuilt."""
        self.is_passing = False
        """Whether what was opened is gone when the program closes."""

    async def open_for_practice(self, stack: AsyncExitStack) -> Station:
        """Open or make the practice station.

        Where this account has no usable keyring its key lives in memory, its data in a folder
        that goes with ``stack``: practice then begins anew each time, and nothing lies in plain.
        """
        try:
            return await self._practice_station(self._paths.practice_station, self._secrets)
        except KeyringError:
            self.is_passing = True
            passing = stack.enter_context(tempfile.TemporaryDirectory(prefix="haut-practice-"))
            return await self._practice_station(Path(passing) / "station", MemorySecrets())

    async def open_for_study(self) -> Station | None:
        """Open the study's station, or set it up; None when the user leaves.

        Raises PracticeWanted when the first start is put off.
        """
        folder = self._paths.station
        if problem := storage_problem(folder):
            raise StationError(problem, title="This computer's folder can't hold pictures")
        if not has_station(folder):
            return await self._first_start(folder)
        attempt = _Attempt()
        while True:
            try:
                station = await self._attempt(folder, attempt)
            except StationError as error:
                _log.info("station not opened: %s", error.kind)
                wanted = await self._unlock(folder, error, attempt)
                if wanted is None:
                    return None
                attempt = wanted
            else:
                return station or await self._first_start(folder)

    async def _practice_station(self, folder: Path, secrets: Secrets) -> Station:
        if has_station(folder):
            station = await self._open(folder, secrets, None)
            if await _is_set_up(station):
                return station
        return await create_station(
            folder,
            secrets,
            self._clock,
            recovery=NoRecovery("practice"),
            site_code=PRACTICE_SITE,
            zone=_PRACTICE_ZONE,
            station_name="Practice",
        )

    async def _attempt(self, folder: Path, attempt: _Attempt) -> Station | None:
        """Open the station; None for one whose first start broke off."""
        if attempt.is_rebuild:
            return await self._rebuild(folder, self._secrets, attempt.recovery_key)
        station = await self._open(folder, self._secrets, attempt.recovery_key)
        return station if await _is_set_up(station) else None

    async def _open(self, folder: Path, secrets: Secrets, recovery_key: str | None) -> Station:
        """Open a station; a damaged record is moved aside and rebuilt from the vault."""
        try:
            return await open_station(folder, secrets, self._clock, recovery_secret=recovery_key)
        except StoreCorruptError:
            return await self._rebuild(folder, secrets, recovery_key)

    async def _rebuild(self, folder: Path, secrets: Secrets, recovery_key: str | None) -> Station:
        """Make the record anew behind a window that says so."""
        from haut_desktop.widgets.rebuilding_dialog import RebuildingDialog

        progress = RebuildProgress()
        dialog = RebuildingDialog(progress)
        showing = self._tasks.start(self._ask(dialog), name="show rebuilding")
        try:
            return await self._recover(folder, secrets, recovery_key, progress)
        finally:
            if not showing.done():
                dialog.accept()
            await showing

    async def _recover(
        self, folder: Path, secrets: Secrets, recovery_key: str | None, progress: RebuildProgress
    ) -> Station:
        from haut_desktop.store.rebuild import recover_station

        recover = partial(recover_station, folder, secrets, self._clock, on_progress=progress.tell)
        try:
            # a recovery key has let this account in already, where its keyring can keep a key
            station, self.rebuilt = await recover()
        except KeyringError:
            if recovery_key is None:
                raise
            station, self.rebuilt = await recover(recovery_secret=recovery_key)
        return station

    async def _unlock(self, folder: Path, error: HautError, before: _Attempt) -> _Attempt | None:
        """Ask what to do about it; None when the user leaves."""
        from haut_desktop.widgets.unlock_dialog import Answer, UnlockDialog

        dialog = UnlockDialog(error, await self._spool_of(folder))
        await self._ask(dialog)
        if dialog.answer is Answer.LEAVE:
            return None
        is_about_keys = isinstance(error, KeyringError | RecoveryKeyError)
        # a key that opened the station is not asked for again when something else was wrong
        kept = None if is_about_keys else before.recovery_key
        return _Attempt(dialog.recovery_key or kept, is_rebuild=dialog.answer is Answer.REBUILD)

    async def _spool_of(self, folder: Path) -> SpoolViewModel | None:
        """What takes pictures in while the station is shut; one that outlives every attempt."""
        if self._spool is None:
            chest = KeyChest(folder, self._secrets)
            try:
                recipient = await asyncio.to_thread(chest.recipient)
            except StationError:
                return None
            spool = Spool(folder / SPOOL, recipient, self._clock)
            # the usual limits: the station's own lie in the record, which is shut with it
            intake = SpoolIntake(spool, DiskSpace(folder))
            self._spool = SpoolViewModel(intake, self._tasks)
            await self._spool.count_earlier()
        return self._spool

    async def _first_start(self, folder: Path) -> Station | None:
        from haut_desktop.viewmodels.first_start import FirstStartViewModel
        from haut_desktop.widgets.first_start_dialog import FirstStartDialog

        made: list[Station] = []

        async def create(set_up: "SetUp") -> None:
            made.append(await self._create(folder, set_up))

        view_model = FirstStartViewModel(create, self._tasks, passphrase=make_recovery_passphrase())
        dialog = FirstStartDialog(view_model)
        practice: list[bool] = []
        view_model.practice_requested.connect(lambda: practice.append(True))
        view_model.practice_requested.connect(dialog.reject)
        view_model.print_requested.connect(lambda _text: self._print(dialog, view_model))
        await self._ask(dialog)
        if practice:
            raise PracticeWanted
        if dialog.untold is not None:
            await self._ask(problem_box(dialog.untold.title, dialog.untold.message))
        return made[0] if made else None

    async def _create(self, folder: Path, set_up: "SetUp") -> Station:
        return await create_station(
            folder,
            self._secrets,
            self._clock,
            recovery=_recovery(set_up),
            site_code=set_up.site_code,
            zone=set_up.zone,
            station_name=set_up.station_name,
        )

    def _print(self, dialog: QDialog, view_model: "FirstStartViewModel") -> None:
        self._tasks.start(_save_recovery_sheet(dialog, view_model.groups), name="recovery sheet")


def passing_notice() -> Notice:
    """Say that practice keeps nothing here beyond this run of the program."""
    return Notice(
        "Practice begins anew at each start on this computer",
        "Its keyring can't be used, so there is no safe place for a key. What you enter here is "
        "gone when the program closes; only what the practice platform has received stays there.",
    )


def rebuilt_notice(rebuilt: "Rebuilt") -> Notice:
    """Say that the record was damaged, what came back and what waits for a person."""
    held = len(rebuilt.held) + len(rebuilt.unreadable)
    words = (
        f"{count(rebuilt.pictures, 'picture')} came back from the vault. What may have been sent "
        "already is asked for before anything goes. Sign in again; results come back by themselves."
    )
    if held:
        words += f" {count(held, 'picture')} can't be placed without you: look into the outbox."
    words += f" Not in the vault, and so not in the new record: {', '.join(rebuilt.lost)}."
    if rebuilt.moved_to is not None:
        words += f" The former record is kept as {rebuilt.moved_to.name}."
    return Notice("The station's record was damaged and has been rebuilt", words, Weight.WARN)


async def _is_set_up(station: Station) -> bool:
    """Whether the station has its site; one whose first start broke off is closed again."""
    if await station.studies.station() is not None:
        return True
    await station.aclose()
    return False


def _recovery(set_up: "SetUp") -> Recovery:
    from haut_desktop.viewmodels.first_start import RecoveryWay

    if set_up.way is RecoveryWay.PASSPHRASE:
        return RecoveryPassphrase(set_up.recovery)
    if set_up.way is RecoveryWay.PUBLIC_KEY:
        return RecoveryRecipient(set_up.recovery)
    return NoRecovery(set_up.recovery)


async def _save_recovery_sheet(dialog: QDialog, groups: tuple[str, ...]) -> None:
    from haut_desktop.desktop.printing import write_pdf
    from haut_desktop.widgets.ask import choose_save_path

    path = await choose_save_path(
        dialog, "Save the recovery sheet", "PDF (*.pdf)", suggested="recovery-sheet.pdf"
    )
    if path is None:
        return
    rows = "".join(f"<td style='padding:12px;font-family:monospace'>{g}</td>" for g in groups)
    html = (
        "<h1>Recovery key of a capture station</h1>"
        "<p>Opens the station's sealed pictures when the computer is gone. Print it, keep it where "
        "the study keeps its keys, and delete this file.</p>"
        f"<table border='1' cellspacing='0'><tr>{rows}</tr></table>"
    )
    write_pdf(html, path, title="Recovery key")
