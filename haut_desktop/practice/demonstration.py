"""The demonstration study: six invented subjects, four visits, so that a first start shows one.

Its results are there whenever somebody asks for them: what is not computed by then is computed
before the answer. Nobody waits for all of it at the first start that way.
"""

from datetime import UTC, datetime
from typing import Final

from haut_desktop.practice.applications import attach
from haut_desktop.practice.clock import utc_now
from haut_desktop.practice.datasets import create_dataset
from haut_desktop.practice.dictionaries import SIDES
from haut_desktop.practice.image_records import create_batch, create_image
from haut_desktop.practice.pictures import Person, SkinTone, draw_face, encode_jpeg
from haut_desktop.practice.records import Row, to_json
from haut_desktop.practice.service import Priority, Service, original_key
from haut_desktop.practice.subjects import create_subject, delete_subject

# Name, image type, applications in the order they are attached.
_DATASETS: Final = (
    (
        "Practice study (faces)",
        1,
        ("face_skin_metrics_2.0", "face_skin_metrics_3.0", "product_effect_simulation"),
    ),
    ("Practice study (skin)", 2, ("skin_metrics",)),
    ("Practice study (VISIA)", 3, ("visia_metrics",)),
    ("Practice study, not set up", 1, ()),
)
# Code, sex, date of birth, skin tone.
_SUBJECTS: Final = (
    ("P-001", "female", "1991-04-17", "very_light"),
    ("P-002", "male", "1978-11-02", "light"),
    ("P-003", "female", "1965-08-26", "intermediate"),
    ("P-004", "male", "1986-02-13", "tan"),
    ("P-005", "female", "1972-06-30", "brown"),
    ("P-006", "female", "1997-09-08", "dark"),
)
_VISITS: Final = ("Baseline", "Week 4", "Week 8", "Week 12")
_WEEK_S: Final = 7 * 86_400.0
_WEEKS_BETWEEN: Final = 4
_ENROLMENT_GAP_S: Final = 86_400.0
_PICTURE_SIZE: Final = 600
"""Small, and earlier visits from the front only: computing all takes a minute as it is.

No capture card judges them, so that no warning says how small they are.
"""
_CAMERA: Final = "Practice Camera"


def prepare_datasets(service: Service, account: Row) -> Row:
    """Make the practice study's datasets at the first start; the one for faces."""
    for name, image_type_id, tech_names in _DATASETS:
        if service.records.fetch_one("SELECT id FROM datasets WHERE name = ?", name):
            continue
        fields = {"name": name, "image_type_id": image_type_id}
        dataset = create_dataset(service, account, fields)
        for tech_name in tech_names:
            attach(service, dataset["id"], tech_name)
    faces = service.records.fetch_one("SELECT * FROM datasets WHERE name = ?", _DATASETS[0][0])
    assert faces is not None
    return faces


def open_demonstration(service: Service, dataset: Row, account: Row) -> None:
    """Make the demonstration's subjects at the first start; they are drawn and computed later."""
    if service.records.setting("demonstration") is not None:
        return
    for half_made in service.records.fetch_all("SELECT id FROM subjects WHERE demonstration = 1"):
        delete_subject(service, half_made["id"])  # of a start that broke off
    images: list[Row] = []
    for number, (code, sex, birth_date, skin_tone) in enumerate(_SUBJECTS):
        subject = create_subject(
            service,
            dataset,
            account["id"],
            name=code,
            biological_sex=sex,
            birth_date=birth_date,
            meta=to_json({"practice": True}),
            demonstration=1,
        )
        for visit in range(len(_VISITS)):
            images += _make_visit(service, subject, number, visit, skin_tone)
    service.computing.request(images, priority=Priority.DEMONSTRATION)
    service.records.remember("demonstration", "made")


def _make_visit(
    service: Service, subject: Row, number: int, visit: int, skin_tone: str
) -> list[Row]:
    weeks_ago = (len(_VISITS) - 1 - visit) * _WEEKS_BETWEEN + 1
    taken = utc_now() - weeks_ago * _WEEK_S - number * _ENROLMENT_GAP_S
    meta = {"visit": _VISITS[visit], "visit_number": visit + 1, "practice": True}
    batch = create_batch(service, subject["id"], taken, meta=meta, is_signed=True)
    images = []
    is_last = visit == len(_VISITS) - 1
    for side in (SIDES[1], SIDES[3], SIDES[2]) if is_last else (SIDES[1],):
        image = create_image(
            service,
            batch,
            name=f"{side.tech_name}.jpg",
            side_id=side.id,
            light_id=1,
            meta=to_json(meta),
        )
        service.records.insert(
            "drawings",
            image_id=image["id"],
            seed=number + 1,
            skin_tone=skin_tone,
            side=side.tech_name,
            visit=visit + 1,
            taken=taken,
        )
        images.append(image)
    return images


def draw_if_asked(service: Service, image_id: str) -> None:
    """Draw and store the picture of a demonstration image that has none yet."""
    drawing = service.records.fetch_one("SELECT * FROM drawings WHERE image_id = ?", image_id)
    if drawing is None or service.objects.find(original_key(image_id)) is not None:
        return
    person = Person(drawing["seed"], SkinTone(drawing["skin_tone"]))
    drawn = draw_face(person, side=drawing["side"], visit=drawing["visit"], size=_PICTURE_SIZE)
    taken_at = datetime.fromtimestamp(drawing["taken"], UTC)
    data = encode_jpeg(drawn, taken_at=taken_at, camera=_CAMERA)
    service.objects.put(original_key(image_id), data, "image/jpeg")
