"""Whose a picture is by what it is called: another subject's code in a name stops the picture.

The rule shall give no false stop, for a station that stops for nothing teaches to click past it:

- A code counts as a whole token: ``B-008`` is in ``B-008_front.jpg``, and neither in ``AB-008.jpg``
  nor in ``B-0081.jpg``. Its separators count as they are written.
- A code of fewer than four characters, or without a letter, is what cameras and programs count and
  date with (``IMG_0001``, ``001.jpg``, ``2026-03-01``, ``V2``). It counts as a folder's whole name
  alone.
- The present subject's code, or a former one of it, beside another's settles it: that is a note.
  A code that was given up and is another's by now is that other's.
- The file's name is nearer than its folder's. Only where it names nobody the folder is asked. What
  is written inside the file is asked in any case: nobody sees that.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from haut_desktop.domain.errors import PictureError
from haut_desktop.domain.ids import SubjectId
from haut_desktop.domain.subjects import LONGEST_CODE, KnownCode, Subject, code_key
from haut_desktop.services.intake import Pasted, Source

_SHORTEST: Final = 4
"""Characters that a code needs at least to be told from a number in a name."""
_TOKEN: Final = re.compile(r"[^\W_]+")
_LETTER: Final = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Name:
    """One thing that a picture is called by, with every code that may be meant."""

    keys: frozenset[str]
    what: str
    way_out: str
    is_nearest: bool = True
    """Asked in any case; else only where the one before names nobody."""


def names_of(source: Source, captions: Iterable[str]) -> tuple[Name, ...]:
    """Give what a picture is called by: its file, its folder, and what is written inside it."""
    inside = [
        Name(
            frozenset(_tokens(caption)),
            "The description inside the file",
            "correct the description, or export the picture without it, and add it again",
        )
        for caption in captions
    ]
    if isinstance(source, Pasted):
        return tuple(inside)
    folder = source.parent.name
    return (
        Name(
            frozenset(_tokens(source.stem)), "The file's name", "rename the file and add it again"
        ),
        Name(
            frozenset(_tokens(folder)) | {code_key(folder)},
            "The name of the file's folder",
            "rename the folder and add the picture again",
            is_nearest=False,
        ),
        *inside,
    )


def refuse_another(names: Sequence[Name], codes: Sequence[KnownCode], subject: Subject) -> None:
    """Refuse a picture that is called by another subject's code; raises ``PictureError``."""
    is_named = False
    for name in names:
        meant = _now([code for code in codes if code.key in name.keys])
        if not name.is_nearest and is_named:
            continue
        is_named = bool(meant)
        if meant and not _is_of(meant, subject.id):
            raise PictureError(
                _words(name, meant[0], subject), title="This may be another subject's picture"
            )


def _now(meant: Sequence[KnownCode]) -> list[KnownCode]:
    """Leave out former codes that somebody has again."""
    taken = {code.key for code in meant if code.is_current}
    return [code for code in meant if code.is_current or code.key not in taken]


def _is_of(meant: Iterable[KnownCode], subject_id: SubjectId) -> bool:
    return any(code.subject_id == subject_id for code in meant)


def _words(name: Name, meant: KnownCode, subject: Subject) -> str:
    former = f", a former code of subject {meant.code}" if not meant.is_current else ""
    return (
        f"{name.what} has the code “{meant.said}”{former}, and this visit is subject "
        f"{subject.code}'s. Nothing was added. If it is their picture, open subject {meant.code} "
        f"and add it there; if it is named wrongly, {name.way_out}."
    )


def _tokens(name: str) -> Iterator[str]:
    """Every run of whole tokens that could be a code by itself."""
    text = code_key(name)
    places = [match.span() for match in _TOKEN.finditer(text)]
    for number, (start, _) in enumerate(places):
        for _, end in places[number:]:
            if end - start > LONGEST_CODE:
                break
            run = text[start:end]
            if len(run) >= _SHORTEST and _LETTER.search(run):
                yield run
