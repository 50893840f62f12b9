"""Office files are ZIP archives: which kind one is, and whether unpacking it would hurt."""

from __future__ import annotations

import io
import zipfile

from llamabatch_nb.engine.parsers.base import Unreadable

#: Office's own words in ``[Content_Types].xml``. The names of the parts inside vary, these do not.
_MAIN_PARTS = (
    (b"wordprocessingml.document.main+xml", "docx"),
    (b"spreadsheetml.sheet.main+xml", "xlsx"),
    (b"ms-excel.sheet.macroEnabled.main+xml", "xlsx"),
    (b"presentationml.presentation.main+xml", "pptx"),
    (b"ms-powerpoint.presentation.macroEnabled.main+xml", "pptx"),
)
#: Bytes of XML, unpacked. Word and PowerPoint parts become trees in memory: 32 MB of ordinary paragraphs, some 5,000
#: pages, take 0.3 GB, and 32 MB of nothing but the shortest tags 1 GB (measured). Sheets are streamed, a row at a time.
XML_LIMITS = {"docx": 32 << 20, "pptx": 32 << 20, "xlsx": 128 << 20}
#: Bytes of everything, unpacked: python-docx and python-pptx hold the pictures too.
WHOLE_LIMIT = 512 << 20


def office_kind(data: bytes) -> str:
    """``docx``, ``xlsx`` or ``pptx`` for the bytes of a ZIP archive that is safe to unpack.

    The archive is believed about sizes, because zipfile never unpacks more of a member than the archive declares.

    Raises `Unreadable`: damaged, encrypted, too_large or unsupported.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise Unreadable("damaged", "Damaged, or cut off while it was copied: get it again and retry it.") from error
    members = archive.infolist()
    names = {member.filename for member in members}
    if any(member.flag_bits & 1 for member in members):
        raise Unreadable("encrypted", "Needs a password: unpack the archive and retry the files inside.")
    if "mimetype" in names and _start(archive, "mimetype").startswith(b"application/vnd.oasis.opendocument"):
        raise Unreadable(
            "unsupported", "OpenDocument, which cannot be read here: save it as DOCX, XLSX or PPTX and retry it."
        )
    if "[Content_Types].xml" not in names:
        raise Unreadable("unsupported", "A ZIP archive: unpack it and retry the files inside.")
    types = _start(archive, "[Content_Types].xml")
    kind = next((kind for main, kind in _MAIN_PARTS if main in types), None)
    if kind is None:
        raise Unreadable(
            "unsupported",
            "An Office template, or a file with macros, which cannot be read here: save it as PDF.",
        )
    xml = sum(member.file_size for member in members if member.filename.endswith((".xml", ".rels")))
    if xml > XML_LIMITS[kind] or sum(member.file_size for member in members) > WHOLE_LIMIT:
        raise Unreadable("too_large", "Too large to be read here once unpacked: split it up and retry the parts.")
    return kind


def _start(archive: zipfile.ZipFile, name: str) -> bytes:
    """The first megabyte of a member: these are looked at before sizes are checked."""
    with archive.open(name) as member:
        return member.read(1 << 20)
