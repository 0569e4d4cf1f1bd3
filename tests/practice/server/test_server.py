"""The practice platform as a process of its own: ready line, restart, end, demonstration."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from haut_desktop.practice import server
from haut_desktop.practice.data_folder import hold
from haut_desktop.practice.server import main
from haut_desktop.practice.service import Options
from haut_desktop.practice.serving import close_platform, open_platform
from tests.practice.server.running import DEADLINE_S, FACES, NOT_SET_UP, Client, Json

_COMMAND = (sys.executable, "-m", "haut_desktop.practice", "--port", "0")


class _Process:
    """A started platform."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process = process
        self.ready: Json = json.loads(process.stdout.readline())

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)


@contextmanager
def _start(data: Path, *options: str) -> Iterator[_Process]:
    command = [*_COMMAND, "--data", str(data), *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield _Process(process)
        finally:
            process.kill()


@contextmanager
def _sign_in(url: str) -> Iterator[Client]:
    client = Client(url)
    with client.http:
        client.sign_in()
        yield client


def test_the_ready_line_names_addresses_and_accounts(tmp_path: Path) -> None:
    with _start(tmp_path, "--no-demonstration") as platform:
        ready = platform.ready
        assert ready["url"].startswith("http://127.0.0.1:")
        assert ready["object_store_url"].startswith("http://127.0.0.1:")
        assert ready["url"] != ready["object_store_url"]
        assert [set(account) for account in ready["accounts"]] == [
            {"username", "password", "role", "mfa"}
        ] * len(ready["accounts"])
        assert {account["role"] for account in ready["accounts"]} >= {
            "technician",
            "reviewer",
            "admin",
        }
        assert sum(account["mfa"] for account in ready["accounts"]) == 1
        for account in ready["accounts"]:
            body = {name: account[name] for name in ("username", "password")}
            status = httpx.post(f"{ready['url']}/api/v1/auth/login/", json=body).status_code
            assert status == (400 if account["mfa"] else 200)


def test_signed_addresses_name_the_address_that_clients_reach_the_store_at(tmp_path: Path) -> None:
    public = "http://store.example:8080"
    with _start(tmp_path, "--no-demonstration", "--object-store-url", f"{public}/") as platform:
        assert platform.ready["object_store_url"] == public
        with _sign_in(platform.ready["url"]) as client:
            subject = client.make_subject(client.dataset(NOT_SET_UP))
            slot = client.initiate(subject["id"], "front")["front"]
        assert slot["url"].startswith(f"{public}/")
        assert slot["headers"]["Host"] == "store.example:8080"


def test_state_tokens_and_addresses_survive_a_kill(tmp_path: Path, faces: dict[str, bytes]) -> None:
    with _start(tmp_path, "--no-demonstration", "--result-delay", "3600") as platform:
        with _sign_in(platform.ready["url"]) as client:
            subject = client.make_subject(client.dataset(), "S-007")
            batch = client.upload(subject["id"], {"front": faces["front"]})
            open_batch = client.initiate(subject["id"])
            headers, before = dict(client.http.headers), client.state()
        platform.process.kill()
    with _start(tmp_path, "--no-demonstration") as platform, ExitStack() as stack:
        client = Client(platform.ready["url"])
        stack.enter_context(client.http)
        client.http.headers.update(headers)
        client.company = f"/api/v1/companies/{platform.ready['company_id']}/"
        after = client.state()
        assert after["subjects"] == before["subjects"]
        assert after["batches"] == before["batches"]
        assert after["queue_length"] == before["queue_length"] > 0
        assert client.put(open_batch["front"], b"x").status_code == 200
        assert client.results(batch["image_batch_id"]) == {}


def test_computing_goes_on_after_a_restart(tmp_path: Path, faces: dict[str, bytes]) -> None:
    with _start(tmp_path, "--no-demonstration", "--result-delay", "1") as platform:
        with _sign_in(platform.ready["url"]) as client:
            subject = client.make_subject(client.dataset())
            batch = client.upload(subject["id"], {"front": faces["front"]})
        assert platform.end(signal.SIGTERM) == 0
    with (
        _start(tmp_path, "--no-demonstration") as platform,
        _sign_in(platform.ready["url"]) as client,
    ):
        assert client.wait_for_results(batch["image_batch_id"])["parameters"]
        client.wait_until_idle()
        image = client.find_image(batch["front"]["id"])
        runs = client.get(client.dataset())["connected_applications"]
        assert image["billed_transactions"] == sum(len(r["enabled_algorithms"]) for r in runs)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with _start(tmp_path, "--no-demonstration") as platform:
        assert platform.end(number) == 0


def test_it_ends_with_its_parent_where_asked(tmp_path: Path) -> None:
    with _start(tmp_path, "--no-demonstration", "--exit-with-parent") as platform:
        assert platform.process.stdin is not None
        platform.process.stdin.close()
        assert platform.process.wait(DEADLINE_S) == 0


def test_it_may_begin_with_faults_and_short_tokens(tmp_path: Path) -> None:
    options = ("--fault", "401,path=*/profile/,count=1", "--token-seconds", "20")
    with (
        _start(tmp_path, "--no-demonstration", *options) as platform,
        _sign_in(platform.ready["url"]) as client,
    ):
        statuses = [client.http.get("/api/v1/auth/profile/").status_code for _ in range(2)]
        assert statuses == [401, 200]


def test_a_wrong_fault_is_said_at_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path), "--fault", "nothing"]) == 2
    assert "--fault" in capsys.readouterr().err


