"""What a configuration makes of a file: the job's type, and the tier it is billed by."""

from __future__ import annotations

from dataclasses import dataclass

from llamabatch_nb.client.core import Core
from llamabatch_nb.errors import InputError, NotFoundError

_PRESET = "cfg-PARSE_"


@dataclass(frozen=True, slots=True)
class Product:
    """`tier` is None where the configuration does not say it; `parse_tier` is that of the parse behind an extract."""

    job_type: str
    tier: str | None
    parse_tier: str | None = None


async def product_of(core: Core, configuration_id: str, given: str | None) -> Product:
    """From the configuration, else from a preset's prefix (design.md, settled questions).

    Raises:
        InputError: no such configuration, one that no batch takes, or another type than the `given` one.

    """
    if not isinstance(configuration_id, str) or not configuration_id.strip():
        raise InputError(f"configuration= is a configuration's or preset's id, not {configuration_id!r}.")
    if configuration_id.startswith(_PRESET) and not core.service.local:
        # Whether a service's get knows its presets is undocumented (contract.md section 4).
        product = Product("parse_v2", configuration_id.removeprefix(_PRESET).lower())
    else:
        try:
            configuration = await core.configurations.get(configuration_id)
        except NotFoundError:
            raise InputError(
                f"There is no configuration {configuration_id!r} on {core.service.label}: list them with "
                "client.configurations.list(), or use the preset 'cfg-PARSE_AGENTIC'. Nothing was sent."
            ) from None
        parameters = configuration.parameters
        product = Product(configuration.product_type, parameters.get("tier"), parameters.get("parse_tier"))
    if product.job_type not in {"parse_v2", "extract_v2"}:
        raise InputError(
            f"The configuration {configuration_id!r} is for {product.job_type}, which a batch does not take: use one "
            "for parse_v2 or extract_v2. Nothing was sent."
        )
    if given is not None and given != product.job_type:
        raise InputError(
            f"The configuration {configuration_id!r} is for {product.job_type}, not for {given}: drop type=."
        )
    return product
