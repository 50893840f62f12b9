"""Which fault befalls which request: a plan, and how far it has come."""

from __future__ import annotations

import random
import re
import threading
from collections import Counter
from fnmatch import fnmatchcase
from typing import NamedTuple

from llamabatch_nb.engine.faults.plan import DRAWN_VEILS, FAILING, PASSING, VEILING, WORKING, Fault, Faults, Kind

#: A request that failed this often in a row goes well the next time, in a random schedule: retries have to end.
LONGEST_ROW = 3
#: Of a random schedule. Small: nobody has to see them pass.
_SECONDS = 0.02
_MOST_LOOKS = 3
#: An id of the service, or a project's UUID.
_ID = re.compile(r"(?<=/)(?:[a-z]{3,4}-[^/]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")

#: A batch or job alone.
_SINGLE = frozenset({"/api/v2/batches/{id}", "/api/v2/parse/{id}", "/api/v2/extract/{id}"})


class Injected(NamedTuple):
    """A fault that happened to a request."""

    kind: Kind
    method: str
    path: str


def template(path: str) -> str:
    """The path with ``{id}`` for each id."""
    return _ID.sub("{id}", path)


class Schedule:
    """The plan at work. Any thread may ask."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        #: What has happened so far, oldest first.
        self.injected: list[Injected] = []
        numbered = list(enumerate(faults.script))
        self._wire = [entry for entry in numbered if entry[1].kind not in {*VEILING, *WORKING}]
        self._veils = [entry for entry in numbered if entry[1].kind in VEILING]
        self._work = [entry for entry in numbered if entry[1].kind in WORKING]
        self._met: Counter[int] = Counter()  # by the fault's number in the script
        self._asked: Counter[tuple[str, str]] = Counter()  # requests, by method and template
        self._rows: Counter[bytes] = Counter()  # failures in a row, by request
        self._looks: Counter[tuple[object, str]] = (
            Counter()
        )  # by the fault's number or the drawn kind, and the id looked at
        self._drawn: dict[tuple[str, str], int] = {}
        self._created: dict[str, str] = {}  # batches and jobs created through us, and how many-th each was
        self._numbers: Counter[str] = Counter()  # of them, by family
        self._lock = threading.Lock()

    @property
    def draws(self) -> bool:
        return self.faults.seed is not None

    @property
    def veils(self) -> bool:
        """Whether an answer may have to be looked into."""
        return self.draws or bool(self._veils)

    def befalls(self, method: str, path: str, request: bytes) -> Fault | None:
        """What happens to this request. `request` stands for all of it, so that it is known when it comes again."""
        with self._lock:
            fault = self._scripted(method, path) or self._random(method, path, request)
            if fault is not None:
                self._note(fault.kind, method, path)
            return fault

    def created(self, thing: str, family: str = "") -> None:
        """Take note of a new batch, or of a job of a family that has another name."""
        with self._lock:
            if thing not in self._created:
                self._numbers[family] += 1
                self._created[thing] = f"{family}{self._numbers[family]}"

    def hides(self, method: str, path: str, request: bytes) -> bool:
        """Whether a batch or job that was just created is not found yet."""
        thing = path.rpartition("/")[2]
        if method != "GET" or template(path) not in _SINGLE or thing not in self._created:
            return False
        with self._lock:
            hidden = self._veiled("not_yet", path, thing, self._created[thing])
            if hidden:
                self._rows[request] += 1
                self._note("not_yet", method, path)
            return hidden

    def veils_look(self, kind: Kind, path: str, thing: str, label: str) -> bool:
        """Whether this look, by a GET of `path`, at the batch or job with the id `thing` shows it veiled.

        `label` is what a random schedule knows it by; ids differ from run to run.
        """
        with self._lock:
            veiled = self._veiled(kind, path, thing, label)
            if veiled:
                self._note(kind, "GET", path)
            return veiled

    def label(self, batch_id: str) -> str:
        return self._created.get(batch_id, "old")

    def fails_batch(self) -> bool:
        """Whether the batch that is to be mapped now fails."""
        with self._lock:
            return any(self._due(entry) for entry in self._work if entry[1].kind == "failed")

    def refuses_file(self, *names: str) -> bool:
        """Whether the file of these names gets no job this time."""
        with self._lock:
            return any(self._due(entry) for entry in self._work if entry[1].name in names)

    def _note(self, kind: Kind, method: str, path: str) -> None:
        self.injected.append(Injected(kind, method, path))

    def _due(self, entry: tuple[int, Fault]) -> bool:
        number, fault = entry
        self._met[number] += 1
        return fault.after < self._met[number] <= fault.after + fault.times

    def _scripted(self, method: str, path: str) -> Fault | None:
        return next((entry[1] for entry in self._wire if _concerns(entry[1], method, path) and self._due(entry)), None)

    def _random(self, method: str, path: str, request: bytes) -> Fault | None:
        if not self.draws:
            return None
        kind_of_request = (method, template(path))
        self._asked[kind_of_request] += 1
        draw = self._draw(*kind_of_request, self._asked[kind_of_request])
        kind = draw.choice(PASSING) if draw.random() < self.faults.rate else None
        if kind not in FAILING:
            self._rows.pop(request, None)
        elif self._rows[request] >= LONGEST_ROW:
            self._rows.pop(request)
            kind = None
        else:
            self._rows[request] += 1
        return None if kind is None else Fault(kind, seconds=_SECONDS)

    def _veiled(self, kind: Kind, path: str, thing: str, label: str) -> bool:
        for number, fault in self._veils:
            if fault.kind == kind and _concerns(fault, "GET", path):
                self._looks[number, thing] += 1
                if fault.after < self._looks[number, thing] <= fault.after + fault.times:
                    return True
        if not self.draws or kind not in DRAWN_VEILS:
            return False
        if (kind, label) not in self._drawn:
            draw = self._draw(kind, label)
            self._drawn[kind, label] = draw.randint(1, _MOST_LOOKS) if draw.random() < self.faults.rate else 0
        self._looks[kind, thing] += 1
        return self._looks[kind, thing] <= self._drawn[kind, label]

    def _draw(self, *what: object) -> random.Random:
        # A text as seed is hashed with SHA-512, the same everywhere and in every process.
        return random.Random(" ".join(map(str, (self.faults.seed, *what))))  # noqa: S311 - nothing is kept secret


def _concerns(fault: Fault, method: str, path: str) -> bool:
    return fault.method in {"*", method} and any(fnmatchcase(each, fault.path) for each in (path, template(path)))
