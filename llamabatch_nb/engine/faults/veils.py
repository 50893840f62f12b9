"""Answers that say less, or more, than is true."""

from __future__ import annotations

from typing import Any

from llamabatch_nb.engine.faults.schedule import Schedule, template

#: A status that this API never had.
UNKNOWN_STATUS = "PREPARING"
#: A field that this API never had.
EXTRA_FIELD, EXTRA_VALUE = "x_future", {"since": "2099-01-01T00:00:00Z", "words": ["some", "day"]}

Json = dict[str, Any]

_BATCHES, _PARSE, _EXTRACT = "/api/v2/batches", "/api/v2/parse", "/api/v2/extract"
_CREATES = {_BATCHES: _BATCHES, _PARSE: _PARSE, f"{_PARSE}/upload": _PARSE, _EXTRACT: _EXTRACT}
_LISTS = (_BATCHES, _PARSE, _EXTRACT)
_SHOWN = frozenset({*_LISTS, *(f"{path}/{{id}}" for path in _LISTS)})


def concern(method: str, path: str) -> bool:
    """Whether an answer to this shows batches or jobs, or makes one."""
    return template(path) in _SHOWN if method == "GET" else method == "POST" and path in _CREATES


def things(content: Json, path: str) -> list[Json]:
    """The batches or jobs that an answer to a GET of `path` shows; a parse job that is asked for alone is wrapped."""
    if path in _LISTS:
        return list(content["items"])
    return [content.get("job", content)]


def draw(content: Any, method: str, path: str, schedule: Schedule) -> None:
    """Veil what is veiled at this look; change `content` in place."""
    if method == "POST" and path in _CREATES:
        schedule.created(content["id"], _CREATES[path].removeprefix(_BATCHES))
    if method != "GET" or template(path) not in _SHOWN:
        return
    for thing in things(content, path):
        if path.startswith(_BATCHES):
            _veil_batch(thing, path, schedule)
        else:
            # Ids differ from run to run; names are how a random schedule knows a job again.
            label = f"job {thing.get('name') or thing.get('file_input')}"
            if schedule.veils_look("unknown_status", path, thing["id"], label):
                thing["status"] = UNKNOWN_STATUS


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
    elif batch["results"] and schedule.veils_look("partial_results", path, batch["id"], label):
        for result in batch["results"][1::2]:
            result |= {"job_reference": None, "error_message": None}


def _completed(batch: Json) -> bool:
    """Whether this look would show the results: others do not count."""
    return batch["status"] == "COMPLETED" and batch["results"] is not None
