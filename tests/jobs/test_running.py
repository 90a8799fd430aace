"""Runs in one folder: each makes its own, and what killed ones left is told from the rest."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from deepfocus.core.arrays import NamedArrays
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import OLD_S
from deepfocus.jobs.running import CLAIM_OLD_S, RUNNING, STEPS, UNFINISHED, Run, running

fcntl = pytest.importorskip("fcntl", reason="needs locks of files")

AT_WORK = """
import sys
from pathlib import Path
from deepfocus.jobs.running import running
with running(Path(sys.argv[1]), ["a", "b"]) as run, run.unfinished() as made:
    (made / "half").touch()
    print("at work", flush=True)
    sys.stdin.read()
"""


def killed(folder: Path) -> None:
    """Leave what a run leaves that is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", AT_WORK, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "at work\n"
        with pytest.raises(DeepFocusError, match=rf"another run \(process {run.pid} on "):
            running(folder, ["b", "c"]).__enter__()
        run.send_signal(signal.SIGKILL)
    left = sorted(path.name for path in folder.iterdir())
    assert [name[: len(RUNNING)] for name in left] == [RUNNING, UNFINISHED[: len(RUNNING)]]


def aged(path: Path, age_s: float) -> Path:
    then = time.time() - age_s - 60.0
    os.utime(path, (then, then))
    return path


def test_a_name_is_made_by_one_run_at_a_time(tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(9)]
    with running(tmp_path, names):
        with (
            pytest.raises(DeepFocusError, match=r"is at work on c2, c3, c4 and 4 more in .*--out"),
            running(tmp_path, names[2:]),
        ):
            raise AssertionError("not reached")
        with running(tmp_path, ["other"]):
            assert len(list(tmp_path.glob(f"{RUNNING}*"))) == 2
    with running(tmp_path, names):
        pass
    assert not list(tmp_path.iterdir())


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    killed(tmp_path)
    with running(tmp_path, ["a"]) as run:
        assert [path for path in tmp_path.iterdir() if path != run.claim] == []


def test_what_lives_stays(tmp_path: Path) -> None:
    with running(tmp_path, ["a"]) as one, one.unfinished() as made:
        aged(made, OLD_S)
        aged(one.claim, CLAIM_OLD_S)
        with running(tmp_path, ["b"]):
            assert made.is_dir()
        assert made.is_dir()
        assert one.claim.exists()


def test_a_run_takes_away_what_its_killed_workers_left(tmp_path: Path) -> None:
    with running(tmp_path, ["a"]) as run:
        (tmp_path / f"{UNFINISHED}{run.token}.1").mkdir()
    assert not list(tmp_path.iterdir())


def test_of_another_machine_only_what_is_old_is_removed(tmp_path: Path) -> None:
    said = json.dumps({"host": "elsewhere", "process": 1, "makes": ["a"]})
    (tmp_path / f"{RUNNING}11").write_text(said)
    aged(tmp_path / f"{RUNNING}11", OLD_S)
    old, young = (tmp_path / f"{UNFINISHED}11.{i}" for i in "ab")
    nobodys = tmp_path / f"{UNFINISHED}22.c"
    for each in (old, young, nobodys):
        each.mkdir()
    aged(old, OLD_S)
    with running(tmp_path, ["a"]):
        assert not old.exists()
        assert young.exists()
        assert nobodys.exists()
        assert (tmp_path / f"{RUNNING}11").exists()
    aged(tmp_path / f"{RUNNING}11", CLAIM_OLD_S)
    with running(tmp_path, ["a"]):
        assert not (tmp_path / f"{RUNNING}11").exists()


def test_steps_go_on_where_a_worker_died_and_end_with_what_they_lead_to(tmp_path: Path) -> None:
    made: list[str] = []

    def step() -> NamedArrays:
        made.append("step")
        return {"peaks": np.arange(3)}

    def died(run: Run, name: str, settings: str) -> None:
        with suppress(OSError), run.steps(name, settings) as steps:
            steps.once("search-1", step)
            raise OSError("the worker is gone")

    with running(tmp_path, ["a", "b"]) as run:
        died(run, "a", "settings")
        died(run, "a", "settings")
        assert len(made) == 1
        died(run, "a", "others")
        died(run, "b", "settings")
        assert len(made) == 3
        assert len(list(tmp_path.glob(f"{STEPS}*/*"))) == 2
        with run.steps("a", "others") as steps:
            steps.once("search-1", step)
        assert len(made) == 3
        assert len(list(tmp_path.glob(f"{STEPS}*"))) == 1
        run.forget(["b"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("said", ["", "{", "[1]", "{}"])
def test_a_damaged_claim_hinders_nobody(tmp_path: Path, said: str) -> None:
    (tmp_path / f"{RUNNING}33").write_text(said)
    with running(tmp_path, ["a"]):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [f"{RUNNING}33"]


def test_without_locks_runs_go_on_as_if_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with running(tmp_path, ["a"]) as one, one.unfinished() as made:
        with running(tmp_path, ["a"]):
            assert made.is_dir()
        assert one.claim.exists()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_stays_empty_is_not_left(tmp_path: Path) -> None:
    with running(tmp_path / "new" / "out", ["a"]):
        pass
    assert not list(tmp_path.iterdir())
    with running(tmp_path / "new" / "out", ["a"]) as run:
        (run.folder / "product").touch()
    assert [path.name for path in run.folder.iterdir()] == ["product"]


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("deepfocus.jobs.locks.os.open", refuse)
    with pytest.raises(DeepFocusError, match="No space left"), running(tmp_path / "a", ["a"]):
        raise AssertionError("not reached")
    assert not list(tmp_path.iterdir())
