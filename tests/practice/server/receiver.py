"""A destination of webhooks: an HTTP server on this computer that keeps what it is told."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tests.practice.server.running import DEADLINE_S, wait_for

_POLL_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Told:
    """One message."""

    method: str
    path: str
    authorization: str | None
    content_type: str | None
    payload: Any


class Receiver:
    """Answers with the given statuses in turn, then with 200."""

    def __init__(self, statuses: Sequence[int] = (), location: str = "") -> None:
        self.told: list[Told] = []
        self._statuses = list(statuses)
        self._location = location
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_S,), name="receiver"
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def wait_for(self, count: int) -> list[Told]:
        """What was told, once it is at least so many."""
        return wait_for(lambda: self.told if len(self.told) >= count else [])

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(DEADLINE_S)

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.told.append(
                    Told(
                        self.command,
                        self.path,
                        self.headers.get("Authorization"),
                        self.headers.get("Content-Type"),
                        json.loads(data),
                    )
                )
                self.send_response(receiver._statuses.pop(0) if receiver._statuses else 200)
                if receiver._location:
                    self.send_header("Location", receiver._location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
