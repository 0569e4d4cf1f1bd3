"""A visit goes from the disk to results with no window, over real sockets and a real database."""

import hashlib
from pathlib import Path

from haut_desktop.domain.analysis import Completeness
from haut_desktop.domain.delivery import Proof
from haut_desktop.store.secrets import MemorySecrets
from tests.e2e.stations import open_workplace
from tests.fakes.practice import PracticePlatform
from tests.waiting import in_time


async def test_visit_is_sealed_delivered_and_computed_once(
    tmp_path: Path,
    practice_platform: PracticePlatform,
    faces: str,
    visit_pictures: tuple[Path, ...],
) -> None:
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        await station.sign_in(practice_platform.url)
        study = await station.choose_study(faces)
        subject = await station.register(study, "B-007")
        await station.finish_visit(study, subject, *visit_pictures)
        await station.until_delivered()

        images = await station.images()
        assert {image.proof.kind for image in images if image.proof} == {Proof.STORE_HASH}
        sealed = {image.rendition.digest.sha256 for image in images}
        assert sealed == {hashlib.sha256(p.read_bytes()).hexdigest() for p in visit_pictures}

        async def is_complete() -> bool:
            found = await station.work.results.visits(subject.id)
            return [f.completeness for f in found] == [Completeness.COMPLETE]

        await in_time(is_complete, deadline_s=120)
        (visit,) = await station.work.results.visits(subject.id)
        assert len({stored.result.algorithm for stored in visit.results}) >= 8
        assert not station.errors
    assert not practice_platform.violations()
