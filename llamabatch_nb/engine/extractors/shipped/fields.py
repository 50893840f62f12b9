"""What a property of a schema asks for: its type, and what of a document it means by its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llamabatch_nb.engine.extractors.shipped.lexicon import COLUMN_INDEX, LABEL_INDEX, NAME_INDEX, ROLES
from llamabatch_nb.engine.extractors.shipped.sums import kind_of as sum_of
from llamabatch_nb.engine.extractors.shipped.words import key, split_name

#: Schemas may refer to themselves; nothing on paper is nested deeper.
DEPTH = 8
_KINDS = {
    **dict.fromkeys(("subtotal", "tax_amount", "total", "amount_due", "amount_paid", "discount", "shipping"), "money"),
    **dict.fromkeys(("unit_price", "amount", "gross_amount"), "money"),
    **dict.fromkeys(("invoice_date", "due_date", "delivery_date", "order_date", "date"), "date"),
    **dict.fromkeys(("invoice_number", "order_number", "customer_number", "contract_number", "sku"), "identifier"),
    **dict.fromkeys(("delivery_note_number", "tax_number", "registration_number", "account_number"), "identifier"),
    **dict.fromkeys(("bank_code", "reference"), "identifier"),
    "iban": "iban",
    "bic": "bic",
    "vat_id": "vat_id",
    "email": "email",
    "phone": "phone",
    "fax": "phone",
    "website": "url",
    "currency": "currency",
    "tax_rate": "rate",
    "quantity": "number",
    "position": "identifier",
}
_FORMATS = {"date": "date", "date-time": "date", "email": "email", "uri": "url", "url": "url", "iban": "iban"}
_ROLE_OF = {word: role for role, known in ROLES.items() for word in known}
#: Parts of a person's name: "First: …" is none.
_PARTS = frozenset(("first", "last", "middle", "given", "family", "full", "legal", "display", "file", "user"))
#: Words of a name that say nothing.
_EMPTY = frozenset(
    ("the", "of", "in", "on", "a", "an", "details", "detail", "info", "information", "party", "value", "field")
)


@dataclass(frozen=True, slots=True)
class Field:
    """A property.

    Args:
        name: As in the schema.
        pointer: Where its value goes (RFC 6901).
        type: One of JSON Schema's, or None where it says none or several.
        kind: How its value is read: money, date, identifier, text, ….
        concept: What it is in the lexicon, or None.
        role: Whose it is: seller, buyer, ship_to or None.
        phrases: Its own words as labels, the best first, folded (`words.key`).
        aliases: Those among them that the schema names with ``x-aliases``, title or examples of labels.
        schema: The property's schema, with references resolved.
        parents: Words of the objects that it is in, the innermost last.

    """

    name: str
    pointer: str
    type: str | None
    kind: str
    concept: str | None
    role: str | None
    phrases: tuple[str, ...]
    aliases: tuple[str, ...]
    schema: Mapping[str, Any]
    parents: tuple[str, ...]


def resolved(schema: Any, root: Mapping[str, Any], depth: int = 0) -> Mapping[str, Any]:
    """A schema with ``$ref``, ``allOf`` and unions with null read; empty where it is none that can be served."""
    if not isinstance(schema, Mapping) or depth > DEPTH:
        return {}
    plain = dict(schema)
    if isinstance(ref := plain.pop("$ref", None), str):
        plain = {**resolved(_target(ref, root), root, depth + 1), **plain}
    parts = plain.pop("allOf", None)
    for part in parts if isinstance(parts, list) else ():
        plain = _merged(resolved(part, root, depth + 1), plain)
    for union in ("anyOf", "oneOf"):
        options = plain.pop(union, None)
        if isinstance(options, Sequence) and not isinstance(options, str):
            plain = {**_chosen([resolved(option, root, depth + 1) for option in options]), **plain}
    return plain


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    both = {**first, **second}
    if isinstance(first.get("properties"), Mapping) and isinstance(second.get("properties"), Mapping):
        both["properties"] = {**first["properties"], **second["properties"]}
    return both


def _chosen(options: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    real = [option for option in options if option.get("type") != "null" and option.get("const", 0) is not None]
    if len(real) == 1:
        return real[0]
    # A number or a string: the number, if it is one. Objects that differ cannot be told apart.
    types = [option.get("type") for option in real]
    for preferred in ("number", "integer", "string"):
        if preferred in types and not {"object", "array"} & {one for one in types if isinstance(one, str)}:
            return real[types.index(preferred)]
    return {"x-unsupported": True} if real else {}


def _target(ref: str, root: Mapping[str, Any]) -> Any:
    if not ref.startswith("#"):
        return {}
    found: Any = root
    for part in ref[1:].split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")  # noqa: PLW2901 - RFC 6901
        found = found.get(part, {}) if isinstance(found, Mapping) else {}
    return found


def type_of(schema: Mapping[str, Any]) -> str | None:
    """One of JSON Schema's types; None where there is none, or several besides null."""
    stated = schema.get("type")
    if isinstance(stated, str):
        return stated
    if isinstance(stated, Sequence):
        real = [one for one in stated if one != "null" and isinstance(one, str)]
        if len(real) == 1:
            return real[0]
        return "number" if "number" in real and not {"object", "array"} & set(real) else None
    if "properties" in schema:
        return "object"
    if "items" in schema:
        return "array"
    values = schema.get("enum") if isinstance(schema.get("enum"), list) else None
    if values and all(isinstance(value, str) for value in values if value is not None):
        return "string"
    return None


