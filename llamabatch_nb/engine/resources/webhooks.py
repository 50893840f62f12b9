"""Saved webhook endpoints, and what a batch or job keeps of those that it is to tell (contract.md section 1.4)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, get_args

from llamabatch_nb.contract import webhooks as contract
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.webhooks import WebhookConfiguration, WebhookParam
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.ids import Ids
from llamabatch_nb.engine.store import endpoint_lists, paging
from llamabatch_nb.engine.store.conditions import Conditions
from llamabatch_nb.engine.store.database import Db, Row
from llamabatch_nb.engine.webhooks import targets
from llamabatch_nb.engine.webhooks.targets import TargetError

#: Endpoints of one batch or job, and the characters of one endpoint as JSON: each event is kept once for each of them.
MOST_ENDPOINTS, LONGEST_ENDPOINT = 20, 16_384
#: Of HTTP/1.1 itself: with another value the delivery would be a broken or another request.
_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

Endpoint = dict[str, Any]


def create(
    db: Db, body: contract.CreateWebhookConfiguration, *, ids: Ids, project_id: str, now: str
) -> WebhookConfiguration:
    """Save an endpoint. Call it inside a transaction."""
    endpoint = _endpoint(body.model_dump(exclude_none=True), [])
    number = db.execute("SELECT coalesce(max(seq), 0) + 1 FROM webhook_configurations").fetchone()[0]
    config_id = ids.webhook(number)
    db.execute(
        "INSERT INTO webhook_configurations (seq, id, project_id, endpoint, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (number, config_id, project_id, json.dumps(endpoint), now, now),
    )
    return get(db, config_id)


def get(db: Db, config_id: str) -> WebhookConfiguration:
    return _shown(_row(db, config_id))


def update(db: Db, config_id: str, body: contract.UpdateWebhookConfiguration, now: str) -> WebhookConfiguration:
    """Change what is in the body; null takes it away, which a URL does not allow. Call it inside a transaction."""
    changes = body.model_dump(exclude_unset=True)
    if changes.get("webhook_url", "") is None:
        _refuse(["webhook_url"], "An endpoint has a webhook_url: give another one, or delete the configuration.")
    changed = json.loads(_row(db, config_id)["endpoint"]) | changes
    endpoint = _endpoint({name: value for name, value in changed.items() if value is not None}, [])
    db.execute(
        "UPDATE webhook_configurations SET endpoint = ?, updated_at = ? WHERE id = ?",
        (json.dumps(endpoint), now, config_id),
    )
    return get(db, config_id)


def delete(db: Db, config_id: str) -> None:
    """Forget an endpoint; batches and jobs that were created with it go on telling it. Call it inside a transaction."""
    _row(db, config_id)
    db.execute("DELETE FROM webhook_configurations WHERE id = ?", (config_id,))


def every(db: Db) -> list[WebhookConfiguration]:
    """Newest first."""
    return [_shown(row) for row in db.execute("SELECT * FROM webhook_configurations ORDER BY seq DESC")]


def listed(db: Db, query: contract.ListWebhookConfigurations, size: int) -> Page[WebhookConfiguration]:
    """Newest first; counted if that is asked for."""
    where = Conditions()
    if query.page_token:
        where.add("seq < ?", *paging.key("webhooks", query.page_token, int))
    rows = where.select(db, "webhook_configurations", "seq DESC", size + 1)
    page = paging.page("webhooks", rows, size, _shown, lambda row: [row["seq"]])
    if not query.include_total:
        return page
    total = db.execute("SELECT count(*) FROM webhook_configurations").fetchone()[0]
    return page.model_copy(update={"total_size": total})


def endpoints(
    db: Db, ids: Sequence[str] | None, inline: Sequence[WebhookParam] | None, *, anywhere: bool
) -> str | None:
    """What a batch or job that is being created keeps: its endpoints as a JSON list, or None if it has none.

    `ids` are saved configurations, taken as they are now; `inline` come with the request. `anywhere` is the engine's
    `webhooks_anywhere`: without it only this machine may be told. The text holds secrets.

    Raises ApiError 404 for an unknown id, and 422 for an endpoint that cannot be told.
    """
    found: list[Endpoint] = []
    for config_id in ids or ():
        endpoint: Endpoint = json.loads(_row(db, config_id)["endpoint"])
        if not anywhere:
            try:
                targets.check_host(endpoint["webhook_url"])
            except TargetError as error:
                raise ApiError(422, f"Webhook configuration {config_id!r}: {error}") from None
        found.append(endpoint)
    for number, each in enumerate(inline or ()):
        place: list[str | int] = ["webhook_configurations", number]
        if each.webhook_url is None:
            _refuse([*place, "webhook_url"], "An endpoint has a webhook_url: give it, or leave the endpoint out.")
        found.append(_endpoint(each.model_dump(exclude_none=True), place, here=not anywhere))
    if len(found) > MOST_ENDPOINTS:
        raise ApiError(422, f"There are {len(found)} webhook endpoints: name {MOST_ENDPOINTS} at most")
    return json.dumps(found) if found else None


def concerning(webhooks: str | None, family: str) -> str | None:
    """Those of the endpoints that subscribed to events of a family (``parse``, ``extract``), as `endpoints` gives them.

    What nobody subscribed to is not even noted: a batch makes thousands of job events.
    """
    if webhooks is None:
        return None
    kept = [endpoint for endpoint in json.loads(webhooks) if _subscribes(endpoint, family + ".")]
    return json.dumps(kept) if kept else None


def narrowed(webhooks: str | None, family: str) -> str | None:
    """The same endpoints, subscribed to events of the family alone."""
    found = json.loads(concerning(webhooks, family) or "[]")
    for endpoint in found:
        events = endpoint.get("webhook_events") or get_args(contract.WebhookEvent)
        endpoint["webhook_events"] = [event for event in events if event.startswith(family + ".")]
    return json.dumps(found) if found else None


def joined(*webhooks: str | None) -> str | None:
    found = [endpoint for each in webhooks if each is not None for endpoint in json.loads(each)]
    return json.dumps(found) if found else None


def kept(db: Db, webhooks: str | None) -> str | None:
    """What the row of a batch or job has of them: the id of the list. Call it inside a transaction."""
    return None if webhooks is None else endpoint_lists.keep(db, webhooks)


def masked(endpoint: Endpoint) -> Endpoint:
    """An inline endpoint as it may be shown: without its secret, and with stars for what else may be a key."""
    shown = {name: value for name, value in endpoint.items() if name != "webhook_signing_secret"}
    if shown.get("webhook_url"):
        shown["webhook_url"] = targets.masked(shown["webhook_url"])
    if shown.get("webhook_headers"):
        shown["webhook_headers"] = targets.masked_headers(shown["webhook_headers"])
    return shown


def wants(endpoint: Mapping[str, Any], event_type: str) -> bool:
    """Whether the endpoint subscribed to this event."""
    return endpoint.get("webhook_events") is None or event_type in endpoint["webhook_events"]


def _subscribes(endpoint: Endpoint, prefix: str) -> bool:
    events = endpoint.get("webhook_events")
    return events is None or any(event.startswith(prefix) for event in events)


def _endpoint(endpoint: Endpoint, place: Sequence[str | int], *, here: bool = False) -> Endpoint:
    """The endpoint, checked. `place` is where it is in the body; `here`: only this machine may be told."""
    try:
        targets.check_form(endpoint["webhook_url"])
        if here:
            targets.check_host(endpoint["webhook_url"])
    except TargetError as error:
        _refuse([*place, "webhook_url"], str(error))
    for name, value in endpoint.get("webhook_headers", {}).items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _FRAMING:
            _refuse([*place, "webhook_headers"], f"The header {name!r} cannot be set: leave it out.")
        if not value.isascii() or not value.isprintable():
            _refuse([*place, "webhook_headers", name], "The value of a header is printable ASCII: encode it.")
    if len(json.dumps(endpoint)) > LONGEST_ENDPOINT:
        _refuse(place, f"An endpoint has at most {LONGEST_ENDPOINT:,} characters, headers and all: shorten it.")
    return endpoint


def _refuse(place: Sequence[str | int], message: str) -> NoReturn:
    raise ApiError(422, [{"type": "value_error", "loc": ["body", *place], "msg": message}]) from None


def _row(db: Db, config_id: str) -> Row:
    row: Row | None = db.execute("SELECT * FROM webhook_configurations WHERE id = ?", (config_id,)).fetchone()
    if row is None:
        raise ApiError(404, f"Webhook configuration {config_id!r} not found")
    return row


def _shown(row: Row) -> WebhookConfiguration:
    endpoint: Endpoint = json.loads(row["endpoint"])
    headers = endpoint.get("webhook_headers")
    return WebhookConfiguration(
        id=row["id"],
        webhook_url=targets.masked(endpoint["webhook_url"]),
        has_secret="webhook_signing_secret" in endpoint,
        tenant_id=row["project_id"],
        tenant_type="project",
        webhook_events=endpoint.get("webhook_events"),
        webhook_headers=None if headers is None else targets.masked_headers(headers),
        webhook_output_format=endpoint.get("webhook_output_format"),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
