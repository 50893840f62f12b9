"""Whether trying a failed file again may help: one table of what services and the local engine say."""

from __future__ import annotations

import re
from dataclasses import dataclass

from llamabatch_nb.snapshot import ErrorSource

#: Characters of a reason that are looked at; the engine's are one sentence.
_LOOKED_AT = 1000
#: Before a status code: a number alone may be one of pages.
_STATUS = r"\b(?:HTTP|status|code|error)[ :=]{1,3}"


@dataclass(frozen=True, slots=True)
class FailureClass:
    """Reasons of one kind. `words` is searched for, whatever the case; `again`: whether trying again may help."""

    name: str
    again: bool
    words: re.Pattern[str]


def _class(name: str, *words: str, again: bool) -> FailureClass:
    return FailureClass(name, again, re.compile("|".join(words), re.IGNORECASE))


#: The first that fits decides. What passes stands first: "timed out on a file that is too large" is worth a try.
#: Codes in capitals, and sentences in quotation marks, are of the service's page "Troubleshooting & Error Codes" (job
#: failure reasons, file upload and extract errors) and of public threads; contract.md section 9 has more. The others
#: are the local engine's own: tests/follow/test_failures.py makes it say every one.
CLASSES: tuple[FailureClass, ...] = (
    # TIMEOUT, EXPIRED (a job's own deadline, waiting in the queue included); the engine's "It took longer than 60 s".
    _class("time-out", r"(?<![a-z])time[d-]?[ -]?out", r"\bEXPIRED\b", r"\btook longer than\b", again=True),
    # "Resources exhausted. Please wait for existing jobs to complete.", "Rate limit exceeded."
    _class(
        *("capacity", r"\brate limit", r"\btoo many requests\b", r"\bthrottl", r"\bresources exhausted\b"),
        *(r"\boverloaded\b", r"\bat capacity\b", rf"{_STATUS}429\b"),
        again=True,
    ),
    # ERROR_DURING_PROCESSING, "An unknown error occurred during processing", "Something went wrong on our end".
    _class(
        *("service", r"\bERROR_DURING_PROCESSING\b", r"\bunknown error\b", r"\bwent wrong on our end\b"),
        *(
            r"\binternal (?:server )?error\b",
            r"\bbad gateway\b",
            r"\bunavailable\b",
            r"\bgateway time",
            rf"{_STATUS}50[0234]\b",
        ),
        again=True,
    ),
    # "Server disconnected without sending a response", "fetch failed".
    _class(
        *("connection", r"\bconnection\b", r"\bdisconnected\b", r"\bfetch failed\b", r"\bcould not be reached\b"),
        again=True,
    ),
    # A worker that was lost, a disk that would not answer, an executor that was shut down.
    _class(
        *(
            "machine",
            r"^(?:It|On it .{1,120}) crashed the process",
            r"^The engine failed on it",
            r"^It could not be read from the disk",
        ),
        r"^The executor given to the engine",
        again=True,
    ),
    # PDF_IS_PROTECTED, "Could not open PDF, as it seems to be protected."
    _class(
        *("password", r"\bneeds a password\b", r"\bPDF_IS_PROTECTED\b", r"\bseems to be protected\b"),
        *(r"\bpassword[ -](?:protected|protection|required)\b", r"\bencrypted\b"),
        again=False,
    ),
    # PDF_IS_BROKEN.
    _class(
        *("damaged", r"\bdamaged\b", r"\bPDF_IS_BROKEN\b", r"\bcorrupt(?:ed)?\b", r"\bmalformed\b", r"\btruncated\b"),
        again=False,
    ),
    # NO_DATA_FOUND_IN_FILE (blank, or pictures without OCR), "Uploaded file is empty."
    _class(
        *("empty", r"^Empty\b", r"\bfile is empty\b", r"\bempty file\b", r"\bNO_DATA_FOUND_IN_FILE\b"),
        *(r"^No (?:text|pages|slides|filled cells)\b", r"^Nothing but blanks\b", r"^Needs OCR\b"),
        again=False,
    ),
    # DOCUMENT_TOO_LARGE, TOO_MANY_PAGES, "File size exceeds ...MB limit.", "File size (...) exceeds the maximum allowed
    # size".
    _class(
        *("size", r"(?<![a-z])too[ _]large\b", r"(?<![a-z])too[ _]many[ _]pages\b", r"\bfile size\b.{0,40}\bexceeds\b"),
        again=False,
    ),
    # UNSUPPORTED_FILE_TYPE, "Unsupported file type: ...". The others are the engine's "which cannot be read here".
    _class(
        *("type", r"\bunsupported[ _](?:file|media|document)", r"\b(?:file|media) type\b.{0,40}\bnot supported\b"),
        *(r"\bcannot be read here\b", r"\bcan be read here\b", r"^A ZIP archive\b"),
        again=False,
    ),
    # llm_refusal: the model will not read it, and will not the next time either.
    _class("refusal", r"\bllm_refusal\b", again=False),
    # "File name exceeds the maximum length of ... characters", "File must have a filename."
    _class("name", r"\bfile name exceeds\b", r"\bmust have a filename\b", again=False),
    # Of an upload: the disk's own words, and those of follow/upload.py.
    _class(
        *("gone", r"\bno such file\b", r"\bpermission denied\b", r"\bthis machine has it any more\b"),
        *(r"\bnot on this machine any more\b", r"^It has changed since it was submitted\b"),
        again=False,
    ),
)


def failure_class(error: str | None) -> FailureClass | None:
    """The kind of reason that `error` is; None where no row of `CLASSES` knows it."""
    text = (error or "")[:_LOOKED_AT]
    return next((one for one in CLASSES if one.words.search(text)), None)


def retryable(error: str | None, source: ErrorSource | None, *, lost: bool = False) -> bool:
    """Whether trying a failed file again may help. Of an unknown reason it may.

    `source` says where it failed. A mapping error is of the service, whatever it says: no job has looked at the file.
    `lost`: the service no longer knows the job, so nobody knows what the file's end was.
    """
    if lost or source == "mapping":
        return True
    known = failure_class(error)
    return known is None or known.again
