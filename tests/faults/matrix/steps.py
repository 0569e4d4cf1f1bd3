"""The steps of a visit's delivery, by both routes, and how a fault is aimed at each."""

from dataclasses import dataclass
from typing import Final

from haut_desktop.domain.delivery import Route

Fields = dict[str, object]


@dataclass(frozen=True)
class Step:
    """One call on the way of a visit's pictures."""

    name: str
    method: str
    path: str
    target: str = "platform"
    needs: str = ""
    """A fault at an earlier step without which this one is not taken."""

    def aim(self, **more: object) -> Fields:
        """A fault's fields that strike this step."""
        return {"target": self.target, "method": self.method, "path": self.path, **more}


REFRESH: Final = Step("refresh", "POST", "*/refresh/", needs="401 at find")
FIND: Final = Step("find", "GET", "*/subjects/")
REGISTER: Final = Step("register", "POST", "*/subjects/")
INITIATE: Final = Step("initiate", "POST", "*/upload/")
PUT: Final = Step("put", "PUT", "*", "store")
COMPUTE: Final = Step("compute", "POST", "*/compute/")
SETTLE: Final = Step("settle", "GET", "/api/v3/*/results/", needs="drop_answer at compute")
BATCH: Final = Step("batch", "POST", "*/batches/")
POST: Final = Step("post", "POST", "*/batches/*/images/")
LIST: Final = Step("list", "GET", "*/batches/*/images/", needs="drop_answer at post")
RESULTS: Final = Step("results", "GET", "*/results/")

STEPS: Final = {
    Route.SIGNED: (REFRESH, FIND, REGISTER, INITIATE, PUT, COMPUTE, SETTLE, RESULTS),
    Route.INLINE: (REFRESH, FIND, REGISTER, BATCH, POST, LIST, RESULTS),
}
"""In the order in which they are taken."""

NEEDED: Final = {
    REFRESH: FIND.aim(kind="401", count=1),
    SETTLE: COMPUTE.aim(kind="drop_answer", count=1),
    LIST: POST.aim(kind="drop_answer", count=1),
}
"""What brings a step about that a good delivery does not take."""
