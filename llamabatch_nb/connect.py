"""Which service: LlamaCloud, or the local engine. The only place that puts an engine under a client."""

from __future__ import annotations

import hashlib
import os
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from pydantic import SecretStr

from llamabatch_nb.client.clients import AsyncClient, Base, Client
from llamabatch_nb.client.core import Core
from llamabatch_nb.client.inprocess import in_process
from llamabatch_nb.client.settings import KEY_VARIABLES, URL_VARIABLE, Settings
from llamabatch_nb.errors import EngineError, InputError
from llamabatch_nb.follow.home import home
from llamabatch_nb.snapshot import Service

if TYPE_CHECKING:
    from llamabatch_nb.engine import Engine
    from llamabatch_nb.engine.extractors.plugins import Carried

#: How the in-process engine is made, as ``name=value,…``: what notebooks and tests ask of it, unsaid in their cells.
ENGINE_VARIABLE = "LLAMABATCH_ENGINE"
_LOCAL_URL = "http://local-engine.localhost"
#: A call to the in-process engine that takes longer than this has hung: ASGITransport ignores timeouts. Seconds.
_DEADLINE = 300.0

#: Some of what the extra `local` brings; enough to tell whether it is there.
_ENGINE_NEEDS = ("fastapi", "loky", "liteparse")

_lock = threading.RLock()
_default: Base | None = None
#: By folder: two engines of one process over one would do each other's work, each by its own options.
_locals: dict[Path, _Local] = {}
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
    `engine` holds keyword arguments of the engine, such as ``{"workers": 4}`` or ``{"extractors": {"mine": f}}``;
    ``help(llamabatch_nb.engine.Engine)`` tells of all.

    A folder has one client in this process: asked for again, it is given back, with the engine that it has where
    `engine` is left out, and else with one of those options in place of the one before.

    Raises:
        EngineError: the local engine is meant and its extra is not installed, or its folder cannot be used.
        InputError: an address that cannot be one; an option of the engine that cannot be one; other options for a
            folder whose engine has work to do.

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


