"""What the parameters of a configuration name in the store, looked up when they are saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.resources import configurations, jobs, webhooks
from llamabatch_nb.engine.resources.checks import refuse
from llamabatch_nb.engine.resources.parse_requests import webhooks_of
from llamabatch_nb.engine.store.database import Db


def check(db: Db, parameters: Mapping[str, Any], at: Sequence[str], *, webhooks_anywhere: bool) -> None:
    """Refuse webhooks that cannot be told, and a parse configuration that is none.

    Parameters are those that `checks.check` lets pass; `at` is where they stand in the request. What they name may go
    away later: whoever makes a batch or job with them finds that out.

    Raises ApiError 422, a list of ``{type, loc, msg}``.
    """
    match parameters["product_type"]:
        case jobs.PARSE:
            _check_webhooks(db, parameters, at, anywhere=webhooks_anywhere)
        case jobs.EXTRACT:
            _check_reading(db, parameters, [*at, "parse_config_id"])


def _check_webhooks(db: Db, parameters: Mapping[str, Any], at: Sequence[str], *, anywhere: bool) -> None:
    saved, inline = webhooks_of(dict(parameters))
    for number, config_id in enumerate(saved):
        try:
            webhooks.endpoints(db, [config_id], None, anywhere=anywhere)
        except ApiError as error:
            raise refuse([*at, "webhook_configuration_ids", number], error.detail) from None
    try:
        webhooks.endpoints(db, saved, inline, anywhere=anywhere)
    except ApiError as error:
        if not isinstance(error.detail, list):  # too many
            raise refuse(at, error.detail) from None
        raise ApiError(422, [{**problem, "loc": [*at, *problem["loc"][1:]]} for problem in error.detail]) from None


def _check_reading(db: Db, parameters: Mapping[str, Any], at: Sequence[str]) -> None:
    reading = parameters.get("parse_config_id")
    if not reading:
        return
    try:
        product = configurations.get(db, reading).product_type
    except ApiError as error:
        raise refuse(at, error.detail) from None
    if product != jobs.PARSE:
        raise refuse(at, f"Configuration {reading!r} is for {product}, not for {jobs.PARSE}")
