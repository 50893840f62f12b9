"""A frame whose partitions are fetched by Dask's workers; a key is in none of what they are sent."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import dask
import pandas as pd
import pytest

import llamabatch_nb as lb
from llamabatch_nb.client.settings import KEY_VARIABLES
from llamabatch_nb.errors import EngineError, InputError, NoKeyError, NotFoundError
from llamabatch_nb.frames.declared import PAGES
from llamabatch_nb.run import dask as ours
from llamabatch_nb.snapshot import BatchState
from tests.engine.server import serving
from tests.run.support import Line, engine, remote, texts

KEY = "llx-n0t-in-a-graph"


@pytest.fixture(scope="module", autouse=True)
def dask_keeps_a_thread() -> None:
    """For as long as its process lives; here it is, before the leak guard looks."""
    from distributed.utils import _offload_executor

    _offload_executor.submit(int).result()


@contextmanager
def cluster() -> Iterator[Any]:
    """A client of a worker process, which has the environment that this one has now."""
    from distributed import Client, LocalCluster

    with (
        dask.config.set({"distributed.admin.log-format": "%(message)s"}),
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1", silence_logs=50
        ) as made,
        Client(made) as client,  # type: ignore[no-untyped-call]
    ):
        yield client


def computed(collection: Any, **how: Any) -> Any:
    return collection.compute(**how)


def no_key_in(collection: Any) -> None:
    for sent in (pickle.dumps(collection), cloudpickle.dumps(collection.optimize().__dask_graph__())):
        assert KEY.encode() not in sent
        assert b"dfl-" in sent


def test_workers_fetch_the_partitions_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a served engine with the workers' own key; from the archive of the engine in this process."""
    documents = texts(tmp_path / "documents", **{f"file{number}": f"text {number}" for number in range(6)})
    with cluster() as dask_client:
        monkeypatch.setenv(KEY_VARIABLES[0], KEY)
        with serving(tmp_path / "data") as server, lb.Client(base_url=server.url) as client:
            run = lb.submit(documents, client=client).wait()
            run.retry({"file5.txt": texts(tmp_path / "other", file5="text 5 again") / "file5.txt"}).wait()
            collection = run.to_dask()
            assert collection.npartitions == 2
            pd.testing.assert_series_equal(collection.dtypes, PAGES.empty().dtypes)
            no_key_in(collection)
            with pytest.raises(NoKeyError, match=r"process \d+ on .* set LLAMA_CLOUD_API_KEY"):
                computed(collection)
            dask_client.run(lambda: os.environ.update({KEY_VARIABLES[0]: KEY}))
            lb.archive().clear()
            found = computed(collection)
            pd.testing.assert_frame_equal(found.reset_index(drop=True), run.pages(), check_flags=False)
            assert found["text"].iloc[-1].strip() == "text 5 again"
            assert len(collection.partitions[1]) == 1
            assert computed(collection.groupby("name").size()).to_dict() == {f"file{n}.txt": 1 for n in range(6)}

        monkeypatch.delenv(KEY_VARIABLES[0])
        dask_client.run(lambda: os.environ.pop(KEY_VARIABLES[0]))
        with lb.connect(engine={"workers": 1}) as client:
            run = lb.submit(documents, client=client).wait()
            pd.testing.assert_frame_equal(computed(run.to_dask()), run.pages(), check_flags=False)
    capsys.readouterr()


def test_a_partition_a_batch_and_one_where_there_is_none(tmp_path: Path) -> None:
    documents = texts(tmp_path / "documents", a="a", b="b")
    with engine(tmp_path / "data") as made, remote(Line(made)) as client:
        run = lb.submit(documents, client=client).wait()
        snapshot = run.snapshot
        first, second = snapshot.files
        batches = tuple(
            BatchState(batch_id=f"bat-{n}", directory_id="d", phase="COMPLETED", files=1, ended=True) for n in "abc"
        )
        files = (replace(first, batch_id="bat-b"), replace(second, batch_id="bat-a"))
        parts = ours._batches(replace(snapshot, files=files, batches=batches))
        assert [[file.name for file in part.files] for part in parts] == [["b.txt"], ["a.txt"]]
        assert [len(part.files) for part in ours._batches(replace(snapshot, files=(), batches=()))] == [0]
        with pytest.raises(InputError, match="no evidence"):
            run.to_dask(frame="evidence")


def test_what_a_worker_cannot_have_is_said_where_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the scheduler: these read in this thread."""
    documents = texts(tmp_path / "documents", a="a")
    with lb.connect(engine={"workers": 1}) as client:
        run = lb.submit(documents, client=client).wait()
        collection = run.to_dask()
        lb.archive().clear()
        with pytest.raises(EngineError, match=r"run\.wait"):
            computed(collection, scheduler="synchronous")
        run.pages()
        assert list(computed(collection, scheduler="synchronous")["name"]) == ["a.txt"]
        home = Path(os.environ["LLAMABATCH_HOME"])
        moved = home.with_name(f"{home.name}-elsewhere")
        home.rename(moved)
        with pytest.raises(EngineError, match="llamabatch-nb serve"):
            computed(collection, scheduler="synchronous")
        moved.rename(home)

    monkeypatch.setenv(KEY_VARIABLES[0], KEY)
    with serving(tmp_path / "data") as server, lb.Client(base_url=server.url) as client:
        run = lb.submit(documents, client=client).wait()
        collection = run.to_dask()
        client.parsing.delete(str(run.snapshot.files[0].job_id))
        with pytest.raises(NotFoundError):
            computed(collection, scheduler="synchronous")


def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ours, "find_spec", lambda _: None)
    with engine(tmp_path / "data") as made, remote(Line(made)) as client:
        run = lb.submit(texts(tmp_path / "documents", a="a"), client=client)
        with pytest.raises(InputError, match=r"llamabatch-nb\[dask\]"):
            run.to_dask()
        run.wait()
