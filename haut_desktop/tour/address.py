"""The address of a platform that a tour is to use: looked at before anything is built on it."""

import socket
from typing import Final
from urllib.parse import urlsplit

_PATIENCE_S: Final = 5.0
_PORTS: Final = {"http": 80, "https": 443}


def address_trouble(address: str) -> str:
    """Say why a tour can't use the address; empty when something listens there; blocking."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in _PORTS or not host:
        return f"“{address}” is no address of a platform; one looks like http://127.0.0.1:8000"
    try:
        socket.create_connection((host, port or _PORTS[parts.scheme]), _PATIENCE_S).close()
    except OSError:
        return f"Nothing answers at {address}. Is the platform running?"
    return ""
