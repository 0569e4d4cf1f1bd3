"""Pictures: what was shot, which bytes came in, which bytes go out, and how both are proven."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from haut_desktop.domain.delivery import (
    BatchState,
    ImageState,
    Proof,
    Route,
    Waiting,
)
from haut_desktop.domain.ids import (
    BatchId,
    DatasetId,
    ImageId,
    OriginalId,
    PlatformBatchId,
    PlatformImageId,
    RenditionId,
    SlotId,
    TakeId,
    VisitId,
)
from haut_desktop.domain.retraction import Retraction

LARGEST_PICTURE_BYTES: Final = 30 * 1024 * 1024
"""30 MiB, the platform's ``X-Goog-Content-Length-Range: 1,31457280``."""


class Side(StrEnum):
    """The side that is seen; left and right are the subject's own."""

    FRONT = "front"
    LEFT = "left"
    RIGHT = "right"
    OTHER = "other"


class ImageType(StrEnum):
    """The platform's image types; a dataset has exactly one."""

    SELFIE = "selfie"
    VISIA = "visia"
    SKIN = "skin"
    HAIR = "hair"


REGULAR: Final = "regular"
"""The light that nobody names: of a picture of which no other is known."""


def light_words(light: str) -> str:
    """Name a light for a person: ``regular light``, ``UV light``."""
    return f"{'UV' if light == 'uv' else light.replace('_', ' ')} light"


def view_words(side: Side, light: str) -> str:
    """Name a view for a person: ``front``; ``left, parallel polarised light``."""
    return side.value if light == REGULAR else f"{side}, {light_words(light)}"


@dataclass(frozen=True, slots=True)
class Slot:
    """One expected picture of a visit: side × light × step × replicate."""

    id: SlotId
    visit_id: VisitId
    image_type: ImageType
    side: Side
    light: str = "regular"
    step: str = ""
    replicate: int = 1
    position: int = 0
    """Order on the screen, from 0."""
    is_required: bool = False

    @property
    def kind(self) -> tuple[ImageType, Side, str, str, int]:
        """What a visit has one slot of, whatever its id."""
        return self.image_type, self.side, self.light, self.step, self.replicate


@dataclass(frozen=True, slots=True)
class CameraClock:
    """A camera's clock beside the station's."""

    camera: str
    """Maker, model and serial number as the camera writes them."""
    ahead_s: float
    """Seconds by which the camera's clock goes ahead of the station's."""
    measured_at: datetime


@dataclass(frozen=True, slots=True)
class CaptureTime:
    """When a picture was taken: the camera's own words and the corrected moment."""

    text: str
    """As the camera wrote it, e.g. ``2026:03:01 09:12:44``."""
    offset: str | None
    """The camera's UTC offset, e.g. ``+02:00``, if it wrote one."""
    source: str
    """Where it was read: ``exif-original``, ``exif``, ``file`` or ``station``."""
    utc: datetime


@dataclass(frozen=True, slots=True)
class Digest:
    """What identifies bytes; hexadecimal, lower case."""

    sha256: str
    md5: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Original:
    """The bytes exactly as they came; ``take_id`` is None while nobody has assigned them."""

    id: OriginalId
    take_id: TakeId | None
    digest: Digest
    media_type: str
    width: int
    height: int
    """Pixels as they are stored, before the orientation is applied."""
    orientation: int
    """EXIF orientation 1…8."""
    file_name: str
    captured: CaptureTime
    received_at: datetime
    vault_name: str


@dataclass(frozen=True, slots=True)
class Transform:
    """How a rendition came from its original; ``none`` means the same bytes."""

    name: str = "none"
    version: int = 1


@dataclass(frozen=True, slots=True)
class Rendition:
    """The bytes that are delivered."""

    id: RenditionId
    original_id: OriginalId
    transform: Transform
    digest: Digest
    media_type: str
    vault_name: str


