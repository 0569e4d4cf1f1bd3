"""The bytes the object store holds, and the signed addresses that open them for a while."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from haut_desktop.practice.checksums import crc32c_base64, md5_base64
from haut_desktop.practice.clock import utc_now
from haut_desktop.practice.records import Records, Row

BUCKET: Final = "haut-practice"
_DATE_FORM: Final = "%Y%m%dT%H%M%SZ"


class AddressRefusedError(Exception):
    """An address that opens nothing; code is the object store's word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object's bytes and the type they were sent as."""

    data: bytes
    content_type: str


class Objects:
    """Objects by key, in files of the data folder, with their hashes in the records."""

    def __init__(self, records: Records, folder: Path) -> None:
        self._records = records
        self._folder = folder

    def put(self, key: str, data: bytes, content_type: str) -> Row:
        """Keep data under key, in place of what was there; its row when it is on the disk."""
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")
        partial.write_bytes(data)
        partial.replace(path)
        self._records.execute(
            "INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (key) DO UPDATE SET"
            " size = excluded.size, sha256 = excluded.sha256, md5 = excluded.md5,"
            " crc32c = excluded.crc32c, content_type = excluded.content_type,"
            " stored = excluded.stored, puts = puts + 1",
            key,
            len(data),
            hashlib.sha256(data).hexdigest(),
            md5_base64(data),
            crc32c_base64(data),
            content_type,
            utc_now(),
        )
        row = self.find(key)
        assert row is not None
        return row

    def find(self, key: str) -> Row | None:
        return self._records.fetch_one("SELECT * FROM objects WHERE key = ?", key)

    def get(self, key: str) -> StoredObject | None:
        row = self.find(key)
        if row is None:
            return None
        try:
            return StoredObject((self._folder / key).read_bytes(), row["content_type"])
        except FileNotFoundError:  # whoever practises a loss deletes the file
            return None

    def delete(self, prefix: str) -> None:
        """Delete every object whose key begins with prefix."""
        for row in self._records.fetch_all(
            "SELECT key FROM objects WHERE substr(key, 1, ?) = ?", len(prefix), prefix
        ):
            (self._folder / row["key"]).unlink(missing_ok=True)
            self._records.execute("DELETE FROM objects WHERE key = ?", row["key"])


class Addresses:
    """Signs and checks addresses in the form of Google Cloud Storage's V4 signatures."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.store_url = ""

    def sign(
        self, method: str, key: str, *, seconds: int, headers: Mapping[str, str] | None = None
    ) -> str:
        """An address for one method on one object, valid for seconds with exactly headers."""
        path = f"/{BUCKET}/{quote(key)}"
        signed = {name.lower(): value for name, value in (headers or {}).items()}
        # whole seconds, rounded up: an address lives no shorter than was asked, and 0 not at all
        begin = ceil(utc_now()) if seconds else utc_now()
        query = {
            "X-Goog-Algorithm": "GOOG4-RSA-SHA256",
            "X-Goog-Credential": "practice@practice.example/auto/storage/goog4_request",
            "X-Goog-Date": datetime.fromtimestamp(begin, UTC).strftime(_DATE_FORM),
            "X-Goog-Expires": str(seconds),
            "X-Goog-SignedHeaders": ";".join(sorted(signed)),
        }
        signature = self._signature(method, path, query, signed)
        return f"{self.store_url}{path}?{urlencode({**query, 'X-Goog-Signature': signature})}"

    def check(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> str:
        """The object's key; raises AddressRefusedError."""
        fields = dict(parse_qsl(query, keep_blank_values=True))
        signature = fields.pop("X-Goog-Signature", "")
        names = [name for name in fields.get("X-Goog-SignedHeaders", "").split(";") if name]
        if any(name not in headers for name in names):
            raise AddressRefusedError("MalformedSecurityHeader")
        signed = {name: headers[name] for name in names if name != "content-md5"}
        right = self._signature(method, path, fields, signed)
        if not hmac.compare_digest(signature.encode(), right.encode()):
            raise AddressRefusedError("SignatureDoesNotMatch")
        begin = datetime.strptime(fields["X-Goog-Date"], _DATE_FORM).replace(tzinfo=UTC)
        if utc_now() >= begin.timestamp() + int(fields["X-Goog-Expires"]):
            raise AddressRefusedError("ExpiredToken")
        return path.removeprefix(f"/{BUCKET}/")

    def _signature(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> str:
        # Content-MD5 is known to the sender alone: its name is signed, its value is not.
        lines = [f"{name}:{value}" for name, value in sorted(headers.items()) if "md5" not in name]
        text = "\n".join([method, path, urlencode(sorted(query.items())), *lines])
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
