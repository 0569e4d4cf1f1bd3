"""What a person can do about something that is held, by why it is held."""

from typing import Final

from haut_desktop.domain.delivery import HELD_BY_HAND
from haut_desktop.domain.errors import (
    AddressExpiredError,
    BodyRefusedError,
    ContentMismatchError,
    RefusedError,
    VaultError,
    VaultMissingError,
)
from haut_desktop.domain.former import MayBeThereError

_NOT_READABLE: Final = (
    "Call your study's IT: the file on this disk was changed or is gone. Release it once that is "
    "mended, and leave it held until then."
)
HELD_TODOS: Final = {
    HELD_BY_HAND: "Release it when it may go.",
    AddressExpiredError.__name__: (
        "Check the network and the limit under Sending…, then release it: the pictures are sent "
        "anew. If it happens again, tell your study's IT."
    ),
    BodyRefusedError.__name__: (
        "A firewall or proxy at the site often does that: ask your study's IT, then release it."
    ),
    ContentMismatchError.__name__: (
        "Release it to send the picture once more. If that happens again, tell the study's support."
    ),
    MayBeThereError.__name__: "Take it back if the picture is there; release it if it is not.",
    RefusedError.__name__: (
        "Tell the study's support what was said, and release it once that is put right."
    ),
    VaultError.__name__: _NOT_READABLE,
    VaultMissingError.__name__: _NOT_READABLE,
}
"""By the trouble's kind; what is not named here is looked at and released."""
