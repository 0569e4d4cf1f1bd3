"""A practice platform as a child process on real sockets, for every test that needs a platform."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import pytest

from haut_desktop.domain.ids import CompanyId
from haut_desktop.domain.tenant import Tenant, server_of

TECHNICIAN: Final = "technician@practice.example"
PASSWORD: Final = "practice-technician"
SECOND_FACTOR: Final = "second-factor@practice.example"
SELFIE, SKIN, VISIA = 1, 2, 3
"""Ids of image types in the platform's dictionary."""

_END_S: Final = 20.0


@dataclass
class PracticePlatform:
    """A running practice platform, with what tests look into and set from outside."""

    url: str
    object_store_url: str
    company_id: str
    process: subprocess.Popen[bytes]
    data: Path
    arguments: tuple[str, ...] = ()
    _http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=30))

    @property
    def tenant(self) -> Tenant:
        """Its company, as whoever signed in to it knows it."""
        return Tenant(server_of(self.url), CompanyId(self.company_id))

    def state(self, *, with_demonstration: bool = False, dataset: str = "") -> Any:
        """Everything the platform holds, bills and counted; of one dataset, if it is named."""
        flag = "true" if with_demonstration else "false"
        only = f"&dataset={dataset}" if dataset else ""
        return self._call("GET", f"/_practice/state/?demonstration={flag}{only}")

    def violations(self) -> Any:
        """What clients did against the contract."""
        return self._call("GET", "/_practice/violations/")

    def add_fault(self, kind: str, **fields: object) -> None:
        """Let the requests that the fields choose go wrong."""
        self._call("POST", "/_practice/faults/", {"kind": kind, **fields})

    def struck(self) -> int:
        """How many requests the active faults have struck so far."""
        return sum(fault["struck"] for fault in self.faults())

    def faults(self) -> list[dict[str, Any]]:
        """The active faults, each with how many requests it saw and struck."""
        found: list[dict[str, Any]] = self._call("GET", "/_practice/faults/")
        return found

    def clear_faults(self) -> None:
        """Let everything go right again."""
        self._call("DELETE", "/_practice/faults/")

    def set_quirks(self, *names: str) -> None:
        """Let the platform have exactly these quirks from now on."""
        self._call("PUT", "/_practice/quirks/", list(names))

    def relent(self) -> None:
        """Let everything go right again, without quirks."""
        self.clear_faults()
        self.set_quirks()

    def make_dataset(self, name: str, image_type_id: int = SELFIE, *applications: str) -> str:
        """Make a dataset with applications attached; its id."""
        base = f"/api/v1/companies/{self.company_id}"
        body = {"name": name, "image_type_id": image_type_id}
        dataset: str = self._call("POST", f"{base}/datasets/", body)["id"]
        for tech_name in applications:
            where = f"{base}/applications/{tech_name}/attach-to-dataset/"
            self._call("POST", where, {"dataset_id": dataset, "enabled_algorithms": []})
        return dataset

    def make_subjects(self, dataset: str, *names: str) -> list[str]:
        """Make subjects as the web portal does, with nobody's ids; their ids."""
        where = f"{self.url}/api/v1/companies/{self.company_id}/datasets/{dataset}/subjects/"
        headers = self._authorization()
        made = (self._http.post(where, json={"name": name}, headers=headers) for name in names)
        return [answer.raise_for_status().json()["id"] for answer in made]

    def initiate_upload(self, subject: str, *sides: str) -> Any:
        """Begin a batch as a client does; the address of its first picture, with its headers."""
        where = f"/api/v3/companies/{self.company_id}/subjects/{subject}/upload/"
        return self._call("POST", where, {side: f"{side}.jpg" for side in sides})[sides[0]]

    def delete_subject(self, dataset: str, subject: str) -> None:
        """Delete a subject as the web portal does."""
        where = f"/api/v1/companies/{self.company_id}/datasets/{dataset}/subjects/{subject}/"
        self._call("DELETE", where)

    def make_private_token(self, expiration_time: str = "2099-01-01T00:00:00Z") -> str:
        """Make a private token of the technician's."""
        body = {"name": "station", "expiration_time": expiration_time}
        token: str = self._call("POST", "/api/v1/auth/private_tokens/", body)["data"]
        return token

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ask it to end, and wait until it did."""
        self._http.close()
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def _call(self, method: str, where: str, body: object = None) -> Any:
        headers = {} if where.startswith("/_practice/") else self._authorization()
        answer = self._http.request(method, self.url + where, json=body, headers=headers)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _authorization(self) -> dict[str, str]:
        words = {"username": TECHNICIAN, "password": PASSWORD}
        answer = self._http.post(f"{self.url}/api/v1/auth/login/", json=words)
        return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


@contextmanager
def running_practice(
    data: Path, *arguments: str, demonstration: bool = False
) -> Iterator[PracticePlatform]:
    """Run ``haut_desktop.practice`` on free ports with its state in ``data`` while the block lasts.

    A second time with the same ``data`` it is the same platform after a restart, on the same ports.
    """
    platform = start_practice(data, *arguments, demonstration=demonstration)
    try:
        yield platform
    finally:
        platform.stop()


def start_practice(data: Path, *arguments: str, demonstration: bool = False) -> PracticePlatform:
    """Start a practice platform that the caller stops; it also ends with the test's process."""
    data.mkdir(parents=True, exist_ok=True)
    flag = "--demonstration" if demonstration else "--no-demonstration"
    command = [sys.executable, "-m", "haut_desktop.practice", "--data", str(data)]
    with (data / "stderr.txt").open("ab") as errors:
        process = subprocess.Popen(
            [*command, "--exit-with-parent", flag, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait(_END_S)
        raise AssertionError(f"no practice platform: {(data / 'stderr.txt').read_text()}")
    ready = msgspec.json.decode(line)
    return PracticePlatform(
        url=ready["url"],
        object_store_url=ready["object_store_url"],
        company_id=ready["company_id"],
        process=process,
        data=data,
        arguments=arguments,
    )


@pytest.fixture(scope="session")
def shared_practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticePlatform]:
    """One practice platform without demonstration for all tests of a folder; use the next one."""
    # many tests sign in within one minute, which no station ever does
    folder = tmp_path_factory.mktemp("practice")
    with running_practice(folder, "--logins-per-minute", "100000") as platform:
        yield platform


@pytest.fixture
def practice_platform(shared_practice: PracticePlatform) -> Iterator[PracticePlatform]:
    """The shared practice platform, without faults or quirks before and after; its records stay."""
    shared_practice.relent()
    yield shared_practice
    shared_practice.relent()
