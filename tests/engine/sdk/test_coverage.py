"""No method of the official SDK that is ours to answer is forgotten: these tests use each one, in both clients.

Found by reading the tests, not by running them, so that a single test file may be run and a skipped one is no gap.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_cloud import AsyncLlamaCloud, LlamaCloud

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.endpoints import Endpoint

#: What the contract has, as the SDK names it. Helpers that poll, such as `parsing.parse`, are methods of these.
RESOURCES = (
    *("batches", "beta.directories", "beta.directories.files", "files", "configurations", "parsing", "extract"),
    *("webhook_configs", "projects", "v2_projects"),
)
CLIENTS: tuple[type[Any], ...] = (LlamaCloud, AsyncLlamaCloud)


def methods(client: type[Any]) -> set[str]:
    """``batches.create`` and so on."""
    sdk = client(api_key="x")
    found = set()
    for path in RESOURCES:
        resource = sdk
        for part in path.split("."):
            resource = getattr(resource, part)
        members = inspect.getmembers(type(resource), inspect.isfunction)
        found |= {
            f"{path}.{name}" for name, method in members if method.__qualname__.startswith(type(resource).__name__)
        }
    return {name for name in found if not name.rpartition(".")[2].startswith("_")}


class Uses(ast.NodeVisitor):
    """The attributes of a client that a module reads, in `found`. A client is known by its annotation or its making.

    A name that is given to a part of a client (``files = sdk.beta.directories.files``) stands for it.
    """

    def __init__(self, client: str) -> None:
        self._client = client
        self._names: dict[str, str] = {}
        self.found: set[str] = set()

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outside = dict(self._names)
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            self._names.pop(argument.arg, None)
            if isinstance(argument.annotation, ast.Name) and argument.annotation.id == self._client:
                self._names[argument.arg] = ""
        self.generic_visit(node)
        self._names = outside

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - the same

    def visit_withitem(self, node: ast.withitem) -> None:
        made = node.context_expr
        if isinstance(made, ast.Call) and isinstance(made.func, ast.Name) and isinstance(node.optional_vars, ast.Name):
            self._names.pop(node.optional_vars.id, None)
            if made.func.id == self._client:
                self._names[node.optional_vars.id] = ""
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=True))
            else:
                pairs = [(target, node.value)]
            for name, value in pairs:
                if isinstance(name, ast.Name) and (path := self._path(value)) is not None:
                    self._names[name.id] = path

    def visit_Attribute(self, node: ast.Attribute) -> None:
        path = self._path(node)
        if path is not None:
            self.found.add(path)
        self.generic_visit(node)

    def _path(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self._names.get(node.id)
        if isinstance(node, ast.Attribute):
            before = self._path(node.value)
            return None if before is None else f"{before}.{node.attr}".lstrip(".")
        return None


def uses(client: str, *texts: str) -> set[str]:
    found = set()
    for text in texts:
        visitor = Uses(client)
        visitor.visit(ast.parse(text))
        found |= visitor.found
    return found


def texts() -> Iterator[str]:
    for path in Path(__file__).parent.glob("test_*.py"):
        if path != Path(__file__):
            yield path.read_text(encoding="utf-8")


@pytest.mark.parametrize("client", CLIENTS)
def test_every_method_is_used(client: type[Any]) -> None:
    assert sorted(methods(client) - uses(client.__name__, *texts())) == []


def test_both_clients_have_the_same_methods() -> None:
    assert methods(LlamaCloud) == methods(AsyncLlamaCloud)


def test_every_endpoint_has_a_method() -> None:
    """So that an endpoint is tried when every method is."""
    source = "".join(inspect.getsource(module) for module in _modules())
    for endpoint in (value for value in vars(endpoints).values() if isinstance(value, Endpoint)):
        assert f'"{endpoint.path}"' in source, endpoint.path


def _modules() -> Iterator[Any]:
    sdk = LlamaCloud(api_key="x")
    for path in RESOURCES:
        resource: Any = sdk
        for part in path.split("."):
            resource = getattr(resource, part)
        yield inspect.getmodule(type(resource))


def test_what_counts_as_a_use() -> None:
    """The reading itself: by annotation, by ``with``, through another name, and of the right client alone."""
    text = """
def test_a(sdk: LlamaCloud) -> None:
    sdk.batches.list()
    files, extract = sdk.beta.directories.files, sdk.extract
    extract.run()
    def inner():
        files.upload(x)
    with AsyncLlamaCloud(a=1) as sdk:
        sdk.batches.get()

def test_b(sdk: Other) -> None:
    sdk.batches.cancel()

async def test_c(sdk: AsyncLlamaCloud) -> None:
    await sdk.parsing.parse()
"""
    assert uses("LlamaCloud", text) >= {"batches.list", "beta.directories.files.upload", "extract.run"}
    assert not uses("LlamaCloud", text) & {"batches.get", "batches.cancel", "parsing.parse"}
    assert uses("AsyncLlamaCloud", text) >= {"batches.get", "parsing.parse"}
    assert not uses("AsyncLlamaCloud", text) & {"batches.list", "batches.cancel"}
