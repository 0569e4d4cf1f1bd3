"""The plain way, for comparison: curl with the files as they are, to the same object store."""

import asyncio
import base64
import hashlib
import io
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from haut_desktop.domain.imaging import Side, UploadAddress
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject
from tests.e2e.stations import HeadlessStation

VISIT: Final = (Side.FRONT, Side.LEFT, Side.RIGHT)
"""What a visit's batch consists of."""


async def put_plainly(
    addresses: Sequence[UploadAddress], files: Sequence[Path], config: Path, *, at_once: int = 50
) -> float:
    """Let curl put the files to the addresses, ``at_once`` in parallel; the seconds it took."""
    blocks = [_block(*pair) for pair in zip(files, addresses, strict=True)]
    await asyncio.to_thread(config.write_text, "\nnext\n".join(blocks), "utf-8")
    parallel = ("--parallel", "--parallel-max", str(at_once))
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *("curl", "--no-progress-meter", *parallel, "--config", str(config)),
        stdout=subprocess.DEVNULL,
    )
    code = await process.wait()
    assert code == 0, f"curl ended with {code}"
    return time.monotonic() - began


async def plain_addresses(
    station: HeadlessStation, study: Study, subject: Subject, number: int
) -> list[UploadAddress]:
    """Get signed addresses for so many pictures of a registered subject."""
    known = await station.work.subjects.get(subject.id)
    platform_id = known.registrations[0].platform_id
    assert platform_id is not None, "it was registered by the delivery"
    found: list[UploadAddress] = []
    while len(found) < number:
        started = await station.work.api.initiate_upload(
            study.tenant,
            platform_id,
            {side: f"plain {len(found)} {side}" for side in VISIT},
            created_at=station.work.clock(),
            meta={},
        )
        found += [address for _side, address in started.addresses]
    return found[:number]


def write_picture(path: Path, number: int, size_bytes: int) -> Path:
    """A small JPEG of its own colours, made as large as a camera's by bytes behind its end."""
    made = io.BytesIO()
    noise = Image.effect_noise((320, 240), 40 + number % 50)
    noise.convert("RGB").save(made, "JPEG")
    data = made.getvalue()
    path.write_bytes(data + os.urandom(max(0, size_bytes - len(data))))
    return path


def _block(file: Path, address: UploadAddress) -> str:
    """One transfer of curl's; without the empty Expect it would wait a second for each file."""
    headers = dict(address.headers)
    if "Content-MD5" in headers and not headers["Content-MD5"]:
        headers["Content-MD5"] = _md5(file)
    lines = [f'url = "{address.url}"', f'upload-file = "{file}"', 'header = "Expect:"', "fail"]
    lines += [f'header = "{name}: {value}"' for name, value in headers.items()]
    return "\n".join([*lines, f'output = "{os.devnull}"'])


def _md5(file: Path) -> str:
    digest = hashlib.md5(file.read_bytes(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()
