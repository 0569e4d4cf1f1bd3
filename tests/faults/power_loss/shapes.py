"""What the program is recorded at: work of one kind, from the first start to its end."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from haut_desktop.domain.delivery import Route
from tests.faults.power_loss.operations import Operation, Said


class Shape(StrEnum):
    """One kind of work."""

    SIGNED = "signed"
    """Two visits by the signed route."""
    INLINE = "inline"
    """Two visits by the inline route."""
    ERASURE = "erasure"
    """Two visits, of each of which one picture is erased after it was delivered."""
    SPOOL = "spool"
    """Pictures that are sealed while the keyring is locked, and placed after the unlocking."""

    @property
    def route(self) -> Route:
        """How its pictures go to the platform."""
        return Route.INLINE if self is Shape.INLINE else Route.SIGNED

    def begin(self, operations: Iterable[Operation]) -> int:
        """The first operation of its own: what comes before is another shape's work as well."""
        own = _OWN.get(self)
        for index, operation in enumerate(operations):
            if own and isinstance(operation, Said) and operation.words.get("promise") == own:
                return index
        return 0


_OWN: Final = {Shape.ERASURE: "erasing", Shape.SPOOL: "made"}
"""What is said when the work of a shape's own begins."""
