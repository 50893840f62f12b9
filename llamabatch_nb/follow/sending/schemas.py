"""From what somebody wants to know to the configuration that extracts it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticUserError

from llamabatch_nb.client.core import Core
from llamabatch_nb.errors import InputError, InvalidRequestError
from llamabatch_nb.follow.sending.products import Product

#: A pydantic model class, or a JSON Schema.
Schema = type[BaseModel] | Mapping[str, Any]
#: Of a configuration that is made for a schema. What costs less is a configuration of one's own.
TIER = "agentic"
PRODUCT = Product("extract_v2", TIER)


async def configuration_of(core: Core, schema: Schema, *, save: bool) -> str:
    """The id of the configuration for a schema: the one there is, else a new one. The same schema has the same one.

    It asks for citations and confidences. With `save` False nothing is sent, and what is returned may be no id yet.

    Raises:
        InputError: the schema is none, or one that the service does not take; the message leads to the place.

    """
    data_schema = _json_schema(schema)
    name = _name(data_schema)
    async for known in core.configurations.list(name=name, product_type=["extract_v2"], latest_only=True):
        if known.name == name and known.parameters.get("data_schema") == data_schema:
            return known.id
    if not save:
        try:
            await core.extract.validate_schema(data_schema=data_schema)
        except InvalidRequestError as error:
            raise _refused(error) from None
        return name
    parameters = {
        "product_type": "extract_v2",
        "data_schema": data_schema,
        "tier": TIER,
        "cite_sources": True,
        "confidence_scores": True,
    }
    try:
        return (await core.configurations.create(name=name, parameters=parameters)).id
    except InvalidRequestError as error:
        raise _refused(error) from None


def _json_schema(schema: Schema) -> dict[str, Any]:
    if isinstance(schema, Mapping):
        return dict(schema)
    if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
        raise InputError(f"schema= takes a pydantic model class or a JSON Schema, not {schema!r}. Nothing was sent.")
    try:
        return schema.model_json_schema()
    except PydanticUserError as error:
        why = str(error).splitlines()[0]
        raise InputError(f"schema=: {schema.__name__} has no JSON Schema: {why}. Nothing was sent.") from None


def _name(data_schema: Mapping[str, Any]) -> str:
    """Its title and a hash of all of it: another schema is another configuration, and so another run."""
    try:
        text = json.dumps(data_schema, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"schema= is no JSON: {error}. Nothing was sent.") from None
    title = re.sub(r"\W+", "-", str(data_schema.get("title") or "schema")).strip("-")[:60]
    return f"{title or 'schema'}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _refused(error: InvalidRequestError) -> InputError:
    return InputError(f"schema= was refused: {error.detail.rstrip('.')}. Nothing was sent.")
