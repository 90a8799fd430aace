"""Workers: results of every item, whatever happens to the processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from deepfocus.core.errors import DeepFocusError
from deepfocus.jobs.threads import ONE_THREAD
from deepfocus.jobs.workers import (
    IN_TURN,
    Processes,
    environment,
    local_workers,
)


def square(number: int) -> int:
    return number * number


def die_once(folder: Path, number: int) -> int:
    """Kills its own process where nobody has died of this number before."""
    mark = folder / str(number)
    if number % 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def wait_beside(folder: Path, number: int) -> None:
    """Says that it is at work, and works on; takes its file away at the end."""
    mark = folder / str(number)
    mark.touch()
    try:
        time.sleep(60)
    finally:
        mark.unlink()


def die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def refuse(number: int) -> int:
    raise DeepFocusError(f"{number}", wanted="another", remedy="take it")


def test_one_worker_is_this_process() -> None:
    assert local_workers(1) is IN_TURN
    assert list(IN_TURN.run(square, [3, 1, 2])) == [9, 1, 4]


def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    assert sorted(Processes(2).run(partial(die_once, tmp_path), range(5))) == list(range(5))


def test_workers_that_always_die_end_the_run() -> None:
    with pytest.raises(DeepFocusError, match="2 worker processes died on 1"):
        list(Processes(2).run(die, [1, 2]))


def die_of_three(number: int) -> int:
    return die(number) if number == 3 else number


class Lists:
    """A job that goes on without what its workers die of."""

    def __call__(self, number: int) -> str:
        return str(die_of_three(number))

    def lost(self, item: int, error: DeepFocusError) -> str:
        return error.came


def test_the_item_that_workers_die_of_is_named() -> None:
    with pytest.raises(DeepFocusError, match="2 worker processes died on 3"):
        list(Processes(2).run(die_of_three, range(8)))


def test_a_job_may_go_on_without_it() -> None:
    results = sorted(Processes(2).run(Lists(), range(8)))
    assert results == sorted(["2 worker processes died on 3", *"0124567"])


def test_an_error_of_a_job_is_the_error_of_the_run() -> None:
    with pytest.raises(DeepFocusError, match="5"):
        list(Processes(2).run(refuse, [5]))


INTERRUPTED = """
import sys
from functools import partial
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_workers import wait_beside
from deepfocus.jobs.workers import Processes
if __name__ == "__main__":
    try:
        list(Processes(2).run(partial(wait_beside, Path({folder!r})), range(4)))
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.mark.parametrize("at_work", [False, True])
def test_ctrl_c_ends_workers_at_once_and_without_a_word(tmp_path: Path, at_work: bool) -> None:
    folder, script = tmp_path / "work", tmp_path / "run.py"
    folder.mkdir()
    script.write_text(INTERRUPTED.format(tests=str(Path(__file__).parent), folder=str(folder)))
    run = subprocess.Popen(
        [sys.executable, str(script)],
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
    )
    end = time.monotonic() + 30
    while time.monotonic() < end and len(list(folder.iterdir())) < (2 if at_work else 1):
        time.sleep(0.02)  # with one mark the second process may still be starting
    started = time.monotonic()
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does
    _, said = run.communicate(timeout=30)
    assert (run.returncode, said) == (130, b"")
    assert time.monotonic() - started < 15  # far less than the work
    assert not list(folder.iterdir())


def test_environment_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    with environment(ONE_THREAD):
        assert os.environ["OMP_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "OMP_WAIT_POLICY" not in os.environ
