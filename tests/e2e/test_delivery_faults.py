"""Whatever goes wrong at whichever step: nothing lost, nothing computed twice, nothing failed."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest
from PIL import Image as PixelImage

from haut_desktop.domain.delivery import BatchState, ImageState, Proof, RegistrationState, Route
from haut_desktop.domain.destination import DatasetAddress
from haut_desktop.domain.ids import RegistrationId
from haut_desktop.domain.session import Connection, SessionState
from haut_desktop.services.changes import Change
from haut_desktop.store.destinations import DestinationStore
from tests.conftest import ExpectedLogs
from tests.e2e.conftest import MakeStudy, Pictures
from tests.e2e.stations import QUICK, HeadlessStation, OwnStation
from tests.e2e.studies import PlatformStudy
from tests.waiting import eventually, in_time

pytestmark = pytest.mark.timeout(120)


@dataclass(frozen=True)
class Step:
    """One call on the way of a visit's pictures."""

    name: str
    route: Route
    method: str
    path: str
    target: str = "platform"

    def fields(self, **more: object) -> dict[str, object]:
        """A fault's fields that strike the step once."""
        where = {"target": self.target, "method": self.method, "path": self.path}
        return {**where, "count": 1, **more}


REGISTER: Final = Step("register", Route.SIGNED, "POST", "*/subjects/")
INITIATE: Final = Step("initiate", Route.SIGNED, "POST", "*/upload/")
PUT: Final = Step("put", Route.SIGNED, "PUT", "*", "store")
COMPUTE: Final = Step("compute", Route.SIGNED, "POST", "*/compute/")
BATCH: Final = Step("inline-batch", Route.INLINE, "POST", "*/batches/")
POST: Final = Step("inline-post", Route.INLINE, "POST", "*/images/")
STEPS: Final = (REGISTER, INITIATE, PUT, COMPUTE, BATCH, POST)
PATIENT: Final = replace(QUICK, settling_s=60.0)
"""Results are waited for as long as a loaded computer needs."""
HASTY: Final = replace(QUICK, settling_s=0.5)

every_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)


def pictures_for(step: Step, pictures: Pictures) -> Pictures:
    """Two pictures where several may be in flight, else one."""
    return pictures[:2] if step in (PUT, POST) else pictures[:1]


