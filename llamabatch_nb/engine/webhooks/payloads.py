"""What an endpoint is sent: the documented envelope around the batch or job, and the headers that go with it.

The envelope and the headers are those of the service's page on webhooks: ``event_id``, ``event_type``, ``timestamp`` in
seconds since 1970, and ``data`` with the ``id``, for a job the same as ``job_id``. The page says no more of ``data``,
and the SDK's batches only that the payload has a ``status``: here it is the object as a GET without ``expand`` shows
it. What was extracted is left out: it is fetched by whoever wants it, and may be large.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.resources import batches, jobs, parse_jobs
from llamabatch_nb.engine.store.database import Db, Row

#: What the service calls itself.
_USER_AGENT = "llamaindex-webhook-service/1.0"


def event_id(event: Row) -> str:
    """A UUID that only this event has; made again for the same event it is the same."""
    return str(
        uuid.uuid5(
            uuid.NAMESPACE_OID, " ".join(map(str, (event["subject"], event["type"], event["created_at"], event["seq"])))
        )
    )


def payload(db: Db, event: Row) -> dict[str, Any]:
    """The JSON object for a row of ``events``. Status and time are those of the event, whatever came after it."""
    return {
        "event_id": event_id(event),
        "event_type": event["type"],
        "timestamp": datetime.fromisoformat(event["created_at"]).timestamp(),
        "data": _data(db, event),
    }


def body(text: str, endpoint: Mapping[str, Any]) -> bytes:
    """The raw body, from a payload as JSON: in the format ``string``, which is the default, once more as a string."""
    return (text if endpoint.get("webhook_output_format") == "json" else json.dumps(text)).encode()


def headers(content: bytes, endpoint: Mapping[str, Any], delivery: Mapping[str, Any]) -> dict[str, str]:
    """The endpoint's own headers, and those of the service, which win."""
    ours = {
        "content-type": "application/json",
        "user-agent": _USER_AGENT,
        "x-webhook-event-id": delivery["event_id"],
        "x-webhook-event-type": delivery["type"],
    }
    if secret := endpoint.get("webhook_signing_secret"):
        ours["lc-signature"] = "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    own = {name.lower(): value for name, value in (endpoint.get("webhook_headers") or {}).items()}
    return own | ours


def _data(db: Db, event: Row) -> dict[str, Any]:
    subject, kind = event["subject"], event["type"].partition(".")[0]
    known: dict[str, Any] = {"id": subject} if kind == "batch" else {"id": subject, "job_id": subject}
    try:
        if kind == "batch":
            shown = batches.get(db, subject, results=False, results_while_running=False).model_dump(mode="json")
        elif kind == "parse":
            shown = parse_jobs.shown(jobs.get(db, subject, jobs.PARSE)).model_dump(mode="json")
        else:
            shown = _extract(jobs.get(db, subject, jobs.EXTRACT))
    except ApiError:  # deleted since
        shown = {}
    moment = {"status": event["status"], "updated_at": event["created_at"]}
    if event["status"] != "FAILED" and "error_message" in shown:
        moment["error_message"] = None
    return shown | known | moment


def _extract(row: Row) -> dict[str, Any]:
    return ExtractJob(
        id=row["id"],
        file_input=row["file_input"] or row["parse_job_id"],
        project_id=row["project_id"],
        status=row["status"],
        configuration_id=row["configuration_id"],
        error_message=row["error_message"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    ).model_dump(mode="json")
