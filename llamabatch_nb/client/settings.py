"""Where the service is and who we are: arguments first, then the environment (contract.md section 8)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from llamabatch_nb.errors import InputError, NoKeyError
from llamabatch_nb.snapshot import Service

REGIONS = {"na": "https://api.cloud.llamaindex.ai", "eu": "https://api.cloud.eu.llamaindex.ai"}
KEY_VARIABLES = ("LLAMA_CLOUD_API_KEY", "LLAMA_PARSE_API_KEY")
URL_VARIABLE = "LLAMA_CLOUD_BASE_URL"
HEADERS_VARIABLE = "LLAMA_CLOUD_CUSTOM_HEADERS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The key and the cookie are `SecretStr`: in no repr, log, traceback or pickle of ours."""

    base_url: str
    api_key: SecretStr | None = None
    session: SecretStr | None = None
    organization_id: str | None = None
    project_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def read(
        cls,
        *,
        api_key: str | SecretStr | None = None,
        base_url: str | None = None,
        session: str | SecretStr | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> Settings:
        """Arguments, then the environment.

        Raises:
            NoKeyError: no key, no cookie and no address of another service.
            InputError: the address cannot be one.

        """
        key = _secret(api_key) or _secret(next((environ[name] for name in KEY_VARIABLES if environ.get(name)), None))
        cookie = _secret(session)
        address = base_url or environ.get(URL_VARIABLE) or None
        if key is None and cookie is None and (address is None or mended_url(address) in REGIONS.values()):
            raise NoKeyError(
                f"There is no API key: set {KEY_VARIABLES[0]} or pass api_key=…; or call lb.connect(), which runs the "
                "local engine where there is no key."
            )
        return cls(
            base_url=mended_url(address or REGIONS["na"]),
            api_key=key,
            session=cookie,
            organization_id=organization_id,
            project_id=project_id,
            headers={**_custom_headers(environ.get(HEADERS_VARIABLE, "")), **(headers or {})},
        )

    @property
    def service(self) -> Service:
        """How people read it: the region by name, else the host."""
        for region, url in REGIONS.items():
            if self.base_url == url:
                return Service(label=f"LlamaCloud {region.upper()}", base_url=url, local=False)
        return Service(label=urlsplit(self.base_url).netloc, base_url=self.base_url, local=False)

    def wire_headers(self) -> dict[str, str]:
        """What goes with every request. The only place that opens the secrets."""
        headers = dict(self.headers)
        if self.api_key is not None:
            headers["Authorization"] = f"Bearer {self.api_key.get_secret_value()}"
        if self.session is not None:
            headers["Cookie"] = f"session={self.session.get_secret_value()}"
        return headers


def mended_url(address: str) -> str:
    """A region's name, or a URL; a missing scheme is added, since the service's own docs leave it out for the EU."""
    address = address.strip()
    if address.lower() in REGIONS:
        return REGIONS[address.lower()]
    if "://" not in address:
        host = address.split("/")[0].rsplit(":", 1)[0]
        address = f"{'http' if host in {'localhost', '127.0.0.1', '[::1]'} else 'https'}://{address}"
    parts = urlsplit(address)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.query
        or parts.fragment
        or any(c.isspace() for c in address)
        or not _port_is_one(parts)
    ):
        raise InputError(
            f"{address!r} is no address of a service: give base_url='https://host', or a region: 'na', 'eu'."
        )
    if parts.username or parts.password:
        raise InputError("A base URL with a name or password in it would end up in logs: pass the key as api_key=….")
    return address.rstrip("/")


def _port_is_one(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:  # not a number, or above 65535
        return False


def _secret(value: str | SecretStr | None) -> SecretStr | None:
    if isinstance(value, str):
        value = SecretStr(value.strip())
    if value is None or not value.get_secret_value():
        return None
    text = value.get_secret_value()
    if not text.isascii() or not text.isprintable():
        raise InputError("The API key holds characters that no key has: copy it again, without spaces or line breaks.")
    return value


def _custom_headers(text: str) -> dict[str, str]:
    """`LLAMA_CLOUD_CUSTOM_HEADERS`: one `Name: value` a line."""
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}
