"""Deliveries in the store: made of events, claimed for a while, and gone when they have arrived or are given up.

A claim is a delivery whose `due` was moved on by `LEASE_SECONDS`: nobody else sends it meanwhile, nor anything else to
that endpoint, and if its sender dies somebody does afterwards. So events arrive in their order, and an event arrives
once, unless a process dies between sending it and noting that. Every
function that changes something is to be called inside a transaction. Times are seconds since 1970.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from llamabatch_nb.engine.resources import webhooks
from llamabatch_nb.engine.store import endpoint_lists
from llamabatch_nb.engine.store.database import Db
from llamabatch_nb.engine.webhooks import payloads

#: How long a claim holds unless it is renewed. Long enough for a kernel whose code holds the interpreter lock.
LEASE_SECONDS = 10.0
#: Events that one transaction turns into deliveries: it builds a body for each.
_EVENTS_AT_ONCE = 200


class Delivery(NamedTuple):
    """A claimed delivery. `attempts` counts this one; `endpoint` is a JSON object, with secrets."""

    seq: int
    event_id: str
    type: str
    body: str
    endpoint_id: str
    attempts: int
    endpoint: str


def any_due(db: Db, now: float) -> bool:
    """Whether there is anything to send now. It is asked often: mostly of two empty tables."""
    found = db.execute(
        "SELECT EXISTS (SELECT 1 FROM events) OR EXISTS (SELECT 1 FROM deliveries WHERE due <= ?)", (now,)
    )
    return bool(found.fetchone()[0])


def spread(db: Db, now: float) -> bool:
    """Turn events, oldest first, into deliveries for those who subscribed. Returns whether more events are left."""
    events = db.execute("SELECT * FROM events ORDER BY seq LIMIT ?", (_EVENTS_AT_ONCE,)).fetchall()
    made: list[tuple[str, str, str, str, float]] = []
    lists: dict[str, list[dict[str, Any]]] = {}
    alone: dict[tuple[str, int], str] = {}  # by a list's id and an endpoint's place in it
    for event in events:
        list_id = event["webhooks"]
        if list_id not in lists:
            lists[list_id] = json.loads(endpoint_lists.load(db, list_id))
        wanting = [place for place, each in enumerate(lists[list_id]) if webhooks.wants(each, event["type"])]
        if not wanting:
            continue
        payload = payloads.payload(db, event)
        text = json.dumps(payload, ensure_ascii=False)
        for place in wanting:
            if (list_id, place) not in alone:
                alone[list_id, place] = endpoint_lists.keep(db, json.dumps([lists[list_id][place]]))
            made.append((payload["event_id"], event["type"], text, alone[list_id, place], now))
    db.executemany("INSERT INTO deliveries (event_id, type, body, endpoint_id, due) VALUES (?, ?, ?, ?, ?)", made)
    if events:
        db.execute("DELETE FROM events WHERE seq <= ?", (events[-1]["seq"],))
    return len(events) == _EVENTS_AT_ONCE


def dues(db: Db, now: float) -> dict[str, float]:
    """When each endpoint, by its id, may be told something: where it is being told, when the claim runs out."""
    rows = db.execute(
        "SELECT endpoint_id, coalesce(max(due) FILTER (WHERE claimed AND due > ?), min(due)) "
        "FROM deliveries GROUP BY endpoint_id",
        (now,),
    )
    return dict(rows.fetchall())


def claim(db: Db, endpoint_id: str, now: float, most: int) -> list[Delivery]:
    """The next deliveries of an endpoint that are due, in the order of their events; none while a claim on it holds.

    Two engines over one folder would else send what they claimed at the same time, and later events could come first.
    """
    rows = db.execute(
        "UPDATE deliveries SET attempts = attempts + 1, claimed = 1, due = ? WHERE seq IN "
        "(SELECT seq FROM deliveries WHERE endpoint_id = ? AND due <= ? ORDER BY seq LIMIT ?) "
        "AND NOT EXISTS (SELECT 1 FROM deliveries WHERE endpoint_id = ? AND due > ? AND claimed) "
        "RETURNING seq, event_id, type, body, endpoint_id, attempts",
        (now + LEASE_SECONDS, endpoint_id, now, most, endpoint_id, now),
    ).fetchall()
    if not rows:
        return []
    (endpoint,) = json.loads(endpoint_lists.load(db, endpoint_id))
    text = json.dumps(endpoint)
    return sorted(Delivery(**dict(row), endpoint=text) for row in rows)


def renew(db: Db, held: Collection[Delivery], now: float) -> None:
    """Hold these claims for `LEASE_SECONDS` more."""
    db.executemany(
        "UPDATE deliveries SET due = ? WHERE seq = ? AND attempts = ?",
        [(now + LEASE_SECONDS, each.seq, each.attempts) for each in held],
    )


def arrived(db: Db, delivery: Delivery) -> None:
    """Forget it, whoever holds it by now."""
    db.execute("DELETE FROM deliveries WHERE seq = ?", (delivery.seq,))


def postpone(db: Db, delivery: Delivery, due: float) -> None:
    """Try again at `due`, unless somebody else has it by now."""
    db.execute(
        "UPDATE deliveries SET due = ?, claimed = 0 WHERE seq = ? AND attempts = ?",
        (due, delivery.seq, delivery.attempts),
    )


def give_back(db: Db, held: Sequence[Delivery], now: float) -> None:
    """Release claims that were not tried: they do not count as attempts."""
    db.executemany(
        "UPDATE deliveries SET due = ?, attempts = attempts - 1 WHERE seq = ? AND attempts = ?",
        [(now, each.seq, each.attempts) for each in held],
    )


def drop_endpoint(db: Db, endpoint_id: str) -> int:
    """Forget all that an endpoint was to be told. Returns how much that was."""
    return db.execute("DELETE FROM deliveries WHERE endpoint_id = ?", (endpoint_id,)).rowcount
