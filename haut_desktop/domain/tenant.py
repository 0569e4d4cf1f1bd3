"""Whose an id of the platform is: it means nothing without its company and its server."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from haut_desktop.domain.ids import CompanyId

THIS_COMPUTER: Final = "http://127.0.0.1"
"""The practice platform on this computer, which has another port at each start."""

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Tenant:
    """A company on one server; two servers may well give two companies the same id."""

    server: str
    """As ``server_of`` writes it; empty in a record from before servers were kept."""
    company_id: CompanyId


def platform_words(server: str) -> str:
    """Name a server for a person who reads a receipt."""
    if server == THIS_COMPUTER:
        return f"practice platform on this computer ({server})"
    return server or "not recorded: the study is from before servers were kept"


def goes_in_the_clear(address: str) -> bool:
    """Whether what is sent to a server can be read on its way: plain http to another computer."""
    parts = urlsplit(address)
    return parts.scheme == "http" and (parts.hostname or "") not in _LOOPBACK


def server_of(address: str) -> str:
    """Write a server's base address in its one form: lower case, no default port, no slash last.

    Plain http on this computer is the practice platform, whatever its port. Raises ValueError for
    a port that is none.
    """
    parts = urlsplit(address if "://" in address else f"https://{address}")
    host = parts.hostname or ""
    if parts.scheme == "http" and host in _LOOPBACK:
        return THIS_COMPUTER
    name = f"[{host}]" if ":" in host else host
    port = parts.port
    place = name if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f"{name}:{port}"
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"
