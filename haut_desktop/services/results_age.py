"""How long results have been awaited, beside a wall clock that people set."""

from datetime import datetime

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.ids import BatchId
from haut_desktop.services.pauses import Uptime, uptime


class ResultsAge:
    """Measures by the loop's clock from the first look on, and by the wall clock before that.

    A clock set ahead makes nothing older. One that was ahead at the first look is believed once it
    is put right; set back behind the submission, it says nothing. A computer that slept asked
    nobody meanwhile: that time does not count.
    """

    def __init__(self, clock: Clock, uptime: Uptime = uptime) -> None:
        self._clock = clock
        self._uptime = uptime
        self._began: dict[tuple[BatchId, datetime], float] = {}

    def seconds(self, batch_id: BatchId, since: datetime) -> float:
        """How long a batch that was submitted at ``since`` has waited; never less than nothing."""
        by_wall = (self._clock() - since).total_seconds()
        began = self._began.setdefault((batch_id, since), self._uptime() - max(0.0, by_wall))
        by_loop = self._uptime() - began
        # before the first look the clock may have been ahead, and was put right since
        return by_loop if by_wall < 0 else min(by_wall, by_loop)
