"""What the program had told the world when the power went."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from tests.faults.power_loss.operations import Said


@dataclass(slots=True)
class Promises:
    """Everything said so far; a state of the disk that breaks a word of it has lost something."""

    secrets: dict[str, str] = field(default_factory=dict)
    """What the keyring holds."""
    is_made: bool = False
    is_signed_in: bool = False
    subjects: dict[str, None] = field(default_factory=dict)
    visits: dict[str, None] = field(default_factory=dict)
    finished: dict[str, None] = field(default_factory=dict)
    sealed: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name in the vault and SHA-256 of each original that was taken in."""
    stored: dict[str, None] = field(default_factory=dict)
    submitted: dict[str, None] = field(default_factory=dict)
    spooled: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each original that was sealed while the keyring was locked."""
    erasing: dict[str, None] = field(default_factory=dict)
    """Originals that somebody asked to erase; nothing is promised of them before the answer."""
    erased: dict[str, None] = field(default_factory=dict)
    """Originals of which it was said that they are erased."""
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Requests that were about to leave: the record must know of each one that changes things."""
    answers: int = 0
    """How many answers the platform had given."""

    def hear(self, said: Said) -> None:
        """Take note of one more word."""
        match said.words:
            case {"secret": name, "value": value}:
                self.secrets[name] = value
            case {"answered": number}:
                self.answers = number
            case {"asks": method, "path": path}:
                self.asked[method, path] += 1
            case {"promise": kind, **about}:
                self._note(kind, about)

    def asked_for(self, method: str, end: str) -> list[str]:
        """The addresses of the requests of one kind."""
        return [path for m, path in self.asked if m == method and path.endswith(end)]

    def times_asked_for(self, method: str, end: str) -> int:
        """How many requests of one kind there were."""
        return sum(self.asked[method, path] for path in self.asked_for(method, end))

    def _note(self, kind: str, about: dict[str, Any]) -> None:
        match kind:
            case "made":
                self.is_made = True
            case "signed in":
                self.is_signed_in = True
            case "sealed":
                self.sealed[about["original"]] = (about["vault_name"], about["sha256"])
            case "spooled":
                self.spooled[about["original"]] = about["sha256"]
            case _ if kind in _LISTS:
                name, what = _LISTS[kind]
                getattr(self, name)[about[what]] = None


_LISTS: Final = {
    "registered": ("subjects", "subject"),
    "opened": ("visits", "visit"),
    "finished": ("finished", "visit"),
    "erasing": ("erasing", "original"),
    "erased": ("erased", "original"),
    "stored": ("stored", "image"),
    "submitted": ("submitted", "batch"),
}
"""Promises of which only the id counts: where they are listed, and whose id it is."""
