"""A drawn picture as a camera would save it: JPEG with EXIF."""

from datetime import datetime
from io import BytesIO
from typing import Final

from PIL import ExifTags, Image

from haut_desktop.practice.pictures.drawing import DrawnPicture

# What a viewer must do to show the stored pixels upright, undone; numbers are EXIF orientations.
_STORED_AS: Final[dict[int, tuple[Image.Transpose, ...]]] = {
    1: (),
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_90,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_270,),
}


def encode_jpeg(
    picture: DrawnPicture,
    *,
    taken_at: datetime,
    camera: str = "Practice Camera",
    quality: int = 92,
    orientation: int = 1,
) -> bytes:
    """The bytes of a JPEG file; shown by its orientation (1..8) the picture is upright."""
    if taken_at.tzinfo is None:
        raise ValueError("the time a picture was taken needs its zone")
    image = Image.fromarray(picture.rgb)
    for turn in _STORED_AS[orientation]:
        image = image.transpose(turn)
    data = BytesIO()
    image.save(
        data, "JPEG", quality=quality, subsampling=0, exif=_describe(taken_at, camera, orientation)
    )
    return data.getvalue()


def _describe(taken_at: datetime, camera: str, orientation: int) -> Image.Exif:
    exif = Image.Exif()
    stamp = taken_at.strftime("%Y:%m:%d %H:%M:%S")
    zone = taken_at.strftime("%z")
    zone = f"{zone[:3]}:{zone[3:5]}"
    exif[ExifTags.Base.Make] = "Practice Optics"
    exif[ExifTags.Base.Model] = camera
    exif[ExifTags.Base.Software] = "Practice picture maker"
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.DateTime] = stamp
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = stamp
    details[ExifTags.Base.DateTimeDigitized] = stamp
    details[ExifTags.Base.OffsetTime] = zone
    details[ExifTags.Base.OffsetTimeOriginal] = zone
    details[ExifTags.Base.SubsecTimeOriginal] = f"{taken_at.microsecond // 1000:03d}"
    details[ExifTags.Base.ExposureTime] = 1 / 125
    details[ExifTags.Base.FNumber] = 8.0
    details[ExifTags.Base.ISOSpeedRatings] = 100
    details[ExifTags.Base.FocalLength] = 85.0
    details[ExifTags.Base.BodySerialNumber] = "PRACTICE-0001"
    return exif
