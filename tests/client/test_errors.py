from __future__ import annotations

import copy
import inspect
import json
import pickle
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from llamabatch_nb import errors
from llamabatch_nb.client.answers import Asked, error_of, ids_in, plain
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.contract.batches import CreateBatch
from llamabatch_nb.contract.parse import ListParseJobs

CLASSES = [value for value in vars(errors).values() if inspect.isclass(value)]
#: What the constructors take beside the message.
EXTRAS: dict[str, Any] = {
    "estimate": {"credits": 3.0},
    "file_name": "in/a.pdf",
    "reason": "No such file",
    "method": "GET",
    "path": "/api/v2/batches/bat-1",
    "status_code": 404,
    "detail": "gone",
    "ids": {"batch_id": "bat-1", "job_ids": 80},
    "batch_id": "bat-1",
    "run_name": "Q3",
    "files": {"a.pdf": "locked", "b.pdf": None},
}


def made(kind: type[errors.LlamaBatchError]) -> errors.LlamaBatchError:
    init: Callable[..., None] = kind.__init__
    names = [p.name for p in inspect.signature(init).parameters.values() if p.kind is p.KEYWORD_ONLY]
    error = kind("Something, and what to do next.", **{name: EXTRAS[name] for name in names})
    if isinstance(error, errors.RateLimitedError):
        error.retry_after = 4.0
    error.add_note("seen in a notebook")
    return error


def pickled(error: errors.LlamaBatchError) -> Any:
    return pickle.loads(pickle.dumps(error))


@pytest.mark.parametrize("act", [pickled, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_survives_travel(kind: type[errors.LlamaBatchError], act: Callable[[Any], Any]) -> None:
    error = made(kind)
    again = act(error)
    assert again is not error
    assert type(again) is kind
    assert (str(again), again.args) == (str(error), error.args) == ("Something, and what to do next.", error.args)
    assert vars(again) == vars(error)
    if isinstance(again, errors.FileReadError):
        assert again.strerror == "No such file"


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    """Each line of it names a class below the last one that is less indented."""
    drawn: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^([\s│├└─]*)(\w+Error)\s{2,}\S", line)
        if match is None:
            continue
        depth, name = len(match[1]), match[2]
        while above and above[-1][0] >= depth:
            above.pop()
        drawn[name] = above[-1][1] if above else ""
        above.append((depth, name))
    real = {kind.__name__: next((b.__name__ for b in kind.__bases__ if b in CLASSES), "") for kind in CLASSES}
    assert drawn == real


def test_the_codes_in_the_tree_are_those_that_are_told_apart() -> None:
    said = {
        int(code): name
        for name, codes in re.findall(r"(\w+Error) +((?:5xx, )?\d{3}(?:(?:, | or )\d{3})*)", errors.__doc__ or "")
        for code in re.findall(r"\d{3}", codes)
    }
    assert said == {code: kind.__name__ for code, kind in errors.BY_STATUS.items()}
    for code, kind in errors.BY_STATUS.items():
        assert str(code) in (kind.__doc__ or ""), code


def asked(*, creates: bool = False, ids: dict[str, str | int] | None = None) -> Asked:
    settings = Settings.read(api_key="llx-one", environ={})
    return Asked("GET", "/api/v2/parse", creates=creates, ids=ids or {}, file_name=None, settings=settings)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"detail": "Not found"}, "Not found"),
        (
            {"detail": [{"loc": ["body", "x"], "msg": "is odd"}, {"msg": "worse"}, "plainly"]},
            "body.x: is odd; worse; plainly",
        ),
        ({"detail": {"message": "exists", "directory_id": "dir-1"}}, "message: exists, directory_id: dir-1"),
        ({"detail": [{"loc": None, "msg": None}]}, "None"),
        ({"detail": None}, "no reason given"),
        ({"detail": []}, "no reason given"),
        ([], "no reason given"),
        ("a \x1b[31mred\nword", "a [31mred word"),
        (7, "7"),
    ],
)
def test_any_detail_is_one_plain_line(body: object, expected: str) -> None:
    assert error_of(httpx.Response(404, json=body), asked()).detail == expected


def test_a_hostile_detail_is_short() -> None:
    deep: Any = "x"
    for _ in range(50):
        deep = {"a": [deep]}
    assert len(plain(deep)) < 100
    assert len(plain([{"msg": "m" * 1000}] * 1000)) == 500
    body = b"[" * 100_000
    assert error_of(httpx.Response(500, content=body), asked()).detail.startswith("[[[")


def test_a_page_of_html_is_not_repeated() -> None:
    assert error_of(httpx.Response(502, html="<html>nginx</html>"), asked()).detail == "Bad Gateway"


def test_a_service_that_repeats_the_key_is_not_quoted() -> None:
    error = error_of(httpx.Response(401, json={"detail": "Invalid API key: llx-one"}), asked())
    assert error.detail == "Invalid API key: [secret]"
    assert "llx-one" not in str(error)


def test_the_next_step_fits_the_request() -> None:
    answer = httpx.Response(504)
    assert "may have been done" in str(error_of(answer, asked(creates=True)))
    assert "run this again later" in str(error_of(answer, asked()))
    limited = error_of(httpx.Response(429, headers={"retry-after": "90"}), asked())
    assert isinstance(limited, errors.RateLimitedError)
    assert (limited.retry_after, "in 90 s" in str(limited)) == (90, True)


def test_ids_of_a_request_are_named_and_lists_of_them_counted() -> None:
    query = ListParseJobs.model_validate({"job_ids": ["pjb-1", "pjb-2"], "project_id": "prj"})
    assert ids_in(query) == {"job_ids": 2, "project_id": "prj"}
    job = {"type": "parse_v2", "configuration_id": "c"}
    assert ids_in(CreateBatch.model_validate({"config": {"job": job}, "source_directory_id": "dir-1"})) == {
        "source_directory_id": "dir-1"
    }
    assert "check the base URL" in str(error_of(httpx.Response(404), asked(ids={"project_id": "prj"})))
    error = error_of(httpx.Response(404), asked(ids={"job_ids": 2, "project_id": "prj"}))
    assert str(error).startswith("GET /api/v2/parse (2 job_ids) was refused (404)")
    assert json.loads(json.dumps(error.ids)) == {"job_ids": 2, "project_id": "prj"}