@every_step
async def test_lost_answer_is_settled_by_asking(
    step: Step, study_by: MakeStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there = study_by(step.route)
    there.platform.add_fault("drop_answer", **step.fields())
    pictures = pictures_for(step, small_pictures)
    async with here.after_visit(there, *pictures, pacing=PATIENT) as station:
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(pictures)
    assert len(there.subjects()) == 1


@pytest.mark.parametrize("step", [REGISTER, INITIATE, COMPUTE, POST], ids=lambda step: step.name)
async def test_what_is_carried_out_late_is_not_repeated(
    step: Step, study_by: MakeStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there = study_by(step.route)
    there.platform.add_fault("commit_late", **step.fields(delay_s=0.6))
    pictures = pictures_for(step, small_pictures)
    pacing = replace(PATIENT, quiet_s=2.0, quiet_registration_s=2.0)
    async with here.after_visit(there, *pictures, pacing=pacing) as station:
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(pictures)
    assert len(there.subjects()) == 1


@every_step
async def test_one_refused_token_is_renewed_and_the_step_repeated(
    step: Step,
    study_by: MakeStudy,
    small_pictures: Pictures,
    expected_log: ExpectedLogs,
    here: OwnStation,
) -> None:
    if step is PUT:
        expected_log("image .* is held: RefusedError")
    there = study_by(step.route)
    pictures = pictures_for(step, small_pictures)
    refreshes = there.platform.state()["refreshes"]
    there.platform.add_fault("401", **step.fields())
    async with here.after_visit(there, *pictures) as station:
        if step is PUT:
            # the store knows no tokens: its 401 is a refusal of this one picture
            held = await station.until_image(ImageState.HELD)
            await station.work.outbox.resume_held(held.batch_id, "looked into")
        await station.until_delivered()
        assert station.work.session.state is SessionState.SIGNED_IN
        assert not station.errors
    there.check_each_once(pictures)
    assert there.platform.state()["refreshes"] == refreshes + (0 if step is PUT else 1)


@pytest.mark.parametrize(
    "step", [REGISTER, INITIATE, COMPUTE, BATCH, POST], ids=lambda step: step.name
)
async def test_a_missing_right_pauses_everything_until_somebody_asks_to_try(
    step: Step, study_by: MakeStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there = study_by(step.route)
    pictures = pictures_for(step, small_pictures)
    there.platform.add_fault("403", **step.fields())
    async with here.after_visit(there, *pictures) as station:
        await in_time(lambda: has_trouble(station, "PermissionRefusedError"))
        assert not there.computed() or step is POST
        await station.work.outbox.retry_now()
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(pictures)


@pytest.mark.parametrize("step", [POST, COMPUTE], ids=lambda step: step.name)
async def test_a_question_that_may_not_be_asked_keeps_nothing_else_back(
    step: Step, study_by: MakeStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there = study_by(step.route)
    there.platform.add_fault("drop_answer", **step.fields())
    question = "*/batches/*/images/" if step is POST else "*/results/"
    there.platform.add_fault("403", method="GET", path=question)
    pictures = small_pictures[:1]
    async with here.after_visit(there, *pictures, pacing=PATIENT) as station:
        await in_time(lambda: has_trouble(station, "PermissionRefusedError"))
        await eventually(lambda: not station.work.delivery._carrying)
        assert station.work.outbox.account_waits is None
        assert station.work.delivery.may_begin
        (batch,) = await station.batches()
        assert batch.waiting.retry_at is not None
        assert there.platform.struck() == 2
        there.platform.clear_faults()
        await station.work.outbox.retry_now(batch.id)
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(pictures)


async def test_what_was_found_due_before_the_account_was_told_no_waits_too(
    there: PlatformStudy, monkeypatch: pytest.MonkeyPatch, here: OwnStation
) -> None:
    there.platform.add_fault("403", method="GET", path="*/subjects/", count=1)
    async with here.open() as station:
        await station.sign_in(there.platform.url)
        study = await station.choose_study(there.name)
        station.work.outbox.pause()
        first = await station.register(study, "B-001")
        second = await station.register(study, "B-002")

        async def has_been_refused() -> bool:
            (registration,) = (await station.work.subjects.get(first.id)).registrations
            return registration.waiting.trouble is not None

        of_registration, asked = DestinationStore.of_registration, list[object]()

        async def slowly(self: DestinationStore, registration_id: RegistrationId) -> DatasetAddress:
            asked.append(registration_id)
            if len(asked) == 2:
                await in_time(has_been_refused)
            return await of_registration(self, registration_id)

        monkeypatch.setattr(DestinationStore, "of_registration", slowly)
        ended = set[str]()
        station.work.changes.subscribe(lambda change: ended.update(change.ids))
        station.work.outbox.resume()
        await eventually(lambda: len(asked) == 2 and ended.issuperset(map(str, asked)))
        assert not there.subjects()
        await station.work.outbox.retry_now()
        for subject in (first, second):
            await station.until_registered(subject)
        assert not station.errors


async def has_trouble(station: HeadlessStation, kind: str) -> bool:
    """Whether anything waits, or is held, because of ``kind``."""
    deliveries = await station.work.outbox.overview(limit=10)
    registrations = [r for delivery in deliveries for r in delivery.registrations]
    waitings = [
        *(batch.waiting for batch in await station.batches()),
        *(image.waiting for image in await station.images()),
        *(registration.waiting for registration in registrations),
    ]
    return any(w.trouble is not None and w.trouble.kind == kind for w in waitings)


@every_step
async def test_the_platforms_own_waiting_time_is_kept(
    step: Step, study_by: MakeStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there = study_by(step.route)
    pictures = pictures_for(step, small_pictures)
    there.platform.add_fault("429", **step.fields(retry_after_s=1))
    async with here.after_visit(there, *pictures) as station:
        await in_time(lambda: has_trouble(station, "TooManyRequestsError"))
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(pictures)


@pytest.mark.parametrize("step", [REGISTER, INITIATE, PUT, BATCH, POST], ids=lambda step: step.name)
async def test_trouble_of_the_platforms_is_waited_out(
    step: Step, study_by: MakeStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there = study_by(step.route)
    pictures = pictures_for(step, small_pictures)
    there.platform.add_fault("5xx", **step.fields(status=500))
    async with here.after_visit(there, *pictures) as station:
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(pictures)
    assert len(there.subjects()) == 1


async def test_trouble_at_the_computation_is_held_for_a_person_who_asks_again(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there.platform.add_fault("5xx", **COMPUTE.fields(status=500))
    async with here.after_visit(there, *small_pictures, pacing=HASTY) as station:
        batch = await station.until_batch(BatchState.HELD)
        assert batch.waiting.trouble is not None
        assert batch.waiting.trouble.kind == "ComputationUnknownError"
        assert not there.computed()
        await station.work.outbox.compute_again(batch.id, "the portal shows nothing")
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(small_pictures)


async def test_asking_again_for_what_was_computed_meanwhile_computes_nothing(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there.platform.add_fault("commit_late", **COMPUTE.fields(delay_s=3.0))
    soon = replace(QUICK, settling_s=0.1)  # long before that
    async with here.after_visit(there, *small_pictures[:1], pacing=soon) as station:
        batch = await station.until_batch(BatchState.HELD)
        await eventually(lambda: there.computed() and not there.platform.state()["queue_length"])
        await station.work.outbox.compute_again(batch.id, "nobody looked")
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(small_pictures[:1])


@every_step
async def test_a_guest_networks_page_is_a_state_of_the_network(
    step: Step, study_by: MakeStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there = study_by(step.route)
    pictures = pictures_for(step, small_pictures)
    there.platform.add_fault("html", **step.fields())
    seen = set[Connection]()
    async with here.open() as station:

        def note(_change: Change) -> None:
            seen.add(station.work.connectivity.state)

        station.work.changes.subscribe(note)
        await station.sign_in(there.platform.url)
        await station.finish_first_visit(there.name, *pictures)
        if step is COMPUTE:
            # the page may stand for an answer that was lost, and asking again may cost twice
            await in_time(lambda: holds_a_batch(station), what="held for a person")
            assert not there.computed()
            return
        await station.until_delivered()
        assert not station.errors
    assert Connection.PORTAL in seen
    there.check_each_once(pictures)


async def holds_a_batch(station: HeadlessStation) -> bool:
    """Whether a batch waits for a person."""
    return BatchState.HELD in await station.batch_states()


@pytest.mark.parametrize("step", [REGISTER, INITIATE, BATCH, POST], ids=lambda step: step.name)
async def test_an_answer_of_another_shape_is_no_success(
    step: Step, study_by: MakeStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there = study_by(step.route)
    pictures = pictures_for(step, small_pictures)
    there.platform.add_fault("wrong_shape", **step.fields())
    async with here.after_visit(there, *pictures) as station:
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(pictures)
    assert len(there.subjects()) == 1


async def test_an_expired_address_leaves_the_batch_behind_and_starts_anew(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there.platform.add_fault("address_expired", **PUT.fields(skip=1))
    async with here.after_visit(there, *small_pictures) as station:
        await station.until_delivered()
        (batch,) = await station.batches()
        assert batch.abandoned == 1
        assert not station.errors
    there.check_each_once(small_pictures)
    assert sorted(batch["computes"] for batch in there.batches()) == [0, 1]


async def test_addresses_that_expire_twice_are_held_and_got_anew_by_a_person(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    # all pictures of a batch are in flight at once, so each attempt meets up to three
    there.platform.add_fault("address_expired", **{**PUT.fields(), "count": None})
    async with here.after_visit(there, *small_pictures) as station:
        batch = await station.until_batch(BatchState.HELD)
        assert batch.waiting.trouble is not None
        assert batch.waiting.trouble.kind == "AddressExpiredError"
        assert "starts again" not in batch.waiting.trouble.message, "nothing does, while it is held"
        assert {image.state for image in batch.images} == {ImageState.SEALED}
        there.platform.clear_faults()
        await station.work.outbox.resume_held(batch.id, "the clock was wrong")
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(small_pictures)
    assert sorted(batch["computes"] for batch in there.batches()) == [0, 0, 1]


async def test_a_store_out_of_reach_pauses_while_the_platform_answers(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there.platform.add_fault("offline", **{**PUT.fields(), "count": None})
    async with here.after_visit(there, *small_pictures) as station:
        await station.until_image(ImageState.UNSETTLED)
        await eventually(lambda: station.work.connectivity.state is Connection.OFFLINE)
        await station.work.studies.available()
        there.platform.clear_faults()
        await station.until_delivered()
        assert station.work.connectivity.state is Connection.ONLINE
        assert not station.errors
    there.check_each_once(small_pictures)


async def test_what_arrived_changed_is_held(
    there: PlatformStudy, small_pictures: Pictures, expected_log: ExpectedLogs, here: OwnStation
) -> None:
    expected_log("image .* is held: ContentMismatchError")
    there.platform.add_fault("wrong_hash", **PUT.fields())
    async with here.after_visit(there, *small_pictures) as station:
        held = await station.until_image(ImageState.HELD)
        assert held.waiting.trouble is not None
        assert held.waiting.trouble.kind == "ContentMismatchError"
        assert not there.computed()
        await station.work.outbox.resume_held(held.batch_id, "sent again")
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(small_pictures)


@pytest.mark.parametrize("step", [PUT, POST], ids=lambda step: step.name)
async def test_a_body_that_is_refused_twice_is_held(
    step: Step, study_by: MakeStudy, big_picture: Path, expected_log: ExpectedLogs, here: OwnStation
) -> None:
    expected_log("image .* is held: BodyRefusedError")
    there = study_by(step.route)
    there.platform.add_fault("offline", **step.fields(count=2))
    async with here.after_visit(there, big_picture) as station:
        held = await station.until_image(ImageState.HELD)
        assert held.body_drops == 2
        assert not there.computed()
        await station.work.outbox.resume_held(held.batch_id, "the store was mended")
        await station.until_delivered()
        assert not station.errors
    there.check_each_once([big_picture])


@pytest.mark.parametrize("step", [PUT, POST], ids=lambda step: step.name)
async def test_a_big_body_that_is_refused_early_is_held(
    step: Step, study_by: MakeStudy, big_picture: Path, expected_log: ExpectedLogs, here: OwnStation
) -> None:
    expected_log("image .* is held: (BodyRefusedError|RefusedError)")
    there = study_by(step.route)
    # what arrives of the refusal depends on the network: its words, or a connection that breaks
    there.platform.add_fault("refuse_early", **step.fields(count=None, status=413))
    async with here.after_visit(there, big_picture) as station:
        held = await station.until_image(ImageState.HELD)
        assert not there.computed()
        there.platform.clear_faults()
        await station.work.outbox.resume_held(held.batch_id, "the limit was raised")
        await station.until_delivered()
        assert not station.errors
    there.check_each_once([big_picture])


async def test_a_broken_network_is_no_refusal(
    there: PlatformStudy, big_picture: Path, here: OwnStation
) -> None:
    there.platform.add_fault("offline", **PUT.fields(count=3))
    there.platform.add_fault(
        "offline", method="GET", path=f"*/datasets/{there.dataset_id}/", count=3
    )
    async with here.after_visit(there, big_picture) as station:
        await station.until_delivered()
        (image,) = await station.images()
        assert image.body_drops == 0
        assert not station.errors
    there.check_each_once([big_picture])


async def test_a_refused_session_pauses_and_goes_on_after_signing_in(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there.platform.add_fault("401", **{**INITIATE.fields(), "count": None})
    async with here.after_visit(there, *small_pictures) as station:
        await eventually(lambda: station.work.session.state is SessionState.REFUSED)
        assert not there.batches()
        there.platform.clear_faults()
        await station.sign_in(there.platform.url)
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(small_pictures)


async def test_everything_waits_for_the_registration(
    study_by: MakeStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there = study_by(Route.INLINE)
    there.platform.add_fault("5xx", **{**REGISTER.fields(), "count": None})
    async with here.after_visit(there, *small_pictures) as station:
        await in_time(lambda: has_trouble(station, "ServerTroubleError"))
        assert not there.batches()
        there.platform.clear_faults()
        await station.until_delivered()
        (subject,) = await station.work.subjects.search(
            (await station.work.studies.known())[0], "B-007"
        )
        assert subject.subject.registrations[0].state is RegistrationState.REGISTERED
    there.check_each_once(small_pictures)


async def test_an_empty_answer_is_no_computation(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there.platform.add_fault("empty", **COMPUTE.fields())
    async with here.after_visit(there, *small_pictures[:1], pacing=HASTY) as station:
        batch = await station.until_batch(BatchState.HELD)
        assert not there.computed()
        await station.work.outbox.compute_again(batch.id, "the portal shows nothing")
        await station.until_delivered()
    there.check_each_once(small_pictures[:1])


async def test_an_empty_answer_is_no_proof_of_a_picture(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there.platform.add_fault("empty", **PUT.fields(count=2))
    async with here.after_visit(there, *small_pictures[:1]) as station:
        await station.until_delivered()
        (image,) = await station.images()
        assert image.proof is not None
        assert image.proof.kind is Proof.STORE_HASH
    there.check_each_once(small_pictures[:1])


async def test_a_store_that_proves_nothing_is_read_back(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there.platform.set_quirks("store_no_proof")
    async with here.after_visit(there, *small_pictures) as station:
        await station.until_delivered()
        assert {i.proof.kind for i in await station.images() if i.proof} == {Proof.SERVER_ID_ONLY}
    there.check_each_once(small_pictures)
    assert [image["puts"] for image in there.images()] == [1, 1, 1]


async def test_failures_that_are_left_out_were_computed_all_the_same(
    tmp_path: Path, there: PlatformStudy, here: OwnStation
) -> None:
    picture = tmp_path / "front.png"
    PixelImage.new("RGB", (64, 64), (90, 70, 60)).save(picture)
    there.platform.set_quirks("failures_left_out")
    there.platform.add_fault("drop_answer", **COMPUTE.fields())
    async with here.after_visit(there, picture, pacing=PATIENT) as station:
        await station.until_delivered()
    there.check_each_once([picture])
