"""Parameters of products against what the product takes; what is wrong is told as FastAPI tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.resources.extract_parameters import ExtractParameters
from llamabatch_nb.engine.resources.parse_parameters import ParseParameters

#: The products that this engine runs. The parameters of others are kept as they come.
_MODELS: dict[str, type[BaseModel]] = {"parse_v2": ParseParameters, "extract_v2": ExtractParameters}


def check(parameters: Mapping[str, Any], at: Sequence[str]) -> None:
    """Refuse what the product does not take; `at` is where the parameters stand in the request.

    Raises ApiError 422, a list of ``{type, loc, msg}``.
    """
    model = _MODELS.get(parameters["product_type"])
    if model is None:
        return
    try:
        model.model_validate(dict(parameters))
    except ValidationError as error:
        # Without the inputs: they may be 120,000 characters of schema, or the secret of a webhook.
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        raise ApiError(422, [{**problem, "loc": [*at, *problem["loc"]]} for problem in problems]) from None


def refuse(at: Sequence[str], message: str, kind: str = "value_error") -> ApiError:
    """A 422 about one field, to be raised."""
    return ApiError(422, [{"type": kind, "loc": list(at), "msg": message}])
