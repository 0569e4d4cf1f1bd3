"""Everything a request needs: the records, the objects, the clock's rules and the quirks."""

import secrets
from collections import defaultdict, deque
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from haut_desktop.practice.clock import iso_form, space_form
from haut_desktop.practice.objects import Addresses, Objects
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.records import Records

if TYPE_CHECKING:
    from haut_desktop.practice.computing import Computing
    from haut_desktop.practice.faults import Faults
    from haut_desktop.practice.webhook_sending import WebhookSender

_SHORT_ADDRESS_S: Final = 1
LISTED_LATE_S: Final = 1.0
"""How long a list lags behind where a quirk says that it does."""


class Priority(IntEnum):
    """Whose pictures are computed first."""

    LOOKED_AT = -1
    """Of the demonstration, and somebody waits for the answer."""
    USER = 0
    DEMONSTRATION = 1


@dataclass(frozen=True, slots=True)
class Options:
    """How the practice platform was asked to behave."""

    token_seconds: int = 3600
    result_delay_s: float = 0.0
    address_seconds: int = 3600
    logins_per_minute: int = 60
    quirks: frozenset[Quirk] = frozenset()
    has_demonstration: bool = True
    object_store_url: str = ""
    """Where clients reach the object store; empty: where it listens."""
    webhook_wait_s: float = 1.0
    """Between the first two attempts to tell a destination; later waits are longer."""


@dataclass(slots=True)
class Service:
    """The parts of a running practice platform, shared by its routes and its worker."""

    records: Records
    objects: Objects
    addresses: Addresses
    secret: bytes
    options: Options
    login_times: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    quirks: set[Quirk] = field(default_factory=set)
    computing: "Computing" = field(init=False)
    faults: "Faults" = field(init=False)
    webhooks: "WebhookSender" = field(init=False)

    def has(self, quirk: Quirk) -> bool:
        return quirk in self.quirks

    def format_time(self, time_s: float) -> str:
        """A v1 timestamp."""
        return iso_form(time_s) if self.has(Quirk.ISO_TIMESTAMPS) else space_form(time_s)

    def sign_picture(self, key: str, seconds: int | None = None) -> str | None:
        """An address to fetch a stored object, None when there is no such object."""
        if self.objects.find(key) is None:
            return None
        if seconds is None:
            is_short = self.has(Quirk.RESULT_ADDRESSES_SHORT)
            seconds = _SHORT_ADDRESS_S if is_short else self.options.address_seconds
        return self.addresses.sign("GET", key, seconds=seconds)


def open_service(folder: Path, options: Options) -> Service:
    """Open or create the platform's store in folder."""
    folder.mkdir(parents=True, exist_ok=True)
    records = Records(folder / "practice.sqlite3")
    if records.setting("secret") is None:
        records.remember("secret", secrets.token_hex(32))
    secret = bytes.fromhex(records.setting("secret") or "")
    objects = Objects(records, folder / "objects")
    return Service(records, objects, Addresses(secret), secret, options, quirks=set(options.quirks))


def original_key(image_id: str) -> str:
    """Key of the picture as it was sent."""
    return f"images/{image_id}/original"


def forget_image(service: Service, image_id: str) -> None:
    """Delete every picture and mask that belongs to an image."""
    service.objects.delete(f"images/{image_id}/")
    service.objects.delete(f"masks/{image_id}/")
