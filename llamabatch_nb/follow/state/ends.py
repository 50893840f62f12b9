"""How a run ends for those who wait for it: by returning, or with an error that says how to go on."""

from __future__ import annotations

from llamabatch_nb.errors import BatchCancelledError, BatchFailedError, FilesFailedError, RunError, SourceError
from llamabatch_nb.follow.state.state import RunState
from llamabatch_nb.snapshot import Snapshot

#: How many files a message names.
_NAMED = 3


def nothing_accepted(state: RunState) -> SourceError | None:
    """There is no batch, since not one file could be sent."""
    sent = [file for part in state.parts for file in part.sent]
    if not sent or any(part.batch_id for part in state.parts) or any(file.upload_error is None for file in sent):
        return None
    return SourceError(
        f"None of the {len(sent)} files was accepted; the first, {sent[0].name!r}: {sent[0].upload_error}"
    )


def lost_sight(state: RunState) -> RunError | None:
    """The service does not know a batch whose end nobody has seen: with another key it may still run, and be billed."""
    shown = {row.part.id for row in state.rows() if not row.file.ended}  # what was retried has another part by now
    unseen = [part for part in state.parts if part.unseen and part.id in shown]
    if not unseen:
        return None
    first = unseen[0]
    more = f" (and {len(unseen) - 1} more)" if len(unseen) > 1 else ""
    return RunError(
        f"{state.service.label} does not know the batch {first.batch_id}{more}, which was {first.phase} when it was "
        f"last seen: with the key of its project lb.open({state.name or first.batch_id!r}) follows it again; if it has "
        "expired, run.retry_failed(all=True) sends what has no result once more, and is billed once more.",
        batch_id=first.batch_id,
        run_name=state.name,
    )


def check(last: Snapshot, *, raise_on_failures: bool) -> None:
    """Raise what the end of a run is.

    Raises:
        BatchFailedError, BatchCancelledError: how a batch ended.
        FilesFailedError: some files failed, and it was asked for.
        RunError: following it was ended, by closing the run or its client, before the run had ended.

    """
    batch, name = last.batch_id, last.name
    if not last.ended:
        key = name or batch or last.directory_id
        raise RunError(
            f"{batch or 'The upload'} went on when following it here was closed: lb.open({key!r}) follows it again.",
            batch_id=batch,
            run_name=name,
        )
    such = [one for one in last.batches if one.phase == last.phase]
    which, was = f"The batch {batch or '(not created yet)'}", "was"
    if len(last.batches) > 1:
        ids = ", ".join(one.batch_id or "(not created yet)" for one in such[:_NAMED])
        which = (
            f"{ids}{', …' if len(such) > _NAMED else ''} ({len(such)} of the {len(last.batches)} batches of this run)"
        )
        was = "was" if len(such) == 1 else "were"
    if last.phase == "FAILED":
        raise BatchFailedError(
            f"{which} FAILED and {last.service.label} gives no reason: no file of it has a reliable result; "
            "run.retry_failed() sends those without a result again.",
            batch_id=next((one.batch_id for one in such), batch),
            run_name=name,
        )
    if last.phase == "CANCELLED":
        raise BatchCancelledError(
            f"{which} {was} cancelled with {last.counts.get('completed', 0)} of {len(last.files)} files completed, "
            "which are kept: read them with run.files() and run.pages(); run.retry_failed() sends the others again.",
            batch_id=next((one.batch_id for one in such), batch),
            run_name=name,
        )
    failed = {file.name: file.error for file in last.files if file.status == "failed"}
    if raise_on_failures and failed:
        named = "; ".join(f"{name}: {why or 'no reason given'}" for name, why in list(failed.items())[:_NAMED])
        more = f"; and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
        raise FilesFailedError(
            f"{len(failed)} of the {len(last.files)} files of {batch} failed ({named}{more}): run.files() lists them, "
            "run.retry_failed() sends again what may succeed.",
            batch_id=batch,
            run_name=name,
            files=failed,
        )
