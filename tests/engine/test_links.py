"""How long presigned links live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.links import Links, to_file

PATH = to_file("dfl-1")


@pytest.mark.parametrize("microsecond", [0, 1, 500_000, 999_999])
def test_a_link_lives_for_as_long_as_was_asked(microsecond: int) -> None:
    links = Links(b"key")
    now = datetime(2026, 1, 5, 9, 0, 0, microsecond, tzinfo=UTC)
    second = timedelta(seconds=1)
    link = links.url("http://engine", PATH, now, second)
    query = parse_qs(urlsplit(link.url).query)
    expires, signature = int(query["expires"][0]), query["signature"][0]
    assert second <= link.expires_at - now < 2 * second
    assert link.expires_at == datetime.fromtimestamp(expires, UTC)
    for moment in (now, now + second):
        links.check(PATH, expires, signature, moment)
    with pytest.raises(ApiError, match="expired"):
        links.check(PATH, expires, signature, now + 2 * second)
