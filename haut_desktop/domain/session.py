"""Who is signed in, and the secrets that prove it; their ``repr`` never shows them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from haut_desktop.domain.ids import CompanyId
from haut_desktop.domain.tenant import Tenant, server_of


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the platform gives at sign-in; a private token has no refresh token."""

    access: str
    refresh: str = ""
    expires_at: datetime | None = None
    """From the token's own ``exp``, corrected by the server's clock; None for a private token."""
    is_private: bool = False

    def __repr__(self) -> str:
        # secrets must not reach a log by way of a traceback or a repr
        return f"Tokens(expires_at={self.expires_at!r}, is_private={self.is_private})"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the platform on one server."""

    server: str
    """Base address, e.g. ``https://saas.haut.ai``."""
    company_id: CompanyId
    user_id: int | None
    username: str

    @property
    def tenant(self) -> Tenant:
        """Whose work this account may do."""
        return Tenant(server_of(self.server), self.company_id)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that succeeded."""

    account: Account
    tokens: Tokens


class SessionState(StrEnum):
    """Where the session stands; REFUSED keeps the window and the work and asks to sign in."""

    SIGNED_OUT = "signed-out"
    SIGNING_IN = "signing-in"
    SIGNED_IN = "signed-in"
    REFUSED = "refused"


class Connection(StrEnum):
    """How the platform can be reached just now."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    OFFLINE = "offline"
    PORTAL = "portal"
    """A guest network's own page answers."""
    TROUBLE = "trouble"
    """The platform answers with errors."""
