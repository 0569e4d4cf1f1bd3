"""What several threads do at once is read in the order in which it took effect."""

from pathlib import Path

from tests.faults.power_loss.operations import Write
from tests.faults.power_loss.trace import Reader

_FOLDER = Path("/disk")


def _hex(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def _opened(process: int, name: str, handle: int) -> str:
    path = _hex(f"/disk/{name}")
    return f'{process} openat(AT_FDCWD, "{path}", O_WRONLY|O_CREAT, 0600) = {handle}<{path}>'


def test_a_handle_is_free_while_its_closing_is_under_way() -> None:
    one, other = _hex("/disk/one"), _hex("/disk/other")
    reader = Reader(_FOLDER)
    reader.read(
        [
            _opened(1, "one", 13),
            f"1 close(13<{one}> <unfinished ...>",
            _opened(2, "other", 13),
            "1 <... close resumed>) = 0",
            f"2 lseek(13<{other}>, 0, SEEK_CUR) = 0",
            f'2 write(13<{other}>, "{_hex("x")}", 1) = 1',
            f"2 close(13<{other}>) = 0",
            _opened(1, "third", 13),
        ]
    )
    (written,) = [one for one in reader.operations if isinstance(one, Write)]
    assert (written.offset, written.data) == (0, b"x")
