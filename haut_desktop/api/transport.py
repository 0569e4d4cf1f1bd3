"""How both HTTP clients are made: trust, proxy, timeouts that grow with size, bodies in chunks."""

import base64
import importlib.util
import logging
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import truststore

from haut_desktop.api.throttle import Throttle
from haut_desktop.domain.errors import StationError

# At INFO it logs whole addresses, and a signed one opens a picture.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)

# httpcore tries this import several times with each request and takes its absence for asyncio; each
# failed search looks through every folder of the path, on the event loop.
if importlib.util.find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # Python's way to say "not there"

_SLOWEST_BYTES_PER_S: Final = 50_000
OnProgress = Callable[[int], None]
"""Called with the number of a picture's bytes that have left so far."""


MOST_CONNECTIONS: Final = 20
"""Of each client at once; further calls wait for one."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds; a write timeout of minutes would leave one dormant Qt timer per chunk behind."""

    connect_s: float = 10.0
    read_s: float = 30.0
    write_s: float = 25.0

    def for_httpx(self) -> httpx.Timeout:
        """The same for httpx."""
        return httpx.Timeout(self.read_s, connect=self.connect_s, write=self.write_s)

    def whole_s(self, size_bytes: int) -> float:
        """How long sending or fetching ``size_bytes`` may take at all."""
        return size_bytes / _SLOWEST_BYTES_PER_S * 1.5 + 25.0


@dataclass(frozen=True, slots=True)
class Network:
    """What the place demands of every connection; the same for both clients."""

    proxy: str | None = None
    """Address of a proxy, or none; the environment is not asked."""
    ca_file: Path | None = None
    """A site's own authority (PEM), trusted besides the system's store."""
    timeouts: Timeouts = Timeouts()
    transport: httpx.AsyncBaseTransport | None = None
    """In place of real sockets, for tests."""
    throttle: Throttle = field(default_factory=Throttle, compare=False)
    """The line that all bodies of both clients share."""

    def whole_s(self, size_bytes: int) -> float:
        """How long an exchange may take at all; a limited line is not a stalled one."""
        return self.timeouts.whole_s(size_bytes) + self.throttle.longest_s(size_bytes)

    def make_client(self) -> httpx.AsyncClient:
        """Make a client without authorization, redirects or anything from the environment.

        Raises StationError for a ``ca_file`` that is none.
        """
        return httpx.AsyncClient(
            transport=self.transport,
            proxy=self.proxy,
            verify=_trust(self.ca_file),
            timeout=self.timeouts.for_httpx(),
            # below what servers keep open: a connection that they close in the moment of use is
            # an unknown outcome
            limits=httpx.Limits(max_connections=MOST_CONNECTIONS, keepalive_expiry=4.0),
            follow_redirects=False,
            trust_env=False,
        )


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise StationError(
                f"“{ca_file.name}” can't be read as a certificate authority (PEM). Correct it in "
                "the settings and start again.",
                title="Certificate file",
            ) from error
    return context


def origin_of(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port, with the scheme's own port filled in."""
    port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, port


class PictureBody:
    """A picture's bytes in chunks; can be sent again, and knows whether all of them left."""

    def __init__(
        self, data: bytes, on_progress: OnProgress | None = None, throttle: Throttle | None = None
    ) -> None:
        self._data = data
        self._on_progress = on_progress
        self._throttle = throttle or Throttle()
        self.is_sent = False

    @property
    def size_bytes(self) -> int:
        """Length on the wire."""
        return len(self._data)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.is_sent = False
        view, start = memoryview(self._data), 0
        while start < len(view):
            chunk = bytes(view[start : start + self._throttle.chunk_bytes])
            await self._throttle.turn(len(chunk))
            yield chunk
            start += len(chunk)
            # asked for more: the chunk before was handed to the network
            self._tell(start)
        self.is_sent = True

    def _tell(self, sent_bytes: int) -> None:
        if self._on_progress is not None:
            self._on_progress(sent_bytes)


class InlineBody(PictureBody):
    """A JSON object whose last field is a picture in base64, made while it is sent."""

    def __init__(
        self,
        head: bytes,
        field: str,
        data: bytes,
        on_progress: OnProgress | None = None,
        throttle: Throttle | None = None,
    ) -> None:
        """Put ``field`` into the JSON object ``head``, which has at least one other field."""
        super().__init__(data, on_progress, throttle)
        self._head = head.rstrip()[:-1] + f',"{field}":"'.encode()

    @property
    def size_bytes(self) -> int:
        """Length on the wire."""
        return len(self._head) + (len(self._data) + 2) // 3 * 4 + len(b'"}')

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.is_sent = False
        yield self._head
        view, start = memoryview(self._data), 0
        while start < len(view):
            # divisible by 3, so that its base64 has no padding and is one chunk long
            piece = view[start : start + self._throttle.chunk_bytes // 4 * 3]
            chunk = base64.b64encode(piece)
            await self._throttle.turn(len(chunk))
            yield chunk
            start += len(piece)
            self._tell(start)
        yield b'"}'
        self.is_sent = True
