from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from llamabatch_nb.engine import Engine
from tests.engine.support import Api

#: Makes a started engine over a folder of the test, and closes it in the end.
MakeApi = Callable[..., Api]


@pytest.fixture
def make_api(tmp_path: Path) -> Iterator[MakeApi]:
    with ExitStack() as stack:

        def make(folder: str = "engine", **options: Any) -> Api:
            return Api(stack.enter_context(Engine(tmp_path / folder, **{"workers": 1} | options)))

        yield make


@pytest.fixture
def api(make_api: MakeApi) -> Iterator[Api]:
    """An engine that parses in a thread: for tests of the API, to which it is all one where files are read."""
    with ThreadPoolExecutor(1) as executor:
        made = make_api(executor=executor)
        yield made
        made.engine.close()


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Api]:
    """An engine that was not started: what is created stays PENDING."""
    engine = Engine(tmp_path / "idle")
    yield Api(engine)
    engine.close()
