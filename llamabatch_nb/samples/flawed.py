"""The three samples that cannot be read, each for another reason: a scan, a locked file, half a file."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.lib.utils import ImageReader

from llamabatch_nb.samples.layouts import LAYOUTS
from llamabatch_nb.samples.paper import A4, Sheet
from llamabatch_nb.samples.trade import make_invoice

_RECEIPT = (
    *(("KESTREL CORNER SHOP", ""), ("14 Millrace Street, Bath", ""), ("", "")),
    *(("Receipt 004417", "12/03/2026"), ("Till 2", "16:42"), ("-", "")),
    *(("Milk 2 l", "1.85"), ("Sourdough loaf", "3.40"), ("Apples, 1.2 kg", "3.06"), ("Coffee beans 500 g", "9.75")),
    *(("Light bulbs, 2", "7.90"), ("-", ""), ("TOTAL GBP", "25.96"), ("Card", "25.96"), ("", "")),
    *(("VAT no. 000 4471 90", ""), ("Thank you, come again", "")),
)
_CENTRED = frozenset({0, 1, 15, 16})


def scanned_receipt() -> bytes:
    """A PDF of one page that is nothing but a picture of a till receipt, a little askew as from a scanner."""
    width, line, margin = 620, 46, 44
    paper = Image.new("L", (width, line * len(_RECEIPT) + 2 * margin), 250)
    draw = ImageDraw.Draw(paper)
    plain, large = ImageFont.load_default(26), ImageFont.load_default(34)  # comes with Pillow
    for row, (left, right) in enumerate(_RECEIPT):
        y = margin + row * line
        font = large if left.isupper() and len(left) > 1 else plain
        if left == "-":
            draw.line((margin, y + 14, width - margin, y + 14), fill=60, width=2)
        elif row in _CENTRED:
            draw.text((width / 2, y), left, font=font, fill=30, anchor="ma")
        else:
            draw.text((margin, y), left, font=font, fill=30)
            draw.text((width - margin, y), right, font=font, fill=30, anchor="ra")
    bed = Image.new("L", (width + 120, paper.height + 120), 226)
    bed.paste(paper, (60, 60))
    bed = bed.rotate(0.9, resample=Image.Resampling.BICUBIC, fillcolor=226).filter(ImageFilter.GaussianBlur(0.7))
    chance = random.Random("dust")  # noqa: S311 - grain, not a secret
    for _ in range(900):
        bed.putpixel((chance.randrange(bed.width), chance.randrange(bed.height)), chance.randrange(90, 200))
    jpeg = io.BytesIO()
    bed.save(jpeg, "JPEG", quality=70)
    sheet = Sheet((bed.width * 0.36, bed.height * 0.36), "Scan")  # 200 dots an inch
    jpeg.seek(0)
    sheet.canvas.drawImage(ImageReader(jpeg), 0, 0, sheet.width, sheet.height)
    sheet.turn()
    return sheet.finish()


def locked() -> bytes:
    """A PDF that opens with the password ``sesame`` only."""
    sheet = Sheet(A4, "Salary statement", password="sesame")  # noqa: S106 - a sample
    sheet.text(62, 90, "Salary statement, March 2026", font="Helvetica-Bold", size=16)
    sheet.text(62, 120, "Confidential: for the addressee only.")
    sheet.turn()
    return sheet.finish()


def truncated() -> bytes:
    """The first three fifths of an invoice, as a broken download leaves them."""
    whole = LAYOUTS[0](make_invoice(25))
    return whole[: len(whole) * 3 // 5]
