"""One attempt to tell an endpoint of an event."""

from __future__ import annotations

import asyncio
import base64
import json
from urllib.parse import unquote

import httpx

from llamabatch_nb.engine.webhooks import payloads, targets
from llamabatch_nb.engine.webhooks.deliveries import Delivery
from llamabatch_nb.engine.webhooks.targets import TargetError

#: The 30 s are those of the service's page on webhooks.
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_PORTS = {"http": 80, "https": 443}
_MOST_READ = 1 << 16


async def attempt(transport: httpx.AsyncHTTPTransport, delivery: Delivery, *, anywhere: bool) -> str | None:
    """Returns what went wrong, in words without secrets, or None."""
    try:
        async with asyncio.timeout(TIMEOUT.read):
            status = await _post(transport, delivery, anywhere=anywhere)
    except TargetError as error:
        return str(error)
    except TimeoutError:
        return f"it took longer than {TIMEOUT.read:g} s"
    except Exception as error:  # texts of libraries quote URLs
        return f"it could not be reached ({type(error).__name__})"
    return None if status // 100 == 2 else f"it answered {status}"


async def _post(transport: httpx.AsyncHTTPTransport, delivery: Delivery, *, anywhere: bool) -> int:
    """The status that was answered. Redirects are answers like others."""
    endpoint = json.loads(delivery.endpoint)
    content = payloads.body(delivery.body, endpoint)
    url = httpx.URL(endpoint["webhook_url"])
    headers = payloads.headers(content, endpoint, delivery._asdict()) | {"host": url.netloc.decode()}
    if url.userinfo:
        headers["authorization"] = "Basic " + base64.b64encode(unquote(url.userinfo.decode()).encode()).decode()
    addresses = await targets.addresses(url.host, url.port or _PORTS[url.scheme], anywhere=anywhere)
    for left, address in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
        # To the address that was looked at: the host's name stays in the request, and is what a certificate is for.
        request = httpx.Request(
            "POST",
            url.copy_with(host=address, userinfo=b""),
            content=content,
            headers=headers,
            extensions={"timeout": TIMEOUT.as_dict(), "sni_hostname": url.host},
        )
        try:
            response = await transport.handle_async_request(request)
        except httpx.ConnectError:
            if not left:
                raise
        else:
            await _read(response)
            return response.status_code
    raise AssertionError


async def _read(response: httpx.Response) -> None:
    """Take a little of what is said, so that the connection can be used again, and no more."""
    try:
        seen = 0
        async for chunk in response.aiter_raw():
            seen += len(chunk)
            if seen > _MOST_READ:
                break
    finally:
        await response.aclose()
