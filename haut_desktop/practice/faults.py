"""Faults on request: which requests they strike, how often, and by which chance."""

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Final, get_args

import msgspec

from haut_desktop.practice.worded import WordedEnum


class FaultKind(WordedEnum):
    """What goes wrong."""

    OFFLINE = ("offline", "The connection breaks before the request is read; nothing is done")
    SLOW = ("slow", "The request waits delay_s, then both directions run at bytes_per_s")
    DROP_ANSWER = (
        "drop_answer",
        "Everything is done, then the connection breaks instead of an answer",
    )
    COMMIT_LATE = (
        "commit_late",
        "The connection breaks once the request is read; it is carried out delay_s later",
    )
    UNAUTHORIZED = ("401", "The token is refused; at the object store, the address is")
    FORBIDDEN = ("403", "The right is missing")
    THROTTLED = ("429", "Too many requests, with `Retry-After`: retry_after_s")
    SERVER_ERROR = ("5xx", "The server has trouble: the status given, 503 without one")
    REFUSE_EARLY = (
        "refuse_early",
        "413, or 403 by status, before the body is read; then the connection is closed",
    )
    ADDRESS_EXPIRED = (
        "address_expired",
        "The object store says that the address's time is over: 400, or 403 by status",
    )
    HTML = ("html", "A captive portal's page with status 200")
    REDIRECT = (
        "redirect",
        "A captive portal sends on to its own host: 302, or 307 by status, to location",
    )
    EMPTY = ("empty", "Status 200 with nothing in it, as some proxies answer")
    WRONG_SHAPE = ("wrong_shape", "JSON with status 200 that is not the contract's")
    TRUNCATED = ("truncated", "Everything is done, then the answer breaks off half-way")
    WRONG_HASH = ("wrong_hash", "The object store reports the hashes of other bytes")
    CLOCK_SKEW = (
        "clock_skew",
        "`Date`, tokens and addresses go by a clock that runs skew_s ahead, or behind",
    )


ANSWERS: Final = frozenset(
    {
        FaultKind.UNAUTHORIZED,
        FaultKind.FORBIDDEN,
        FaultKind.THROTTLED,
        FaultKind.SERVER_ERROR,
        FaultKind.ADDRESS_EXPIRED,
        FaultKind.HTML,
        FaultKind.REDIRECT,
        FaultKind.EMPTY,
        FaultKind.WRONG_SHAPE,
    }
)
"""Faults that are an answer: nothing is done unless ``done`` says so."""


_NOT_NEGATIVE: Final = ("count", "skip", "retry_after_s", "delay_s", "bytes_per_s")
_KINDS_OF_VALUE: Final = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
}


class Target(StrEnum):
    """Which port a fault strikes."""

    PLATFORM = "platform"
    STORE = "store"
    BOTH = "both"


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One fault and the requests it strikes."""

    kind: FaultKind
    target: Target = Target.PLATFORM
    method: str = "*"
    path: str = "*"
    """A pattern with ``*``."""
    count: int | None = None
    """How many requests it strikes, None for all."""
    skip: int = 0
    """How many matching requests pass first."""
    probability: float = 1.0
    seed: int = 0
    done: bool = False
    """Whether everything is done before a wrong answer takes the place of the right one."""
    status: int | None = None
    retry_after_s: int = 1
    delay_s: float = 0.0
    bytes_per_s: float | None = None
    skew_s: float = 0.0
    location: str = "http://guest-network.invalid/"

    def __post_init__(self) -> None:
        if self.done and self.kind not in ANSWERS:
            raise ValueError(f"done: {self.kind} is no answer of its own")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability: from 0 to 1, not {self.probability:g}")
        for name in _NOT_NEGATIVE:
            if (value := getattr(self, name)) is not None and value < 0:
                raise ValueError(f"{name}: not less than 0, not {value:g}")
        if self.bytes_per_s == 0:
            raise ValueError("bytes_per_s: more than 0; nothing at all is offline")
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError(f"status: from 200 to 599, not {self.status}")

    def fits(self, target: Target, method: str, path: str) -> bool:
        return (
            self.target in (target, Target.BOTH)
            and self.method.upper() in ("*", method)
            and fnmatchcase(path, self.path)
        )


@dataclass(slots=True)
class _Active:
    """A fault with what it did so far."""

    fault: Fault
    chance: random.Random
    seen: int = 0
    struck: int = 0

    def strikes(self) -> bool:
        self.seen += 1
        if self.seen <= self.fault.skip:
            return False
        if self.fault.count is not None and self.struck >= self.fault.count:
            return False
        if self.chance.random() >= self.fault.probability:
            return False
        self.struck += 1
        return True


@dataclass(slots=True)
class Faults:
    """The active faults; the first that strikes a request is the only one, but for wrong clocks."""

    _active: list[_Active] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        self._active.append(_Active(fault, random.Random(fault.seed)))

    def clear(self) -> None:
        self._active.clear()

    def choose(self, target: Target, method: str, path: str) -> Fault | None:
        """The fault that strikes this request."""
        for active in self._fitting(target, method, path, is_clock=False):
            if active.strikes():
                return active.fault
        return None

    def skew_s(self, target: Target, method: str, path: str) -> float:
        """How far the clock runs ahead for this request, whatever else goes wrong with it."""
        fitting = self._fitting(target, method, path, is_clock=True)
        return sum(active.fault.skew_s for active in fitting if active.strikes())

    def _fitting(
        self, target: Target, method: str, path: str, *, is_clock: bool
    ) -> Iterator[_Active]:
        for active in self._active:
            has_kind = (active.fault.kind is FaultKind.CLOCK_SKEW) is is_clock
            if has_kind and active.fault.fits(target, method, path):
                yield active

    def show(self) -> list[dict[str, Any]]:
        return [
            {**msgspec.to_builtins(active.fault), "seen": active.seen, "struck": active.struck}
            for active in self._active
        ]


def parse_fault(text: str) -> Fault:
    """A fault of the command line: ``drop_answer,path=*/compute/,count=1``.

    Raises ValueError that says what is wrong.
    """
    kind, *parts = text.split(",")
    fields: dict[str, str] = {"kind": kind}
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"not NAME=VALUE: {part}")
        fields[name] = value
    return read_fault(fields, is_strict=False)


def read_fault(fields: Mapping[str, Any], *, is_strict: bool = True) -> Fault:
    """A fault from JSON; raises ValueError that says what is wrong and what there is."""
    kinds = [kind.value for kind in FaultKind]
    if not isinstance(fields, Mapping):
        raise ValueError(f"a fault is an object with its kind, not {fields}")
    if fields.get("kind") not in kinds:
        raise ValueError(f"no such kind of fault: {fields.get('kind')}. {_there_are(kinds)}")
    known = {field.name: field.type for field in msgspec.structs.fields(Fault)}
    values = {}
    for name, value in fields.items():
        if name not in known:
            raise ValueError(f"a fault has no {name}. {_there_are(known)}")
        try:
            values[name] = msgspec.convert(value, known[name], strict=is_strict)
        except msgspec.ValidationError:
            raise ValueError(f"{name}: {_expected(known[name])}, not {value}") from None
    return Fault(**values)


def _there_are(names: Iterable[str]) -> str:
    return f"There are {', '.join(names)}"


def _expected(type_: Any) -> str:
    """What a value must be, in words."""
    if type_ is Target:
        return "platform, store or both"
    kinds = get_args(type_) or (type_,)
    return next(_KINDS_OF_VALUE[kind] for kind in kinds if kind in _KINDS_OF_VALUE)
