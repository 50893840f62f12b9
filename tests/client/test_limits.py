from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint

from llamabatch_nb.client.clients import Client
from llamabatch_nb.client.core import Core
from llamabatch_nb.client.http import Wait
from llamabatch_nb.client.limits import MOST, START, WINDOW, Limiter, Rate
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.errors import InputError, RateLimitedError

UPLOADED = {"id": "dfl-1", "directory_id": "dir-1", "display_name": "x", "unique_id": "x", "project_id": "p"}
PROJECTS: list[object] = []


def rounds(limiter: Limiter, number: int, *, refused_in: int | None = None) -> list[int]:
    """How many of 300 requests are under way, in rounds that all end at once; the first of one round is refused."""

    async def main() -> list[int]:
        seen: list[int] = []
        ends = [anyio.Event() for _ in range(number + 1)]
        first = [True]

        async def one() -> None:
            async with limiter.slot() as taken:
                now = len(seen)
                under_way[now] += 1
                await ends[now].wait()
                if now == refused_in and first:
                    first.clear()
                    limiter.refused(taken, 429, None)
                else:
                    limiter.answered(taken)

        under_way = [0] * (number + 1)
        async with anyio.create_task_group() as group:
            for _ in range(300):
                group.start_soon(one)
            for end in ends[:-1]:
                await anyio.wait_all_tasks_blocked()
                seen.append(under_way[len(seen)])
                end.set()
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        return seen

    return anyio.run(main)


def test_it_doubles_every_round_up_to_its_most() -> None:
    assert rounds(Limiter(), 5) == [START, 16, MOST, MOST, MOST]


def test_it_halves_on_a_refusal_and_then_adds_one_a_round() -> None:
    seen = rounds(Limiter(start=8, most=32), 7, refused_in=1)
    assert seen[:3] == [8, 16, 8]
    assert all(0 <= later - earlier <= 1 for earlier, later in pairwise(seen[2:]))
    assert seen[-1] > seen[2]


def test_few_requests_raise_nothing() -> None:
    async def main() -> int:
        limiter = Limiter()
        for _ in range(100):
            async with limiter.slot() as taken:
                limiter.answered(taken)
        return limiter.limit

    assert anyio.run(main) == START


def test_refusals_of_what_was_under_way_together_halve_once() -> None:
    async def main() -> list[int]:
        limiter = Limiter(start=8)
        async with limiter.slot() as one, limiter.slot() as two:
            limiter.refused(one, 429, 5.0)
            limiter.refused(two, 429, 4.0)
            seen = [limiter.limit]
        assert (limiter.not_before, limiter.status) == (5.0, 429)
        for _ in range(9):
            async with limiter.slot() as taken:
                limiter.refused(taken, 503, None)
        return [*seen, limiter.limit]

    assert anyio.run(main) == [4, 1]


def test_an_answer_to_what_was_sent_before_a_refusal_raises_nothing() -> None:
    async def main() -> int:
        limiter = Limiter(start=2)
        async with limiter.slot() as one, limiter.slot() as two:
            limiter.refused(one, 429, None)
            limiter.answered(two)
        return limiter.limit

    assert anyio.run(main) == 1


def test_slots_come_in_order_and_those_who_leave_the_queue_cost_nobody_a_place() -> None:
    async def main() -> list[str]:
        limiter = Limiter(start=1)
        order: list[str] = []
        leaving = anyio.CancelScope()

        async def one(name: str) -> None:
            async with limiter.slot():
                order.append(name)

        async def leaves() -> None:
            with leaving:
                await one("left")

        async with anyio.create_task_group() as group, limiter.slot():
            group.start_soon(one, "a")
            await anyio.wait_all_tasks_blocked()
            group.start_soon(leaves)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(one, "b")
            await anyio.wait_all_tasks_blocked()
            leaving.cancel()
        async with limiter.slot():  # none was lost
            order.append("c")
        return order

    assert anyio.run(main) == ["a", "b", "c"]


@pytest.mark.parametrize("per_second", [50.0, 0.5, 3.0])
def test_the_rate_holds_over_any_window(per_second: float) -> None:
    rate, now, starts = Rate(per_second), 10.0, []
    for _ in range(300):
        now += rate.delay(now)
        starts.append(now)
    places = max(1, int(per_second * WINDOW))
    assert min(later - earlier for earlier, later in zip(starts, starts[places:], strict=False)) >= places / per_second
    assert starts[places - 1] == 10.0  # a burst is allowed


