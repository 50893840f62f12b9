"""Reading documents: one module a format, chosen by what a file is and not by its name.

`parse_file` is the one door. The libraries behind it are imported by the first file of their format, so that a worker
that sees only PDFs never pays for the others (0.3 s for openpyxl alone).
"""

from __future__ import annotations

from llamabatch_nb.engine.parsers.base import ParsedDocument, ParsedPage, ParseOptions, Unreadable
from llamabatch_nb.engine.parsers.door import parse_file
from llamabatch_nb.engine.parsers.payload import read_payload, write_payload

__all__ = ["ParseOptions", "ParsedDocument", "ParsedPage", "Unreadable", "parse_file", "read_payload", "write_payload"]
