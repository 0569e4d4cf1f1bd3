"""What the tour did and saw, as ``tour.json``."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

REPORT_NAME: Final = "tour.json"


@dataclass(slots=True)
class StepReport:
    """One step of the tour."""

    name: str
    what: str
    """What a person would say it does."""
    ok: bool = False
    status: str = "not run"
    """``ok``, ``failed``, ``not run``, or ``left out`` with the reason."""
    seconds: float = 0.0
    screenshot: str | None = None
    """File name beside the report."""
    reason: str = ""


@dataclass(slots=True)
class TourReport:
    """Everything that goes into ``tour.json``."""

    program: str
    platform: str = ""
    started_at: str = ""
    ok: bool = False
    seconds: float = 0.0
    reason: str = ""
    """Why it failed; empty when it did not."""
    steps: list[StepReport] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    masks: list[dict[str, Any]] = field(default_factory=list)
    subject: dict[str, Any] = field(default_factory=dict)
    visit: dict[str, Any] = field(default_factory=dict)
    batches: list[dict[str, Any]] = field(default_factory=list)
    images: list[dict[str, Any]] = field(default_factory=list)
    transitions: list[dict[str, Any]] = field(default_factory=list)
    demonstration: dict[str, Any] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Write the report into ``folder``."""
        text = json.dumps(asdict(self), default=_plain, ensure_ascii=False, indent=2)
        (folder / REPORT_NAME).write_text(text + "\n", "utf-8")


def clear_earlier(folder: Path) -> None:
    """Remove the screenshots of an earlier tour, whose steps may have had other numbers.

    Nothing else goes, and nothing where no tour has written its report.
    """
    if (folder / REPORT_NAME).is_file():
        for earlier in folder.glob("[0-9][0-9]-*.png"):
            earlier.unlink()


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
