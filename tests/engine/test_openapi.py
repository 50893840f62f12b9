"""Requests that nobody thought of, made by schemathesis from the engine's own OpenAPI description.

None may be answered with a 5xx, and every answer has to have a status, a content type and a body that the description
declares. The same requests come on every run; `make drills` makes many more of them.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from llamabatch_nb.contract import endpoints
from llamabatch_nb.engine import Engine
from tests.drills.support import FULL
from tests.engine.support import Api, files_of, pdf

#: Requests an endpoint. With fewer good ones some endpoint is never asked what it can answer.
EXAMPLES = {GenerationMode.POSITIVE: 60 if FULL else 5, GenerationMode.NEGATIVE: 60 if FULL else 3}
CHECKS = [
    *(not_a_server_error, status_code_conformance, content_type_conformance),
    *(response_headers_conformance, response_schema_conformance),
]
KEY = {"Authorization": "Bearer any"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with ThreadPoolExecutor(1) as executor, Engine(tmp_path_factory.mktemp("engine"), executor=executor) as engine:
        executor.submit(int).result()  # its thread is there before the first test, for the leak guard
        yield Api(engine)


@pytest.fixture(scope="module")
def schema(api: Api) -> schemathesis.BaseSchema:
    # For the whole module: schemathesis keeps a thread for its way to an application.
    return schemathesis.openapi.from_asgi("/openapi.json", api.engine.app)


@pytest.fixture
def known(api: Api) -> dict[str, str]:
    """What is there, by the names that paths, queries and bodies give it; of each test its own, for some is deleted."""
    name = secrets.token_hex(4)
    directory_id = api.directory({"a.pdf": pdf("alpha"), "b.txt": b"beta"}, name)
    batch = api.finished(api.batch(directory_id)["id"])
    file = api.ok("GET", files_of(directory_id))["items"][0]
    extraction = {"product_type": "extract_v2", "data_schema": {"properties": {"total": {"type": "number"}}}}
    extract = api.ok("POST", endpoints.CONFIGURATIONS, json={"name": name, "parameters": extraction})
    told = api.ok(
        "POST", endpoints.WEBHOOKS, json={"webhook_url": "http://127.0.0.1:9", "webhook_events": ["parse.error"]}
    )
    wanted = {"file_input": file["file_id"], "configuration_id": extract["id"]}
    return {
        "batch_id": batch["id"],
        "directory_id": directory_id,
        "source_directory_id": directory_id,
        "directory_file_id": file["id"],
        "file_id": file["file_id"],
        "file_input": file["file_id"],
        "configuration_id": "cfg-PARSE_AGENTIC",
        "project_id": api.engine.project.id,
        "organization_id": api.engine.project.organization_id,
        # Parts of forms that hold JSON as a text, and what has a form of its own.
        "metadata": '{"team": "x"}',
        "configuration": '{"tier": "fast", "version": "latest"}',
        "webhook_url": "http://127.0.0.1:9",
        # These have the same names in different paths.
        f"{endpoints.CONFIGURATIONS}/config_id": extract["id"],
        f"{endpoints.WEBHOOKS}/config_id": told["id"],
        f"{endpoints.PARSE}/job_id": batch["results"][0]["job_reference"]["id"],
        f"{endpoints.EXTRACT}/job_id": api.ok("POST", endpoints.EXTRACT, json=wanted)["id"],
    }


def needed(label: str, known: dict[str, str]) -> dict[str, Any]:
    """What a body has to have, where its JSON Schema cannot say so."""
    schema = {"properties": {"total": {"type": "number"}}}
    bodies: dict[str, dict[str, Any]] = {
        f"POST {endpoints.CONFIGURATIONS}": {"parameters": {"product_type": "extract_v2", "data_schema": schema}},
        f"PUT {endpoints.CONFIGURATION}": {"parameters": {"product_type": "extract_v2", "data_schema": schema}},
        f"PUT {endpoints.WEBHOOK}": {"webhook_url": known["webhook_url"]},
        f"POST {endpoints.PARSE}": {
            "file_id": known["file_id"],
            "source_url": None,
            "tier": "fast",
            "version": "latest",
        },
        f"POST {endpoints.EXTRACT}": {"configuration_id": saved(known), "configuration": None},
        f"POST {endpoints.EXTRACT}/schema/validation": {"data_schema": schema},
        f"POST {endpoints.EXTRACT}/schema/generate": {"data_schema": schema, "file_id": known["file_id"]},
    }
    return bodies.get(label, {})


def saved(known: dict[str, str]) -> str:
    return known[f"{endpoints.CONFIGURATIONS}/config_id"]


def ids(path: str, known: dict[str, str]) -> dict[str, str]:
    """`known`, with the ids that this path means."""
    return known | {
        key.rpartition("/")[2]: value for key, value in known.items() if path.startswith(key.rpartition("/")[0])
    }


def operations(schema: schemathesis.BaseSchema) -> list[Any]:
    """All that are described. What deletes comes last, and files before their directories: the others need them."""
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(found) > 40
    return sorted(found, key=lambda one: (one.method == "delete", -len(one.path)))


def filled(value: Any, known: dict[str, str]) -> Any:
    """`value` with what is there in the place of texts that schemathesis made up."""
    if isinstance(value, dict):
        return {
            key: known[key] if key in known and isinstance(inner, str) else filled(inner, known)
            for key, inner in value.items()
        }
    return [filled(inner, known) for inner in value] if isinstance(value, list) else value


@pytest.mark.drill
@pytest.mark.parametrize("mode", GenerationMode)
def test_every_answer_is_as_described(
    schema: schemathesis.BaseSchema, known: dict[str, str], mode: GenerationMode
) -> None:
    failures: dict[str, str] = {}
    statuses: dict[str, set[int]] = {}
    for operation in operations(schema):

        @settings(
            max_examples=EXAMPLES[mode],
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), made_up=st.sampled_from([False, False, True]))
        def ask(case: schemathesis.Case[Any], made_up: bool) -> None:
            if not made_up:
                case.path_parameters = filled(case.path_parameters, ids(case.operation.path, known))
                case.query = filled(case.query, known)
                case.body = filled(case.body, known)
                if isinstance(case.body, dict) and mode is GenerationMode.POSITIVE:
                    case.body |= needed(case.operation.label, known)
            response = case.call(headers=KEY)
            statuses.setdefault(case.operation.label, set()).add(response.status_code)
            try:
                case.validate_response(response, checks=CHECKS)
            except FailureGroup as group:
                for failure in group.exceptions:
                    told = f"{failure.message}\n{case.as_curl_command()}\n{response.text[:500]}"
                    failures.setdefault(f"{case.operation.label}: {failure.title}", told)

        ask()
    assert not failures, "\n\n".join(f"{title}\n{told}" for title, told in failures.items())
    if mode is GenerationMode.POSITIVE:  # otherwise the requests were no good, and nothing was tried
        assert [label for label, seen in statuses.items() if not seen & {200, 204, 409}] == [], statuses


def token(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


#: No list gave these out.
TOKENS = (
    *("x", "=", "%00", "\u00e9", "W10", "bnVsbA", "e30", "A" * 4000),
    *(token(10**30), token(-1), token(2**63), token("2026", 10**30), token("a", "b"), token(1, 2), token(True)),
    base64.urlsafe_b64encode(b"[" * 3000).decode(),
    base64.urlsafe_b64encode(b"[" + b"9" * 5000 + b"]").decode(),
    base64.urlsafe_b64encode(b'["\\ud800", 1]').decode(),
)


def test_tokens_that_no_list_gave_out(schema: schemathesis.BaseSchema, api: Api, known: dict[str, str]) -> None:
    """A token is a sort key in disguise: whoever makes one up may get a wrong page or a 422, and nothing worse."""
    paged = [
        operation.path.format_map(ids(operation.path, known))
        for operation in operations(schema)
        if any(parameter.name == "page_token" for parameter in operation.query)
    ]
    assert len(paged) >= 5
    answers = {(path, t): api.raw("GET", path, params={"page_token": t}) for path in paged for t in TOKENS}
    assert {key: answer.text for key, answer in answers.items() if answer.status_code not in {200, 422}} == {}


#: Texts that break what is not careful: halves of a character, no character, too much of them.
TEXTS = ("\ud800", "a\udfffb", "\x00", "\u202e", "x" * 20_000, "'; DROP TABLE jobs; --", "\uffff", "{0}", "%s", "..")


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_texts_that_break_things(schema: schemathesis.BaseSchema, api: Api, known: dict[str, str], text: str) -> None:
    """In the place of every text of a body, of every query parameter, and in a path."""
    bad = {}
    for operation in operations(schema):
        path = operation.path.format_map(ids(operation.path, known))
        for body in bodies(operation, text, {"name": "x"} | needed(operation.label, known)):
            headers = {"content-type": "application/json"}
            answer = api.raw(operation.method.upper(), path, content=json.dumps(body), headers=headers)
            bad[operation.label, json.dumps(body)[:200]] = answer
        if not any(0xD800 <= ord(letter) < 0xE000 for letter in text):  # those cannot be written in an address
            for parameter in operation.query:
                bad[operation.label, parameter.name] = api.raw("GET", path, params={parameter.name: text[:2000]})
    assert {key: answer.text for key, answer in bad.items() if answer.status_code >= 500} == {}


def bodies(operation: Any, text: str, base: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """For every property of the operation's JSON body, one in which it is `text`, or holds it."""
    for body in operation.body:
        if body.media_type == "application/json":
            for name in properties(body.optimized_schema):
                for value in (text, {text: [text]}):
                    yield base | {name: value}


