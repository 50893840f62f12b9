from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.engine.conftest import MakeApi
from tests.engine.support import Api


@pytest.fixture
def threaded(make_api: MakeApi) -> Iterator[MakeApi]:
    """Makes engines that work in a thread: their extractors travel all the same, and no process has to start."""
    made: list[Api] = []
    with ThreadPoolExecutor(1) as executor:

        def make(folder: str = "engine", **options: Any) -> Api:
            made.append(make_api(folder, executor=executor, **options))
            return made[-1]

        yield make
        for api in made:
            api.engine.close()
