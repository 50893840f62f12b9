from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.batches import Batch, CreateBatch, ListBatches
from llamabatch_nb.contract.configurations import Configuration
from llamabatch_nb.contract.directories import Directory, UpdateDirectory
from llamabatch_nb.contract.endpoints import Endpoint
from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.contract.parse import GetParseJob, ListParseJobs, ParseResult
from llamabatch_nb.contract.webhooks import WebhookConfiguration

ENDPOINTS = {name: found for name, found in vars(endpoints).items() if isinstance(found, Endpoint)}
STAMP = "2026-11-24T09:30:00Z"


def test_no_endpoint_is_there_twice() -> None:
    assert len({(found.method, found.path) for found in ENDPOINTS.values()}) == len(ENDPOINTS) > 40


def test_what_is_not_blindly_sent_again() -> None:
    """Sent twice, these are done twice; all other POSTs cancel, or save by name."""
    assert {name for name, found in ENDPOINTS.items() if found.creates} == {
        "create_batch",
        "create_directory",
        "upload_file",
        "add_file",
        "create_stored_file",
        "create_webhook",
        "create_parse_job",
        "upload_parse_job",
        "create_extract_job",
    }


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (
            Batch,
            {
                "id": "b",
                "config": {"job": {"configuration_id": "c", "type": "verify_v3"}},
                "project_id": "p",
                "source_directory_id": "d",
                "status": "PAUSED",
                "results": [{"source_directory_file_id": "f", "job_reference": {"id": "j", "type": "verify_v3"}}],
                "priority": {"is": "new"},
            },
        ),
        (Directory, {"id": "d", "name": "n", "project_id": "p", "type": "shared"}),
        (
            ParseResult,
            {
                "job": {"id": "j", "project_id": "p", "status": "HELD", "queue": 3},
                "images_content_metadata": {
                    "total_count": 1,
                    "images": [
                        {
                            "filename": "a.png",
                            "index": 0,
                            "category": "drawing",
                            "bbox": {"x": 1, "y": 2, "w": 3, "h": 4.5},
                        }
                    ],
                },
                "items": {"pages": [{"page_number": 1, "items": [{"type": "hologram", "depth": 3}]}]},
                "hologram": [1],
            },
        ),
        (
            ExtractJob,
            {
                "id": "e",
                "file_input": "f",
                "project_id": "p",
                "status": "HELD",
                "created_at": STAMP,
                "updated_at": STAMP,
                "configuration": {"data_schema": {}, "tier": "agentic_max", "extraction_target": "per_word"},
                "extract_result": [{"total": 1}, None],
                "extract_metadata": {"field_metadata": {"total": {"confidence": 0.9}}},
            },
        ),
        (Configuration, {"id": "c", "name": "n", "product_type": "x_v9", "version": "v", "parameters": {"a": [None]}}),
        (
            WebhookConfiguration,
            {
                "id": "w",
                "webhook_url": "https://example.com",
                "has_secret": False,
                "tenant_id": "p",
                "tenant_type": "organization",
                "webhook_events": ["batch.success", "batch.paused"],
                "webhook_output_format": "xml",
            },
        ),
    ],
)
def test_new_words_and_fields_survive(model: type[Batch], said: dict[str, object]) -> None:
    """Reading and writing again loses nothing; pytest would fail for a warning of pydantic's."""
    value = model.model_validate(said)
    assert value.model_dump(mode="json", exclude_unset=True) == said
    assert model.model_validate_json(value.model_dump_json()) == value


def test_queries_are_repeated_keys_lower_case_booleans_and_iso_times() -> None:
    when = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    query = ListBatches(status="RUNNING", created_at_on_or_after=when, page_size=5)
    assert sorted(query.pairs()) == [
        ("created_at_on_or_after", "2026-11-24T09:30:00+00:00"),
        ("page_size", "5"),
        ("status", "RUNNING"),
    ]
    assert ListParseJobs.model_validate({"job_ids": "a,b"}).pairs() == [("job_ids", "a"), ("job_ids", "b")]
    assert GetParseJob.model_validate({"expand": ["text", "a_new_word"]}).expand == ["text", "a_new_word"]


def test_requests_are_strict() -> None:
    with pytest.raises(ValidationError, match="expires_at"):
        UpdateDirectory.model_validate({"name": "n", "expires_at": STAMP})
    with pytest.raises(ValidationError, match="nothing to change"):
        UpdateDirectory()
    job = {"type": "split_v1", "configuration_id": "c"}
    with pytest.raises(ValidationError, match=r"config\.job\.type"):
        CreateBatch.model_validate({"config": {"job": job}, "source_directory_id": "d"})
