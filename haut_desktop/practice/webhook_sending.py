"""Sends the webhooks: one thread, a queue in the records, a bounded number of attempts."""

import base64
import logging
import socket
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import SplitResult, quote_plus

import msgspec

from haut_desktop.practice.answers import ContractError
from haut_desktop.practice.clock import true_now
from haut_desktop.practice.queue_thread import QueueThread
from haut_desktop.practice.records import Row
from haut_desktop.practice.service import Service
from haut_desktop.practice.webhook_payload import make_payload
from haut_desktop.practice.webhooks import find_webhook, read_destination

_log = logging.getLogger(__name__)

ATTEMPTS: Final = 4
"""How often a destination is tried; how often the platform does it is not documented."""
_LONGER: Final = 4.0
"""Each wait is so many times the one before."""
_TIMEOUT_S: Final = 5.0
"""For each byte that is waited for."""
_LONGEST_S: Final = 15.0
"""For a whole attempt: a destination that drips must not keep the platform from stopping."""
_ADDRESSES: Final = ("127.0.0.1", "::1")
"""Where ``localhost`` may be; it is never looked up, so that no hosts file leads elsewhere."""

_NEXT: Final = "SELECT * FROM webhook_queue WHERE not_before <= ? ORDER BY not_before, id LIMIT 1"
_DATASET: Final = (
    "SELECT s.dataset_id FROM images i JOIN batches b ON b.id = i.batch_id"
    " JOIN subjects s ON s.id = b.subject_id WHERE i.id = ?"
)


def queue_when_finished(service: Service, image_id: str, run_id: str) -> None:
    """Queue the message if that was the run's last algorithm on the image; in a transaction.

    The demonstration's pictures stand for weeks that are over: nobody is told of them.
    """
    records = service.records
    hook = find_webhook(service, records.fetch_value(_DATASET, image_id))
    if hook is None or records.fetch_one("SELECT 1 FROM drawings WHERE image_id = ?", image_id):
        return
    about = None if hook["merge_webhooks"] else run_id
    is_left = records.fetch_one(
        "SELECT 1 FROM jobs WHERE image_id = ? AND run_id = coalesce(?, run_id)", image_id, about
    )
    if not is_left:
        records.insert("webhook_queue", image_id=image_id, run_id=about, not_before=true_now())


class WebhookSender(QueueThread):
    """Tells destinations what was queued, also what was left by the last start."""

    def __init__(self, service: Service) -> None:
        super().__init__("webhooks")
        self._service = service

    def _run(self) -> None:
        while True:
            with self._changed:
                due = None if self._is_stopping else self._next()
                if due is None:
                    if self._is_stopping:
                        return
                    self._changed.wait(self._idle_s())
                    continue
            self._tell(due)

    def _next(self) -> Row | None:
        return self._service.records.fetch_one(_NEXT, true_now())

    def _idle_s(self) -> float | None:
        """Seconds until the next attempt is due, None when there is none."""
        due = self._service.records.fetch_value("SELECT min(not_before) FROM webhook_queue")
        return None if due is None else max(0.01, due - true_now())

    def _tell(self, due: Row) -> None:
        try:
            is_over = self._attempt(due)
        except (OSError, HTTPException, ContractError) as error:
            _log.info("a webhook's destination gave no answer: %s", type(error).__name__)
            is_over = False
        except Exception:  # noqa: BLE001 - one odd destination must not stop the others' messages
            _log.exception("a webhook failed")
            is_over = True
        records, attempts = self._service.records, due["attempts"] + 1
        if is_over or attempts >= ATTEMPTS:
            records.execute("DELETE FROM webhook_queue WHERE id = ?", due["id"])
            return
        wait_s = self._service.options.webhook_wait_s * _LONGER ** (attempts - 1)
        records.update(
            "webhook_queue", due["id"], attempts=attempts, not_before=true_now() + wait_s
        )

    def _attempt(self, due: Row) -> bool:
        """Whether the destination took the message, or there is none to give or nobody to."""
        records = self._service.records
        hook = find_webhook(self._service, records.fetch_value(_DATASET, due["image_id"]) or "")
        payload = make_payload(self._service, due["image_id"], due["run_id"])
        if hook is None or payload is None:
            return True
        status = _send(hook, msgspec.json.encode(payload))
        if not 200 <= status < 300:
            _log.info("a webhook's destination answered %d", status)
        return 200 <= status < 300


def _send(hook: Row, body: bytes) -> int:
    """The status of the destination's answer; a redirection is not followed.

    That GET carries the message in its body as POST does is a guess: an address can't hold it.
    """
    parts = read_destination(hook["url"])
    key, value = hook["authorization_key"], hook["authorization_value"]
    headers = {"Content-Type": "application/json", "Host": parts.netloc}
    query = parts.query
    match hook["authorization"]:
        case "query":
            query = "&".join(
                [*([query] if query else []), f"{quote_plus(key)}={quote_plus(value)}"]
            )
        case "basic":
            pair = base64.b64encode(f"{key}:{value}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        case _:
            headers["Authorization"] = f"Bearer {value}"
    target = f"{parts.path or '/'}{'?' + query if query else ''}"
    connection = _connect(parts)
    ending = threading.Timer(_LONGEST_S, _break_off, (connection.sock,))
    ending.daemon = True
    ending.start()
    try:
        connection.request(hook["method"].upper(), target, body, headers)
        return connection.getresponse().status
    finally:
        ending.cancel()
        connection.close()


def _break_off(connected: socket.socket) -> None:
    with suppress(OSError):  # closed meanwhile
        connected.shutdown(socket.SHUT_RDWR)


def _connect(parts: SplitResult) -> HTTPConnection:
    addresses = _ADDRESSES if parts.hostname == "localhost" else _ADDRESSES[:1]
    for address in addresses:
        connection = HTTPConnection(address, parts.port or 80, timeout=_TIMEOUT_S)
        try:
            connection.connect()
        except OSError:
            if address == addresses[-1]:
                raise
            continue
        return connection
    raise AssertionError("there is always an address")