class _Local:
    """A folder's engine in this process, as the ASGI application behind one client.

    An engine with other options takes its place between two requests, so that what was made with the client (runs,
    panels) goes on. Requests come on the loop thread alone.
    """

    def __init__(self, folder: Path, wanted: _Wanted, *, own: bool) -> None:
        self.wanted = wanted
        self._engine = wanted.made(folder)
        self._under_way = 0
        # While an engine is being replaced: when that is done, and when the requests before it are.
        self._gate: anyio.Event | None = None
        self._quiet: anyio.Event | None = None
        self._engine.start()
        # The journal tells services apart by their address, so another data folder is another address.
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:8] + "." if own else ""
        url = _LOCAL_URL.replace("://", f"://{name}")
        self.core = Core(
            Settings(base_url=url, api_key=Settings.read(api_key="local").api_key),
            service=Service(label="Local engine", base_url=url, local=True),
            transport=in_process(self),
            timeout=None,
            deadline=_DEADLINE,
            on_close=lambda: self._engine.close(),  # noqa: PLW0108 - that of then
            now=lambda: self._engine.clock(),  # noqa: PLW0108
        )
        self.core.variants = wanted.variants
        self.client = Client(core=self.core)
        close_at_exit(self.core)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while self._gate is not None:
            await self._gate.wait()
        self._under_way += 1
        try:
            await self._engine.app(scope, receive, send)
        finally:
            self._under_way -= 1
            if self._quiet is not None and not self._under_way:
                self._quiet.set()

    def become(self, folder: Path, wanted: _Wanted) -> None:
        """Put an engine with other options in the place of this one. Raises InputError if this one has work to do."""
        self._check_idle(folder)
        made = wanted.made(folder)

        def swap() -> None:  # in one go, whatever interrupts whoever waits for it
            self._check_idle(folder)
            if not self.core.closed:
                before, self._engine = self._engine, made
                self.wanted, self.core.variants = wanted, wanted.variants
                before.close()
                made.start()

        async def between_requests() -> None:
            gate, quiet = anyio.Event(), anyio.Event()
            self._gate, self._quiet = gate, quiet
            try:
                if self._under_way:
                    await quiet.wait()
                await anyio.to_thread.run_sync(swap)
            finally:
                self._gate = self._quiet = None
                gate.set()

        try:
            self.core.loop.run(between_requests)
        finally:
            if self._engine is not made:
                made.close()

    def _check_idle(self, folder: Path) -> None:
        unfinished = "the uploads of a run" if self.core.sending else self._engine.unfinished()
        if unfinished is not None:
            raise InputError(
                f"The local engine over {folder} was made with other options and has not finished {unfinished}: wait "
                "for its end or cancel it, or give the new engine a folder of its own with data=."
            )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What an engine is to be made with. Extractors are equal that do the same, wherever they lie in memory."""

    options: dict[str, Any]
    extractors: dict[str | None, Carried]

    @property
    def variants(self) -> dict[str, str]:
        """`Core.variants`: options by which other values come of the same documents."""
        ocr = ["ocr"] if self.options.get("ocr") else []
        plugged = sorted(f"{name!r} {one.digest}" for name, one in self.extractors.items())
        words = {"parse_v2": ocr, "extract_v2": ocr + plugged}
        return {kind: hashlib.sha256("\n".join(said).encode()).hexdigest()[:16] for kind, said in words.items() if said}

    def made(self, folder: Path) -> Engine:
        from llamabatch_nb.engine import Engine

        return Engine(folder, **{"results_while_running": True, **self.options, "extractors": self.extractors})


def _local(data: str | os.PathLike[str] | None, options: Mapping[str, Any] | None) -> Client:
    """The client of that engine, which is the one there is if the same was asked for before: cells are run again."""
    folder = (Path(data).expanduser() if data is not None else home() / "engine").absolute().resolve()
    with _lock:
        known = _locals.get(folder)
        if known is not None and known.core.closed:
            known = None
        if known is not None and options is None:
            return known.client
        _check_installed()
        wanted = _wanted(options)
        if known is None:
            known = _locals[folder] = _Local(folder, wanted, own=data is not None)
        elif known.wanted != wanted:
            known.become(folder, wanted)
        return known.client


def _wanted(options: Mapping[str, Any] | None) -> _Wanted:
    """Options from the environment and from the caller, who goes before it.

    Raises InputError, or EngineError for an extractor that cannot be used.
    """
    from llamabatch_nb.engine import options as known
    from llamabatch_nb.engine.extractors import plugins

    if options is not None and not isinstance(options, Mapping):
        raise InputError(f'engine= takes options by name, {{"workers": 4}}, not {options!r}.')
    given: dict[str, Any] = {}
    for part in filter(None, os.environ.get(ENGINE_VARIABLE, "").split(",")):
        name, equals, word = (text.strip() for text in part.partition("="))
        if not equals:
            raise InputError(f"{ENGINE_VARIABLE} has {part!r}, not name=value: mend or unset it.")
        given[name] = known.read(name, word)
    for source, some in ((ENGINE_VARIABLE, given), ("engine=", options or {})):
        try:
            known.check(some)
        except ValueError as error:
            raise InputError(f"{source}: {error}") from None
    given |= dict(options or {})
    return _Wanted(given, plugins.carried(given.pop("extractors", None)))


def _check_installed() -> None:
    missing = [name for name in _ENGINE_NEEDS if find_spec(name) is None]
    if missing:
        raise EngineError(
            f"The local engine is not installed ({', '.join(missing)} missing): pip install 'llamabatch-nb[local]' "
            "(in a checkout: pip install -e '.[local]'), or "
            f"set {KEY_VARIABLES[0]} to work with LlamaCloud."
        )
