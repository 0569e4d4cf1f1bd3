"""A practice platform on real sockets for tests, and a client written from the public contract."""

import asyncio
import base64
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Queue
from typing import Any, Final, TypeVar

import httpx

from haut_desktop.practice.faults import Fault
from haut_desktop.practice.service import Options
from haut_desktop.practice.serving import close_platform, open_platform, serve

DEADLINE_S: Final = 60.0
_LOOK_AGAIN_S: Final = 0.02

TECHNICIAN: Final = {
    "username": "technician@practice.example",
    "password": "practice-technician",
}
FACES: Final = "Practice study (faces)"
SKIN: Final = "Practice study (skin)"
NOT_SET_UP: Final = "Practice study, not set up"

Json = Any
_T = TypeVar("_T")


def wait_for(ask: Callable[[], _T]) -> _T:
    """The first true answer."""
    clock = threading.Event()
    for _ in range(round(DEADLINE_S / _LOOK_AGAIN_S)):
        if answer := ask():
            return answer
        clock.wait(_LOOK_AGAIN_S)
    raise AssertionError("waited in vain")


class RunningPlatform:
    """A platform served from a thread of the test's process."""

    def __init__(self, folder: Path, options: Options, faults: Sequence[Fault] = ()) -> None:
        self._service = open_platform(folder, options, faults)
        self._ready: Queue[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Queue()
        self._thread = threading.Thread(target=self._run, name="practice platform")
        self._thread.start()
        self.url, self._loop, self._stop = self._ready.get(timeout=DEADLINE_S)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(DEADLINE_S)
        close_platform(self._service)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        await serve(self._service, stop, lambda url: self._ready.put((url, loop, stop)))


class Client:
    """Talks to a platform as its public documentation says."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=DEADLINE_S)
        self.company = ""

    def sign_in(self) -> Json:
        answer = self.http.post("/api/v1/auth/login/", json=TECHNICIAN).json()
        self.http.headers["Authorization"] = f"Bearer {answer['access_token']}"
        self.company = f"/api/v1/companies/{answer['company_id']}/"
        return answer

    @property
    def company_v3(self) -> str:
        return self.company.replace("v1", "v3")

    def get(self, path: str, **query: object) -> Json:
        # httpx drops the query of an address when it is given empty parameters.
        parameters = {name: str(value) for name, value in query.items()} or None
        answer = self.http.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Json) -> Json:
        answer = self.http.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def dataset(self, name: str = FACES) -> str:
        """Path of the dataset of this name."""
        rows = self.get(f"{self.company}datasets/short_list/", q=name)
        dataset_id = next(row["id"] for row in rows if row["name"] == name)
        return f"{self.company}datasets/{dataset_id}/"

    def make_subject(self, dataset: str, name: str = "S-001", **fields: object) -> Json:
        return self.post(f"{dataset}subjects/", {"name": name, **fields})

    def initiate(self, subject_id: str, *sides: str, **fields: object) -> Json:
        names = {side: f"{side}.jpg" for side in sides or ("front",)}
        return self.post(f"{self.company_v3}subjects/{subject_id}/upload/", {**names, **fields})

    def put(self, slot: Json, data: bytes) -> httpx.Response:
        """Send bytes to a signed address with its headers and no token."""
        return httpx.put(slot["url"], headers=slot["headers"], content=data, timeout=DEADLINE_S)

    def compute(self, batch_id: str) -> httpx.Response:
        path = f"{self.company_v3}batches/{batch_id}/compute/"
        return self.http.post(path, json={"app_args": {}})

    def upload(self, subject_id: str, pictures: dict[str, bytes], **fields: object) -> Json:
        """Initiate, put and compute; what initiating answered."""
        batch = self.initiate(subject_id, *pictures, **fields)
        for side, data in pictures.items():
            assert self.put(batch[side], data).status_code == 200
        assert self.compute(batch["image_batch_id"]).status_code == 204
        return batch

    def results(self, batch_id: str) -> Json:
        """The v3 object as it is now."""
        return self.get(f"{self.company_v3}batches/{batch_id}/results/")

    def wait_for_results(self, batch_id: str) -> Json:
        """``face_skin_metrics_3`` when every algorithm has run."""

        def ask() -> Json:
            found = self.results(batch_id).get("face_skin_metrics_3")
            return found if found and found["all_algorithms_calculated"] else None

        return wait_for(ask)

    def send_inline(self, place: str, data: bytes, **fields: object) -> Json:
        """Send a picture as base64 to a batch's or subject's path."""
        body = {"b64data": base64.b64encode(data).decode(), "name": "picture.jpg", **fields}
        return self.post(f"{place}images/", body)

    def state(self) -> Json:
        return self.get("/_practice/state/")

    def wait_until_idle(self) -> Json:
        """The state once nothing is left to compute."""

        def ask() -> Json:
            state = self.state()
            return state if state["queue_length"] == 0 else None

        return wait_for(ask)

    def set_fault(self, **fault: object) -> None:
        self.post("/_practice/faults/", fault)

    def find_image(self, image_id: str) -> Json:
        """An image as the state shows it."""
        images = (image for batch in self.state()["batches"] for image in batch["images"])
        return next(image for image in images if image["id"] == image_id)
