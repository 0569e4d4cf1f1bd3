"""What a night is made of: how many visits, which faults, and what happens when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

SHARE: Final = 0.10
"""Share of all requests that a fault strikes, at the platform and at its object store alike."""

PLATFORM_FAULTS: Final[tuple[Mapping[str, Any], ...]] = (
    {"kind": "offline"},
    {"kind": "drop_answer"},
    {"kind": "truncated"},
    {"kind": "commit_late", "delay_s": 1.0},
    {"kind": "slow", "delay_s": 0.5},
    {"kind": "5xx", "status": 500},
    {"kind": "5xx", "status": 503},
    {"kind": "429", "retry_after_s": 1},
    {"kind": "401"},
    {"kind": "html"},
    {"kind": "wrong_shape"},
)
"""A 403 is left out: by design it stops everything for an hour, or until somebody comes."""

STORE_FAULTS: Final[tuple[Mapping[str, Any], ...]] = (
    {"kind": "offline"},
    {"kind": "drop_answer"},
    {"kind": "slow", "delay_s": 0.5},
    {"kind": "5xx", "status": 503},
    {"kind": "429", "retry_after_s": 1},
    {"kind": "address_expired"},
    {"kind": "wrong_hash"},
    {"kind": "html"},
)


def random_faults(seed: int) -> list[dict[str, Any]]:
    """Faults that together strike ``SHARE`` of the requests of each port, each kind as often."""
    ports = {"platform": PLATFORM_FAULTS, "store": STORE_FAULTS}
    return [
        {
            **fault,
            "target": port,
            "probability": 1 - (1 - SHARE) ** (1 / len(faults)),
            "seed": seed * 1000 + number,
        }
        for port, faults in ports.items()
        for number, fault in enumerate(faults)
    ]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens once so large a part of the pictures lies on the platform."""

    at: float
    """Part of all pictures, 0 … 1."""
    what: str


EVENTS: Final = (
    Event(0.08, "kill the program"),
    Event(0.20, "restart the platform"),
    Event(0.35, "close the program"),
    Event(0.50, "take the network away"),
    Event(0.65, "kill the platform"),
    Event(0.80, "kill the program"),
)


@dataclass(frozen=True)
class Plan:
    """One night."""

    visits: int = 300
    subjects: int = 30
    inline_every: int = 5
    """Every so-manieth visit belongs to the study without faces, whose pictures go inline."""
    token_s: int = 30
    away_s: float = 30.0
    """How long the network stays away."""
    deadline_s: float = 5400.0
    seed: int = 1
    events: tuple[Event, ...] = field(default=EVENTS)

    @property
    def pictures(self) -> int:
        """How many pictures the night has."""
        return 3 * self.visits
