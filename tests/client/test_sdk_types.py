"""Our client against the official SDK's own types: what is missing here, or is not there, fails by its name.

For every method of the SDK's resources the same arguments, made from its types, are given to both clients before one
recording service, whose answers are made from its types too. What is left out on purpose is in `OMITTED`, where an
entry that is no longer needed fails as well.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from datetime import datetime
from functools import reduce
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from llama_cloud import LlamaCloud
from pydantic import BaseModel

from llamabatch_nb.client.clients import AsyncClient, Client
from llamabatch_nb.contract.base import Response
from llamabatch_nb.errors import InputError
from tests.contract.sdk_samples import Modelled, Word, answer, arguments, parameters
from tests.contract.wire import SDK_NAMES, by_sdk, by_us, our_core, our_method, sdk_method

#: The SDK warns of two of its methods.
pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
RESOURCES = (
    "batches",
    "directories",
    "directories.files",
    "files",
    "configurations",
    "parsing",
    "extract",
    "projects",
    "v2_projects",
    "webhook_configurations",
)
#: As many as the longest enum or union of an argument has values.
TURNS = 6

_SINGLE_JOBS = "jobs are made by batches; a run waits for them, and more carefully"
_PRODUCTS = "six products with some hundred fields that change monthly; the service checks them"
_NODES = "nodes of many kinds that contain themselves: one unknown kind must not spoil its page"
_NOTHING = "the SDK sends an update without a change"
_DATED = "versions are dates, with new ones every week"

#: What the SDK has and we have not, or the other way round, and why.
OMITTED = {
    "parsing.create: no argument upload_file": "parsing.upload takes it, and drops none of the other arguments",
    "parsing.parse: no such method": _SINGLE_JOBS,
    "parsing.wait_for_completion: no such method": _SINGLE_JOBS,
    "extract.run: no such method": _SINGLE_JOBS,
    "extract.wait_for_completion: no such method": _SINGLE_JOBS,
    "extract.list: no argument document_input_value": "deprecated in favour of file_input",
    "files.query: no such method": "deprecated in favour of list",
    "directories.update: refused: UpdateDirectory: nothing to change was given; nothing was sent.": _NOTHING,
    "directories.files.update: refused: UpdateDirectoryFile: nothing to change was given; nothing was sent.": _NOTHING,
    "configurations.update: refused: UpdateConfiguration: nothing to change was given; nothing was sent.": _NOTHING,
    "webhook_configurations.update: refused: UpdateWebhookConfiguration: nothing to change was given; nothing was "
    "sent.": _NOTHING,
    "configurations.create: .parameters is kept as it is": _PRODUCTS,
    "configurations.get: .parameters is kept as it is": _PRODUCTS,
    "configurations.list: [].parameters is kept as it is": _PRODUCTS,
    "configurations.update: .parameters is kept as it is": _PRODUCTS,
    "extract.generate_schema: .parameters is kept as it is": _PRODUCTS,
    "parsing.get: .items.pages[].items[] is kept as it is": _NODES,
    "parsing.get: .items.pages[].revisions[] is kept as it is": "beta, and its spans nest: as with items",
    "parsing.get: .forms.pages[].forms[] is kept as it is": _NODES,
    "parsing.get: no field .images_content_metadata.images[].size_bytes": "deprecated, and always null",
    "parsing.list_versions: .fast[] is an open word": _DATED,
    "parsing.list_versions: .cost_effective[] is an open word": _DATED,
    "parsing.list_versions: .agentic[] is an open word": _DATED,
    "parsing.list_versions: .agentic_plus[] is an open word": _DATED,
}


def everything() -> list[str]:
    """All methods of the SDK's resources, by our names for them."""
    back = {theirs: ours for ours, theirs in SDK_NAMES.items()}
    names = []
    with LlamaCloud(api_key="k") as sdk:
        for resource in RESOURCES:
            path = SDK_NAMES.get(resource, resource)
            found = reduce(getattr, path.split("."), sdk)
            for method, _ in inspect.getmembers(type(found), inspect.isfunction):
                if not method.startswith("_"):
                    names.append(back.get(f"{path}.{method}", f"{resource}.{method}"))
    return names


COVERED = [name for name in everything() if f"{name}: no such method" not in OMITTED]


@pytest.fixture
def ours() -> Iterator[Client]:
    with our_core(lambda request: pytest.fail(f"{request.url} was asked for")) as core:
        yield Client(core=core)


@pytest.mark.parametrize("name", everything())
def test_nothing_of_the_sdk_is_missing(ours: Client, name: str) -> None:
    allowed = {entry for entry in OMITTED if entry.startswith(f"{name}: ")}
    assert set(_differences(ours, name)) == allowed


@pytest.mark.parametrize("name", COVERED)
def test_both_faces_are_one(ours: Client, name: str) -> None:
    with LlamaCloud(api_key="k") as sdk:
        theirs = sdk_method(sdk, name)
    given = _as_ours(name, _taken(name, arguments(name, theirs, 1)))
    said = answer(get_type_hints(theirs)["return"], 1)
    assert by_us("async", name, given, said) == by_us("sync", name, given, said)
    with our_core(lambda request: pytest.fail(f"{request.url} was asked for")) as core:
        awaitable = our_method(AsyncClient(core=core), name)
    assert inspect.signature(awaitable) == inspect.signature(our_method(ours, name))
    assert inspect.getdoc(awaitable) == inspect.getdoc(our_method(ours, name))


