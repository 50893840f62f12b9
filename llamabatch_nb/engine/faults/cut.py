"""The end of a connection in the middle of a request."""

from __future__ import annotations

from starlette.types import Receive


async def cut(receive: Receive, *, flush: bool = False) -> None:
    """End the connection that `receive`, as the server made it, belongs to. With `flush`, what was sent still arrives.

    ASGI has no word for it. uvicorn's `receive` is a method of its request cycle, which has the transport (0.54, both
    for h11 and for httptools). In one process there is no connection: then ConnectionResetError is raised, which
    `client.inprocess` turns into what a client sees over a socket.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("The connection was cut, as asked for")
    if flush:
        transport.close()
    else:
        transport.abort()
    # To return before the server has noticed would be reported as an application without an answer.
    while (await receive())["type"] != "http.disconnect":
        pass