@dataclass(frozen=True, slots=True)
class Take:
    """One attempt at a slot; of a slot's takes one counts."""

    id: TakeId
    slot_id: SlotId
    number: int
    counts: bool
    reason: str = ""
    """Why this take counts or was set aside."""


class VerdictLevel(StrEnum):
    """How bad a verdict is."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the station, the platform or a reader says about a rendition's quality."""

    rendition_id: RenditionId
    author: str
    """``station``, ``platform`` or ``reader``."""
    code: str
    """A stable word, e.g. ``no-face``, ``blurred``, ``duplicate``."""
    level: VerdictLevel
    text: str
    score: float | None = None
    """0…100, higher is better, where the verdict has one."""


@dataclass(frozen=True, slots=True)
class ProofOfDelivery:
    """What proves that the platform holds the bytes, and of which kind the proof is."""

    kind: Proof
    detail: str
    """The store's own words, e.g. ``md5=…`` from ``x-goog-hash`` in hexadecimal."""
    at: datetime


@dataclass(frozen=True, slots=True)
class UploadAddress:
    """A signed address; the headers are sent back unchanged and our token never goes with them."""

    url: str
    method: str
    headers: tuple[tuple[str, str], ...]
    platform_id: PlatformImageId | None = None

    def __repr__(self) -> str:
        # the address is a secret: it must not reach a log by way of a traceback or a repr
        return "UploadAddress(…)"


@dataclass(frozen=True, slots=True)
class Image:
    """One rendition on its way to the platform within a batch."""

    id: ImageId
    batch_id: BatchId
    rendition: Rendition
    side: Side
    light: str
    name: str
    """Our grammar (see ``image_name``); it is what the platform lists."""
    state: ImageState
    held_from: ImageState | None = None
    platform_id: PlatformImageId | None = None
    address: UploadAddress | None = None
    proof: ProofOfDelivery | None = None
    body_drops: int = 0
    """How often the connection broke in mid-body; two count as refusal."""
    waiting: Waiting = field(default_factory=Waiting)

    @property
    def has_left(self) -> bool:
        """Whether the platform may know of it; what was erased before it was begun never will."""
        if self.state is ImageState.ERASED:
            return self.platform_id is not None or self.proof is not None
        return self.state is not ImageState.SEALED


_TAKEN_OUT: Final = frozenset({BatchState.HELD, BatchState.RETRACTING, BatchState.RETRACTED})


@dataclass(frozen=True, slots=True)
class Batch:
    """Renditions that are computed together in one dataset."""

    id: BatchId
    visit_id: VisitId
    dataset_id: DatasetId
    route: Route
    state: BatchState
    images: tuple[Image, ...]
    created_at: datetime
    """Sent as the batch's creation time: the visit's moment of capture, UTC."""
    held_from: BatchState | None = None
    platform_id: PlatformBatchId | None = None
    supersedes: BatchId | None = None
    not_before: datetime | None = None
    """A finished visit rests until then."""
    abandoned: int = 0
    """How many platform batches were abandoned because their addresses expired."""
    submitted_at: datetime | None = None
    waiting: Waiting = field(default_factory=Waiting)
    retraction: Retraction | None = None
    """A person took the batch back; it is RETRACTING as soon as no step of it is under way."""
    again: str = ""
    """Why a person has pictures of it computed once more that were computed before."""

    @property
    def confirmed(self) -> tuple[Image, ...]:
        """Its pictures that are proven to be on the platform, also those that were erased here.

        Once a batch was left behind on the platform, the proof of an erased one may be of that.
        """
        return tuple(
            image
            for image in self.images
            if image.state is ImageState.STORED
            or (image.state is ImageState.ERASED and image.proof is not None and not self.abandoned)
        )

    @property
    def is_stored(self) -> bool:
        """Whether every picture that still counts is proven to be on the platform."""
        kept = [image for image in self.images if image.state is not ImageState.ERASED]
        return bool(kept) and all(image.state is ImageState.STORED for image in kept)

    @property
    def erased(self) -> frozenset[ImageId]:
        """Its pictures that were erased on this station."""
        return frozenset(image.id for image in self.images if image.state is ImageState.ERASED)

    def was_taken_out_since(self, before: "Batch") -> bool:
        """Whether it was held or taken back, or pictures of it were erased, since it was so."""
        is_out = self.state in _TAKEN_OUT and self.state is not before.state
        is_taken_back = self.retraction is not None and before.retraction is None
        return is_out or is_taken_back or self.erased != before.erased

    @property
    def has_left(self) -> bool:
        """Whether the platform may know of it, as far as the batch itself says.

        A start whose answer was lost leaves no trace here: that stands in the moves.
        """
        is_fresh = self.state is BatchState.OPEN and self.platform_id is None and not self.abandoned
        return not is_fresh or any(image.has_left for image in self.images)

    def light_of(self, side: Side) -> str:
        """The light of what tells its side alone: the usual one, where the side was taken in it."""
        lights = [image.light for image in self.images if image.side is side]
        return REGULAR if REGULAR in lights or not lights else lights[0]

    def image_of(self, listed: "PlatformImage") -> Image | None:
        """Which of its pictures the platform lists there: by the id there, else by our name.

        Not by the side: the platform files one that its image type lacks under another.
        """
        ours = image_id_in(listed.name)
        by_id = (image for image in self.images if image.platform_id == listed.id)
        by_name = (image for image in self.images if image.id == ours)
        return next(by_id, None) or next(by_name, None)