@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize("name", [name for name in COVERED if name.rpartition(".")[2] in {"list", "list_paginated"}])
def test_lists_ask_for_their_pages(name: str, face: str) -> None:
    with LlamaCloud(api_key="k") as sdk:
        theirs = sdk_method(sdk, name)
    given = _taken(name, arguments(name, theirs, 0))
    said = answer(get_type_hints(theirs)["return"], 0)
    if isinstance(said, list):
        assert by_us(face, name, given, said)[0] == by_sdk(name, given, said)
        return
    pages = (said | {"next_page_token": "token ü+/="}, said)
    sent, items = by_us(face, name, given, pages)
    assert sent == by_sdk(name, given, pages)
    assert len(items) == 2
    assert ("page_token", "token ü+/=") in sent[1].query


def test_what_is_omitted_is_of_the_sdk() -> None:
    assert {entry.partition(": ")[0] for entry in OMITTED} <= set(everything())


class _Owner(Response):
    id: str
    kind: Literal["person"] | None = None
    age: int | None = None


def test_the_comparison_sees() -> None:
    said, word = Modelled(), Word("robot")
    word.words = frozenset({"person", "robot"})
    said.update(id="a", kind=word, home=Modelled())
    said.fields = frozenset({"id", "kind", "home"})
    value = _Owner.model_construct(**said)
    assert set(_unlike([value], [said], None, "")) == {
        "no field [].home",
        "the SDK has no field [].age",
        "[].kind does not name robot",
    }
    assert list(_unlike({"x": 1}, said, None, ".owner")) == [".owner is kept as it is"]
    with pytest.raises(AssertionError, match=r"\.id"):
        list(_unlike(_Owner(id="b"), said, None, ""))


def _differences(client: Client, name: str) -> Iterator[str]:
    with LlamaCloud(api_key="k") as sdk:
        theirs = sdk_method(sdk, name)
    try:
        own = our_method(client, name)
    except AttributeError:
        yield f"{name}: no such method"
        return
    known = set(inspect.signature(own).parameters)
    asked = set(parameters(theirs)) - {"page_token"}  # lists ask for it themselves: test_lists_ask_for_their_pages
    yield from (f"{name}: no argument {missing}" for missing in asked - known)
    yield from (f"{name}: the SDK has no argument {extra}" for extra in known - asked)
    returned = get_type_hints(theirs)["return"]
    for turn in range(TURNS):
        given = {key: value for key, value in arguments(name, theirs, turn).items() if key in known}
        yield from _exchange(name, given, answer(returned, turn))
    given = arguments(name, theirs, 0, required_only=True)
    yield from _exchange(name, given, answer(returned, 0, optional="null"), shallow=True)
    yield from _exchange(name, given, answer(returned, 0, optional="absent"), shallow=True)


def _exchange(name: str, given: dict[str, Any], said: Any, *, shallow: bool = False) -> Iterator[str]:
    try:
        sent, value = by_us("sync", name, _as_ours(name, given), said)
    except InputError as error:
        yield f"{name}: refused: {error}"
        return
    expected = by_sdk(name, given, said)
    if sent != expected:
        yield f"{name}: sends {sent}, the SDK {expected}"
    if shallow:
        return
    if isinstance(said, dict) and not isinstance(said, Modelled):  # a page
        said = said["items"]
    if value is not None:  # a deletion returns nothing, whatever was said
        yield from (f"{name}: {difference}" for difference in _unlike(value, said, None, ""))


def _taken(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Without the arguments that are left out of this method on purpose."""
    return {key: value for key, value in given.items() if f"{name}: no argument {key}" not in OMITTED}


def _as_ours(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Upload metadata is an object with us, which becomes the SDK's string on the wire."""
    if name == "directories.files.upload" and "metadata" in given:
        return given | {"metadata": json.loads(given["metadata"])}
    return given


def _unlike(value: Any, said: Any, annotation: Any, path: str) -> Iterator[str]:
    """What of an answer did not arrive in a field of ours."""
    if isinstance(said, Modelled):
        assert said.fields or not isinstance(value, BaseModel), f"{path} is too deep to be compared"
        if not isinstance(value, BaseModel):
            yield f"{path or 'the answer'} is kept as it is"
            return
        fields = type(value).model_fields
        yield from (f"no field {path}.{missing}" for missing in said.fields - set(fields))
        yield from (f"the SDK has no field {path}.{extra}" for extra in set(fields) - said.fields)
        for field, one in said.items():
            if field in fields:
                yield from _unlike(getattr(value, field), one, fields[field].annotation, f"{path}.{field}")
    elif isinstance(said, list):
        assert len(value) == len(said), path
        for item, one in zip(value, said, strict=True):
            yield from _unlike(item, one, annotation, f"{path}[]")
    elif isinstance(said, dict):
        assert set(value) == set(said), path
        for key, one in said.items():
            yield from _unlike(value[key], one, annotation, f"{path}{{}}")
    else:
        assert (value.isoformat() if isinstance(value, datetime) else value) == said, path
        if isinstance(said, Word) and (missing := said.words - _words(annotation)):
            yield (
                f"{path} does not name {', '.join(sorted(missing))}"
                if _words(annotation)
                else f"{path} is an open word"
            )


def _words(annotation: Any) -> set[str]:
    inner = get_args(annotation)
    if str(get_origin(annotation)) == "typing.Literal":
        return set(inner)
    return set().union(*map(_words, inner)) if inner else set()
