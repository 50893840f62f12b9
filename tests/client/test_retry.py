from __future__ import annotations

from datetime import UTC, datetime

import pytest

from llamabatch_nb.client.retry import (
    MAX_REFUSALS,
    MAX_RETRIES,
    Attempt,
    delay_before_retry,
    holds_others,
    was_done_before,
)

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def delay(attempt: Attempt, jitter: float = 0.0) -> float | None:
    return delay_before_retry(attempt, random=lambda: jitter, now=lambda: NOW)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_read_is_sent_again(status: int) -> None:
    assert delay(Attempt(0, idempotent=True, status=status)) == 0.5


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 422])
def test_a_refusal_is_final(status: int) -> None:
    assert delay(Attempt(0, idempotent=True, status=status)) is None


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_create_that_may_have_happened_is_not_sent_again(status: int) -> None:
    assert delay(Attempt(0, idempotent=False, status=status)) is None
    assert delay(Attempt(0, idempotent=False, status=status, headers={"x-should-retry": "true"})) is None


def test_a_create_that_was_refused_for_its_rate_is_sent_again() -> None:
    assert delay(Attempt(0, idempotent=False, status=429, headers={"retry-after": "7"})) == 7


def test_a_request_that_never_left_is_sent_again_if_the_service_was_there_before() -> None:
    assert delay(Attempt(0, idempotent=False, sent=False, reached_before=True)) == 0.5
    assert delay(Attempt(0, idempotent=False, sent=True, reached_before=True)) is None
    assert delay(Attempt(0, idempotent=True, sent=False, reached_before=False)) is None


def test_the_wait_grows_to_a_cap_and_ends() -> None:
    waits = [delay(Attempt(number, idempotent=True, status=500)) for number in range(MAX_RETRIES + 1)]
    assert waits == [0.5, 1, 2, 4, 8, None]
    assert delay(Attempt(4, idempotent=True, status=500), jitter=1.0) == 6


def test_a_refusal_for_the_rate_is_waited_out_for_more_than_a_minute() -> None:
    """The free tier counts by the minute, and may not say so (contract.md section 8)."""
    waits = [delay(Attempt(number, idempotent=False, status=429)) for number in range(MAX_REFUSALS + 1)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, None]


def test_json_that_ends_too_early_is_read_once_more() -> None:
    assert delay(Attempt(0, idempotent=True, status=200, cut_off=True)) == 0.5
    assert delay(Attempt(3, idempotent=True, status=200, cut_off=True)) == 4
    assert delay(Attempt(1, idempotent=True, status=200, cut_off=True, cut_offs=1)) is None
    assert delay(Attempt(0, idempotent=False, status=201, cut_off=True)) is None
    assert delay(Attempt(0, idempotent=True, status=200)) is None
    assert delay(Attempt(0, idempotent=True, status=302, headers={"x-should-retry": "true"})) is None


@pytest.mark.parametrize(
    ("attempt", "may_be"),
    [
        (Attempt(0, idempotent=True, sent=True), True),
        (Attempt(0, idempotent=True, sent=False), False),
        (Attempt(0, idempotent=True, status=429), False),
        (Attempt(0, idempotent=True, status=408), True),
        (Attempt(0, idempotent=True, status=500), True),
        (Attempt(0, idempotent=True, status=200, cut_off=True), True),
    ],
)
def test_what_may_be_done_without_an_answer(attempt: Attempt, may_be: bool) -> None:
    assert attempt.may_be_done is may_be


def test_what_was_to_be_deleted_and_is_gone_was_deleted() -> None:
    gone = Attempt(1, idempotent=True, status=404, done_before=True)
    assert was_done_before("DELETE", gone)
    assert not was_done_before("GET", gone)
    assert not was_done_before("DELETE", Attempt(0, idempotent=True, status=404))
    assert not was_done_before("DELETE", Attempt(1, idempotent=True, status=403, done_before=True))


def test_which_waits_hold_for_all() -> None:
    assert holds_others(Attempt(0, idempotent=True, status=429))
    assert holds_others(Attempt(0, idempotent=True, status=503, headers={"retry-after": "3"}))
    assert not holds_others(Attempt(0, idempotent=True, status=503))
    assert not holds_others(Attempt(0, idempotent=True, status=500, headers={"retry-after": "3"}))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Mon, 05 Jan 2026 09:00:10 GMT"}, 10),
        ({"retry-after": "Mon, 05 Jan 2026 08:00:00 GMT"}, 0.5),
        ({"retry-after": "soon"}, 0.5),
        ({"retry-after": "-3"}, 0.5),
        ({"retry-after": "nan"}, 0.5),
        ({"retry-after": "60"}, 60),
        ({"retry-after": "61"}, None),
        ({"x-should-retry": "false"}, None),
    ],
)
def test_the_service_directs(headers: dict[str, str], expected: float | None) -> None:
    assert delay(Attempt(0, idempotent=True, status=429, headers=headers)) == expected
