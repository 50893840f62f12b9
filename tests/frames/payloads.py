"""What a service might answer: the JSON of batches and jobs, with nulls, unknown fields and broken places anywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

texts = st.text(max_size=8)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
unknown = st.dictionaries(texts.map(lambda name: f"new_{name}"), json_values, max_size=2)
times = st.none() | st.integers(0, 4_000_000_000).map(
    lambda seconds: (datetime(1970, 1, 2, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat()
)
parse_statuses = st.sampled_from(["PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "PAUSED"])
batch_statuses = st.sampled_from(["PENDING", "THROTTLED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "PAUSED"])
confidences = st.none() | st.floats(0, 1)


def record(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """An object with these fields and some that nobody knows."""
    return st.builds(lambda known, more: more | known, st.fixed_dictionaries(fields), unknown)


@st.composite
def broken(draw: st.DrawFn, whole: st.SearchStrategy[Json]) -> Any:
    """An answer in which something is not as it should be, or is not there."""
    made = draw(whole)
    at: Any = made
    while True:
        places = list(at) if isinstance(at, dict) else list(range(len(at)))
        place = draw(st.sampled_from(places))
        inner = at[place]
        if isinstance(inner, (dict, list)) and inner and draw(st.booleans()):
            at = inner
            continue
        if isinstance(at, dict) and draw(st.booleans()):
            del at[place]
        else:
            at[place] = draw(json_values)
        return made


def entries(job_ids: list[str]) -> st.SearchStrategy[Json]:
    reference = record(id=st.sampled_from(job_ids), type=st.sampled_from(["parse_v2", "extract_v2", "sheets_v9"]))
    return record(
        source_directory_file_id=texts.map(lambda end: f"dfl-{end}"),
        error_message=st.none() | texts,
        job_reference=st.none() | reference,
    )


def batches(job_ids: list[str], *, damaged: bool = True) -> st.SearchStrategy[Json]:
    entry = entries(job_ids) | broken(entries(job_ids)) | json_values if damaged else entries(job_ids)
    job = record(type=st.just("parse_v2"), configuration_id=texts)
    return record(
        id=texts.map(lambda end: f"bat-{end}"),
        project_id=texts,
        source_directory_id=texts,
        status=batch_statuses,
        config=record(job=job),
        created_at=times,
        updated_at=times,
        results=st.none() | st.lists(entry, max_size=5),
    )


def pages(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    page = record(page_number=st.integers(1, 5), **fields)
    return st.none() | record(pages=st.lists(page, max_size=3))


def parse_jobs(job_id: str) -> st.SearchStrategy[Json]:
    job = record(
        id=st.just(job_id),
        project_id=texts,
        status=parse_statuses,
        error_message=st.none() | texts,
        name=st.none() | texts,
        usage=st.none() | record(credits=st.none() | st.floats(0, 1e6)),
        created_at=times,
        updated_at=times,
    )
    return record(
        job=job,
        text=pages(text=st.none() | texts),
        markdown=pages(success=st.booleans(), markdown=st.none() | texts, error=st.none() | texts),
        metadata=pages(confidence=confidences),
    )


def extract_jobs(job_id: str) -> st.SearchStrategy[Json]:
    field = record(confidence=confidences, citation=st.none())
    return record(
        id=st.just(job_id),
        file_input=texts,
        project_id=texts,
        status=parse_statuses,
        created_at=times.filter(bool),
        updated_at=times.filter(bool),
        error_message=st.none() | texts,
        extract_result=st.none() | st.dictionaries(texts, json_values, max_size=3),
        extract_metadata=st.none()
        | record(
            parse_job_id=st.none() | texts,
            field_metadata=st.none() | record(document_metadata=st.none() | record(total=field)),
        ),
        metadata=st.none() | record(usage=st.none() | record(num_pages_extracted=st.none() | st.integers(0, 99))),
        usage=st.none() | record(credits=st.none() | st.floats(0, 1e6), parse_credits=st.none() | st.floats(0, 1e6)),
    )


def jobs(job_ids: list[str], *, damaged: bool = True) -> st.SearchStrategy[dict[str, Json]]:
    """Of some of the ids."""

    def one(job_id: str) -> st.SearchStrategy[Json]:
        whole = parse_jobs(job_id) | extract_jobs(job_id)
        return whole | broken(whole) if damaged else whole

    return st.fixed_dictionaries({}, optional={job_id: one(job_id) for job_id in job_ids})
