"""One sends, whoever else wants to: another client, another process, one that sleeps, one that dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llamabatch_nb.errors import InputError
from llamabatch_nb.follow.journal.claims import FOLDER, Claim

HOLDS = """
import sys
from pathlib import Path
from llamabatch_nb.follow.journal.claims import Claim
claim = Claim(Path(sys.argv[1]), 1)
print(claim.take(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_two_clients_of_one_process(journal: Path) -> None:
    one, other = Claim(journal, 1), Claim(journal, 1)
    assert one.take()
    assert one.take()  # it is ours
    assert not other.take()
    another = Claim(journal, 2)
    assert another.take()
    another.give_up()
    one.give_up()
    assert other.take()
    other.give_up()
    assert list((journal.parent / FOLDER).iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
def test_one_that_sleeps_keeps_it_and_one_that_is_dead_does_not(journal: Path) -> None:
    command = [sys.executable, "-c", HOLDS, str(journal)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        os.kill(process.pid, signal.SIGSTOP)
        claim = Claim(journal, 1)
        assert not claim.take()
        process.kill()
        process.wait()
        assert claim.take()  # at once, however young the claim was
        claim.give_up()


def test_the_lock_of_a_file_that_was_removed_holds_nobody_off(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between our opening the file and locking it, its owner gave it up, and a third made it anew."""
    owner, third, late = (Claim(journal, 1) for _ in range(3))
    assert owner.take()
    real = os.open

    def slow(path: Path, flags: int, mode: int) -> int:
        handle = real(path, flags, mode)
        monkeypatch.setattr(os, "open", real)
        owner.give_up()
        assert third.take()
        return handle

    monkeypatch.setattr(os, "open", slow)
    assert not late.take()
    third.give_up()
    assert late.take()
    late.give_up()


def test_a_folder_that_cannot_be_used_is_named(journal: Path) -> None:
    (journal.parent / FOLDER).write_text("a file")
    with pytest.raises(InputError, match="LLAMABATCH_HOME"):
        Claim(journal, 1).take()
