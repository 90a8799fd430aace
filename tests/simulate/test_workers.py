"""Workers: results of every item, whatever happens to the processes."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from deepfocus.core.errors import DeepFocusError
from deepfocus.simulate.workers import IN_TURN, Processes, local_workers


def square(number: int) -> int:
    return number * number


def die_once(folder: Path, number: int) -> int:
    """Kills its own process where nobody has died of this number before."""
    mark = folder / str(number)
    if number % 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


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
    with pytest.raises(DeepFocusError, match="died 3 times"):
        list(Processes(2).run(die, [1, 2]))


def test_an_error_of_a_job_is_the_error_of_the_run() -> None:
    with pytest.raises(DeepFocusError, match="5"):
        list(Processes(2).run(refuse, [5]))
