"""A platform in memory behind the real clients: it works on when nobody waits for its answer.

A request arrives, is worked on and is answered at three different moments; between any two of
them the line may break, the station may lose its power, or both.
"""

import asyncio
import base64
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from typing import Any, Final

import httpx
import msgspec

from tests.fakes.clock import START
from tests.fakes.haut_server import jwt

SERVER: Final = "https://platform.example"
STORE: Final = "store.example"
COMPANY: Final = "company-1"
LATENCY_S: Final = 0.1
COMPUTING_S: Final = 20.0
TOKEN_S: Final = 3600.0
LEG: Final = 2
"""A request has two legs, there and back."""


class Step(StrEnum):
    """What a request is for."""

    REFRESH = "refresh"
    SIGN_IN = "sign in"
    DICTIONARY = "dictionary"
    DATASET = "dataset"
    FIND_SUBJECT = "find subject"
    CREATE_SUBJECT = "create subject"
    INITIATE = "initiate"
    PUT = "put"
    COMPUTE = "compute"
    BATCH_RESULTS = "batch results"
    CREATE_BATCH = "create batch"
    LIST_BATCHES = "list batches"
    DELETE_BATCH = "delete batch"
    POST_IMAGE = "post image"
    LIST_IMAGES = "list images"
    IMAGE_RESULTS = "image results"
    UNKNOWN = "unknown"


PICTURE_STEPS: Final = frozenset({Step.PUT, Step.POST_IMAGE})


class Fault(StrEnum):
    """What may happen to one request."""

    LOST_ANSWER = "done, the answer is lost"
    LOST_REQUEST = "lost on the way, nobody knows"
    LATE = "the line breaks at once, done later"
    HANGS = "done later, never answered"
    UNREACHABLE = "never leaves"
    BROKEN_BODY = "breaks in the middle of the body"
    TROUBLE = "500, not done"
    TROUBLE_DONE = "500, and done"
    BUSY = "429"
    SIGNED_OUT = "401"
    FORBIDDEN = "403"
    REFUSED = "422"
    PORTAL = "a guest network's page"
    GARBLED = "done, the answer says nothing"
    CHANGED = "other bytes are stored, late"


_TAKE_LONGER: Final = frozenset({Fault.LATE, Fault.HANGS, Fault.CHANGED})


@dataclass(frozen=True)
class Trap:
    """A fault that waits for a request."""

    fault: Fault
    late_s: float = 1.0


@dataclass(frozen=True)
class Sent:
    """A request that left the station."""

    at_s: float
    step: Step
    about: str
    """A picture's name, our batch's id, or for a computation the platform's id of the batch."""


@dataclass
class Picture:
    """A picture as the platform holds it."""

    id: str
    name: str
    side: str
    sha256: str = ""
    address: str = ""
    departure: int = 0
    """The newest upload that arrived here, by the order in which they left."""


@dataclass
class Folder:
    """A batch on the platform."""

    id: str
    subject_id: str
    meta: dict[str, str]
    pictures: list[Picture] = field(default_factory=list)
    computed_s: list[float] = field(default_factory=list)
    """When each computation was asked for; more than one is one too many."""
    is_inline: bool = False


@dataclass
class Person:
    """A subject on the platform."""

    id: str
    dataset_id: str
    name: str
    meta: dict[str, Any]


