"""What documents and schemas call things, as an index from folded words (`words.key`) to concepts.

`LABEL_INDEX` knows the labels of facts, `COLUMN_INDEX` the heads of item tables, `NAME_INDEX` the names in schemas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from llamabatch_nb.engine.extractors.shipped.lexicon_columns import COLUMNS, NAMES
from llamabatch_nb.engine.extractors.shipped.lexicon_labels import LABELS
from llamabatch_nb.engine.extractors.shipped.words import key, keys_of

#: Labels that say less than they seem to: "Date" may be any date, and "Invoice" is mostly the title.
VAGUE: frozenset[str] = keys_of(
    """
    date | datum | fecha | data | dato | paivays | vom | du | del | due | delivery | order | to | invoice | rechnung
    | facture | factuur | factura | fattura | faktura | an | aan | von | van | document no | document number |
    document id | receipt id | txn | transaction id | for | t | faktura vat | vat | tva | iva | btw | account |
    konto | bank | site | web | commande | pedido | ordine | reference | ref | po | from | client | customer | tax
    id | document date | uid | order id | bestellung | auftrag | payment date | zahlungsdatum | date de paiement |
    zahlungsfrist | zahlungsziel | account no | account number | account id | account code | registration number |
    invoice reference
    """
)
#: Rows that say what the rows of the page before come to.
CARRIED: frozenset[str] = keys_of(
    """
    carried over | carried to | carried forward | brought forward | ubertrag | zwischenubertrag | a reporter | te
    transporteren | over te brengen | suma y sigue | suma anterior | a riportare | do przeniesienia | z przeniesienia |
    page total
    """
)
#: Such rows, if they say nothing else: the words have other meanings, too.
CARRIED_ALONE: frozenset[str] = keys_of("report | transport | riporto | continued")
#: Who a field is about, by a word of its name or of what it is in.
ROLES: dict[str, tuple[str, ...]] = {
    "seller": (
        *("seller", "vendor", "supplier", "issuer", "merchant", "biller", "provider", "sender", "store", "payee"),
        *("creditor", "from", "shop"),
    ),
    "buyer": ("buyer", "customer", "client", "recipient", "purchaser", "billto", "debtor", "payer", "billing", "bill"),
    "ship_to": ("ship", "shipping", "delivery", "shipto", "consignee"),
}


def _index(table: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for concept, labels in table.items():
        for label in dict.fromkeys(map(key, labels)):
            found.setdefault(label, []).append(concept)
    return {label: tuple(concepts) for label, concepts in found.items()}


LABEL_INDEX = _index(LABELS)
COLUMN_INDEX = _index(COLUMNS)
NAME_INDEX = _index(NAMES)
