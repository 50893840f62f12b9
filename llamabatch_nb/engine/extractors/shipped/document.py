"""A document as the extractor sees it: rows of cells, their labels, and what follows from the whole of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

from llamabatch_nb.engine.extractors.base import Page
from llamabatch_nb.engine.extractors.shipped import dates, numbers
from llamabatch_nb.engine.extractors.shipped.codes import is_american
from llamabatch_nb.engine.extractors.shipped.labels import Span, spans_in
from llamabatch_nb.engine.extractors.shipped.layout import Cell, Row, rows_of
from llamabatch_nb.engine.extractors.shipped.words import words

#: Words that no other of these languages has in its papers.
_TELLING = {
    "en": "the and of your please invoice date due payment thank for with number total tax bill is",
    "de": "und der die das rechnung mwst bitte betrag datum nr menge zahlbar ust gesamt wir sie mit einzelpreis bei",
    "fr": "et le la les facture tva montant prix nous vous du des client paiement quantite total ttc ht",
    "nl": "en het een van factuur btw bedrag aantal prijs datum klant betaling totaal uw wij omschrijving",
    "es": "y el la los factura iva importe precio cantidad fecha cliente total pago cif nif base",
    "it": "e il la di fattura iva importo prezzo quantita data cliente totale pagamento imponibile partita",
    "pl": "i z faktura vat kwota cena ilosc data nabywca sprzedawca razem netto brutto zaplaty",
    "pt": "e o da do fatura iva valor preco quantidade data cliente total pagamento nif",
    "sv": "och faktura moms belopp pris antal datum kund att betala summa och org",
}
_WORDS = {language: frozenset(text.split()) for language, text in _TELLING.items()}
#: Page sizes in points: Letter is 612 wide, A4 is 595.
_LETTER = range(606, 620)
#: Points below a cell where its value may begin.
_PITCH = 2.6


class Document:
    """Rows of cells and how the document writes.

    Args:
        pages: As parsed.
        extra: Labels of the schema's own, by `words.key`.

    """

    def __init__(self, pages: Sequence[Page], extra: Mapping[str, tuple[str, ...]]) -> None:
        self.pages = pages
        self.rows: list[Row] = rows_of(pages)
        self._extra = extra
        self._spans: dict[Cell, list[Span]] = {}
        self._row_of = {cell: index for index, row in enumerate(self.rows) for cell in row}
        #: Rows of item tables: no labels are looked for there.
        self.taken: set[int] = set()
        #: Facts of this document that several fields ask for.
        self.known: dict[str, object] = {}

    @cached_property
    def cells(self) -> list[Cell]:
        """All cells in the order of their rows."""
        return [cell for row in self.rows for cell in row]

    @cached_property
    def point(self) -> str | None:
        """Its decimal sign."""
        return numbers.point_of(cell.text for cell in self.cells)

    @cached_property
    def language(self) -> str | None:
        """The language with most telling words among the first cells."""
        seen: Counter[str] = Counter()
        for cell in self.cells[:600]:
            for word in words(cell.text):
                seen.update(language for language, known in _WORDS.items() if word.key in known)
        return seen.most_common(1)[0][0] if seen else None

    @cached_property
    def order(self) -> dates.Order | None:
        """Day or month first. English papers do either; those with dollars on Letter paper write the month first."""
        hint: dates.Order | None = None if self.language in {None, "en"} else "DMY"
        if hint is None:
            text = " ".join(cell.text for cell in self.cells)
            dollars = "$" in text or "USD" in text
            others = any(sign in text for sign in ("€", "£", "EUR", "GBP", "VAT", "GST", "ABN", "A$", "₹", "INR"))
            letter = any(page.width and int(page.width) in _LETTER for page in self.pages) or is_american(text)
            hint = "DMY" if others and not dollars else "MDY" if dollars and letter and not others else None
        return dates.order_of((cell.text for cell in self.cells), hint)

    def spans(self, cell: Cell) -> list[Span]:
        """The labels in a cell."""
        if cell not in self._spans:
            self._spans[cell] = spans_in(cell.text, self._extra)
        return self._spans[cell]

    def is_label(self, cell: Cell) -> bool:
        """Whether a cell is a label and nothing else."""
        if cell.text.endswith(":"):
            return True
        spans = self.spans(cell)
        return bool(spans) and spans[0].start == 0 and spans[0].value_start >= len(cell.text) and not spans[0].vague

    def row_index(self, cell: Cell) -> int:
        """Which of `rows` a cell is in."""
        return self._row_of[cell]

    def right_of(self, cell: Cell) -> list[Cell]:
        """The cells of the same row to its right, nearest first."""
        row = self.rows[self._row_of[cell]]
        return [other for other in row if other.x0 >= cell.x1 - 1 and other is not cell]

    def below(self, cell: Cell) -> Cell | None:
        """The next cell that stands under it, within two lines and a half."""
        reach = cell.y1 + _PITCH * cell.height
        for row in self.rows[self._row_of[cell] + 1 :]:
            if row[0].page != cell.page or row[0].y0 > reach:
                return None
            under = [other for other in row if other.overlap(cell) > 0 or abs(other.x0 - cell.x0) < 3]
            if under and under[0].y0 >= cell.y0 + cell.height / 2:
                return max(under, key=lambda other: (abs(other.x0 - cell.x0) < 3, other.overlap(cell)))
        return None
