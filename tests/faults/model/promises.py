"""What must be true of a station and its platform after every step, whatever happened before."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from haut_desktop.domain.delivery import (
    CANNOT_BE_HELD,
    TRANSITIONS,
    BatchEvent,
    BatchState,
    ImageEvent,
    ImageState,
    RegistrationEvent,
    RegistrationState,
)
from haut_desktop.domain.imaging import image_id_in
from haut_desktop.store.driver import Row
from tests.faults.model.desk import Desk
from tests.faults.model.platform import Folder, Step

IN_FLIGHT: Final = 3

REASONS: Final = frozenset(
    {
        "AddressExpiredError",
        "BodyRefusedError",
        "CodeTakenError",
        "CodeTwiceError",
        "ComputationUnknownError",
        "ContentMismatchError",
        "NotListedError",
        "RefusedError",
    }
)
"""Why something may be held without anybody having held it: what the design gives to a person."""

_KINDS: Final = {
    "image": (ImageState, ImageEvent, ImageState.SEALED),
    "batch": (BatchState, BatchEvent, BatchState.OPEN),
    "registration": (RegistrationState, RegistrationEvent, RegistrationState.DRAFT),
}

_TABLE: Final[Mapping[tuple[StrEnum, StrEnum], StrEnum]] = {
    (old, event): new for (old, event), new in TRANSITIONS.items()
}

_IMAGES: Final = """
SELECT image.id, image.state, image.held_from, image.error_kind, image.platform_id,
    rendition.sha256, batch.id AS batch_id, batch.platform_id AS folder_id, batch.visit_id,
    batch.state AS batch_state
FROM image JOIN batch ON batch.id = image.batch_id
JOIN rendition ON rendition.id = image.rendition_id
"""

_UNPROMISED: Final = """
SELECT take.id FROM take
JOIN slot ON slot.id = take.slot_id JOIN visit ON visit.id = slot.visit_id
JOIN original ON original.take_id = take.id
JOIN rendition ON rendition.original_id = original.id
WHERE visit.status = 'finished' AND take.counts = 1 AND original.erased_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM image WHERE image.rendition_id = rendition.id)
"""

_WRONG_CODES: Final = """
SELECT registration.id, registration.platform_id, registration.subject_id, subject_code.code
FROM registration
JOIN subject_code ON subject_code.subject_id = registration.subject_id AND is_current = 1
WHERE registration.platform_id IS NOT NULL
"""


@dataclass(frozen=True)
class Sealed:
    """A picture that was shown as sealed."""

    sha256: str
    original_id: str
    subject_id: str
    visit_id: str


@dataclass(frozen=True)
class TakenBack:
    """A batch at the moment at which somebody was told that it is taken back."""

    at_s: float
    state: str
    flying: frozenset[str]
    """Its pictures that were in flight."""
    images: frozenset[str]
    folders: frozenset[str]
    """The platform's ids of it that the record knew."""


