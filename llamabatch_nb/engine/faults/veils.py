"""Answers that say less, or more, than is true."""

from __future__ import annotations

from typing import Any

from llamabatch_nb.engine.faults.schedule import Schedule, template

#: A status that this API never had.
UNKNOWN_STATUS = "PREPARING"
#: A field that this API never had.
EXTRA_FIELD, EXTRA_VALUE = "x_future", {"since": "2099-01-01T00:00:00Z", "words": ["some", "day"]}

Json = dict[str, Any]

_CREATE = ("POST", "/api/v2/batches")
_BATCHES = ("/api/v2/batches", "/api/v2/batches/{id}")
_JOBS = ("/api/v2/parse", "/api/v2/parse/{id}", "/api/v2/extract", "/api/v2/extract/{id}")
_LISTS = (_BATCHES[0], *_JOBS[::2])


def concern(method: str, path: str) -> bool:
    """Whether an answer to this shows batches or jobs, or makes one."""
    if method == "GET":
        return template(path) in {*_BATCHES, *_JOBS}
    return (method, path) == _CREATE


def draw(content: Any, method: str, path: str, schedule: Schedule) -> None:
    """Veil what is veiled at this look; change `content` in place."""
    if (method, path) == _CREATE:
        schedule.created(content["id"])
    if method != "GET" or template(path) not in {*_BATCHES, *_JOBS}:
        return
    for thing in content["items"] if path in _LISTS else [content]:
        if template(path) in _BATCHES:
            _veil_batch(thing, path, schedule)
        else:
            job = thing.get("job", thing)  # a parse job that is asked for alone is wrapped
            # Ids differ from run to run; names are how a random schedule knows a job again.
            label = f"job {job.get('name') or job.get('file_input')}"
            if schedule.veils_look("unknown_status", path, job["id"], label):
                job["status"] = UNKNOWN_STATUS


def add_fields(content: Any) -> None:
    """Put `EXTRA_FIELD` into the object, its items, results and job, in place; free-form objects are left alone."""
    things = content if isinstance(content, list) else [content]
    for thing in things:
        if isinstance(thing, dict):
            for part in (thing.get("items"), thing.get("results"), thing.get("job")):
                if isinstance(part, (dict, list)):
                    add_fields(part)
            thing[EXTRA_FIELD] = EXTRA_VALUE


def _veil_batch(batch: Json, path: str, schedule: Schedule) -> None:
    label = schedule.label(batch["id"])
    if schedule.veils_look("throttled", path, batch["id"], label):
        batch |= {"status": "THROTTLED", "results": None}
    elif schedule.veils_look("unknown_status", path, batch["id"], label):
        batch["status"] = UNKNOWN_STATUS
    elif _completed(batch) and schedule.veils_look("no_results", path, batch["id"], label):
        batch["results"] = None


def _completed(batch: Json) -> bool:
    """Whether this look would show the results: others do not count."""
    return batch["status"] == "COMPLETED" and batch["results"] is not None