@pytest.mark.parametrize("rate", [0, -1.0, float("inf"), float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(InputError, match="uploads_per_second"):
        Rate(rate)


class Service:
    """A service behind a clock of its own, which goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sent: list[tuple[str, float]] = []
        self.slept: list[float] = []
        self.sleepers: list[float] = []
        self.answer: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(200, json=PROJECTS)
        self.gate: anyio.Event | None = None
        self.under_way = self.most = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append((request.method, self.now))
        answer = self.answer(request)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        if self.gate is not None and request.method == "POST":
            await self.gate.wait()
        else:
            await checkpoint()
        self.under_way -= 1
        return answer

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self.now + seconds
        self.sleepers.append(until)
        try:
            for _ in range(200):  # all else goes on first
                await checkpoint()
            while until > min(self.sleepers):
                await checkpoint()
            self.now = max(self.now, until)
        finally:
            self.sleepers.remove(until)


@pytest.fixture
def service() -> Service:
    return Service()


def core_of(service: Service, **options: Any) -> Core:
    return Core(
        Settings.read(api_key="k", base_url="https://service.example"),
        transport=httpx.MockTransport(service),
        sleep=service.sleep,
        monotonic=lambda: service.now,
        jitter=lambda: 0.0,
        **options,
    )


@pytest.fixture
def core(service: Service) -> Iterator[Core]:
    with Client(core=core_of(service)) as client:
        yield client.core


async def look(core: Core) -> None:
    await core.projects.list()


async def send(core: Core) -> None:
    await core.directories.files.upload("dir-1", upload_file=("a.pdf", b"x"))


def once(response: httpx.Response, *, method: str = "GET") -> Callable[[httpx.Request], httpx.Response]:
    left = [response]

    def answer(request: httpx.Request) -> httpx.Response:
        if left and request.method == method:
            return left.pop()
        return httpx.Response(200, json=UPLOADED if request.method == "POST" else PROJECTS)

    return answer


def at_once(core: Core, work: Callable[[Core], Any], number: int) -> None:
    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(number):
                group.start_soon(work, core)

    core.loop.run(main)


def test_no_more_than_the_limit_are_under_way(core: Core, service: Service) -> None:
    at_once(core, look, 300)
    assert START < service.most <= MOST
    assert service.most == core.http.others.limit


def test_a_flood_of_uploads_does_not_hold_up_a_look(core: Core, service: Service) -> None:
    service.answer = once(httpx.Response(200, json=UPLOADED), method="POST")

    async def main() -> None:
        service.gate = anyio.Event()
        async with anyio.create_task_group() as group:
            for _ in range(300):
                group.start_soon(send, core)
            await anyio.wait_all_tasks_blocked()
            assert service.under_way == START
            await look(core)
            service.gate.set()

    core.loop.run(main)
    assert len(service.sent) == 301


def test_one_refusal_holds_all_of_its_kind(core: Core, service: Service) -> None:
    service.answer = once(httpx.Response(429, headers={"retry-after": "7"}))
    at_once(core, look, 60)
    early = [at for _, at in service.sent if at < 107]
    assert len(early) == START  # those that were under way with it; nobody fetches a refusal of its own
    assert len(service.sent) == 61
    assert core.http.others.limit < START + 4
    assert core.http.uploads.limit == START


def test_a_refused_upload_does_not_hold_a_look(core: Core, service: Service) -> None:
    service.answer = once(httpx.Response(429, headers={"retry-after": "7"}), method="POST")

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(send, core)
            while core.http.wait is None:
                await checkpoint()
            await look(core)

    core.loop.run(main)
    assert service.sent == [("POST", 100), ("GET", 100), ("POST", 107)]


def test_a_wait_too_long_to_sit_out_holds_nobody(core: Core, service: Service) -> None:
    service.answer = once(httpx.Response(429, headers={"retry-after": "3600"}))
    with pytest.raises(RateLimitedError):
        core.loop.run(lambda: look(core))
    core.loop.run(lambda: look(core))
    assert service.slept == []


def test_the_wait_is_that_which_ends_last_until_nobody_waits(core: Core, service: Service) -> None:
    waits: list[Wait | None] = []
    core.http.listeners.append(waits.append)
    answers = [httpx.Response(500), httpx.Response(500, headers={"retry-after": "20"})]
    service.answer = lambda _: answers.pop(0) if answers else httpx.Response(200, json=PROJECTS)
    ends = {0.5: anyio.Event(), 20.0: anyio.Event()}

    async def sleep(seconds: float) -> None:
        await ends[seconds].wait()

    async def main() -> None:
        core.http.sleep = sleep
        async with anyio.create_task_group() as group:
            group.start_soon(look, core)
            group.start_soon(look, core)
            await anyio.wait_all_tasks_blocked()
            assert core.http.wait == Wait(20, 500, 120)
            ends[0.5].set()
            await anyio.wait_all_tasks_blocked()
            assert core.http.wait == Wait(20, 500, 120)  # the end of one is not the end of the other
            ends[20.0].set()

    core.loop.run(main)
    assert core.http.wait is None
    assert waits == [Wait(0.5, 500, 100.5), Wait(20, 500, 120), None]


def test_a_cancelled_wait_is_none(core: Core, service: Service) -> None:
    service.answer = once(httpx.Response(429, headers={"retry-after": "7"}))

    async def main() -> None:
        core.http.sleep = lambda _: anyio.sleep_forever()
        async with anyio.create_task_group() as group:
            group.start_soon(look, core)
            await anyio.wait_all_tasks_blocked()
            assert core.http.wait == Wait(7, 429, 107)
            group.cancel_scope.cancel()
        assert core.http.wait is None

    core.loop.run(main)


def test_uploads_keep_the_rate_of_the_service(service: Service) -> None:
    service.answer = once(httpx.Response(200, json=UPLOADED), method="POST")
    with Client(core=core_of(service, uploads_per_second=2)) as client:
        at_once(client.core, send, 35)
        at = [now for _, now in service.sent]
        assert [sum(start <= now < start + 5 for now in at) for start in (100, 105, 110)] == [10, 10, 10]
        assert client.core.http.wait is None  # keeping a rate is no trouble
        service.sent.clear()
        at_once(client.core, look, 35)
        assert {now for _, now in service.sent} == {service.now}


@pytest.mark.parametrize(
    ("url", "transport", "setting", "paced"),
    [
        ("na", None, "auto", True),
        ("https://own.example", None, "auto", True),
        ("localhost:8000", None, "auto", False),
        ("na", httpx.MockTransport(lambda _: httpx.Response(200)), "auto", False),
        ("na", None, None, False),
        ("localhost:8000", None, 3.0, True),
    ],
)
def test_who_is_paced(url: str, transport: httpx.AsyncBaseTransport | None, setting: Any, paced: bool) -> None:
    core = Core(Settings.read(api_key="k", base_url=url), transport=transport, uploads_per_second=setting)
    with Client(core=core):
        assert (core.http._rate is not None) is paced
