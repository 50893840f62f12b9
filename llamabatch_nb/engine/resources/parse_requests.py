"""A single parse as it is asked for (SDK 2.19, `ParsingCreateParams`), and the parameters that this comes to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from llamabatch_nb.contract.base import Filled
from llamabatch_nb.contract.parse import ParseTier
from llamabatch_nb.contract.webhooks import WebhookParam
from llamabatch_nb.engine.resources import configurations
from llamabatch_nb.engine.resources.checks import check, refuse
from llamabatch_nb.engine.resources.parse_parameters import ParseOptionFields
from llamabatch_nb.engine.store.database import Db
from llamabatch_nb.engine.webhooks.targets import MASK

#: Bounds of `user_metadata`. There are some, says the SDK, and does not say which.
MOST_ENTRIES, LONGEST_KEY, LONGEST_VALUE = 50, 100, 1000
#: Stand for the tier and the version of the saved configuration.
_AS_SAVED = (("tier", "configured"), ("version", "configured"))
#: What a request says that its configuration cannot.
_OF_THE_REQUEST = frozenset({"file_id", "source_url", "http_proxy", "configuration_id", "user_metadata"})


def _bounded(metadata: dict[str, str]) -> dict[str, str]:
    if (
        len(metadata) > MOST_ENTRIES
        or max(map(len, metadata), default=0) > LONGEST_KEY
        or max(map(len, metadata.values()), default=0) > LONGEST_VALUE
    ):
        raise PydanticCustomError(
            "too_large",
            "at most {entries} entries, keys of {key} and values of {value} characters: shorten them",
            {"entries": MOST_ENTRIES, "key": LONGEST_KEY, "value": LONGEST_VALUE},
        )
    return metadata


class ParseRequest(ParseOptionFields):
    """The body of ``POST /api/v2/parse``, and the part `configuration` of an upload."""

    # One Literal: of a union of two a wrong word would be told twice, with pydantic's inner names in `loc`.
    tier: Literal[ParseTier, "configured"] | None = None
    version: str | None = None
    configuration_id: Filled | None = None
    file_id: Filled | None = None
    source_url: Filled | None = Field(default=None, repr=False)
    http_proxy: Filled | None = Field(default=None, repr=False)
    user_metadata: Annotated[dict[str, str], AfterValidator(_bounded)] | None = None


def parameters_of(db: Db, request: ParseRequest, at: tuple[str, ...]) -> dict[str, Any]:
    """The parse parameters: those of the saved configuration, each replaced by what the request says of it.

    They are kept with the job. Of `http_proxy`, which changes nothing, they say only that there was one.

    `at` is where the request's fields stand. Raises ApiError 404 for an unknown configuration, and 422.
    """
    given = request.model_dump(mode="json", exclude_none=True, exclude=set(_OF_THE_REQUEST))
    saved: dict[str, Any] = {}
    if request.configuration_id is not None:
        configuration = configurations.get(db, request.configuration_id)
        if configuration.product_type != "parse_v2":
            raise refuse(
                [*at, "configuration_id"],
                f"Configuration {configuration.id!r} is for {configuration.product_type}, not for parse_v2",
            )
        saved = configuration.parameters
        given = {name: value for name, value in given.items() if (name, value) not in _AS_SAVED}
    parameters = {"product_type": "parse_v2"} | saved | given
    check(parameters, at)
    # No option of a configuration, so added after the check; it may hold a password in any part of it.
    return parameters if request.http_proxy is None else parameters | {"http_proxy": MASK}


def webhooks_of(parameters: dict[str, Any]) -> tuple[list[str], list[WebhookParam]]:
    """Take the webhooks out of parameters: saved ones by id, and inline ones. Secrets are not to be kept with a job."""
    inline = parameters.pop("webhook_configurations", None) or []
    return parameters.pop("webhook_configuration_ids", None) or [], [WebhookParam.model_validate(one) for one in inline]
