"""Parameters of products against what the product takes; what is wrong is told as FastAPI tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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


@contextmanager
def of_configuration(config_id: str | None) -> Iterator[None]:
    """For what a saved configuration names: what is wrong with that is said with its id. None: the body names it.

    The fields of a saved one are not in the body of the request, so their place is told in the message. Whatever was
    there when it was saved may be gone since, and another engine over the folder may allow less.
    """
    try:
        yield
    except ApiError as error:
        if config_id is None:
            raise
        told = error.detail
        if isinstance(told, list):
            told = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in told)
        said = f"Configuration {config_id!r} cannot be used as it is: {told}"
        raise ApiError(error.status, said, final=error.final) from None


def refuse(at: Sequence[str | int], message: str, kind: str = "value_error") -> ApiError:
    """A 422 about one field, to be raised."""
    return ApiError(422, [{"type": kind, "loc": list(at), "msg": message}])
