"""Arguments and answers made from the types of the official SDK, so that they follow it from version to version."""

from __future__ import annotations

import collections.abc
import inspect
import typing
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typing_extensions
from llama_cloud._models import BaseModel
from llama_cloud._types import NotGiven, Omit

#: Deeper than anything that we have models for; items and forms contain themselves.
DEEPEST = 6
WHEN = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
FILE = ("bill ü.pdf", b"%PDF-1.7 of a bill")
#: Not arguments of the API: how the SDK sends its request.
TRANSPORT = frozenset({"self", "extra_headers", "extra_query", "extra_body", "timeout"})
#: Words that the SDK names in its documentation only. They replace what would be made for a string.
DOCUMENTED: dict[str, list[Any]] = {
    "files.create purpose": ["user_data", "parse", "extract", "split", "classify", "sheet", "agent_app"],
    "files.list order_by": ["name", "id", "created_at"],
    "extract.list document_input_type": ["file_id", "parse_job_id"],
    "extract.list expand": [["configuration", "extract_metadata"]],
    "extract.get expand": [["configuration", "extract_metadata", "usage"]],
    "batches.get expand": [["results"]],
    "batches.create webhook_output_format": ["string", "json"],
    "extract.create webhook_output_format": ["string", "json"],
    "directories.files.upload metadata": ['{"team": "ü", "n": [1, null]}'],
    "directories.files.upload upload_file": [FILE],
    "files.create file": [FILE],
    "parsing.create upload_file": [FILE],
}


class Modelled(dict[str, Any]):
    """An object that the SDK has a model for, and the fields of that model."""

    fields: frozenset[str] = frozenset()


class Word(str):
    """A value of an enum, and all its values."""

    __slots__ = ("words",)
    words: frozenset[str]


def parameters(method: Any) -> dict[str, inspect.Parameter]:
    return {name: found for name, found in inspect.signature(method).parameters.items() if name not in TRANSPORT}


def arguments(name: str, method: Any, turn: int, *, required_only: bool = False) -> dict[str, Any]:
    """Arguments for a method. Each turn takes the next value of every enum and union."""
    hints = get_type_hints(method, include_extras=True)
    return {
        parameter: _given(hints[parameter], f"{name} {parameter}", turn)
        for parameter, found in parameters(method).items()
        if parameter != "page_token" and (found.default is inspect.Parameter.empty or not required_only)
    }


def _given(hint: Any, path: str, turn: int) -> Any:
    method, _, name = path.partition(" ")
    documented = DOCUMENTED.get(f"{method} {name.rpartition('.')[2]}")
    if documented is not None:
        return documented[turn % len(documented)]
    hint = _bare(hint)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {list, collections.abc.Sequence, collections.abc.Iterable}:
        if get_origin(_bare(inner[0])) is Literal:
            return list(get_args(_bare(inner[0])))
        return [_given(inner[0], path, turn), _given(inner[0], path, turn + 1)]
    if origin is dict:
        return {"first key": _given(inner[1], path, turn), "second": _given(inner[1], path, turn + 1)}
    if origin is Literal:
        return inner[turn % len(inner)]
    if _is_union(origin):
        options = _options(inner)
        return WHEN if datetime in options else _given(options[turn % len(options)], path, turn)
    if typing_extensions.is_typeddict(hint):
        if path.count(".") > DEEPEST:
            return {}
        hints = get_type_hints(hint, include_extras=True)
        return {name: _given(inner, f"{path}.{name}", turn) for name, inner in hints.items()}
    return {str: f"{path.rpartition('.')[2]} ü/?", int: 7, float: 0.5, bool: turn % 2 == 0, object: "any"}[hint]


def answer(hint: Any, turn: int, *, optional: Literal["full", "null", "absent"] = "full") -> Any:
    """JSON that the SDK takes for this type: all fields, or the optional ones null or left out."""
    if hint in {None, type(None)}:
        return None
    if get_origin(hint) is list:
        return [answer(get_args(hint)[0], turn, optional=optional)]
    page = getattr(hint, "__pydantic_generic_metadata__", {}).get("args")
    if page:
        return {"items": [answer(page[0], turn, optional=optional)], "next_page_token": None, "total_size": 1}
    return _said(hint, turn, optional, 0)


def _said(hint: Any, turn: int, optional: str, depth: int) -> Any:
    hint = _bare(hint)
    origin, inner = get_origin(hint), get_args(hint)
    if origin is list:
        return [_said(inner[0], turn, optional, depth), _said(inner[0], turn + 1, optional, depth)]
    if origin is dict:
        return {"key": _said(inner[1], turn, optional, depth)}
    if origin is Literal:
        return _word(inner, turn)
    if _is_union(origin):
        options = _options(inner)
        said = _said(options[turn % len(options)], turn, optional, depth)
        if isinstance(said, Modelled):
            said.fields = frozenset().union(*(option.model_fields for option in options if _is_model(option)))
        return said
    if isinstance(hint, typing_extensions.TypeAliasType) or depth > DEEPEST:
        return Modelled()
    if _is_model(hint):
        return _object(hint, turn, optional, depth)
    return {str: "said", int: 7, float: 0.5, bool: turn % 2 == 0, object: "any", datetime: WHEN.isoformat()}[hint]


def _object(model: type[BaseModel], turn: int, optional: str, depth: int) -> Modelled:
    model.model_rebuild()
    said = Modelled()
    said.fields = frozenset(model.model_fields)
    for name, field in model.model_fields.items():
        if field.is_required() or optional == "full":
            said[field.alias or name] = _said(field.annotation, turn, optional, depth + 1)
        elif optional == "null":
            said[field.alias or name] = None
    return said


def _word(values: tuple[Any, ...], turn: int) -> Any:
    value = values[turn % len(values)]
    if not isinstance(value, str):
        return value
    word = Word(value)
    word.words = frozenset(values)
    return word


def _bare(hint: Any) -> Any:
    while get_origin(hint) in {Annotated, typing.Required, typing_extensions.Required}:
        hint = get_args(hint)[0]
    return hint


def _is_union(origin: Any) -> bool:
    return origin is typing.Union or getattr(origin, "__name__", "") == "UnionType"


def _options(inner: tuple[Any, ...]) -> list[Any]:
    found = [_bare(option) for option in inner if option not in {type(None), Omit, NotGiven}]
    return [
        deeper
        for option in found
        for deeper in (_options(get_args(option)) if _is_union(get_origin(option)) else [option])
    ]


def _is_model(hint: Any) -> bool:
    return inspect.isclass(hint) and issubclass(hint, BaseModel)
