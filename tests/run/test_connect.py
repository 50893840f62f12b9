"""`lb.connect` and the local engine: one a folder, replaced by one with other options when it has nothing to do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import llamabatch_nb as lb
from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.engine.extractors import Extractor, Page
from llamabatch_nb.errors import InputError
from tests.run.support import texts

TOTAL = {"title": "Sum", "type": "object", "properties": {"total": {"type": "number"}}}


def always(number: int) -> Extractor:
    def extractor(_: Sequence[Page], __: Mapping[str, Any]) -> dict[str, Any]:
        return {"total": number}

    return extractor


def total(run: lb.Run, name: str = "a.txt") -> Any:
    result = run.results_of(name)
    assert isinstance(result, ExtractJob)
    return result.extract_result


@pytest.fixture
def connected(tmp_path: Path) -> Callable[..., lb.Client]:
    def connect(**engine: Any) -> lb.Client:
        return lb.connect(data=tmp_path / "data", engine={"workers": 1} | engine)

    return connect


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return texts(tmp_path / "in", a="Total: 12.50", b="Total: 7.00")


def dispatchers() -> int:
    return sum(thread.name == "llamabatch-engine" for thread in threading.enumerate())


def test_an_edited_extractor_takes_the_place_of_the_old_one(connected: Callable[..., lb.Client], folder: Path) -> None:
    connected(extractors={None: always(1)})  # nobody keeps the client
    first = lb.submit(folder, schema=TOTAL).wait()
    client = connected(extractors={None: always(2)})
    assert dispatchers() == 1
    with client:
        second = lb.submit(folder, schema=TOTAL, client=client).wait()
        assert second.id != first.id
        assert (total(first), total(second)) == ({"total": 1}, {"total": 2})  # what was made before goes on
        assert connected(extractors={None: always(1)}) is client
        assert lb.submit(folder, schema=TOTAL).id == first.id
        parsed = lb.submit(folder).wait()
        assert connected(extractors={None: always(3)}) is client
        assert lb.submit(folder).id == parsed.id  # reading is the same
        (folder / "c.txt").write_text("more")
        changed = lb.submit(folder, schema=TOTAL).wait()
        assert changed.id not in {first.id, second.id}  # nor is it the rest of a run that has other values
        assert total(changed, "c.txt") == {"total": 3}


def test_with_text_recognition_it_is_another_run(connected: Callable[..., lb.Client], folder: Path) -> None:
    with connected() as client:
        first = lb.submit(folder).wait()
        assert connected(ocr=True) is client
        second = lb.submit(folder).wait()
        assert second.id != first.id
        assert dispatchers() == 1

        def told(run: lb.Run) -> Any:
            job = run.files()["job_id"][0]
            return client.parsing.get(job, expand=["raw_parameters"]).raw_parameters

        assert "processing_options" not in told(first)
        assert told(second)["processing_options"] == {"ocr_parameters": {}}


def test_without_options_it_is_the_engine_that_is_there(connected: Callable[..., lb.Client], tmp_path: Path) -> None:
    with connected(extractors={"mine": always(1)}, latency=0.001) as client:
        assert lb.connect(data=tmp_path / "data") is client
        (tmp_path / "link").symlink_to(tmp_path / "data")
        assert lb.connect(data=tmp_path / "link") is client
        with lb.connect(data=tmp_path / "other") as other:
            assert other is not client


def test_an_engine_with_work_to_do_stays(connected: Callable[..., lb.Client], folder: Path) -> None:
    with connected(seconds_per_file=20) as client:
        run = lb.submit(folder)
        next(snapshot for snapshot in run.watch() if snapshot.batch_id is not None)
        with pytest.raises(InputError, match=rf"other options and has not finished {run.id}: wait for its end or"):
            connected(ocr=True)
        assert connected(seconds_per_file=20) is client
        assert dispatchers() == 1


def test_uploads_are_work_too(connected: Callable[..., lb.Client], folder: Path) -> None:
    with connected(latency=0.5):
        run = lb.submit(folder)
        with pytest.raises(InputError, match="other options and has not finished the uploads of a run: wait for its"):
            connected(ocr=True)
        assert run.wait().files()["status"].tolist() == ["completed"] * 2
        connected(ocr=True)


def test_a_request_under_way_is_waited_for(connected: Callable[..., lb.Client]) -> None:
    with connected(latency=1.0) as client:
        asking = client.core.loop.start(client.core.projects.list)
        assert connected() is client
        assert asking.done()
        assert asking.result()


def test_results_while_running_can_be_said(connected: Callable[..., lb.Client]) -> None:
    with connected(results_while_running=False) as client:
        assert client.projects.list()


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ({"time": "later"}, "engine=: time takes one of timed, per_read, immediate, not 'later'"),
        ({"nosuch": 1}, "engine=: There is no option 'nosuch' of an engine; there are workers, "),
        ({"data": "x"}, "engine=: There is no option 'data'"),
        ({"faults": "throttled"}, "engine=: faults takes what llamabatch_nb.engine.faults.Faults makes"),
        ({"workers": "four"}, "engine=: workers takes a whole number from 1 on, not 'four'"),
        ({"extractors": len}, "engine=: extractors takes functions by name"),
        (5, "engine= takes options by name"),
    ],
)
def test_an_option_that_cannot_be_one(tmp_path: Path, engine: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        lb.connect(data=tmp_path / "data", engine=engine)
    assert words in str(caught.value)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("workers", "LLAMABATCH_ENGINE has 'workers', not name=value"),
        ("workers=four", "LLAMABATCH_ENGINE: workers takes a whole number from 1 on, not 'four'"),
        ("latency=-1", "LLAMABATCH_ENGINE: latency takes a number of seconds from 0 on, not -1"),
        ("nosuch=1", "LLAMABATCH_ENGINE: There is no option 'nosuch'"),
        ("ocr=5", "LLAMABATCH_ENGINE: ocr takes True or False, not '5'"),
    ],
)
def test_the_variable_is_checked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str) -> None:
    monkeypatch.setenv("LLAMABATCH_ENGINE", text)
    with pytest.raises(InputError) as caught:
        lb.connect(data=tmp_path / "data")
    assert words in str(caught.value)


def test_the_variable_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMABATCH_ENGINE", "workers=1, seed=7,time=immediate,ocr=1,latency=0.001")
    with lb.connect(data=tmp_path / "data") as client:
        said = {"seed": "7", "time": "immediate", "ocr": True, "latency": 0.001}
        assert lb.connect(data=tmp_path / "data", engine=said) is client
        assert client.core.now().year == 2026
