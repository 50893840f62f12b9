"""Presigned links: what may be fetched without a key, for a while (contract.md section 3, "PresignedURL").

A link is a path of this engine with the moment at which it ends, signed with a key that the engines of one data folder
share. Nothing is stored for it, and nothing else than what was signed can be fetched with it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from llamabatch_nb.contract.files import PresignedUrl
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.store.database import Db

#: How long a link is good. The service's lifetime is not published, only that it is short.
LIFETIME = timedelta(hours=1)
#: The longest that one may be asked for: seven days, which is as long as presigned links of S3 can be.
LONGEST = timedelta(days=7)
#: Paths below this need no key but a signature.
ROOT = "/links"
#: Makes a link to a path below `ROOT`, on the server that a request came to.
Link = Callable[[str], PresignedUrl]


def to_file(file_id: str) -> str:
    """The path of a file of the Files API."""
    return f"/files/{file_id}"


def to_directory_file(directory_file_id: str) -> str:
    """The path of a directory's file, which may live longer than the file that it was made of."""
    return f"/directory_files/{directory_file_id}"


def to_image(job_id: str, filename: str) -> str:
    """The path of an image that a parse job made."""
    return f"/jobs/{job_id}/images/{filename}"


class Links:
    """Makes and checks links."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def url(self, base: str, path: str, now: datetime, lifetime: timedelta = LIFETIME) -> PresignedUrl:
        """A link to `path` (below `ROOT`, not quoted) on the server whose address is `base`.

        It ends with a whole second, the first after `lifetime`: one for a second would else be dead on arrival.
        """
        ends = now + lifetime
        if ends.microsecond:
            ends = ends.replace(microsecond=0) + timedelta(seconds=1)
        expires = int(ends.timestamp())
        query = urlencode({"expires": expires, "signature": self._signature(path, expires)})
        return PresignedUrl(url=f"{base.rstrip('/')}{ROOT}{quote(path)}?{query}", expires_at=ends)

    def check(self, path: str, expires: int, signature: str, now: datetime) -> None:
        """Raises ApiError 403 for a link that was not made here, or has ended."""
        if not hmac.compare_digest(signature.encode(), self._signature(path, expires).encode()):
            raise ApiError(403, "This link was not signed here", final=True)
        if now.astimezone(UTC).timestamp() > expires:
            raise ApiError(403, "This link has expired: ask the API for a fresh one", final=True)

    def _signature(self, path: str, expires: int) -> str:
        return hmac.new(self._key, f"{expires}:{path}".encode(), hashlib.sha256).hexdigest()


def ensure(db: Db) -> Links:
    """With the key of this data folder, made by whichever engine comes first. Call it inside a transaction."""
    db.execute("INSERT OR IGNORE INTO secrets (name, value) VALUES ('links', ?)", (secrets.token_bytes(32),))
    return Links(db.execute("SELECT value FROM secrets WHERE name = 'links'").fetchone()[0])