@dataclass
class Promises:
    """What people were told, and what they decided; ``check`` holds the record to it."""

    desk: Desk
    sealed: dict[str, Sealed] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    """Visits that were shown as finished and not reopened since."""
    asked_again: Counter[str] = field(default_factory=Counter)
    """How many more computations of a picture a person asked for, and was not refused."""
    said_again: set[str] = field(default_factory=set)
    """Visits of which a person said, with a reason, that computed pictures go once more."""
    taken_back: dict[str, TakenBack] = field(default_factory=dict)
    """Batches that a person took back, by our ids."""
    erased: dict[str, float] = field(default_factory=dict)
    """When a person erased a picture, by its SHA-256."""
    said_same: set[str] = field(default_factory=set)
    """Entries of the platform that a person took for a subject of ours."""
    steps: int = 0
    _last: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Each thing's kind and state as the transitions have it."""
    _held_from: dict[str, str] = field(default_factory=dict)
    _seen: int = 0

    def check(self) -> None:
        """Raise AssertionError for the first promise that is broken."""
        self.steps += 1
        desk = self.desk
        assert not desk.faults, f"a fault of the program's own: {desk.faults!r}"
        assert not desk.platform.unknown, f"calls nobody knows: {desk.platform.unknown}"
        most = desk.platform.most_in_flight
        assert most <= IN_FLIGHT, f"{most} pictures in flight at once"
        self._nothing_disappears()
        self._moves_are_recorded()
        self._nothing_twice()
        self._nobody_else()
        self._nothing_wrongly_sent()
        self._nothing_after_it_was_taken_back()
        self._nothing_erased_is_sent()
        self._what_is_left_is_recorded()

    # ---- nothing is lost -------------------------------------------------------------------

    def _nothing_disappears(self) -> None:
        rows = self.desk.rows("SELECT sha256, vault_name FROM original WHERE erased_at IS NULL")
        recorded = {row["sha256"]: row["vault_name"] for row in rows}
        names = set(self.desk.work.store.vault.names())
        gone = self._erased_in_the_record()
        assert gone.keys() == self.erased.keys(), "erased without anybody having said so"
        for sha256, sealed in self.sealed.items():
            if sha256 in gone:
                continue
            assert sha256 in recorded, f"a sealed picture left the record: {sealed}"
            assert recorded[sha256] in names, f"a sealed picture left the vault: {sealed}"
        status = {row["id"]: row["status"] for row in self.desk.rows("SELECT * FROM visit")}
        for visit_id in self.finished:
            assert status[visit_id] == "finished", f"visit {visit_id} is {status[visit_id]}"
        ended = self.desk.rows(
            "SELECT id FROM batch WHERE state IN ('RETRACTING', 'RETRACTED')"
            " OR held_from = 'RETRACTING'"
        )
        unasked = {row["id"] for row in ended} - self.taken_back.keys()
        assert not unasked, f"taken back by nobody: {unasked}"
        lost = [row["id"] for row in self.desk.rows(_UNPROMISED)]
        assert not lost, f"takes of finished visits that nothing will send: {lost}"

    def _erased_in_the_record(self) -> dict[str, str]:
        rows = self.desk.rows("SELECT sha256, id FROM original WHERE erased_at IS NOT NULL")
        return {row["sha256"]: row["id"] for row in rows}

    def note_taken_back(self, batch_id: str) -> None:
        """Remember how a batch stands that is taken back, if the record says that it is."""
        if not self.desk.rows("SELECT 1 FROM retraction WHERE batch_id = ?", batch_id):
            return
        (batch,) = self.desk.rows("SELECT * FROM batch WHERE id = ?", batch_id)
        images = self.desk.rows("SELECT id, state FROM image WHERE batch_id = ?", batch_id)
        left = self.desk.rows(
            "SELECT platform_id FROM abandoned_batch WHERE batch_id = ?", batch_id
        )
        self.taken_back.setdefault(
            batch_id,
            TakenBack(
                self.desk.loop.time(),
                batch["state"],
                frozenset(row["id"] for row in images if row["state"] == "UPLOADING"),
                frozenset(row["id"] for row in images),
                frozenset(row["platform_id"] for row in [batch, *left] if row["platform_id"]),
            ),
        )

    def note_erased(self, sha256: str) -> None:
        """Remember a picture that was erased, if the record says that it is."""
        if sha256 in self._erased_in_the_record():
            self.erased.setdefault(sha256, self.desk.loop.time())
        rows = self.desk.rows(
            "SELECT batch_id FROM image JOIN rendition ON rendition.id = rendition_id"
            " WHERE sha256 = ?",
            sha256,
        )
        for row in rows:  # one of which nothing is left is taken back with it
            self.note_taken_back(row["batch_id"])

    def check_bytes(self) -> None:
        """Open every sealed picture; raises what the vault raises."""
        vault = self.desk.work.store.vault
        for row in self.desk.rows(
            "SELECT sha256, vault_name FROM original WHERE erased_at IS NULL"
        ):
            vault.open(row["vault_name"], row["sha256"])

    # ---- the table, and the record of every move ----------------------------------------------

    def _moves_are_recorded(self) -> None:
        rows = self.desk.rows(
            "SELECT rowid AS number, * FROM transition WHERE rowid > ? ORDER BY rowid",
            str(self._seen),
        )
        for row in rows:
            self._seen = row["number"]
            self._follow(row)
        for kind, (_, _, first) in _KINDS.items():
            for row in self.desk.rows(f"SELECT id, state FROM {kind}"):
                _, last = self._last.get(row["id"], (kind, first.value))
                assert row["state"] == last, f"{kind} {row['id']}: {last} became {row['state']}"

    def _follow(self, row: Row) -> None:
        kind, thing = row["entity"], row["entity_id"]
        states, events, first = _KINDS[kind]
        _, before = self._last.get(thing, (kind, first.value))
        said = f"{kind} {thing}: {row['old']} —{row['event']}→ {row['new']}"
        assert row["old"] == before, f"{said}, but it was {before}: a move without a record"
        old, new, event = states(row["old"]), states(row["new"]), events(row["event"])
        if event.value == "hold":
            assert old not in CANNOT_BE_HELD, said
            assert new.value == "HELD", said
            self._held_from[thing] = old.value
        elif event.value == "resume":
            assert old.value == "HELD", said
            # what was abandoned meanwhile has nothing left on the platform
            assert new.value in (self._held_from[thing], "SEALED"), said
        else:
            target = _TABLE.get((old, event))
            assert target is new, f"{said}: the table has no such move"
        self._last[thing] = (kind, new.value)

    # ---- nothing is computed twice -------------------------------------------------------------

    def _nothing_twice(self) -> None:
        rows = self.desk.rows(
            "SELECT sha256, batch.visit_id FROM image JOIN batch ON batch.id = image.batch_id"
            " JOIN rendition ON rendition.id = rendition_id WHERE batch.again <> ''"
        )
        unsaid = {row["visit_id"] for row in rows} - self.said_again
        assert not unsaid, f"computed once more, and nobody said so: visits {unsaid}"
        # what was taken back may be computed once more in each batch of which somebody said so
        said = Counter(row["sha256"] for row in rows)
        for sha256, count in self.desk.platform.computations.items():
            most = 1 + said[sha256] + self.asked_again[sha256]
            assert count <= most, f"computed {count} times, {most} asked for: {sha256[:12]}"

    # ---- nothing is attached to the wrong subject ----------------------------------------------

    def _nobody_else(self) -> None:
        people = self.desk.platform.people
        for row in self.desk.rows(_WRONG_CODES):
            person = people[row["platform_id"]]
            assert person.name == row["code"], f"registration {row['id']}: {person}"
            if person.id not in self.said_same:
                ours = person.meta["haut_desktop"]["subject_id"]
                assert ours == row["subject_id"], f"registration {row['id']}: {person}"
        known = {
            row["platform_id"]: row["subject_id"]
            for row in self.desk.rows("SELECT * FROM registration WHERE platform_id IS NOT NULL")
        }
        for folder in self._folders():
            for picture in folder.pictures:
                sealed = self.sealed.get(picture.sha256)
                if sealed is not None:
                    owner = known.get(folder.subject_id)
                    assert owner == sealed.subject_id, f"{picture} went to {owner}"

    def _folders(self) -> list[Folder]:
        platform = self.desk.platform
        return [*platform.folders.values(), *platform.deleted.values()]

    # ---- "sent" means sent -----------------------------------------------------------------------

    def _nothing_wrongly_sent(self) -> None:
        platform = self.desk.platform
        overtaken = {image_id_in(name) for name in platform.overtaken}
        for row in self.desk.rows(f"{_IMAGES} WHERE image.state = 'STORED'"):
            folder = platform.folders.get(row["folder_id"]) or platform.deleted[row["folder_id"]]
            held = {picture.sha256 for picture in folder.pictures}
            if row["id"] in overtaken:
                continue  # it was there when the store proved it
            assert row["sha256"] in held, f"image {row['id']} is called stored and is not there"
        for row in self.desk.rows("SELECT * FROM batch WHERE state = 'SUBMITTED'"):
            folder = (
                platform.folders.get(row["platform_id"]) or platform.deleted[row["platform_id"]]
            )
            assert folder.computed_s, f"batch {row['id']} is called computed and is not"

    # ---- taken back, erased --------------------------------------------------------------------

    def _nothing_after_it_was_taken_back(self) -> None:
        """Nothing of it is begun or computed afterwards; what was in flight ends."""
        for batch_id, taken_back in self.taken_back.items():
            for sent in self.desk.platform.sent:
                if sent.at_s <= taken_back.at_s:
                    continue
                said = f"batch {batch_id} was taken back at {taken_back.at_s}, then {sent}"
                if sent.step is Step.INITIATE:
                    may = taken_back.state == "INITIATING" or sent.about != batch_id
                elif sent.step is Step.COMPUTE:
                    may = taken_back.state == "SUBMITTING" or sent.about not in taken_back.folders
                else:
                    image_id = image_id_in(sent.about)
                    may = image_id in taken_back.flying or image_id not in taken_back.images
                assert may, said

    def _nothing_erased_is_sent(self) -> None:
        hashes = {row["id"]: row["sha256"] for row in self.desk.rows(_IMAGES)}
        for sent in self.desk.platform.sent:
            sha256 = hashes.get(image_id_in(sent.about) or "", "")
            at_s = self.erased.get(sha256)
            assert at_s is None or sent.at_s <= at_s, f"erased at {at_s}, then {sent}"
        states = {r["sha256"]: r["state"] for r in self.desk.rows(_IMAGES)}
        for sha256 in self.erased.keys() & states.keys():
            assert states[sha256] == "ERASED", f"{sha256[:12]} is erased and {states[sha256]}"

    def _what_is_left_is_recorded(self) -> None:
        """Once a retraction has ended, the record names every batch that holds bytes of it."""
        rows = self.desk.rows("SELECT * FROM retraction WHERE ended_at IS NOT NULL")
        for row in rows:
            images = self.taken_back[row["batch_id"]].images
            named = {platform_id for platform_id, _, _ in json.loads(row["remnants"])}
            for folder in self._folders():
                ours = [p for p in folder.pictures if p.sha256 and image_id_in(p.name) in images]
                known = folder.id in named or not ours
                assert known, f"{folder} is left of batch {row['batch_id']}; recorded: {named}"

    # ---- the end ---------------------------------------------------------------------------------

    def unkept(self) -> list[str]:
        """Say what is neither delivered nor held for a reason, once everything went well."""
        found = [
            f"registration {row['id']} is {row['state']} ({row['error_kind']})"
            for row in self.desk.rows(
                "SELECT * FROM registration WHERE state NOT IN ('REGISTERED', 'HELD')"
            )
        ]
        for kind in _KINDS:
            found += [
                f"{kind} {row['id']} is held by {row['error_kind']}"
                for row in self.desk.rows(f"SELECT * FROM {kind} WHERE state = 'HELD'")
                if row["error_kind"] not in REASONS and not self._is_held_by_somebody(row["id"])
            ]
        blocked = self._blocked()
        images = [
            row
            for row in self.desk.rows(_IMAGES)
            if row["batch_id"] not in blocked
            # what was not sent of a batch that was taken back stays here
            and not (row["batch_state"] == "RETRACTED" and row["state"] == "SEALED")
        ]
        batches = [r for r in self.desk.rows("SELECT * FROM batch") if r["id"] not in blocked]
        for kind, rows, ends in (
            ("image", images, {"STORED", "ERASED"}),
            ("batch", batches, {"SUBMITTED", "RETRACTED"}),
        ):
            found += [
                f"{kind} {row['id']} is {row['state']} ({row['error_kind']})"
                for row in rows
                if row["state"] not in ends
            ]
        return found

    def _blocked(self) -> set[str]:
        """Batches that wait for a person: held, with a held picture, or of a held subject."""
        rows = self.desk.rows(
            "SELECT batch.id FROM batch JOIN visit ON visit.id = batch.visit_id"
            " WHERE batch.state = 'HELD'"
            " OR EXISTS (SELECT 1 FROM image WHERE batch_id = batch.id AND state = 'HELD')"
            " OR EXISTS (SELECT 1 FROM registration AS r WHERE r.subject_id = visit.subject_id"
            " AND r.dataset_id = batch.dataset_id AND r.state = 'HELD')"
        )
        return {row["id"] for row in rows}

    def _is_held_by_somebody(self, thing: str) -> bool:
        rows = self.desk.rows(
            "SELECT operator_id FROM transition WHERE entity_id = ? AND event = 'hold'"
            " ORDER BY rowid DESC LIMIT 1",
            thing,
        )
        return bool(rows) and rows[0]["operator_id"] is not None

    def names_are_ours(self) -> None:
        """Every picture on the platform can be matched to what the station holds."""
        known = {row["id"] for row in self.desk.rows("SELECT id FROM image")}
        for folder in self._folders():
            for picture in folder.pictures:
                assert image_id_in(picture.name) in known, f"nobody knows {picture}"
