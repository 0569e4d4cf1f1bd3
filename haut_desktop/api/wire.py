"""The platform's accounts, subjects, batches and images, between JSON and domain objects.

What the contract leaves open is answered in exactly one named place: a constant or function
``GUESS_…`` in the modules ``wire*``, whose docstring names the contract's section.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from haut_desktop.api.fields import Fields, iso_moment
from haut_desktop.domain.errors import UnexpectedAnswerError
from haut_desktop.domain.ids import (
    CompanyId,
    PlatformBatchId,
    PlatformImageId,
    PlatformSubjectId,
    StationId,
    SubjectId,
)
from haut_desktop.domain.imaging import (
    InitiatedBatch,
    PlatformBatch,
    PlatformImage,
    Side,
    UploadAddress,
)
from haut_desktop.domain.session import Account
from haut_desktop.domain.subjects import PlatformSubject, SubjectDetails

META_ROOM: Final = "haut_desktop"
"""The one key of a subject's ``meta`` under which this program keeps what is its own."""

SIDES: Final = {side.value: side for side in Side}
"""Our sides by the platform's technical names."""

SIDE_IDS: Final = {Side.FRONT: 1, Side.RIGHT: 2, Side.LEFT: 3}
"""Documented ids of v1 (§3.1): right comes before left."""

GUESS_LIGHT_1_IS_REGULAR: Final = {1: "regular"}
"""§3.1 documents light id 1 as "regular light" but not its technical name; ours is ``regular``."""

GUESS_MFA_WORDS: Final = ("mfa", "multi-factor", "multifactor", "two-factor", "second factor")
"""§2.1: a 400 at sign-in is a validation error *or* an account with a second factor; nothing says
how to tell them apart. We look for these words in the error's code and detail, lower case."""

GUESS_TOO_MANY_WORDS: Final = ("too_many", "too many", "throttled")
"""§1.5: the sign-in goes through Firebase, whose own refusal of too many attempts may be passed on
as a 400 or 403 instead of a 429."""

GUESS_REFRESH_TOKEN_KEYS: Final = ("access_token", "token_access", "id_token")
"""§2.3: the refresh answer's shape is unknown; the first of these keys is the new access token."""

GUESS_PROFILE_COMPANY_KEYS: Final = ("company_id",)
"""§2.3: of the profile only ``user.id`` is known. The company is looked for under these keys at the
top, in ``user``, in ``profile``, and as the ``id`` of an object ``company``."""


def parse_access_token(fields: Fields) -> str:
    """The access token of a sign-in's answer (§2.1)."""
    return fields.needed("access_token", "token_access")


def parse_account(fields: Fields, server: str) -> Account:
    """The account of a sign-in's answer."""
    return Account(
        server=server,
        company_id=CompanyId(fields.needed("company_id")),
        user_id=fields.integer("id"),
        username=fields.text("username", "email"),
    )


def parse_profile(fields: Fields, server: str) -> Account:
    """The account of ``auth/profile/``, which a private token is checked with."""
    user = fields.part("user")
    rooms = (fields, user, fields.part("profile"))
    found = [room.text(*GUESS_PROFILE_COMPANY_KEYS) for room in rooms]
    found += [room.part("company").text("id") for room in rooms]
    company = next((text for text in found if text), "")
    if not company:
        raise UnexpectedAnswerError(fields.call, "company_id")
    return Account(
        server=server,
        company_id=CompanyId(company),
        user_id=user.integer("id") if "id" in user else fields.integer("id"),
        username=user.text("username", "email") or fields.text("username", "email"),
    )


def parse_subject(fields: Fields) -> PlatformSubject:
    """A subject; ours carries our ids in ``meta``."""
    ours = fields.part("meta").part(META_ROOM)
    subject_id, station_id = ours.text("subject_id"), ours.text("station_id")
    return PlatformSubject(
        id=PlatformSubjectId(fields.needed("id")),
        name=fields.text("name"),
        subject_id=SubjectId(subject_id) if subject_id else None,
        station_id=StationId(station_id) if station_id else None,
        details=SubjectDetails(
            birth_year=ours.integer("birth_year"),
            birth_date=_parse_day(fields.text("birth_date")),
            biological_sex=_parse_word(fields, "biological_sex") or None,
            phototype=ours.integer("phototype"),
            remarks=ours.text("remarks"),
        ),
        created_at=fields.moment("creation_time"),
    )


