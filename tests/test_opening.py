"""Opening a station: a damaged record comes back from the vault, with a word about it."""

from pathlib import Path

from haut_desktop.domain.clock import system_clock
from haut_desktop.opening import StationOpener, rebuilt_notice
from haut_desktop.services.tasks import TaskScope
from haut_desktop.settings import AppPaths
from tests.services.rooms import open_room


async def test_a_damaged_record_is_moved_aside_and_rebuilt_at_the_start(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.take_face()
        await room.station.aclose()
        path = room.station.folder / "station.db"
        path.write_bytes(bytes(path.stat().st_size))
        opener = StationOpener(
            AppPaths(tmp_path),
            clock=system_clock,
            tasks=TaskScope("test", lambda _error: None),
            ask=_nobody,
            secrets=room.secrets,
        )
        station = await opener._open(room.station.folder, room.secrets, None)
        assert len(await station.visits.sealed_pictures()) == 3
        await station.aclose()
    assert opener.rebuilt is not None
    assert opener.rebuilt.moved_to is not None
    notice = rebuilt_notice(opener.rebuilt)
    assert "3 pictures" in notice.message


async def _nobody(_dialog: object) -> bool:
    return False
