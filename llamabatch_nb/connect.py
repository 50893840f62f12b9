"""Which service: LlamaCloud, or the local engine. The only place that puts an engine under a client."""

from __future__ import annotations

import hashlib
import os
import threading
import weakref
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from llamabatch_nb.client.clients import AsyncClient, Base, Client
from llamabatch_nb.client.core import Core
from llamabatch_nb.client.inprocess import in_process
from llamabatch_nb.client.settings import KEY_VARIABLES, URL_VARIABLE, Settings
from llamabatch_nb.errors import EngineError, InputError
from llamabatch_nb.follow.home import home
from llamabatch_nb.snapshot import Service

#: How the in-process engine is made, as ``name=value,…``: what notebooks and tests ask of it, unsaid in their cells.
ENGINE_VARIABLE = "LLAMABATCH_ENGINE"
_LOCAL_URL = "http://local-engine.localhost"
#: A call to the in-process engine that takes longer than this has hung: ASGITransport ignores timeouts. Seconds.
_DEADLINE = 300.0

#: Some of what the extra `local` brings; enough to tell whether it is there.
_ENGINE_NEEDS = ("fastapi", "loky", "liteparse")

_lock = threading.RLock()
_default: Base | None = None
#: By folder, options, and the extractors, of which what they do counts and not where they lie in memory.
_locals: dict[tuple[Path, str, str], Client] = {}
_cores: weakref.WeakSet[Core] = weakref.WeakSet()


def connect(
    *,
    api_key: str | SecretStr | None = None,
    base_url: str | None = None,
    session: str | SecretStr | None = None,
    organization_id: str | None = None,
    project_id: str | None = None,
    data: str | os.PathLike[str] | None = None,
    engine: Mapping[str, Any] | None = None,
) -> Client:
    """The service to work with, which from now on is the default of `lb.submit` and `lb.open`.

    LlamaCloud where there is a key (argument, ``LLAMA_CLOUD_API_KEY`` or ``LLAMA_PARSE_API_KEY``), a `session` cookie
    or a `base_url` (or ``LLAMA_CLOUD_BASE_URL``); `base_url` also takes a region, ``"na"`` or ``"eu"``. Otherwise the
    local engine, which reads the files on this machine, keeps its data in the state folder (or in `data`), and says so.
    `engine` holds keyword arguments of the engine, such as ``{"workers": 4}`` or ``{"extractors": {"mine": f}}``.

    Raises:
        EngineError: the local engine is meant and its extra is not installed, or its folder cannot be used.
        InputError: an address that cannot be one.

    """
    # Wrapped first of all: tracebacks with locals show this frame.
    api_key, session = _hidden(api_key), _hidden(session)
    given = any((api_key, base_url, session))
    if given or any(os.environ.get(name) for name in (*KEY_VARIABLES, URL_VARIABLE)):
        client = Client(
            api_key=api_key,
            base_url=base_url,
            session=session,
            organization_id=organization_id,
            project_id=project_id,
        )
        if data is not None or engine is not None:
            client.close()
            raise InputError(
                "data= and engine= are the local engine's, and a key or an address is given or set: leave them out, or "
                f"unset {KEY_VARIABLES[0]}."
            )
    else:
        client = _local(data, engine)
        print("No API key is set: the local engine reads your files, and they stay on this machine.")  # noqa: T201
    use(client)
    return client


def connect_async(
    *,
    api_key: str | SecretStr | None = None,
    session: str | SecretStr | None = None,
    data: str | os.PathLike[str] | None = None,
    **options: Any,
) -> AsyncClient:
    """`connect` for those who await: ``client = lb.connect_async(); await client.batches.create(...)``."""
    api_key, session = _hidden(api_key), _hidden(session)
    return AsyncClient(core=connect(api_key=api_key, session=session, data=data, **options).core)


def _hidden(secret: str | SecretStr | None) -> SecretStr | None:
    return SecretStr(secret) if isinstance(secret, str) else secret


