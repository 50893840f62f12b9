"""What is said of what is sent, and of what is not."""

from __future__ import annotations

from llamabatch_nb.follow.sending.resubmit import Reattached
from llamabatch_nb.snapshot import Snapshot


def are(files: int) -> str:
    return "1 file is" if files == 1 else f"{files:,} files are"


def reattached(again: Reattached, shown: Snapshot, count: int) -> str:
    """Why not all of `count` files are sent; first what is not in the run, as it is easily taken for what is."""
    rest = again.state.rest or 0
    said = []
    if rest:
        them = "it" if rest == 1 else "them"
        said.append(
            f"{rest:,} of these {count:,} files {'is' if rest == 1 else 'are'} not in this run (new, changed, or left "
            f"out of a sample) and not sent: run.rest() sends {them}."
        )
    said.append(_attached(again, shown, count, rest))
    if again.more:
        said.append(f"{are(again.more)} sent, by which the sample is larger.")
    if again.renamed is not None:
        said.append(f"The run {again.renamed!r} is named {shown.name!r} from now on.")
    if again.missing:
        missing = "1 file of the run is" if again.missing == 1 else f"{again.missing:,} files of the run are"
        said.append(f"{missing} not among them.")
    return " ".join([*said, "new=True submits them again."])


def _attached(again: Reattached, shown: Snapshot, count: int, rest: int) -> str:
    which, is_ = (shown.batch_id, "is") if shown.batch_id else ("its uploads", "are")
    if len(shown.batches) > 1:
        which += f" and {len(shown.batches) - 1} more"
    ended = shown.phase in {"FAILED", "CANCELLED"}
    known = count - rest - again.more
    files = f"{known:,} of these {count:,} files {'was' if known == 1 else 'were'}"
    if known == count:
        files = "This file was" if count == 1 else f"These {count:,} files were"
    said = f"{files} submitted before: re-attached to {which}{f', which {is_} {shown.phase}' if ended else ''}; "
    said += "nothing was sent" if again.complete else "the uploads go on"
    return f"{said}{', run.retry_failed() sends what has no result' if ended and again.complete else ''}."
