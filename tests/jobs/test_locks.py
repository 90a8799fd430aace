"""Locks on files: held by one, gone with the process, and missed by nobody where there are none."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deepfocus.jobs.locks import is_held, locked

fcntl = pytest.importorskip("fcntl", reason="needs locks of files")

HOLDING = """
import sys
from pathlib import Path
from deepfocus.jobs.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_ends_with_the_process_that_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert is_held(path) is True
        holder.send_signal(signal.SIGKILL)
    assert path.exists()
    assert is_held(path) is False
    with locked(path):
        assert is_held(path) is True
    assert not path.exists()
    assert is_held(path) is False


def test_one_at_a_time_although_the_file_is_removed_each_time(tmp_path: Path) -> None:
    path, inside, most = tmp_path / "lock", 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(50):
            with locked(path):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == 1
    assert not path.exists()


def test_where_there_are_no_locks_nobody_can_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked(tmp_path / "lock"), locked(tmp_path / "lock"):
        assert is_held(tmp_path / "lock") is None
    assert not list(tmp_path.iterdir())
