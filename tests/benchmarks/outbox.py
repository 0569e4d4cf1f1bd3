"""A station with 100,000 pictures in its outbox beside one with 1,000."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from haut_desktop.settings import FOLDER_VARIABLE, AppPaths
from haut_desktop.store.secrets import KeyringSecrets
from tests.benchmarks.file_keyring import PLACE, FileKeyring
from tests.benchmarks.start import ROOT, compiled_once
from tests.benchmarks.table import Report, Row, median
from tests.benchmarks.year import TEMPLATE_VISITS, Year, make_year

TIMES_SMALL: Final = 1.5
"""The aim: so many times what the small outbox takes."""
MORE_MIB: Final = 100.0
"""The aim: so much more memory."""
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Outboxes:
    """How large both are, and how often each is started."""

    small: int
    large: int
    runs: int


FULL_OUTBOXES: Final = Outboxes(small=1_000, large=100_000, runs=5)
QUICK_OUTBOXES: Final = Outboxes(small=100, large=200, runs=1)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one start of the program found, in seconds and bytes."""

    start_s: float
    page_s: float
    early_claim_s: float
    claim_s: float
    look_claim_s: float
    resident_bytes: int


def measure_outbox(outboxes: Outboxes) -> Report:
    """Compare both sizes as they are after a year, and with everything waiting."""
    kinds = {
        "3 % waiting": round(TEMPLATE_VISITS * 0.03),
        "all waiting": TEMPLATE_VISITS,
    }
    rows: list[Row] = []
    for words, waiting in kinds.items():
        rows += _compare(outboxes, words, waiting)
    return Report(
        tuple(rows),
        (
            "outbox: rows of the program's own stores, copied under all of the database's rules",
            "outbox: no results and nobody to send to; memory is the most ever held",
            "outbox: the vault has a file and a note for each picture, in name; nothing opens one",
            "outbox: the start's look for files without a row gives way to the first pages;",
            "outbox: 'at once': right after the first page; 'after': once that look is over;",
            "outbox: 'during': while it is made over and over",
            f"outbox: the aim for memory is {MORE_MIB:.0f} MiB more",
        ),
    )


def _compare(outboxes: Outboxes, words: str, waiting_visits: int) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="haut-bench-") as name:
        both = [
            _prepare(Path(name) / str(images), Year(images, waiting_visits))
            for images in (outboxes.small, outboxes.large)
        ]
        for surroundings in both:
            _start(surroundings)  # the first start reads the disk
        pairs = [[_start(surroundings) for surroundings in both] for _ in range(outboxes.runs)]
    small, large = (list(seen) for seen in zip(*pairs, strict=True))
    what, other = f"{outboxes.large:,} images, {words}", f"{outboxes.small:,} images"
    return [
        _row(f"start to usable window, {what}", large, other, small, "start_s"),
        _row(f"first page of the outbox, {what}", large, other, small, "page_s"),
        _row(f"one claim, at once, {what}", large, other, small, "early_claim_s"),
        _row(f"one claim, after the look, {what}", large, other, small, "claim_s"),
        _row(f"one claim, during the look, {what}", large, other, small, "look_claim_s"),
        _memory_row(f"memory, {what}", large, other, small),
    ]


def _row(what: str, large: Sequence[_Seen], other: str, small: Sequence[_Seen], name: str) -> Row:
    ours, others = (median([getattr(seen, name) for seen in side]) for side in (large, small))
    return Row(what, ours, other, others, TIMES_SMALL)


def _memory_row(what: str, large: Sequence[_Seen], other: str, small: Sequence[_Seen]) -> Row:
    ours, others = (median([s.resident_bytes for s in side]) / _MIB for side in (large, small))
    return Row(what, ours, other, others, round(1 + MORE_MIB / others, 2), unit="MiB")


def _prepare(folder: Path, year: Year) -> dict[str, str]:
    """Make a station; the environment of a program that opens it."""
    folder.mkdir()
    os.environ[PLACE] = str(folder / "keyring.json")
    asyncio.run(make_year(AppPaths(folder).station, KeyringSecrets(FileKeyring), year))
    return compiled_once(folder) | {
        FOLDER_VARIABLE: str(folder),
        "PYTHON_KEYRING_BACKEND": f"{FileKeyring.__module__}.{FileKeyring.__name__}",
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(ROOT),
    }


def _start(surroundings: Mapping[str, str]) -> _Seen:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.outbox_child"],
        env=surroundings,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=300,
    )
    said = json.loads(done.stdout)
    return _Seen(
        start_s=said["ready_at"] - began,
        page_s=said["page_s"],
        early_claim_s=said["early_claim_s"],
        claim_s=said["claim_s"],
        look_claim_s=said["look_claim_s"],
        resident_bytes=said["resident_bytes"],
    )
