"""Files and names made to hurt whoever reads them. Each function gives the bytes of one file, small on the disk."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Mapping

from llamabatch_nb.samples import office

_MEGA = 1 << 20


def monsters(*names: str) -> dict[str, bytes]:
    """These, or all, by name. All of them together take 21 MB, and none but `ENDLESS` more than 3 s to be read."""
    return {name: make() for name, make in _MAKERS.items() if not names or name in names}


def _zip(members: Mapping[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, kind)
    return out.getvalue()


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {member.filename: archive.read(member) for member in archive.infolist()}


def flat_bomb() -> bytes:
    """A DOCX whose text is 64 MB of spaces, as its directory says."""
    return _docx(b" " * (64 * _MEGA))


def lying_bomb() -> bytes:
    """An XLSX whose sheet is 64 MB, and whose directory says that it is 2,000 bytes."""
    members = _members(office.workbook())
    sheet = next(name for name in members if name.startswith("xl/worksheets/sheet"))
    members[sheet] = b" " * (64 * _MEGA)
    data = bytearray(_zip(members))
    size = (64 * _MEGA).to_bytes(4, "little")
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = (2000).to_bytes(4, "little")
    return bytes(data)


def nested_bomb() -> bytes:
    """An archive of archives of archives …: 16 to the power of 5 times a megabyte, for whoever unpacks on and on."""
    data = bytes(_MEGA)
    for level in range(5):
        data = _zip({f"{level}-{number}.zip": data for number in range(16)})
    return data


def many_members() -> bytes:
    """A DOCX with 50,000 empty members."""
    return _zip(_members(office.letter()) | {f"word/media/{n}.bin": b"" for n in range(50_000)}, zipfile.ZIP_STORED)


def climbing_members() -> bytes:
    """A DOCX with members that would land outside if somebody unpacked them."""
    return _zip(_members(office.letter()) | {"../../../../climbed.txt": b"x", "/climbed.txt": b"x"})


def _docx(document: bytes) -> bytes:
    return _zip(_members(office.letter()) | {"word/document.xml": document})


_W = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def laughs() -> bytes:
    """A DOCX whose one word is an entity of entities: ten to the power of nine of them."""
    entities = b"".join(
        b'<!ENTITY l%d "%s">' % (level, b"".join(b"&l%d;" % (level - 1) for _ in range(10))) for level in range(1, 10)
    )
    head = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY l0 "lol">' + entities + b"]>"
    return _docx(head + b"<w:document " + _W + b"><w:body><w:p><w:r><w:t>&l9;</w:t></w:r></w:p></w:body></w:document>")


def reading_entity() -> bytes:
    """A DOCX whose one word is to be a file of the machine that reads it."""
    head = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    return _docx(head + b"<w:document " + _W + b"><w:body><w:p><w:r><w:t>&f;</w:t></w:r></w:p></w:body></w:document>")


def deep_xml() -> bytes:
    """A DOCX of tables in tables, 3,000 deep."""
    deep = b"<w:tbl><w:tr><w:tc>" * 3000 + b"<w:p/>" + b"</w:tc></w:tr></w:tbl>" * 3000
    return _docx(b"<w:document " + _W + b"><w:body>" + deep + b"</w:body></w:document>")


def huge_sheet() -> bytes:
    """An XLSX that claims the largest sheet there is, and has a cell in its last corner."""
    members = _members(office.workbook())
    sheet = next(name for name in members if name.startswith("xl/worksheets/sheet"))
    members[sheet] = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        b'<row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData></worksheet>'
    )
    return _zip(members)


def _pdf(objects: Mapping[int, bytes]) -> bytes:
    """A PDF of these objects; number 1 is the catalog."""
    out, offsets = bytearray(b"%PDF-1.7\n"), {}
    for number, body in objects.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 1\n0000000000 65535 f \n"
    for number, offset in offsets.items():
        out += b"%d 1\n%010d 00000 n \n" % (number, offset)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (max(objects) + 1, start)
    return bytes(out)


def _stream(content: bytes, times: int = 1) -> bytes:
    """A stream of `content`, that many times packed."""
    for _ in range(times):
        content = zlib.compress(content, 9)
    filters = b" ".join([b"/FlateDecode"] * times)
    return b"<< /Length %d /Filter [%s] >>\nstream\n" % (len(content), filters) + content + b"\nendstream"


_CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
_LEAF = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R >>"
_HELLO = b"BT /F1 12 Tf 72 720 Td (hello) Tj ET"


def many_pages() -> bytes:
    """A PDF of 10,000 pages, all of them the same object."""
    kids = b"3 0 R " * 10_000
    tree = b"<< /Type /Pages /Count 10000 /Kids [" + kids + b"] >>"
    return _pdf({1: _CATALOG, 2: tree, 3: _LEAF, 4: _stream(_HELLO)})


def deep_pages() -> bytes:
    """A PDF whose page tree is a rod of 5,000 nodes with one page at its end."""
    rod = {
        number: b"<< /Type /Pages /Count 1 /Parent %d 0 R /Kids [%d 0 R] >>" % (number - 1, number + 1)
        for number in range(5, 5005)
    }
    rod[5] = b"<< /Type /Pages /Count 1 /Parent 2 0 R /Kids [6 0 R] >>"
    tree = b"<< /Type /Pages /Count 1 /Kids [5 0 R] >>"
    leaf = b"<< /Type /Page /Parent 5004 0 R /MediaBox [0 0 612 792] /Contents 4 0 R >>"
    return _pdf({1: _CATALOG, 2: tree, 4: _stream(_HELLO), **rod, 5005: leaf})


def looping_pages() -> bytes:
    """A PDF whose page tree is its own branch."""
    tree = b"<< /Type /Pages /Count 3 /Kids [2 0 R 3 0 R 5 0 R] >>"
    branch = b"<< /Type /Pages /Count 2 /Parent 2 0 R /Kids [2 0 R 5 0 R] >>"
    return _pdf({1: _CATALOG, 2: tree, 3: _LEAF, 4: _stream(_HELLO), 5: branch})


def looping_form() -> bytes:
    """A PDF whose page draws a form that draws itself."""
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>"
    leaf = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /XObject << /X 5 0 R >> >> >>"
    )
    return _pdf(
        {
            1: _CATALOG,
            2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            3: leaf,
            4: _stream(b"/X Do"),
            5: b"<< " + form + b" /Length 11 >>\nstream\n/X Do /X Do\nendstream",
        }
    )


def lying_count() -> bytes:
    """A PDF of one page that says it has two thousand million."""
    tree = b"<< /Type /Pages /Count 2000000000 /Kids [3 0 R] >>"
    return _pdf({1: _CATALOG, 2: tree, 3: _LEAF, 4: _stream(_HELLO)})


def vast_page(points: int = 100_000_000) -> bytes:
    """A PDF whose page is 35 km wide and high: its picture would not fit on any disk."""
    leaf = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R >>" % (points, points)
    return _pdf({1: _CATALOG, 2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>", 3: leaf, 4: _stream(_HELLO)})


def blank_stream() -> bytes:
    """A PDF whose page is drawn by 200 MB of spaces, in 195 kB."""
    one = b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>"
    return _pdf({1: _CATALOG, 2: one, 3: _LEAF, 4: _stream(b" " * (200 * _MEGA))})


def packed_stream() -> bytes:
    """The same, packed three times, in a few hundred bytes."""
    one = b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>"
    return _pdf({1: _CATALOG, 2: one, 3: _LEAF, 4: _stream(b" " * (200 * _MEGA), 3)})


def deep_html() -> bytes:
    """100,000 elements, each in the one before."""
    return b"<!doctype html><html><body>" + b"<div>" * 100_000 + b"deep" + b"</div>" * 100_000


def deep_lists() -> bytes:
    return b"<!doctype html><html><body>" + b"<ul><li>" * 5_000 + b"deep"


def wide_html() -> bytes:
    """A table cell that spans more than there is."""
    cell = b'<td colspan="1000000000" rowspan="1000000000">wide</td>'
    return b"<!doctype html><html><body><table>" + b"<tr>" + cell * 50 + b"</tr>" + b"</table>"


def deep_markdown() -> bytes:
    """Quotes in quotes and brackets in brackets, which slow parsers look through again and again."""
    return b">" * 20_000 + b" deep\n\n" + b"[" * 20_000 + b"\n\n" + b"*a_" * 20_000 + b"\n\n" + b"- " * 5_000 + b"deep"


def long_csv() -> bytes:
    """100,000 rows."""
    return b"\n".join(b"%d,Lamp %d,%d.50" % (n, n, n) for n in range(100_000))


def wide_csv() -> bytes:
    """A row of 200,000 cells."""
    return b"a," * 200_000 + b"\n1"


def quoted_csv() -> bytes:
    """A cell that begins with a quote and never ends."""
    return b'a,b\n1,"' + b"x,\n" * 300_000


def one_line() -> bytes:
    """8 MB of text without a space or a line's end."""
    return b"a" * (8 * _MEGA)


