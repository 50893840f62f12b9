"""Where the service is and who we are: arguments first, then the environment (contract.md section 8)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx
from pydantic import SecretStr

from llamabatch_nb.errors import InputError, NoKeyError
from llamabatch_nb.snapshot import Service

REGIONS = {"na": "https://api.cloud.llamaindex.ai", "eu": "https://api.cloud.eu.llamaindex.ai"}
KEY_VARIABLES = ("LLAMA_CLOUD_API_KEY", "LLAMA_PARSE_API_KEY")
URL_VARIABLE = "LLAMA_CLOUD_BASE_URL"
HEADERS_VARIABLE = "LLAMA_CLOUD_CUSTOM_HEADERS"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


#: What a header may be called (RFC 9110).
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: Shorter values of extra headers are words that stand in any text, not secrets.
_SECRET_FROM = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Who we are and where the service is. Key, cookie and extra headers are in no repr, log, traceback or pickle.

    Raises:
        InputError: something that cannot be sent; the message does not repeat it.

    """

    base_url: str
    api_key: SecretStr | None = None
    session: SecretStr | None = None
    organization_id: str | None = None
    project_id: str | None = None
    headers: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for what, secret in (("The API key", self.api_key), ("The session cookie", self.session)):
            if not _sendable(secret):
                raise InputError(
                    f"{what} holds characters that none has: copy it again, without spaces or line breaks."
                )
        for name, secret in self.headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _sendable(secret):
                raise InputError(
                    f"The extra header {name[:40]!r} cannot be sent: names are ASCII without spaces, values printable "
                    f"ASCII; see headers=… and {HEADERS_VARIABLE}."
                )

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
        environ: Mapping[str, str] | None = None,
    ) -> Settings:
        """Arguments, then the environment (`os.environ` unless `environ` is given).

        Raises:
            NoKeyError: no key, no cookie and no address of another service.
            InputError: the address cannot be one; a key, cookie or header that cannot be sent.

        """
        # From here on no local variable holds a secret in the open: a traceback may be shown with its variables.
        api_key, session, address, hidden = _given(api_key, session, base_url, headers, environ)
        headers = environ = None
        if api_key is None and session is None and (address is None or mended_url(address) in REGIONS.values()):
            raise NoKeyError(
                f"There is no API key: set {KEY_VARIABLES[0]} or pass api_key=…; or call lb.connect(), which runs the "
                "local engine where there is no key."
            )
        return cls(
            base_url=mended_url(address or REGIONS["na"]),
            api_key=api_key,
            session=session,
            organization_id=organization_id,
            project_id=project_id,
            headers=hidden,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("Settings are not pickled or copied, since they hold a key: read them where they are needed.")

    @property
    def service(self) -> Service:
        """How people read it: the region by name, else the host."""
        for region, url in REGIONS.items():
            if self.base_url == url:
                return Service(label=f"LlamaCloud {region.upper()}", base_url=url, local=False)
        return Service(label=urlsplit(self.base_url).netloc, base_url=self.base_url, local=False)

    @property
    def local(self) -> bool:
        """Whether the service is on this machine."""
        host = urlsplit(self.base_url).hostname or ""
        return host in _LOOPBACK or host.endswith(".localhost")

    def wire_headers(self) -> dict[str, str]:
        """What goes with every request. With `without_secrets` the only place that opens the secrets."""
        headers = {name: value.get_secret_value() for name, value in self.headers.items()}
        if self.api_key is not None:
            headers["Authorization"] = f"Bearer {self.api_key.get_secret_value()}"
        if self.session is not None:
            headers["Cookie"] = f"session={self.session.get_secret_value()}"
        return headers

    def without_secrets(self, text: str) -> str:
        """A text of the service's, which may repeat what it was sent: `Invalid key llx-…`."""
        for secret in (self.api_key, self.session):
            if secret is not None:
                text = text.replace(secret.get_secret_value(), "[secret]")
        for secret in self.headers.values():
            if len(secret) >= _SECRET_FROM:
                text = text.replace(secret.get_secret_value(), "[secret]")
        return text


def mended_url(address: str) -> str:
    """A region's name, or a URL; a missing scheme is added, since the service's own docs leave it out for the EU."""
    address = address.strip()
    if address.lower() in REGIONS:
        return REGIONS[address.lower()]
    if address.isalpha() and address.lower() not in _LOOPBACK:
        raise InputError(
            f"{address!r} is no region: they are {', '.join(map(repr, REGIONS))}; or give an address, https://host."
        )
    if "://" not in address:
        host = address.split("/")[0].rsplit(":", 1)[0]
        address = f"{'http' if host.strip('[]') in _LOOPBACK else 'https'}://{address}"
    parts = _parts(address)
    if parts is not None and (parts.username or parts.password):
        raise InputError("A base URL with a name or password in it would end up in logs: pass the key as api_key=….")
    if (
        parts is None
        or parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.query
        or parts.fragment
        or any(c.isspace() for c in address)
    ):
        raise InputError(
            f"{address!r} is no address of a service: give base_url='https://host', or a region: 'na', 'eu'."
        )
    return address.rstrip("/")


def _parts(address: str) -> SplitResult | None:
    """None where the port is none, or where httpx refuses the host, which it would say only at the first request."""
    try:
        httpx.URL(address)
        parts = urlsplit(address)
        usable = parts.port != 0
    except (ValueError, httpx.InvalidURL):
        return None
    return parts if usable else None


def _given(
    api_key: str | SecretStr | None,
    session: str | SecretStr | None,
    base_url: str | None,
    headers: Mapping[str, str] | None,
    environ: Mapping[str, str] | None,
) -> tuple[SecretStr | None, SecretStr | None, str | None, dict[str, SecretStr]]:
    """Nothing is refused in here, so that no traceback goes through here."""
    environ = os.environ if environ is None else environ
    key = _secret(api_key) or _secret(next((environ[name] for name in KEY_VARIABLES if environ.get(name)), None))
    extra = {**_custom_headers(environ.get(HEADERS_VARIABLE, "")), **(headers or {})}
    address = base_url or environ.get(URL_VARIABLE) or None
    return key, _secret(session), address, {name: SecretStr(value) for name, value in extra.items()}


def _secret(value: str | SecretStr | None) -> SecretStr | None:
    if isinstance(value, str):
        value = SecretStr(value.strip())
    return value if value is not None and value.get_secret_value() else None


def _sendable(secret: SecretStr | None) -> bool:
    return secret is None or (secret.get_secret_value().isascii() and secret.get_secret_value().isprintable())


def _custom_headers(text: str) -> dict[str, str]:
    """`LLAMA_CLOUD_CUSTOM_HEADERS`: one `Name: value` a line."""
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}
