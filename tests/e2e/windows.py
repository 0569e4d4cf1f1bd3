"""The main window of a station that stands on the real store, api and services."""

from haut_desktop.app import make_application
from haut_desktop.settings import resources_folder
from haut_desktop.shell import Shell
from haut_desktop.viewmodels.notices import NoticesViewModel
from haut_desktop.widgets.rail import Place
from haut_desktop.widgets.theme import Appearance
from tests.e2e.stations import HeadlessStation


async def open_shell(station: HeadlessStation) -> Shell:
    """Open the main window of a station, the outbox in sight; the caller closes it."""
    site = await station.work.store.studies.site()
    assert site is not None
    shell = Shell(
        station.work,
        site=site,
        notices=NoticesViewModel(),
        appearance=Appearance(make_application()),
        help_folder=resources_folder() / "help",
        is_practice=True,
    )
    await shell.open()
    shell.window.go(Place.OUTBOX)
    return shell