def aliases_of(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The labels that a schema names itself."""
    found = schema.get("x-aliases", ())
    found = [found] if isinstance(found, str) else found if isinstance(found, Sequence) else []
    return tuple(dict.fromkeys(key(one) for one in found if isinstance(one, str) and key(one)))


def field_of(
    name: str, schema: Mapping[str, Any], pointer: str, parents: Sequence[str], *, column: bool = False
) -> Field:
    """The field of a property; `column`: of the rows of a table."""
    own = [word for word in split_name(name) if word]
    above = [word for parent in parents for word in split_name(parent)]
    role = next((_ROLE_OF[word] for word in own if word in _ROLE_OF), None)
    role = role or next((_ROLE_OF[word] for word in reversed(above) if word in _ROLE_OF), None)
    if "ship" in own or "shipping" in own or "delivery" in own:
        role = None if type_of(schema) in {"number", "integer"} or "date" in own else role
    title = schema.get("title") if isinstance(schema.get("title"), str) else ""
    if role is None and set(own[:1]) & {"company", "business"}:
        role = "seller"
    texts = [" ".join(own), str(title)]
    concept = _column(texts, own) if column else _concept(texts, own, role, schema)
    phrases = dict.fromkeys(
        (*(key(f"{parent} {name}") for parent in parents[-1:]), *(key(" ".join(own)) for _ in (1,)), key(str(title)))
    )
    return Field(
        name,
        pointer,
        type_of(schema),
        _kind(concept, schema, own),
        concept,
        role,
        tuple(dict.fromkeys(filter(None, (*numbered(own), called(own), *phrases)))),
        aliases_of(schema),
        schema,
        tuple(parents),
    )


def numbered(own: Sequence[str]) -> tuple[str, ...]:
    """The ways in which papers write a name that ends with "number": "Claim #", "Folio no."."""
    if len(own) < 2 or own[-1] not in {"number", "no", "nr"}:
        return ()
    return tuple(key(" ".join([*own[:-1], word])) for word in ("no", "nr", "num"))


def called(own: Sequence[str]) -> str:
    """The label of a name that leaves "name" out: "Patient: …" for ``patient_name``. Empty for other fields."""
    if len(own) != 2 or own[-1] != "name" or key(own[0]) in LABEL_INDEX or own[0] in _PARTS:
        return ""
    return key(own[0])


def _concept(texts: Sequence[str], own: Sequence[str], role: str | None, schema: Mapping[str, Any]) -> str | None:
    without = [word for word in own if word not in _ROLE_OF or word in {"bill", "delivery", "shipping"}]
    tries = [*texts, " ".join(word for word in own if word not in _EMPTY)]
    if role:
        tries.append(" ".join(without))
        tries.append(" ".join(word for word in own if word not in _ROLE_OF))
    if own and own[0] in {"invoice", "bill", "receipt", "document"}:
        tries.append(" ".join(own[1:]))
    for text in tries:
        folded = key(text)
        if not folded:
            continue
        if folded in NAME_INDEX:
            return NAME_INDEX[folded][0]
        if kind := sum_of(text):
            return "total" if kind == "sum" else kind
        if folded in LABEL_INDEX and LABEL_INDEX[folded][0] not in {"seller", "buyer", "ship_to"}:
            return LABEL_INDEX[folded][0]
    if role and type_of(schema) in {"string", None} and not without:
        return "name"
    return next((word for word in own if word in {"iban", "bic"}), None)


def _column(texts: Sequence[str], own: Sequence[str]) -> str | None:
    for text in (*texts, " ".join(word for word in own if word not in {"item", "line", "product", "value"})):
        folded = key(text)
        if folded in COLUMN_INDEX:
            return COLUMN_INDEX[folded][0]
    # A line's vat_rate, tax_percent, total_amount: the words of the whole document's fields.
    kinds = {
        "subtotal": "amount",
        "total": "amount",
        "sum": "amount",
        "tax_amount": "tax_amount",
        "discount": "discount",
    }
    if "rate" in own or "percent" in own or "percentage" in own:
        return "tax_rate" if {"vat", "tax", "gst"} & set(own) else None
    return kinds.get(next((kind for text in texts if (kind := sum_of(text))), "")) or None


def _kind(concept: str | None, schema: Mapping[str, Any], own: Sequence[str]) -> str:
    kind = type_of(schema)
    if isinstance(schema.get("enum"), list) or "const" in schema:
        return "currency" if concept == "currency" else "enum"
    if kind == "boolean":
        return "boolean"
    stated = schema.get("format")
    if kind in {"string", None} and isinstance(stated, str) and stated in _FORMATS:
        return _FORMATS[stated]
    if concept in _KINDS:
        known = _KINDS[concept]
        # An identifier that has to be a number is one; a number that has to be text keeps its spelling.
        return "number" if kind in {"number", "integer"} and known not in {"money", "rate", "number"} else known
    if kind in {"number", "integer"}:
        money = {
            "price",
            "cost",
            "amount",
            "fee",
            "total",
            "balance",
            "salary",
            "tip",
            "charge",
            "budget",
            "revenue",
        }
        return "money" if money & set(own) else "rate" if {"rate", "percent", "percentage"} & set(own) else "number"
    if {"date", "day"} & set(own[-1:]) or set(own[-2:]) == {"date"}:
        return "date"
    if set(own[-1:]) & {"id", "number", "no", "code", "nr"}:
        return "identifier"
    return "text"


def own_labels(field: Field) -> tuple[str, ...]:
    """What the schema adds to the lexicon's labels for this field."""
    return tuple(dict.fromkeys((*field.aliases, *field.phrases)))