def controls() -> bytes:
    """All bytes, again and again: terminal codes, NULs, what no encoding has."""
    return bytes(range(256)) * 400


def combining() -> bytes:
    """A letter under 50,000 accents, and text that runs in both directions."""
    return ("e" + "\u0301" * 50_000 + "\u202egnihtemos\u202c \U0001f9fe \ufeff\u0000").encode()


def vast_picture() -> bytes:
    """A PNG that says it is 60,000 by 60,000 points, in 200 bytes."""
    head = (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def no_bytes() -> bytes:
    return b""


def one_byte() -> bytes:
    return b"\x00"


_MAKERS: dict[str, Callable[[], bytes]] = {
    make.__name__ + suffix: make
    for suffix, makes in {
        ".docx": (flat_bomb, many_members, climbing_members, laughs, reading_entity, deep_xml),
        ".xlsx": (lying_bomb, huge_sheet),
        ".zip": (nested_bomb,),
        ".pdf": (
            *(many_pages, deep_pages, looping_pages, looping_form, lying_count, vast_page, blank_stream),
            *(packed_stream, no_bytes, one_byte),
        ),
        ".html": (deep_html, deep_lists, wide_html),
        ".md": (deep_markdown,),
        ".csv": (long_csv, wide_csv, quoted_csv),
        ".txt": (one_line, controls, combining),
        ".png": (vast_picture,),
    }.items()
    for make in makes
}

#: Those that end by the engine's file timeout, and would cost every run that much.
ENDLESS = ("deep_html.html", "looping_form.pdf")
#: Names that people, other systems or attackers give. Each has to come back as it went in, or be refused with a 4xx.
NAMES = (
    "../../../../etc/passwd",
    "..\\..\\windows\\system32\\config.txt",
    "/etc/passwd",
    "C:\\Users\\x\\a.txt",
    "..",
    ".",
    "~root.txt",
    "\U0001f9fe\U0001f468\u200d\U0001f469\u200d\U0001f467.txt",
    "a" * 296 + ".txt",
    "\U0001f9fe" * 300,
    "a\nb\rc.txt",
    "a\x00b.txt",
    "\u202etxt.exe",
    "%2e%2e%2fa.txt",
    'a";b=".txt',
    "a'b; DROP TABLE jobs; --.txt",
    "<img src=x onerror=alert(1)>.txt",
    "CON",
    " ",
    "a.txt.",
    "a." + "x" * 200,
)
#: Names that no file can have.
NO_NAMES = ("", "\ud800.txt", "a\udfff")