class FakePlatform(httpx.AsyncBaseTransport):
    """Answers as the contract says, or as its traps say."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.is_online = True
        self.traps: defaultdict[Step, list[Trap]] = defaultdict(list)
        self.people: dict[str, Person] = {}
        self.folders: dict[str, Folder] = {}
        self.deleted: dict[str, Folder] = {}
        self.addresses: dict[str, Picture] = {}
        self.computations: Counter[str] = Counter()
        """How often each picture was computed, by SHA-256; every one costs money."""
        self.in_flight = 0
        self.most_in_flight = 0
        self.sent: list[Sent] = []
        """Every request that begins or sends something and left the station, in order."""
        self.requests: Counter[Step] = Counter()
        self.unknown: list[str] = []
        self.overtaken: set[str] = set()
        """Pictures that an upload changed which left before another one and arrived after it.

        The store keeps what comes last, and the later one was proven: no client can know of it,
        but for asking once more. Verification does.
        """
        self._access: dict[str, float] = {}
        self._refresh: set[str] = set()
        self._numbers = 0
        self._departures = 0
        self._orphans: list[asyncio.TimerHandle] = []
        self._work: dict[Step, Callable[[httpx.Request, tuple[str, ...]], httpx.Response]] = {
            Step.REFRESH: self._renew,
            Step.SIGN_IN: self._sign_in,
            Step.DICTIONARY: self._dictionary,
            Step.DATASET: self._dataset,
            Step.FIND_SUBJECT: self._find,
            Step.CREATE_SUBJECT: self._create,
            Step.INITIATE: self._initiate,
            Step.PUT: self._put,
            Step.COMPUTE: self._compute,
            Step.BATCH_RESULTS: self._results,
            Step.CREATE_BATCH: self._create_batch,
            Step.LIST_BATCHES: self._list_batches,
            Step.DELETE_BATCH: self._delete,
            Step.POST_IMAGE: self._post,
            Step.LIST_IMAGES: self._list,
            Step.IMAGE_RESULTS: self._rows,
        }

    # ---- what a test does to it ------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The platform's own clock, which nobody sets."""
        return START + timedelta(seconds=self._loop.time())

    def issue(self) -> tuple[str, str, datetime]:
        """Give a new access token, its refresh token and the access token's end."""
        begin, number = self.now.timestamp(), self._next("token")
        access = jwt(iat=begin, exp=begin + TOKEN_S, jti=number)
        self._access[access] = self._loop.time() + TOKEN_S
        refresh = f"refresh-{number}"
        self._refresh.add(refresh)
        return access, refresh, self.now + timedelta(seconds=TOKEN_S)

    def expire_tokens(self, *, refuses_refresh: bool) -> None:
        """Let no token count any more; with ``refuses_refresh`` somebody has to sign in."""
        self._access.clear()
        if refuses_refresh:
            self._refresh.clear()

    def expire_addresses(self) -> None:
        """Let every address that was given so far end."""
        self.addresses.clear()

    def forget_orphans(self) -> None:
        """Drop what was not worked on yet: the requests of a station that lost its power."""
        for handle in self._orphans:
            handle.cancel()
        self._orphans.clear()

    def enrol_stranger(self, dataset_id: str, name: str) -> None:
        """Let somebody else register a subject under this code."""
        person = Person(self._next("person"), dataset_id, name, {})
        self.people[person.id] = person

    def heal(self) -> None:
        """Let everything go well from now on."""
        self.is_online = True
        self.traps.clear()

    # ---- the line --------------------------------------------------------------------------

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request there and its answer back."""
        step, ids = step_of(request)
        self.requests[step] += 1
        if step in PICTURE_STEPS:
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._carry(request, step, ids)
        finally:
            self.in_flight -= step in PICTURE_STEPS

    async def _carry(
        self, request: httpx.Request, step: Step, ids: tuple[str, ...]
    ) -> httpx.Response:
        trap = self.traps[step].pop(0) if self.traps[step] else None
        if not self.is_online or (trap and trap.fault is Fault.UNREACHABLE):
            raise httpx.ConnectError("no route")
        if trap and trap.fault is Fault.BROKEN_BODY and step in PICTURE_STEPS:
            raise httpx.ReadError("reset")  # the body is not even asked for
        await request.aread()
        self._note(request, step, ids)
        answer: asyncio.Future[httpx.Response] = self._loop.create_future()
        self._receive(request, step, ids, trap, answer)
        response = await answer
        await asyncio.sleep(LATENCY_S / LEG)
        if not self.is_online:
            raise httpx.ReadError("gone")
        if trap and trap.fault is Fault.LOST_ANSWER:
            raise httpx.ReadError("reset")
        return response

    def _note(self, request: httpx.Request, step: Step, ids: tuple[str, ...]) -> None:
        """Remember what left, by our own ids in it."""
        if step is Step.PUT and (picture := self.addresses.get(request.url.path)):
            self.sent.append(Sent(self._loop.time(), step, picture.name))
        elif step is Step.POST_IMAGE:
            self.sent.append(Sent(self._loop.time(), step, _read(request)["name"]))
        elif step is Step.INITIATE:
            self.sent.append(Sent(self._loop.time(), step, _read(request)["meta"]["batch_id"]))
        elif step is Step.COMPUTE:
            self.sent.append(Sent(self._loop.time(), step, ids[0]))

    def _receive(
        self,
        request: httpx.Request,
        step: Step,
        ids: tuple[str, ...],
        trap: Trap | None,
        answer: asyncio.Future[httpx.Response],
    ) -> None:
        """Work on it at its time, whether or not somebody still waits for ``answer``."""
        fault = trap.fault if trap else None
        delay_s = LATENCY_S / LEG
        if trap and fault in _TAKE_LONGER:
            delay_s += trap.late_s
        self._departures += 1
        request.extensions["departure"] = self._departures

        def work() -> None:
            refusal = _refusal(fault)
            response = refusal or self._answer(request, step, ids, fault)
            if fault is Fault.TROUBLE_DONE:
                response = _say(500, {"detail": "trouble"})
            if fault is Fault.GARBLED and response.is_success and step is not Step.PUT:
                response = _say(200, {})
            response.headers["Date"] = format_datetime(self.now.astimezone(UTC), usegmt=True)
            if not answer.done() and fault not in (Fault.LATE, Fault.HANGS):
                answer.set_result(response)

        if fault is not Fault.LOST_REQUEST:
            self._orphans.append(self._loop.call_later(delay_s, work))
            self._orphans = [h for h in self._orphans if h.when() > self._loop.time()]
        if fault in (Fault.LOST_REQUEST, Fault.LATE):
            answer.set_exception(httpx.ReadError("reset"))

    def _answer(
        self, request: httpx.Request, step: Step, ids: tuple[str, ...], fault: Fault | None
    ) -> httpx.Response:
        if step is Step.UNKNOWN:
            self.unknown.append(f"{request.method} {request.url.path}")
            return _say(404, {"detail": "Not found."})
        is_open = step in (Step.PUT, Step.REFRESH, Step.SIGN_IN, Step.DICTIONARY)
        if not is_open and not self._is_known(request):
            return _say(401, {"detail": "token"})
        if fault is Fault.CHANGED and step is Step.PUT:
            return self._put(request, ids, cut=1)
        return self._work[step](request, ids)

    def _is_known(self, request: httpx.Request) -> bool:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self._access.get(token, 0.0) > self._loop.time()

    def _next(self, word: str) -> str:
        self._numbers += 1
        return f"{word}-{self._numbers}"

    # ---- the calls -------------------------------------------------------------------------

    def _renew(self, request: httpx.Request, ids: tuple[str, ...]) -> httpx.Response:
        if _read(request)["refresh_token"] not in self._refresh:
            return _say(401, {"detail": "refresh token"})
        access, refresh, _ = self.issue()
        return _say(200, {"access_token": access, "refresh_token": refresh})

    def _sign_in(self, request: httpx.Request, ids: tuple[str, ...]) -> httpx.Response:
        access, refresh, _ = self.issue()
        account = {"id": 1, "company_id": COMPANY, "username": "technician@site.example"}
        return _say(200, {**account, "access_token": access, "refresh_token": refresh})

    def _dictionary(self, request: httpx.Request, ids: tuple[str, ...]) -> httpx.Response:
        if not request.url.path.endswith("/image_types/"):
            return _say(200, [])
        sides = [{"id": n, "tech_name": s} for n, s in enumerate(("front", "right", "left"), 1)]
        kind = {"sides": sides, "lights": [{"id": 1, "tech_name": "regular"}]}
        return _say(200, [{"id": "1", "tech_name": "skin", **kind}])

    def _dataset(self, request: httpx.Request, ids: tuple[str, ...]) -> httpx.Response:
        return _say(200, {"id": ids[0], "name": ids[0], "connected_applications": ["face"]})

    def _find(self, request: httpx.Request, ids: tuple[str, ...]) -> httpx.Response:
        name = request.url.params.get("q", "")
        found = [p for p in self.people.values() if p.dataset_id == ids[0] and name in p.name]
        return _say(200, [{"id": p.id, "name": p.name, "meta": p.meta} for p in found])

    def _create(self, request: httpx.Request, ids: tuple[str, ...]) -> httpx.Response:
        body = _read(request)
        person = Person(self._next("person"), ids[0], body["name"], body["meta"])
        self.people[person.id] = person
        return _say(201, {"id": person.id, "name": person.name, "meta": person.meta})

    def _initiate(self, request: httpx.Request, ids: tuple[str, ...]) -> httpx.Response:
        body = _read(request)
        folder = Folder(self._next("batch"), ids[0], body["meta"])
        self.folders[folder.id] = folder
        said: dict[str, Any] = {"image_batch_id": folder.id}
        for side in ("front", "left", "right"):
            if side not in body:
                continue
            address = f"/{self._next('address')}"
            picture = Picture(self._next("image"), body[side], side, address=address)
            folder.pictures.append(picture)
            self.addresses[address] = picture
            said[side] = {"id": picture.id, "url": f"https://{STORE}{address}", "method": "PUT"}
        return _say(201, said)

    def _put(self, request: httpx.Request, ids: tuple[str, ...], *, cut: int = 0) -> httpx.Response:
        picture = self.addresses.get(request.url.path)
        if picture is None:
            words = "<Error><Code>ExpiredToken</Code></Error>"
            return httpx.Response(400, text=words, headers={"content-type": "application/xml"})
        data = request.content[: len(request.content) - cut]
        picture.sha256 = hashlib.sha256(data).hexdigest()
        if request.extensions["departure"] > picture.departure:
            picture.departure = request.extensions["departure"]
            self.overtaken.discard(picture.name)
        elif cut:
            self.overtaken.add(picture.name)
        md5 = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        return httpx.Response(200, headers={"x-goog-hash": f"md5={md5}"})

    def _compute(self, request: httpx.Request, ids: tuple[str, ...]) -> httpx.Response:
        folder = self.folders.get(ids[0])
        if folder is None:
            return _say(404, {"detail": "Not found."})
        stored = [picture.sha256 for picture in folder.pictures if picture.sha256]
        if not stored:
            return _say(400, {"detail": "no pictures"})
        folder.computed_s.append(self._loop.time())
        self.computations.update(stored)
        return _say(200, {})

    def _results(self, request: httpx.Request, ids: tuple[str, ...]) -> httpx.Response:
        folder = self.folders.get(ids[0])
        if folder is None or not self._has_results(folder):
            return _say(200, {})
        parameters = {"redness": {"score": 50.0}}
        return _say(200, {"face": {"all_algorithms_calculated": True, "parameters": parameters}})

    def _has_results(self, folder: Folder) -> bool:
        return any(at_s + COMPUTING_S <= self._loop.time() for at_s in folder.computed_s)

    def _create_batch(self, request: httpx.Request, ids: tuple[str, ...]) -> httpx.Response:
        folder = Folder(self._next("batch"), ids[1], {}, is_inline=True)
        self.folders[folder.id] = folder
        return _say(201, {"id": folder.id})

    def _list_batches(self, request: httpx.Request, ids: tuple[str, ...]) -> httpx.Response:
        mine = [f for f in self.folders.values() if f.subject_id == ids[1]]
        return _say(200, [{"id": folder.id, "meta": folder.meta} for folder in mine])

    def _delete(self, request: httpx.Request, ids: tuple[str, ...]) -> httpx.Response:
        folder = self.folders.pop(ids[2], None)
        if folder is None:
            return _say(404, {"detail": "Not found."})
        self.deleted[folder.id] = folder
        return httpx.Response(204)

    def _post(self, request: httpx.Request, ids: tuple[str, ...]) -> httpx.Response:
        folder = self.folders.get(ids[2])
        if folder is None:
            return _say(404, {"detail": "Not found."})
        body = _read(request)
        sha256 = hashlib.sha256(base64.b64decode(body["b64data"])).hexdigest()
        picture = Picture(self._next("image"), body["name"], str(body.get("side_id")), sha256)
        folder.pictures.append(picture)
        folder.computed_s.append(self._loop.time())
        self.computations[sha256] += 1  # inline pictures are computed as they come
        return _say(201, {"id": picture.id, "name": picture.name})

    def _list(self, request: httpx.Request, ids: tuple[str, ...]) -> httpx.Response:
        folder = self.folders.get(ids[2])
        pictures = folder.pictures if folder else []
        return _say(200, [{"id": picture.id, "name": picture.name} for picture in pictures])

    def _rows(self, request: httpx.Request, ids: tuple[str, ...]) -> httpx.Response:
        folder = self.folders.get(ids[2])
        if folder is None or not self._has_results(folder):
            return _say(200, [])
        return _say(200, [{"image_id": ids[3], "algorithm_tech_name": "redness", "result": 1.0}])


def step_of(request: httpx.Request) -> tuple[Step, tuple[str, ...]]:
    """Say what a request is for, and which ids its address names."""
    if request.url.host == STORE:
        return Step.PUT, ()
    for method, pattern, step in _ROUTES:
        found = re.fullmatch(pattern, request.url.path)
        if method == request.method and found is not None:
            return step, found.groups()
    return Step.UNKNOWN, ()


_ID: Final = "([^/]+)"
_V1: Final = f"/api/v1/companies/{COMPANY}/datasets/{_ID}/"
_V3: Final = f"/api/v3/companies/{COMPANY}"
_BATCHES: Final = f"{_V1}subjects/{_ID}/batches/"
_ROUTES: Final = (
    ("POST", "/api/v1/auth/refresh/", Step.REFRESH),
    ("POST", "/api/v1/auth/login/", Step.SIGN_IN),
    ("GET", "/api/v1/dicts/[^/]+/", Step.DICTIONARY),
    ("GET", f"/api/v1/companies/{COMPANY}/applications/", Step.DICTIONARY),
    ("GET", _V1, Step.DATASET),
    ("GET", f"{_V1}subjects/", Step.FIND_SUBJECT),
    ("POST", f"{_V1}subjects/", Step.CREATE_SUBJECT),
    ("GET", _BATCHES, Step.LIST_BATCHES),
    ("POST", _BATCHES, Step.CREATE_BATCH),
    ("DELETE", f"{_BATCHES}{_ID}/", Step.DELETE_BATCH),
    ("GET", f"{_BATCHES}{_ID}/images/", Step.LIST_IMAGES),
    ("POST", f"{_BATCHES}{_ID}/images/", Step.POST_IMAGE),
    ("GET", f"{_BATCHES}{_ID}/images/{_ID}/results/", Step.IMAGE_RESULTS),
    ("POST", f"{_V3}/subjects/{_ID}/upload/", Step.INITIATE),
    ("POST", f"{_V3}/batches/{_ID}/compute/", Step.COMPUTE),
    ("GET", f"{_V3}/batches/{_ID}/results/", Step.BATCH_RESULTS),
)


def _refusal(fault: Fault | None) -> httpx.Response | None:
    """The answer of what never got as far as the work."""
    if fault is Fault.TROUBLE:
        return _say(500, {"detail": "trouble"})
    if fault is Fault.BUSY:
        return httpx.Response(429, json={"detail": "slow down"}, headers={"Retry-After": "30"})
    if fault is Fault.SIGNED_OUT:
        return _say(401, {"detail": "token"})
    if fault is Fault.FORBIDDEN:
        return _say(403, {"detail": "not allowed"})
    if fault is Fault.REFUSED:
        return _say(422, {"detail": "no"})
    if fault is Fault.PORTAL:
        return httpx.Response(200, html="<html>Welcome, guest</html>")
    return None


def _say(status: int, value: object) -> httpx.Response:
    return httpx.Response(status, json=value)


def _read(request: httpx.Request) -> dict[str, Any]:
    return msgspec.json.decode(request.content, type=dict[str, Any])
