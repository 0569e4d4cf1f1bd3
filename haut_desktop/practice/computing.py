"""The worker that computes: one thread, a queue in the records, resumed after a restart."""

import logging
from collections.abc import Iterable
from typing import Any, Final

from haut_desktop.practice.applications import list_runs, run_algorithms
from haut_desktop.practice.clock import true_now
from haut_desktop.practice.prepared import PreparedImage, prepare_image
from haut_desktop.practice.queue_thread import QueueThread
from haut_desktop.practice.records import Row
from haut_desktop.practice.result_writing import write_internal_error, write_result
from haut_desktop.practice.service import Priority, Service, forget_image

_log = logging.getLogger(__name__)

_NEXT_JOB: Final = (
    "SELECT * FROM jobs WHERE not_before <= ?"
    " AND NOT EXISTS (SELECT 1 FROM images i WHERE i.id = jobs.image_id AND i.cleaned = 1)"
    " ORDER BY priority, id LIMIT 1"
)
_DUE_OF_DEMONSTRATION: Final = (
    "SELECT jobs.id FROM jobs JOIN drawings ON drawings.image_id = jobs.image_id"
    " WHERE jobs.image_id = ? AND not_before <= ?"
)
_WAIT_S: Final = 15.0
"""Longest wait of whoever looks at the demonstration before it is computed."""


class Computing(QueueThread):
    """Computes every algorithm of every attached application on the images asked for."""

    def __init__(self, service: Service) -> None:
        super().__init__("computing")
        self._service = service
        self._prepared: PreparedImage | None = None

    def request(self, images: list[Row], *, priority: Priority = Priority.USER) -> None:
        """Queue the images and begin."""
        with self._service.records.transaction():
            self.queue(images, priority=priority)
        self.wake()

    def queue(self, images: list[Row], *, priority: Priority = Priority.USER) -> None:
        """Queue the images for every application attached before they were collected.

        For a transaction with what they are queued for, so that a killed platform has both or
        neither; whoever ends it wakes the worker.
        """
        records, now = self._service.records, true_now()
        for image in images:
            runs = [run for run in self._runs(image) if run["created"] <= image["created"]]
            jobs = [(run, algorithm) for run in runs for algorithm in run_algorithms(run)]
            if jobs:
                records.execute(
                    "UPDATE images SET times_computed = times_computed + 1 WHERE id = ?",
                    image["id"],
                )
            for number, (run, algorithm) in enumerate(jobs, 1):
                share = self._service.options.result_delay_s * number / len(jobs)
                records.insert(
                    "jobs",
                    image_id=image["id"],
                    run_id=run["id"],
                    version_id=algorithm.version_id,
                    priority=priority,
                    not_before=now + share,
                )

    def finish_demonstration(self, images: Iterable[Row]) -> None:
        """Compute what is due of the demonstration's among these images before all else.

        Comes back when it is done, or after a wait that no client takes for the platform's end.
        """
        records, due = self._service.records, []
        for image in images:
            due += records.fetch_all(_DUE_OF_DEMONSTRATION, image["id"], true_now())
        for job in due:
            records.update("jobs", job["id"], priority=Priority.LOOKED_AT)
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopping or not self._are_left(due), _WAIT_S)

    def _are_left(self, jobs: list[Row]) -> bool:
        find = "SELECT 1 FROM jobs WHERE id = ?"
        return any(self._service.records.fetch_one(find, job["id"]) for job in jobs)

    def _runs(self, image: Row) -> list[Row]:
        dataset_id = self._service.records.fetch_value(
            "SELECT s.dataset_id FROM batches b JOIN subjects s ON s.id = b.subject_id"
            " WHERE b.id = ?",
            image["batch_id"],
        )
        return list_runs(self._service, dataset_id)

    def _run(self) -> None:
        while True:
            job = self._service.records.fetch_one(_NEXT_JOB, true_now())
            if job is not None and not self._is_stopping:
                self._compute_safely(job)
                self._service.webhooks.wake()
                self.wake()
                continue
            with self._changed:
                if self._is_stopping:
                    return
                self._changed.wait(self._idle_s())

    def _idle_s(self) -> float | None:
        """Seconds until the next job is due, None when there is none."""
        due = self._service.records.fetch_value("SELECT min(not_before) FROM jobs")
        return None if due is None else min(max(0.01, due - true_now()), 1.0)

    def _compute_safely(self, job: Row) -> None:
        try:
            self._compute(job)
        except Exception:  # noqa: BLE001 - one broken picture must not stop the worker
            if self._is_wanted(job):
                _log.exception("image %s, algorithm %s failed", job["image_id"], job["version_id"])
                write_internal_error(self._service, job)
        self._forget_when_deleted(job["image_id"])

    def _is_wanted(self, job: Row) -> bool:
        """Whether the job still waits; its picture and its run take it with them."""
        return bool(self._service.records.fetch_value("SELECT 1 FROM jobs WHERE id = ?", job["id"]))

    def _forget_when_deleted(self, image_id: str) -> None:
        """A picture that was deleted while it was computed leaves nothing that came of it."""
        if not self._service.records.fetch_value("SELECT 1 FROM images WHERE id = ?", image_id):
            forget_image(self._service, image_id)

    def _compute(self, job: Row) -> None:
        if self._prepared is None or self._prepared.image_id != job["image_id"]:
            self._prepared = prepare_image(self._service, job["image_id"])
        run = self._service.records.fetch_one("SELECT * FROM runs WHERE id = ?", job["run_id"])
        if run is None or self._prepared is None:
            self._service.records.execute("DELETE FROM jobs WHERE id = ?", job["id"])
            return
        write_result(self._service, job, run, self._prepared)
        self._clean_when_ready(job["image_id"])

    def _clean_when_ready(self, image_id: str) -> None:
        """Delete the pictures, not the results, where the dataset asks for it."""
        records = self._service.records
        wants_cleaning = records.fetch_value(
            "SELECT d.clean_images_as_soon_as_ready FROM images i"
            " JOIN batches b ON b.id = i.batch_id JOIN subjects s ON s.id = b.subject_id"
            " JOIN datasets d ON d.id = s.dataset_id WHERE i.id = ?",
            image_id,
        )
        if wants_cleaning and not count_jobs(self._service, image_id):
            records.execute("UPDATE images SET cleaned = 1 WHERE id = ?", image_id)
            self._service.objects.delete(f"images/{image_id}/")


def count_jobs(service: Service, image_id: str, run_id: str | None = None) -> int:
    """Algorithms that still have to run on an image, of one run or of all."""
    count: Any = service.records.fetch_value(
        "SELECT count(*) FROM jobs WHERE image_id = ? AND run_id = coalesce(?, run_id)",
        image_id,
        run_id,
    )
    return int(count)
