"""Every endpoint this toolkit speaks, said once: the client builds requests from it, the engine its routes.

A path's fields in braces are ids. What an endpoint takes and answers are models of this package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.batches import Batch
from llamabatch_nb.contract.configurations import Configuration
from llamabatch_nb.contract.directories import Directory, DirectoryFile
from llamabatch_nb.contract.extract import ExtractJob, GeneratedSchema, ValidatedSchema
from llamabatch_nb.contract.files import File, PresignedUrl
from llamabatch_nb.contract.parse import DeletedParseJob, ParseJob, ParseResult, ParseVersions
from llamabatch_nb.contract.projects import Project
from llamabatch_nb.contract.webhooks import WebhookConfiguration

R = TypeVar("R")


@dataclass(frozen=True)
class Endpoint(Generic[R]):
    """`answers` reads the body of a 2xx response; None: there is none, or nothing that anybody reads.

    `creates`: sent twice it is done twice, and billed twice (design.md, decision 5).
    """

    method: str
    path: str
    answers: TypeAdapter[R] | None
    creates: bool = False


def _deletion(path: str) -> Endpoint[None]:
    # Services answer 204 without a body, or 200 with any JSON (contract.md section 2).
    return Endpoint("DELETE", path, None)


BATCHES = "/api/v2/batches"
BATCH = BATCHES + "/{batch_id}"
DIRECTORIES = "/api/v1/beta/directories"
DIRECTORY = DIRECTORIES + "/{directory_id}"
DIRECTORY_FILES = DIRECTORY + "/files"
DIRECTORY_FILE = DIRECTORY_FILES + "/{directory_file_id}"
FILES = "/api/v1/beta/files"
FILE = FILES + "/{file_id}"
CONFIGURATIONS = "/api/v1/beta/configurations"
CONFIGURATION = CONFIGURATIONS + "/{config_id}"
PARSE = "/api/v2/parse"
PARSE_JOB = PARSE + "/{job_id}"
EXTRACT = "/api/v2/extract"
EXTRACT_JOB = EXTRACT + "/{job_id}"
PROJECTS = "/api/v1/projects"
V2_PROJECTS = "/api/v2/projects"
WEBHOOKS = "/api/v1/beta/webhook-configs"
WEBHOOK = WEBHOOKS + "/{config_id}"
V2_WEBHOOKS = "/api/v2/webhook-configs"

create_batch = Endpoint("POST", BATCHES, TypeAdapter(Batch), creates=True)
list_batches = Endpoint("GET", BATCHES, TypeAdapter(Page[Batch]))
get_batch = Endpoint("GET", BATCH, TypeAdapter(Batch))
cancel_batch = Endpoint("POST", BATCH + "/cancel", TypeAdapter(Batch))

create_directory = Endpoint("POST", DIRECTORIES, TypeAdapter(Directory), creates=True)
list_directories = Endpoint("GET", DIRECTORIES, TypeAdapter(Page[Directory]))
get_directory = Endpoint("GET", DIRECTORY, TypeAdapter(Directory))
update_directory = Endpoint("PATCH", DIRECTORY, TypeAdapter(Directory))
delete_directory = _deletion(DIRECTORY)

upload_file = Endpoint("POST", DIRECTORY_FILES + "/upload", TypeAdapter(DirectoryFile), creates=True)
add_file = Endpoint("POST", DIRECTORY_FILES, TypeAdapter(DirectoryFile), creates=True)
list_files = Endpoint("GET", DIRECTORY_FILES, TypeAdapter(Page[DirectoryFile]))
get_file = Endpoint("GET", DIRECTORY_FILE, TypeAdapter(DirectoryFile))
update_file = Endpoint("PATCH", DIRECTORY_FILE, TypeAdapter(DirectoryFile))
delete_file = _deletion(DIRECTORY_FILE)

create_stored_file = Endpoint("POST", FILES, TypeAdapter(File), creates=True)
list_stored_files = Endpoint("GET", FILES, TypeAdapter(Page[File]))
get_stored_file = Endpoint("GET", FILE, TypeAdapter(File))
get_stored_file_content = Endpoint("GET", FILE + "/content", TypeAdapter(PresignedUrl))
delete_stored_file = _deletion(FILE)
query_stored_files = Endpoint("POST", FILES + "/query", TypeAdapter(Page[File]))

# By name and product it is an upsert: sent twice it is saved once.
create_configuration = Endpoint("POST", CONFIGURATIONS, TypeAdapter(Configuration))
list_configurations = Endpoint("GET", CONFIGURATIONS, TypeAdapter(Page[Configuration]))
get_configuration = Endpoint("GET", CONFIGURATION, TypeAdapter(Configuration))
update_configuration = Endpoint("PUT", CONFIGURATION, TypeAdapter(Configuration))
delete_configuration = _deletion(CONFIGURATION)

create_parse_job = Endpoint("POST", PARSE, TypeAdapter(ParseJob), creates=True)
upload_parse_job = Endpoint("POST", PARSE + "/upload", TypeAdapter(ParseJob), creates=True)
list_parse_jobs = Endpoint("GET", PARSE, TypeAdapter(Page[ParseJob]))
get_parse_job = Endpoint("GET", PARSE_JOB, TypeAdapter(ParseResult))
cancel_parse_job = Endpoint("POST", PARSE_JOB + "/cancel", TypeAdapter(ParseJob))
delete_parse_job = Endpoint("DELETE", PARSE_JOB, TypeAdapter(DeletedParseJob))
list_parse_versions = Endpoint("GET", PARSE + "/versions", TypeAdapter(ParseVersions))

create_extract_job = Endpoint("POST", EXTRACT, TypeAdapter(ExtractJob), creates=True)
list_extract_jobs = Endpoint("GET", EXTRACT, TypeAdapter(Page[ExtractJob]))
get_extract_job = Endpoint("GET", EXTRACT_JOB, TypeAdapter(ExtractJob))
cancel_extract_job = Endpoint("POST", EXTRACT_JOB + "/cancel", TypeAdapter(ExtractJob))
delete_extract_job = _deletion(EXTRACT_JOB)
validate_schema = Endpoint("POST", EXTRACT + "/schema/validation", TypeAdapter(ValidatedSchema))
generate_schema = Endpoint("POST", EXTRACT + "/schema/generate", TypeAdapter(GeneratedSchema))

list_projects = Endpoint("GET", PROJECTS, TypeAdapter(list[Project]))
get_project = Endpoint("GET", PROJECTS + "/{project_id}", TypeAdapter(Project))
list_v2_projects = Endpoint("GET", V2_PROJECTS, TypeAdapter(Page[Project]))
get_v2_project = Endpoint("GET", V2_PROJECTS + "/{project_id}", TypeAdapter(Project))

create_webhook = Endpoint("POST", WEBHOOKS, TypeAdapter(WebhookConfiguration), creates=True)
list_webhooks = Endpoint("GET", WEBHOOKS, TypeAdapter(list[WebhookConfiguration]))
list_v2_webhooks = Endpoint("GET", V2_WEBHOOKS, TypeAdapter(Page[WebhookConfiguration]))
get_webhook = Endpoint("GET", WEBHOOK, TypeAdapter(WebhookConfiguration))
update_webhook = Endpoint("PUT", WEBHOOK, TypeAdapter(WebhookConfiguration))
delete_webhook = _deletion(WEBHOOK)
