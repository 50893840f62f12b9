from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from llamabatch_nb.engine import parsers
from llamabatch_nb.engine.parsers import ParseOptions
from llamabatch_nb.engine.parsers.base import Reason
from llamabatch_nb.engine.work import flights, worker
from llamabatch_nb.engine.work.tasks import ParseTask
from llamabatch_nb.engine.work.worker import run_chunk
from llamabatch_nb.follow.sending import upload
from llamabatch_nb.follow.sources.failures import failure_class, retryable
from tests.parsers.test_bad_files import CASES


def sentences(path: Path, call: str) -> Iterator[tuple[str, str]]:
    """Every (reason, sentence) that a module gives to `call`, with X for what is filled in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }

    def said(node: ast.expr) -> Iterator[str]:
        if isinstance(node, ast.Constant):
            yield str(node.value)
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.IfExp):
            yield from said(node.body)
            yield from said(node.orelse)
        elif isinstance(node, ast.Name):
            yield from said(texts[node.id])
        else:  # str(finding), which is a sentence of a parser
            assert isinstance(node, ast.Call), ast.dump(node)

    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", None)) == call:
            reason, message = node.args[-2:]
            if isinstance(reason, ast.Constant):
                yield from ((str(reason.value), text) for text in said(message))


PARSERS = [
    found for path in sorted(Path(parsers.__file__).parent.glob("*.py")) for found in sentences(path, "Unreadable")
]
MACHINE = [*sentences(Path(flights.__file__), "_fail"), *sentences(Path(worker.__file__), "failed")]


def test_the_sentences_of_the_engine_were_found() -> None:
    assert {reason for reason, _ in PARSERS} == set(get_args(Reason))
    assert {reason for reason, _ in MACHINE} == {"timeout", "crash", "executor", "unavailable"}
    assert len(PARSERS) > 25


@pytest.mark.parametrize(("reason", "sentence"), PARSERS)
def test_what_a_parser_finds_in_a_file_it_finds_again(reason: str, sentence: str) -> None:
    known = failure_class(sentence)
    assert known is not None, reason
    assert not retryable(sentence, "job")


@pytest.mark.parametrize(("reason", "sentence"), MACHINE)
def test_what_befell_the_machine_may_pass(reason: str, sentence: str) -> None:
    assert failure_class(sentence) is not None, reason
    assert retryable(sentence, "job")


def task(path: Path, name: str) -> ParseTask:
    return ParseTask(job_id="pjb-1", fence=1, path=str(path), name=name, options=ParseOptions("agentic"))


def test_bad_files_are_not_worth_another_try(tmp_path: Path) -> None:
    tasks = []
    for number, (data, name, _) in enumerate(case for title, case in CASES.items() if title != "huge text"):
        path = tmp_path / str(number)
        path.write_bytes(data)
        tasks.append(task(path, name))
    outcomes = run_chunk(tasks)
    assert all(outcome.error for outcome in outcomes)
    assert [outcome.error for outcome in outcomes if retryable(outcome.error, "job")] == []


def test_a_file_that_the_disk_would_not_give_is(tmp_path: Path) -> None:
    (outcome,) = run_chunk([task(tmp_path / "nowhere", "a.pdf")])
    assert outcome.reason == "unavailable"
    assert outcome.error is not None
    # The engine's own copy is what is missing, and a retry uploads anew.
    assert retryable(outcome.error, "job")


@pytest.mark.parametrize(
    "error",
    [
        "UNSUPPORTED_FILE_TYPE",
        "PDF_IS_PROTECTED",
        "PDF_IS_BROKEN",
        "NO_DATA_FOUND_IN_FILE",
        "DOCUMENT_TOO_LARGE",
        "TOO_MANY_PAGES: the document has 502 pages and at most 500 are read",
        "llm_refusal",
        "Could not open PDF, as it seems to be protected.",
        "The service refused it: Uploaded file is empty.",
        "The service refused it: File size exceeds 500MB limit.",
        "The service refused it: File size (504 MB) exceeds the maximum allowed size of 100 MB.",
        "The service refused it: Unsupported file type: .exe. Supported file types are .pdf",
        "The service refused it: File name exceeds the maximum length of 250 characters",
        "It could not be read (No such file or directory): restore it and submit again.",
        "'a.pdf' cannot be read (Permission denied): restore it and submit again.",
    ],
)
def test_what_the_service_says_of_a_file_it_says_again(error: str) -> None:
    assert not retryable(error, "upload" if error.startswith(("The", "It", "'")) else "job")


@pytest.mark.parametrize(
    "error",
    [
        "TIMEOUT",
        "Request timed out",
        "ERROR: EXPIRED",
        "ERROR_DURING_PROCESSING: An unknown error occurred during processing.",
        "Oops! Something went wrong on our end. Please try again in a few minutes.",
        "Internal Server Error",
        "HTTP 503",
        "Error code: 502",
        "Service unavailable, the file is corrupted or too large",
        "Rate limit exceeded. The file upload limit is 50 requests per second.",
        "Resources exhausted. Please wait for existing jobs to complete.",
        "Server disconnected without sending a response.",
        "fetch failed",
        "Words that nobody has seen before",
        "",
        None,
    ],
)
def test_what_may_pass_or_is_unknown_is_worth_another_try(error: str | None) -> None:
    assert retryable(error, "job")


def test_a_mapping_error_and_a_lost_job_are_worth_another_try() -> None:
    assert retryable("PDF_IS_BROKEN", "mapping")
    assert retryable("PDF_IS_BROKEN", "job", lost=True)
    assert retryable("The service no longer knows its job: run.retry_failed() sends it again.", "job", lost=True)


@pytest.mark.parametrize("sentence", ["any more: run.retry", "It has changed since"])
def test_the_words_of_an_upload_that_has_nothing_to_send_are_known(sentence: str) -> None:
    said = [
        node.value
        for node in ast.walk(ast.parse(Path(upload.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and sentence in node.value
    ]
    assert said
    assert [text for text in said if retryable(text, "upload")] == []
