"""What a follower knows of its run, put together from its parts into a `Snapshot`: one row a file, its best attempt."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from llamabatch_nb.contract.batches import TERMINAL
from llamabatch_nb.follow.state.part import Part
from llamabatch_nb.follow.state.tracked import Tracked
from llamabatch_nb.snapshot import UPLOADING, FileState, Service, Snapshot, Trouble

#: No rate and no ETA before this many files were seen to end: one or two say nothing (panels.md).
ENOUGH = 3
#: What a run shows of batches that are at different points: the first of these words that one of them has.
_OPEN_ORDER = ("RUNNING", "PENDING", "THROTTLED")


@dataclass(frozen=True, slots=True)
class Row:
    """A file of the run: its best attempt, the part that made it, and the attempt's number."""

    file: Tracked
    part: Part
    attempt: int

    @property
    def state(self) -> FileState:
        return self.file.state(self.part.told, self.attempt)


@dataclass(frozen=True, slots=True)
class _Table:
    """Which files the run has. It changes when files come or go, which is seldom, and not with what becomes of them."""

    of: tuple[tuple[int, int], ...]  # which lists of files it was made of, and how long they were
    names: list[str]
    rows: list[Row | None]  # None: there are several attempts, of which the best is to be found
    attempts: dict[str, list[tuple[Tracked, Part]]]  # by name: those of such rows