@dataclass(frozen=True, slots=True)
class InitiatedBatch:
    """The platform's answer to the start of a signed upload."""

    platform_id: PlatformBatchId
    addresses: tuple[tuple[Side, UploadAddress], ...]


@dataclass(frozen=True, slots=True)
class PlatformImage:
    """A picture as the platform lists it."""

    id: PlatformImageId
    batch_id: PlatformBatchId | None
    name: str
    side: Side
    light: str = "regular"
    original_url: str = ""
    """Address of the picture, which expires; empty once the platform has deleted it."""
    problems: tuple[str, ...] = ()
    """The platform's own words on quality."""


@dataclass(frozen=True, slots=True)
class PlatformBatch:
    """A batch as the platform lists it; ``meta`` is what was sent with it."""

    id: PlatformBatchId
    created_at: datetime | None
    meta: tuple[tuple[str, str], ...] = ()


NAME_GRAMMAR: Final = "h1"
"""Version of the grammar of image names; a new grammar gets a new word."""


def image_name(*, visit: str, slot: Slot, take: int, image_id: ImageId, suffix: str) -> str:
    """Build the name under which the platform lists a picture.

    ``h1_<visit>_<side>-<light>-<step>-<replicate>_t<take>_<our id>.<suffix>``; every part is
    reduced to letters, digits, ``.`` and ``-``, so that ``image_id_in`` can read our id back.
    """
    shot = "-".join((slot.side, slot.light, slot.step or "0", str(slot.replicate)))
    parts = (NAME_GRAMMAR, _plain(visit), _plain(shot), f"t{take}", image_id)
    return "_".join(parts) + f".{suffix}"


def image_id_in(name: str) -> ImageId | None:
    """Read our id back from a name of ours; None for a name that is not ours."""
    parts = name.rsplit(".", 1)[0].split("_")
    if len(parts) != 5 or parts[0] != NAME_GRAMMAR:
        return None
    return ImageId(parts[4])


def shows_view(picture: PlatformImage, image: Image) -> bool:
    """Whether a listed picture was sent as the view that ``image`` is.

    A name of ours says so best: the platform files a side that an image type lacks under another.
    """
    if image_id_in(picture.name) is None:
        return (picture.side, picture.light) == (image.side, image.light)
    return picture.name.split("_")[2].startswith(_plain(f"{image.side}-{image.light}") + "-")


def _plain(text: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in ".-") else "-" for c in text)[:60]