def properties(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, inner in schema.items():
            if key == "properties" and isinstance(inner, dict):
                yield from inner
            yield from properties(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from properties(inner)


def test_bodies_that_are_no_json(api: Api) -> None:
    texts = (
        "",
        "{",
        "null",
        "[]",
        "1e999",
        '{"name": NaN}',
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"name": 1' + "0" * 5000 + "}",
    )
    for text in texts:
        for path in ("/api/v1/beta/directories", "/api/v2/batches", "/api/v1/beta/configurations", "/api/v2/parse"):
            answer = api.raw("POST", path, content=text, headers={"content-type": "application/json"})
            assert answer.status_code in {400, 405, 422}, (path, text[:20], answer.text)
            assert answer.headers["content-type"] == "application/json"
    for content_type in ("text/plain", "application/xml", "multipart/form-data", "multipart/form-data; boundary=", ""):
        answer = api.raw("POST", "/api/v1/beta/directories", content=b"--x", headers={"content-type": content_type})
        assert answer.status_code in {400, 422}, (content_type, answer.text)
        directory_id = api.ok("GET", "/api/v1/beta/directories")["items"][0]["id"]
        answer = api.raw(
            "POST", files_of(directory_id) + "/upload", content=b"--x\r\n\xff", headers={"content-type": content_type}
        )
        assert answer.status_code in {400, 422}, (content_type, answer.text)
