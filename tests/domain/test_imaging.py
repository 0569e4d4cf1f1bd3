"""What the platform lists can always be matched to what we hold."""

from hypothesis import given
from hypothesis import strategies as st

from haut_desktop.domain.ids import ImageId, SlotId, VisitId, new_id
from haut_desktop.domain.imaging import ImageType, Side, Slot, image_id_in, image_name


def slot(side: Side = Side.FRONT, *, light: str = "regular", step: str = "") -> Slot:
    return Slot(SlotId("slot"), VisitId("visit"), ImageType.SELFIE, side, light=light, step=step)


@given(visit=st.text(max_size=80), light=st.text(min_size=1, max_size=20), step=st.text(max_size=9))
def test_our_id_is_read_back_from_any_name_we_build(visit: str, light: str, step: str) -> None:
    image_id = ImageId(new_id())
    shot = slot(light=light, step=step)
    name = image_name(visit=visit, slot=shot, take=2, image_id=image_id, suffix="jpg")
    assert image_id_in(name) == image_id


def test_name_says_visit_slot_and_take_in_plain_characters() -> None:
    name = image_name(
        visit="Week 4", slot=slot(Side.LEFT), take=3, image_id=ImageId("id-1"), suffix="png"
    )
    assert name == "h1_Week-4_left-regular-0-1_t3_id-1.png"


def test_name_of_somebody_else_has_no_id_of_ours() -> None:
    assert image_id_in("front.jpg") is None
    assert image_id_in("h2_a_b_c_d.jpg") is None


def test_name_fits_the_platforms_limit_of_255_characters() -> None:
    shot = slot(light="x" * 300, step="y" * 300)
    name = image_name(
        visit="v" * 300, slot=shot, take=999, image_id=ImageId(new_id()), suffix="jpeg"
    )
    assert len(name) <= 255