@dataclass(slots=True)
class RunState:
    """Mutable, and touched on the loop thread only; what leaves it is a `Snapshot`. `id` is its row in the journal."""

    source: str
    service: Service
    configuration_id: str
    job_type: str
    id: int = 0
    name: str | None = None
    project_id: str | None = None
    parent: str | None = None  # the run, as people know it, whose files these are, for another configuration
    parts: list[Part] = field(default_factory=list)
    rest: int | None = None  # files of the source that are not in the run; None: the source was not read
    seen_done: list[tuple[float, int]] = field(default_factory=list)  # (monotonic seconds, files ended)
    _known: _Table | None = field(default=None, repr=False, compare=False)
    _copies: dict[str, tuple[FileState, FileState]] = field(default_factory=dict, repr=False, compare=False)

    def names(self) -> list[str]:
        """Of all files, in the order of the source; what came later is sorted in where the rest is sorted."""
        return self._table().names

    def rows(self) -> list[Row]:
        """One for each of `names`; a copy's is that of the file that was sent in its place."""
        table = self._table()
        return [
            row if row is not None else _best(table.attempts[name])
            for name, row in zip(table.names, table.rows, strict=True)
        ]

    def _table(self) -> _Table:
        of = tuple((id(part.files), len(part.files)) for part in self.parts)
        if self._known is None or self._known.of != of:
            self._known = self._made(of)
        return self._known

    def _made(self, of: tuple[tuple[int, int], ...]) -> _Table:
        names = list(dict.fromkeys(file.name for part in self.parts for file in part.files))
        if len(self.parts) > 1 and all(_sorted([file.name for file in part.files]) for part in self.parts):
            names.sort()
        attempts: dict[str, list[tuple[Tracked, Part]]] = {}
        contents: dict[tuple[str, str], list[tuple[Tracked, Part]]] = {}
        for part in self.parts:
            for file in part.files:
                if part.relation == "retry" and file.name in attempts:
                    attempts[file.name].append((file, part))
                else:  # the file's content has changed, or this is the first of it
                    attempts[file.name] = contents[file.name, file.sha256] = [(file, part)]
        for name, tries in attempts.items():
            own = tries[0][0]
            if own.copy_of is not None and len(tries) == 1:
                attempts[name] = contents.get((own.copy_of, own.sha256), tries)
        # One attempt is what nearly every row of nearly every run has.
        rows = [Row(*attempts[name][0], 1) if len(attempts[name]) == 1 else None for name in names]
        several = {name: tries for name, tries in attempts.items() if len(tries) > 1}
        return _Table(of, names, rows, several)

    def attempt(self, part: Part) -> int:
        """Which attempt a part is: 1, or for a retry one more than its files had before."""
        if part.relation != "retry":
            return 1
        names = {file.name for file in part.files}
        earlier = [other for other in self.parts[: self.parts.index(part)] if other.relation == "retry"]
        return 2 + sum(any(file.name in names for file in other.files) for other in earlier)

    @property
    def unsent(self) -> list[Part]:
        return [part for part in self.parts if part.unsent]

    @property
    def ended(self) -> bool:
        return all(part.ended for part in self.parts)

    @property
    def settled(self) -> bool:
        """There is nothing more to look for here: each part has ended, or could not be sent."""
        return all(part.ended or (part.failure is not None and part.unsent) for part in self.parts)

    def done(self) -> int:
        return sum(row.file.ended for row in self.rows())

    def saw(self, at: float) -> None:
        """Note how many have ended by now, for the rate."""
        for part in self.parts:
            if part.batch is not None and (part.batch.results is not None or part.batch.status != "RUNNING"):
                part.estimated_done = None
        done = self._most_done()
        if not self.seen_done or self.seen_done[-1][1] != done:
            self.seen_done.append((at, done))

    def rate(self, at: float) -> float | None:
        """Files a second over what this follower saw itself; None before `ENOUGH` ended before its eyes."""
        if len(self.seen_done) < 2 or self.phase == "THROTTLED":
            return None
        start, before = self.seen_done[0]
        now = self.seen_done[-1][0] if self.ended else at
        ended = self.seen_done[-1][1] - before
        return ended / (now - start) if ended >= ENOUGH and now > start else None

    @property
    def phase(self) -> str:
        """One word for all parts; while some are open, theirs."""
        if any(part.unsent for part in self.parts):
            return UPLOADING
        still = [part.phase for part in self.parts if not part.ended]
        open_words = [word for word in still if word not in TERMINAL]
        for word in _OPEN_ORDER:
            if word in open_words:
                return word
        if open_words:
            return open_words[0]  # a word that nobody has seen before
        if any(part.batch is not None for part in self.parts if not part.ended):
            return still[0]  # COMPLETED, with jobs that still run; what only the journal knows runs no more
        # Of a part whose files were all retried nothing is shown, so its end does not count, nor does that of a
        # cancelled one of which only completed ones are; and one that has no batch since nothing of it was accepted
        # was not cancelled.
        shown = {
            id(row.part)
            for row in self.rows()
            if (row.part.batch_id is not None or not row.file.refused)
            and not (row.part.phase == "CANCELLED" and row.file.completed)
        }
        words = {part.phase for part in self.parts if id(part) in shown or not shown}
        ends = (word for word in ("FAILED", "CANCELLED", "COMPLETED") if word in words)
        return next(ends, min(words, default=UPLOADING))  # an expired batch has the word that was seen last

    def snapshot(self, *, taken_at: datetime, at: float, trouble: Trouble | None = None) -> Snapshot:
        rows = self.rows()
        rate, ended = self.rate(at), self.ended
        estimated = self._estimated_done()
        files = self._files(rows)
        left = len(rows) - max(sum(row.file.ended for row in rows), estimated or 0)
        return Snapshot(
            name=self.name,
            source=self.source,
            service=self.service,
            project_id=self.project_id,
            directory_id=self.parts[0].directory_id if self.parts else None,
            batch_id=next((part.batch_id for part in self.parts if part.batch_id), None),
            configuration_id=self.configuration_id,
            job_type=self.job_type,
            phase=self.phase,
            files=tuple(files),
            created_at=min((part.created_at for part in self.parts if part.created_at), default=None),
            updated_at=self._updated_at(),
            taken_at=taken_at,
            estimated_done=None if ended else estimated,
            rate=rate,
            eta=taken_at + timedelta(seconds=left / rate) if rate and left > 0 and not ended else None,
            trouble=trouble,
            mapped=all(part.mapped for part in self.parts),
            batches=tuple(part.state(self.attempt(part)) for part in self.parts if part.sent),
            credits_elsewhere=self._elsewhere(rows, files),
            rest=self.rest,
        )

    def _files(self, rows: list[Row]) -> list[FileState]:
        told = {part.id: part.told for part in self.parts}
        sizes: dict[str, int | None] = {}
        found = []
        for name, row in zip(self.names(), rows, strict=True):
            state = row.file.state(told[row.part.id], row.attempt)
            if row.file.name != name:
                sizes = sizes or {file.name: file.size for part in self.parts for file in part.files}
                state = self._copy(state, name, sizes[name])
            found.append(state)
        return found

    def _copy(self, state: FileState, name: str, size: int | None) -> FileState:
        known = self._copies.get(name)
        if known is None or known[0] is not state:
            known = self._copies[name] = (state, replace(state, name=name, size=size, copy_of=state.name))
        return known[1]

    def _elsewhere(self, rows: list[Row], files: list[FileState]) -> float:
        """Credits of attempts that have a better one; a parse job's are counted once, as `Snapshot.credits` does."""
        if len(self.parts) == 1:
            return 0.0
        shown = {id(row.file) for row in rows}
        parsed = {state.parse_job_id for state in files}
        total = 0.0
        for part in self.parts:
            for file in part.sent:
                if id(file) in shown or file.job is None or file.job.usage is None or file.job.usage.credits is None:
                    continue
                state = Row(file, part, 1).state
                total += file.job.usage.credits
                if state.parse_job_id is not None and state.parse_job_id in parsed:
                    total -= state.parse_credits or 0.0
                parsed.add(state.parse_job_id)
        return total

    def _most_done(self) -> int:
        return max(self.done(), self._estimated_done() or 0)

    def _estimated_done(self) -> int | None:
        known = [part.estimated_done for part in self.parts if part.estimated_done is not None]
        if not known:
            return None
        return sum(part.estimated_done or part.done() for part in self.parts)

    def _updated_at(self) -> datetime | None:
        """A batch's, or a job's that ended after it: COMPLETED means mapped, so jobs may end later."""
        times = [part.updated_at for part in self.parts]
        times += [file.job.updated_at for part in self.parts for file in part.files if file.job]
        return max((time for time in times if time is not None), default=None)


def _sorted(names: list[str]) -> bool:
    return all(one <= other for one, other in itertools.pairwise(names))


def _best(attempts: list[tuple[Tracked, Part]]) -> Row:
    number, (file, part) = max(enumerate(attempts, start=1), key=lambda one: (_rank(*one[1]), one[0]))
    return Row(file, part, number)


def _rank(file: Tracked, part: Part) -> int:
    """What is done is best, then what may still be, then what is not."""
    if file.completed:
        return 2
    return 1 if not file.ended and not part.ended else 0