def test_a_first_start_shows_a_study_and_lets_new_pictures_pass(
    tmp_path: Path, faces: dict[str, bytes]
) -> None:
    with _start(tmp_path) as platform, _sign_in(platform.ready["url"]) as client:
        dataset = client.dataset(FACES)
        subjects = client.get(f"{dataset}subjects/")["results"]
        assert [subject["name"] for subject in subjects] == [f"P-00{n}" for n in range(1, 7)]
        batches = client.get(f"{dataset}subjects/{subjects[0]['id']}/batches/")["results"]
        labels = [batch["meta"]["visit"] for batch in batches]
        assert labels == ["Baseline", "Week 4", "Week 8", "Week 12"]
        times = [batch["creation_time"] for batch in batches]
        assert times == sorted(times)
        # A new picture is computed while the demonstration still waits.
        subject = client.make_subject(dataset, "S-001")
        batch = client.upload(subject["id"], {"front": faces["front"]})
        assert client.wait_for_results(batch["image_batch_id"])["parameters"]
        assert client.state()["queue_length"] > 0
        ours = client.get("/_practice/state/", demonstration="false")
        assert [subject["name"] for subject in ours["subjects"]] == ["S-001"]


def test_whoever_looks_at_the_demonstration_finds_it_computed(tmp_path: Path) -> None:
    with _start(tmp_path) as platform, _sign_in(platform.ready["url"]) as client:
        dataset = client.dataset(FACES)
        last = client.get(f"{dataset}subjects/")["results"][-1]
        place = f"{dataset}subjects/{last['id']}/batches/"
        baseline, after, *_ = client.get(place)["results"]
        (image,) = client.get(f"{place}{baseline['id']}/images/")
        assert client.http.get(image["urls"]["original"]).content
        assert client.get(f"{place}{baseline['id']}/images/{image['id']}/results/")
        assert client.get(f"{place}{baseline['id']}/images/{image['id']}/aux/")
        answer = client.results(after["id"])["face_skin_metrics_3"]
        assert answer["all_algorithms_calculated"] is True
        assert client.state()["queue_length"] > 0


def test_a_second_platform_leaves_the_folder_of_the_first_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "hold", partial(hold, patience_s=0.1))
    with hold(tmp_path):
        assert main(["--data", str(tmp_path)]) == 2
    assert f"another practice platform works on {tmp_path}" in capsys.readouterr().err
    with hold(tmp_path, patience_s=0.0):
        pass


def test_a_port_of_another_program_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        words = ["--data", str(tmp_path), "--no-demonstration", "--port", port]
        assert main(words) == 2
    assert f"practice-platform: port {port} can't be used" in capsys.readouterr().err


def test_what_is_no_port_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path), "--port", "99999"])
    assert "99999 is no port" in capsys.readouterr().err


def test_data_that_is_no_folder_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["--data", str(tmp_path / "file")]) == 2
    assert "is a file, not a folder" in capsys.readouterr().err


def test_a_demonstration_that_broke_off_is_made_anew_and_not_twice(tmp_path: Path) -> None:
    service = open_platform(tmp_path, Options())
    # what a kill in its midst leaves: subjects, and no word that they are all
    service.records.execute("DELETE FROM settings WHERE key = 'demonstration'")
    close_platform(service)
    service = open_platform(tmp_path, Options())
    subjects = service.records.fetch_all("SELECT name FROM subjects ORDER BY name")
    close_platform(service)
    assert [row["name"] for row in subjects] == [f"P-00{number}" for number in range(1, 7)]
