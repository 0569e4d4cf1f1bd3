"""How far each camera's clock goes ahead, so that capture times can be corrected."""

from datetime import datetime

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.ids import new_id
from haut_desktop.domain.imaging import CameraClock
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.rows import moment, text_of


class CameraClockStore:
    """Keeps every measurement; the latest one before a picture is the one that counts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, measured: CameraClock, act: Act) -> None:
        """Keep a measurement."""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            ledger.insert(
                "camera_clock",
                id=new_id(),
                camera=measured.camera,
                ahead_s=measured.ahead_s,
                measured_at=text_of(measured.measured_at),
                operator_id=act.operator_id,
            )
            ledger.audit(
                act, "camera.clock-set", "camera", measured.camera, new=f"{measured.ahead_s:+g} s"
            )

        await self._database.write(work)

    async def at(self, camera: str, moment_: datetime) -> CameraClock | None:
        """Give the latest measurement of a camera that was made by then."""

        def work(connection: Connection) -> CameraClock | None:
            row = connection.execute(
                "SELECT * FROM camera_clock WHERE camera = ? AND measured_at <= ?"
                " ORDER BY measured_at DESC LIMIT 1",
                (camera, text_of(moment_)),
            ).fetchone()
            if row is None:
                return None
            return CameraClock(row["camera"], row["ahead_s"], moment(row["measured_at"]))

        return await self._database.read(work)
