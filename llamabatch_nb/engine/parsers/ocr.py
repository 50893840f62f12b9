"""Text recognition: liteparse holds Tesseract, whose language files come from packages (parsing.md section 2).

liteparse would download a file that is missing, so it is told to recognise only where all of them are found.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from llamabatch_nb.engine.parsers.base import ParseOptions

_ENGLISH = "eng"
#: The API's names of languages (``ParsingLanguages`` of the SDK) -> Tesseract's. It has no data for the others.
_PAIRS = (
    "af:afr ar:ara as:asm az:aze be:bel bg:bul bn:ben bs:bos ch_sim:chi_sim ch_tra:chi_tra cs:ces cy:cym da:dan "
    "de:deu en:eng es:spa et:est fa:fas fr:fra ga:gle hi:hin hr:hrv hu:hun id:ind is:isl it:ita ja:jpn kn:kan "
    "ko:kor ku:kmr la:lat lt:lit lv:lav mi:mri mn:mon mr:mar ms:msa mt:mlt ne:nep nl:nld no:nor oc:oci pl:pol "
    "pt:por ro:ron rs_cyrillic:srp rs_latin:srp_latn ru:rus sa:san sk:slk sl:slv sq:sqi sv:swe sw:swa ta:tam "
    "te:tel th:tha tjk:tgk tl:fil tr:tur ug:uig uk:ukr ur:urd uz:uzb vi:vie"
)
_NAMES = dict(pair.split(":") for pair in _PAIRS.split())


@dataclass(frozen=True, slots=True)
class Recognition:
    """Whether text can be recognised as it was asked for.

    Either `folder` holds the data of all `languages` (joined by "+", as Tesseract takes them), or `missing` is a
    sentence that says what is not there. Both are None where nobody asked.
    """

    folder: str | None = None
    languages: str = _ENGLISH
    missing: str | None = None


def recognition(options: ParseOptions) -> Recognition:
    """Looks for the data in the folder TESSDATA_PREFIX alone where that is set, else where packages put it."""
    if not options.ocr:
        return Recognition()
    wanted = []
    for name in options.languages or ("en",):
        if name not in _NAMES:
            return Recognition(
                missing=f"Needs OCR in the language {name[:20]!r}, of which Tesseract has no data: "
                "name another language and retry."
            )
        wanted.append(_NAMES[name])
    files = [f"{language}.traineddata" for language in wanted]
    for place in _places():
        if all((place / file).is_file() for file in files):
            return Recognition(str(place), "+".join(dict.fromkeys(wanted)))
    absent = next((file for file in files if not any((place / file).is_file() for place in _places())), None)
    return Recognition(missing=_sentence(absent, files))


def _sentence(absent: str | None, files: list[str]) -> str:
    if absent is None:
        return f"Needs OCR, whose language files {' and '.join(files)} lie in different folders: put them into one."
    if absent == f"{_ENGLISH}.traineddata":
        return (
            f"Needs OCR, whose language file {absent} is not on this machine: pip install 'llamabatch-nb[ocr]', "
            "or set TESSDATA_PREFIX to its folder, and retry."
        )
    return (
        f"Needs OCR, whose language file {absent} is not on this machine: put it beside eng.traineddata, "
        "or set TESSDATA_PREFIX to a folder that holds both, and retry."
    )


def _places() -> list[Path]:
    if given := os.environ.get("TESSDATA_PREFIX"):
        return [Path(given)]
    debian = sorted(Path("/usr/share/tesseract-ocr").glob("*/tessdata"))
    return [Path(sys.prefix, "share", "tessdata"), *debian, Path("/usr/share/tessdata")]
