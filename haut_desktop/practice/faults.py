"""Faults on request: which requests they strike, how often, and by which chance."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

import msgspec


class FaultKind(StrEnum):
    """What goes wrong."""

    OFFLINE = "offline"
    """The connection breaks before the request is read; nothing is done."""
    SLOW = "slow"
    """The request waits delay_s, then both directions run at bytes_per_s."""
    DROP_ANSWER = "drop_answer"
    """Everything is done, then the connection breaks instead of an answer."""
    COMMIT_LATE = "commit_late"
    """The connection breaks once the request is read; it is carried out delay_s later."""
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    THROTTLED = "429"
    """With ``Retry-After``: retry_after_s."""
    SERVER_ERROR = "5xx"
    """With the status given, 503 without one."""
    ADDRESS_EXPIRED = "address_expired"
    """The object store says that the address's time is over."""
    HTML = "html"
    """A captive portal's page with status 200."""
    WRONG_SHAPE = "wrong_shape"
    """JSON with status 200 that is not the contract's."""
    TRUNCATED = "truncated"
    """Everything is done, then the answer breaks off half-way."""
    WRONG_HASH = "wrong_hash"
    """The object store reports the hashes of other bytes."""


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
    status: int = 503
    retry_after_s: int = 1
    delay_s: float = 0.0
    bytes_per_s: float | None = None

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
    """The active faults; the first that strikes a request is the only one."""

    _active: list[_Active] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        self._active.append(_Active(fault, random.Random(fault.seed)))

    def clear(self) -> None:
        self._active.clear()

    def choose(self, target: Target, method: str, path: str) -> Fault | None:
        """The fault that strikes this request."""
        for active in self._active:
            if active.fault.fits(target, method, path) and active.strikes():
                return active.fault
        return None

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
    """A fault from JSON; raises ValueError (msgspec.ValidationError is one)."""
    return msgspec.convert(dict(fields), Fault, strict=is_strict)
