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
from llamabatch_nb.contract.parse import ParseJob, ParseResult
from llamabatch_nb.contract.projects import Project

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[R]):
    """`answers` reads the body of a 2xx response.

    `creates`: sent twice it is done twice, and billed twice (design.md, decision 5).
    """

    method: str
    path: str
    answers: TypeAdapter[R]
    creates: bool = False


BATCHES = "/api/v2/batches"
DIRECTORIES = "/api/v1/beta/directories"
PARSE = "/api/v2/parse"

create_batch = Endpoint("POST", BATCHES, TypeAdapter(Batch), creates=True)
list_batches = Endpoint("GET", BATCHES, TypeAdapter(Page[Batch]))
get_batch = Endpoint("GET", f"{BATCHES}/{{batch_id}}", TypeAdapter(Batch))
cancel_batch = Endpoint("POST", f"{BATCHES}/{{batch_id}}/cancel", TypeAdapter(Batch))

create_directory = Endpoint("POST", DIRECTORIES, TypeAdapter(Directory), creates=True)
list_directories = Endpoint("GET", DIRECTORIES, TypeAdapter(Page[Directory]))
get_directory = Endpoint("GET", f"{DIRECTORIES}/{{directory_id}}", TypeAdapter(Directory))
upload_file = Endpoint("POST", f"{DIRECTORIES}/{{directory_id}}/files/upload", TypeAdapter(DirectoryFile), creates=True)
list_files = Endpoint("GET", f"{DIRECTORIES}/{{directory_id}}/files", TypeAdapter(Page[DirectoryFile]))

get_parse_job = Endpoint("GET", f"{PARSE}/{{job_id}}", TypeAdapter(ParseResult))
list_parse_jobs = Endpoint("GET", PARSE, TypeAdapter(Page[ParseJob]))

list_configurations = Endpoint("GET", "/api/v1/beta/configurations", TypeAdapter(Page[Configuration]))
get_configuration = Endpoint("GET", "/api/v1/beta/configurations/{config_id}", TypeAdapter(Configuration))
list_projects = Endpoint("GET", "/api/v1/projects", TypeAdapter(list[Project]))
