"""Where events may be sent: this machine, and anywhere else only when the engine was told so.

An engine answers to anybody who can reach it, and would otherwise send what they like to hosts that only it can reach.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

#: What a URL may have for its characters; browsers and servers take about as many.
LONGEST_URL = 2048
#: In the place of what is secret.
MASK = "****"


class TargetError(Exception):
    """A URL that cannot be sent to, and why: a sentence without the URL's credentials."""


def check_form(url: str) -> None:
    """Raises TargetError unless it is an http or https URL with a host."""
    if len(url) > LONGEST_URL:
        raise TargetError(f"webhook_url has {len(url):,} characters, and may have {LONGEST_URL:,}: shorten it.")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise TargetError("webhook_url has characters that a URL cannot have: percent-encode them.")
    parts = _split(url)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise TargetError("webhook_url has to begin with http:// or https:// and name a host.")


def check_host(url: str) -> None:
    """Raises TargetError unless the host of a checked URL is this machine, by its address or as localhost."""
    parts = _split(url)
    host = "" if parts is None else parts.hostname or ""
    if not is_here(host):
        raise TargetError(
            f"The webhook host {host!r} is not this machine, the only one that this engine sends events to: "
            "start it with --webhooks-anywhere, in Python Engine(webhooks_anywhere=True)."
        )


async def addresses(host: str, port: int, *, anywhere: bool) -> list[str]:
    """The addresses of a host, looked up now: what a name led to earlier says nothing (DNS rebinding).

    Raises TargetError if there is none, or one is not this machine's and has to be.
    """
    if _is_address(host):  # a look-up would take a thread to find that out
        found = [host]
    else:
        found = await _look_up(host, port)
    if not anywhere and not all(map(_is_loopback, found)):
        raise TargetError("its host is not this machine any more")
    # Of the two kinds, servers for development mostly listen on the older one alone.
    return sorted(found, key=lambda address: ":" in address)


async def _look_up(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise TargetError(f"its host is not known ({error.strerror or error})") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def masked(url: str) -> str:
    """The URL with stars for its user and password."""
    parts = _split(url)
    if parts is None or "@" not in parts.netloc:
        return url
    user, colon, _ = parts.netloc.rpartition("@")[0].partition(":")
    hidden = f"{MASK if user else ''}{colon}{MASK if colon else ''}"
    return parts._replace(netloc=f"{hidden}@{parts.netloc.rpartition('@')[2]}").geturl()


def origin(url: str) -> str:
    """What may be said of a URL in a log: paths and queries hold keys too."""
    parts = _split(url)
    return "" if parts is None else f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def masked_headers(headers: dict[str, str]) -> dict[str, str]:
    return dict.fromkeys(headers, MASK)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number, or too large
    except ValueError:
        return None
    return parts


def is_here(host: str) -> bool:
    """Whether this is this machine, by a loopback address or as localhost."""
    return host == "localhost" or host.endswith(".localhost") or _is_loopback(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
