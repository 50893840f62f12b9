"""Files as bad disks, broken downloads and careless programs leave them; seeded, so that a finding comes again."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from PIL import Image
from pptx import Presentation

from llamabatch_nb.samples import flawed, invoice_pdf, office

#: What a damaged file may be called instead: every suffix that promises something, and some that do not.
SUFFIXES = (
    ".pdf",
    ".docx",
    ".xlsx",
    ".pptx",
    ".html",
    ".csv",
    ".txt",
    ".md",
    ".png",
    ".jpg",
    ".doc",
    ".zip",
    ".bin",
    "",
)
#: First bytes that promise something.
MAGICS = (
    b"%PDF-1.7\n",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
    b"GIF89a",
    b"II*\x00",
    b"RIFF\x00\x01\x00\x00WEBP",
    b"<!doctype html>",
    b"{\\rtf1",
    b"\xff\xfe",
    b"\x1f\x8b",
)

Rng = random.Random


def originals() -> dict[str, bytes]:
    """A sound file of every format, by name; the samples, and small ones where there is no sample."""
    rows = "".join(f"<tr><td>{n}</td><td>Lamp {n}</td><td>{n * 1.5:.2f}</td></tr>" for n in range(40))
    return {
        "invoice-1.pdf": invoice_pdf(1),
        "invoice-2.pdf": invoice_pdf(2),
        "invoice-4.pdf": invoice_pdf(4),
        "receipt.pdf": flawed.scanned_receipt(),
        "locked.pdf": flawed.locked(),
        "letter.docx": office.letter(),
        "orders.xlsx": office.workbook(),
        "slides.pptx": _slides(),
        "page.html": f"<!doctype html><html><body><h1>Orders</h1><table>{rows}</table></body></html>".encode(),
        "table.csv": "\n".join(f'{n},"Lamp, ""desk"" {n}",{n * 1.5:.2f}' for n in range(200)).encode(),
        "note.txt": ("Grüße aus Zürich — naïve café, 12,50 €\n\n" * 40).encode(),
        "note.md": ("# Orders\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\n" * 10).encode(),
        "dot.png": _picture("PNG"),
        "dot.jpg": _picture("JPEG"),
        "dot.tiff": _picture("TIFF"),
    }


def damaged(seed: int, count: int) -> dict[str, bytes]:
    """`count` damaged files, by name; the name says what was done to which file. The same for the same arguments."""
    rng = Rng(seed)
    whole = originals()
    names = list(whole)
    files: dict[str, bytes] = {}
    for number in range(count):
        # Every format and every way of damage in turn, so that a small count has them all.
        name = names[number % len(names)]
        way = WAYS[number % len(WAYS)]
        path = PurePosixPath(name)
        data, suffix = way(rng, whole[name], whole), path.suffix
        if way is renamed:
            suffix = rng.choice([other for other in SUFFIXES if other != suffix])
        elif rng.random() < 0.3:  # damage seldom comes alone
            data = rng.choice(WAYS)(rng, data, whole)
        files[f"{number:03}-{path.stem}-{way.__name__}{suffix}"] = data
    return files


def truncated(rng: Rng, data: bytes, _whole: Mapping[str, bytes]) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def flipped(rng: Rng, data: bytes, _whole: Mapping[str, bytes]) -> bytes:
    """Some bits, between one and one in a hundred bytes."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 1 + len(out) // 100) if out else 0):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def spliced(rng: Rng, data: bytes, whole: Mapping[str, bytes]) -> bytes:
    """A piece of another file in the middle."""
    other = rng.choice(list(whole.values()))
    start = rng.randrange(len(other))
    at = rng.randrange(len(data) + 1)
    return data[:at] + other[start : start + rng.randint(1, 4096)] + data[at:]


def repeated(rng: Rng, data: bytes, _whole: Mapping[str, bytes]) -> bytes:
    start, end = _span(rng, data)
    return data[:start] + data[start:end] * rng.randint(2, 20) + data[end:]


def zeroed(rng: Rng, data: bytes, _whole: Mapping[str, bytes]) -> bytes:
    start, end = _span(rng, data)
    return data[:start] + bytes(end - start) + data[end:]


def swapped(rng: Rng, data: bytes, _whole: Mapping[str, bytes]) -> bytes:
    """Its blocks of 512 bytes in another order, or two of them changed places."""
    blocks = [data[start : start + 512] for start in range(0, len(data), 512)]
    if len(blocks) < 2:
        return data[::-1]
    if rng.random() < 0.5:
        rng.shuffle(blocks)
    else:
        one, other = rng.sample(range(len(blocks)), 2)
        blocks[one], blocks[other] = blocks[other], blocks[one]
    return b"".join(blocks)


def mistaken(rng: Rng, data: bytes, _whole: Mapping[str, bytes]) -> bytes:
    """The first bytes of something else, over its own or before them."""
    magic = rng.choice(MAGICS)
    return magic + data[len(magic) if rng.random() < 0.5 else 0 :]


def renamed(_rng: Rng, data: bytes, _whole: Mapping[str, bytes]) -> bytes:
    return data


def renumbered(rng: Rng, data: bytes, _whole: Mapping[str, bytes]) -> bytes:
    """Other digits here and there: lengths, offsets and object numbers of a PDF that point anywhere."""
    numbers = list(re.finditer(rb"\d+", data))
    out = bytearray(data)
    for found in rng.sample(numbers, min(len(numbers), rng.randint(1, 12))):
        out[found.start() : found.end()] = str(rng.randrange(10 ** len(found[0]))).encode().rjust(len(found[0]), b"9")
    return bytes(out)


def rotten(rng: Rng, data: bytes, whole: Mapping[str, bytes]) -> bytes:
    """A member of an archive is damaged and packed again with the right checksum, so that its reader gets to see it."""
    try:
        members = _unpacked(data)
    except Exception:  # no archive, or one that was damaged before
        return flipped(rng, data, whole)
    victim = rng.choice([name for name in members if members[name]])
    way = rng.choice([truncated, flipped, spliced, repeated, zeroed, swapped, renumbered])
    members[victim] = way(rng, members[victim], whole)
    return _packed(members)


#: Eleven ways over fifteen files: their turns do not fall together before 165.
WAYS: tuple[Callable[[Rng, bytes, Mapping[str, bytes]], bytes], ...] = (
    *(truncated, flipped, spliced, repeated, zeroed, swapped, mistaken, renamed, renumbered, rotten, rotten),
)


def _span(rng: Rng, data: bytes) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice((1, 16, 512, 4096)))


def _slides() -> bytes:
    deck = Presentation()
    for title in ("Orders", "Returns"):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = "one\ntwo"
    out = io.BytesIO()
    deck.save(out)
    return _packed(_unpacked(out.getvalue()))  # without the time of day


def _unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {member.filename: archive.read(member) for member in archive.infolist()}


def _packed(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _picture(kind: str) -> bytes:
    picture = Image.new("RGB", (64, 48), "white")
    picture.paste((200, 30, 30), (8, 8, 40, 40))
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()