def make_subject_body(
    name: str,
    details: SubjectDetails,
    sex_id: str | None,
    subject_id: SubjectId,
    station_id: StationId,
) -> dict[str, Any]:
    """What a subject is created with; the platform has no field for a year or a phototype."""
    ours = {
        "subject_id": subject_id,
        "station_id": station_id,
        "birth_year": details.birth_year,
        "phototype": details.phototype,
        "remarks": details.remarks or None,
    }
    return {
        "name": name,
        "birth_date": details.birth_date.isoformat() if details.birth_date else None,
        "biological_sex": sex_id,
        "meta": {META_ROOM: {key: value for key, value in ours.items() if value is not None}},
    }


def make_upload_body(
    names: Mapping[Side, str], created_at: datetime, meta: Mapping[str, str]
) -> dict[str, Any]:
    """What a signed upload is initiated with (§6.5)."""
    sides = {side.value: name for side, name in names.items()}
    return {**sides, "creation_time": iso_moment(created_at), "meta": dict(meta)}


def parse_initiated(fields: Fields, sides: Mapping[Side, str]) -> InitiatedBatch:
    """The batch's id and one address for each side that was asked for."""
    addresses = [(side, _parse_address(fields.needed_part(side.value))) for side in sides]
    return InitiatedBatch(PlatformBatchId(fields.needed("image_batch_id")), tuple(addresses))


def parse_batch(fields: Fields) -> PlatformBatch:
    """A batch as v1 lists it; of ``meta`` what is text, number or truth."""
    meta = fields.part("meta")
    return PlatformBatch(
        id=PlatformBatchId(fields.needed("id")),
        created_at=fields.moment("creation_time"),
        meta=tuple((name, meta.text(name)) for name in meta if meta.text(name)),
    )


def parse_image(fields: Fields) -> PlatformImage:
    """An image record (§6.4); what it lacks it may get later."""
    batch_id = fields.text("image_batch_id", "batch_id")
    issues = [*fields.items("problems"), *fields.items("quality_issues")]
    return PlatformImage(
        id=PlatformImageId(fields.needed("id")),
        batch_id=PlatformBatchId(batch_id) if batch_id else None,
        name=fields.text("name"),
        side=_parse_side(fields),
        light=_parse_light(fields),
        original_url=fields.part("urls").text("original"),
        problems=tuple(dict.fromkeys(str(issue) for issue in issues)),
    )


def side_of(word: str) -> Side:
    """The side that a technical name means; ``other`` for one we have no word for."""
    return SIDES.get(word, Side.OTHER)


def _parse_side(fields: Fields) -> Side:
    word = fields.text("side_tech_name") or fields.part("side").text("tech_name")
    if word:
        return side_of(word.lower())
    number = fields.part("side").integer("id") or fields.integer("side_id")
    return next((side for side, known in SIDE_IDS.items() if known == number), Side.OTHER)


def _parse_light(fields: Fields) -> str:
    light = fields.part("light")
    known = GUESS_LIGHT_1_IS_REGULAR.get(light.integer("id") or fields.integer("light_id") or 0)
    return known or fields.text("light_tech_name") or light.text("tech_name") or "regular"


def _parse_address(fields: Fields) -> UploadAddress:
    headers = fields.part("headers")
    image_id = fields.text("id")
    pairs = [(name, str(headers.get(name))) for name in headers if headers.get(name) is not None]
    if not any(name.lower() == "content-type" for name, _ in pairs):
        content_type = fields.text("content_type")
        pairs += [("Content-Type", content_type)] if content_type else []
    return UploadAddress(
        url=fields.needed("url"),
        method=fields.text("method") or "PUT",
        headers=tuple(pairs),
        platform_id=PlatformImageId(image_id) if image_id else None,
    )


def _parse_word(fields: Fields, name: str) -> str:
    """A dictionary's entry, which may be an object with ``tech_name`` or a plain word."""
    return fields.part(name).text("tech_name", "name") or fields.text(name)


def _parse_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None