def use(client: Base) -> None:
    """Make it the default of `lb.submit` and `lb.open`. The one before stays open for the runs that use it."""
    global _default  # noqa: PLW0603 - a default is what a notebook wants
    with _lock:
        _default = client


def default() -> Base:
    """The default client; connects where there is none yet, or where it was closed."""
    with _lock:
        if _default is None or _default.core.closed:
            return connect()
        return _default


def close_at_exit(core: Core) -> None:
    """Close it at the end of the process, while threads may still be started: uploads are finished then.

    `atexit` is too late: by then executors refuse work, and name look-ups need one (seen: RuntimeError "cannot schedule
    new futures after interpreter shutdown"). concurrent.futures itself uses this hook. What is registered last runs
    first, so it is registered anew each time, to be before whatever was imported since; the first one closes all.
    """
    _cores.add(core)
    threading._register_atexit(_close_all)  # type: ignore[attr-defined]  # noqa: SLF001


def _close_all() -> None:
    for core in list(_cores):
        core.close()


def _local(data: str | os.PathLike[str] | None, options: Mapping[str, Any] | None) -> Client:
    """The client of that engine, which is the one there is if the same was asked for before: cells are run again."""
    folder = (Path(data).expanduser() if data is not None else home() / "engine").absolute()
    given = _from_environment() | dict(options or {})
    extractors = _carried(given.pop("extractors", None))
    digests = [(str(name), one.digest) for name, one in extractors.items()]
    key = (folder, repr(sorted(given.items())), repr(sorted(digests)))
    with _lock:
        known = _locals.get(key)
        if known is None or known.core.closed:
            if any(at[0] == folder and at[2] != key[2] and not one.core.closed for at, one in _locals.items()):
                raise InputError(
                    f"A local engine with other extractors is open over {folder}, and would take files of this one: "
                    "close it first (client.close()), or give this one a folder of its own with data=."
                )
            known = _locals[key] = Client(
                core=_engine_core(folder, given | {"extractors": extractors}, own=data is not None)
            )
        return known


def _carried(extractors: Any) -> Mapping[str | None, Any]:
    """Plug-ins as the engine carries them to its workers."""
    if extractors is None:
        return {}
    if not isinstance(extractors, Mapping):
        raise InputError(f'extractors= takes functions by name, {{"mine": function}}, not {extractors!r}.')
    _check_installed()
    from llamabatch_nb.engine.extractors.plugins import carried

    return carried(extractors)


def _check_installed() -> None:
    missing = [name for name in _ENGINE_NEEDS if find_spec(name) is None]
    if missing:
        raise EngineError(
            f"The local engine is not installed ({', '.join(missing)} missing): pip install 'llamabatch-nb[local]' "
            "(in a checkout: pip install -e '.[local]'), or "
            f"set {KEY_VARIABLES[0]} to work with LlamaCloud."
        )


def _engine_core(folder: Path, options: Mapping[str, Any], *, own: bool) -> Core:
    _check_installed()
    from llamabatch_nb.engine import Engine

    engine = Engine(folder, results_while_running=True, **options)
    engine.start()
    # The journal tells services apart by their address, so another data folder is another address.
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8] + "." if own else ""
    url = _LOCAL_URL.replace("://", f"://{name}")
    core = Core(
        Settings(base_url=url, api_key=Settings.read(api_key="local").api_key),
        service=Service(label="Local engine", base_url=url, local=True),
        transport=in_process(engine.app),
        timeout=None,
        deadline=_DEADLINE,
        on_close=engine.close,
        now=engine.clock,
    )
    close_at_exit(core)
    return core


def _from_environment() -> dict[str, Any]:
    options: dict[str, Any] = {}
    for part in filter(None, os.environ.get(ENGINE_VARIABLE, "").split(",")):
        name, _, value = (word.strip() for word in part.partition("="))
        if name != "seed":  # which is a text, whatever it looks like; all else is numbers
            try:
                options[name] = int(value) if value.isdigit() else float(value)
            except ValueError:
                raise InputError(f"{ENGINE_VARIABLE} has {part!r}, not name=number: mend or unset it.") from None
        else:
            options[name] = value
    return options
