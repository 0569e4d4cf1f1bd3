"""What the program had told the world when the power went."""

from dataclasses import dataclass, field
from typing import Any

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
    asked: dict[tuple[str, str], None] = field(default_factory=dict)
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
                self.asked[method, path] = None
            case {"promise": kind, **about}:
                self._note(kind, about)

    def asked_for(self, method: str, end: str) -> list[str]:
        """The addresses of the requests of one kind."""
        return [path for m, path in self.asked if m == method and path.endswith(end)]

    def _note(self, kind: str, about: dict[str, Any]) -> None:
        match kind:
            case "made":
                self.is_made = True
            case "signed in":
                self.is_signed_in = True
            case "registered":
                self.subjects[about["subject"]] = None
            case "opened":
                self.visits[about["visit"]] = None
            case "finished":
                self.finished[about["visit"]] = None
            case "sealed":
                self.sealed[about["original"]] = (about["vault_name"], about["sha256"])
            case "stored":
                self.stored[about["image"]] = None
            case "submitted":
                self.submitted[about["batch"]] = None
