"""What a plug-in does to its worker is said of the plug-in: nobody is to split or report a sound document."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from llamabatch_nb.engine.extractors import Page
from tests.engine.conftest import MakeApi
from tests.engine.extract.support import ended, extracting, stored


def test_an_extractor_that_ends_its_process_is_named(make_api: MakeApi) -> None:
    def mine(_: Sequence[Page], __: Mapping[str, Any]) -> dict[str, Any]:
        os._exit(3)

    api = make_api(workers=1, extractors={"Mine": mine})
    job = extracting(api, stored(api, "a.txt", b"Total: 5"), extractor="Mine")
    message = ended(api, job["id"])["error_message"]
    assert message == "On it the extractor 'Mine' crashed the process (EXIT(3)); mend that and retry it."


def test_an_extractor_that_hangs_is_named(make_api: MakeApi) -> None:
    def mine(_: Sequence[Page], __: Mapping[str, Any]) -> dict[str, Any]:
        time.sleep(600)
        return {}

    api = make_api(workers=1, file_timeout=1, extractors={None: mine})
    job = extracting(api, stored(api, "a.txt", b"Total: 5"))
    assert ended(api, job["id"])["error_message"] == (
        "On it the engine's extractor took longer than 1 s; mend that, or give it more time with "
        "engine={'file_timeout': …}, and retry it."
    )
