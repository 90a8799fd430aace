"""`deepfocus detect --cluster` over twenty files, with workers killed: the bytes of one machine.

What is killed is killed once the first catalogue is there, long before the last can be.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest
from one_host import LONGEST_S, OneHostSlurm, until, why_not
from profiles import GIVE_UP_SOON, write_profile

from deepfocus.cli import main
from deepfocus.core.settings import settings_from
from deepfocus.simulation.dataset import FitsSet
from deepfocus.simulation.settings import SetSettings

pytestmark = [
    pytest.mark.xdist_group("slurm"),  # one Slurm at a time, and what is local once
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("dask_jobqueue") is None,
        reason='the extra is missing: pip install "deepfocus-alma[cluster]"',
    ),
]
FILES = 20
SET = {
    "observation": {"configuration": "C-1", "channels": 16, "size": 64},
    "population": {"companions": [0, 0], "line_channel": [4.0, 12.0]},
    "noise": {"kind": "white", "target_snr": [40.0, 60.0]},
}


@pytest.fixture(scope="module")
def cubes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cubes")
    FitsSet(settings_from(SET, SetSettings), folder).write(range(FILES))
    return folder


@pytest.fixture(scope="module")
def local(cubes: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one machine makes of the files."""
    out = tmp_path_factory.mktemp("local") / "out"
    assert main(["detect", str(cubes), "--out", str(out), "--workers", "2"]) == 0
    assert len(list(out.glob("*.catalogue.ecsv"))) == FILES
    return contents(out)


def contents(out: Path) -> dict[str, bytes]:
    """Of all files, hidden ones too."""
    return {path.name: path.read_bytes() for path in out.iterdir()}


def done(out: Path) -> int:
    return len(list(out.glob("*.catalogue.ecsv")))


@pytest.fixture
def after_the_first(tmp_path: Path) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Does something once there is a catalogue; fails if there were all of them by then."""
    left: list[int] = []
    threads: list[Thread] = []

    def do(action: Callable[[], object]) -> None:
        def wait() -> None:
            until(lambda: done(tmp_path / "out") > 0)
            action()
            left.append(FILES - done(tmp_path / "out"))

        threads.append(Thread(target=wait))
        threads[-1].start()

    yield do
    for thread in threads:
        thread.join()
    assert min(left) > 0


def test_a_killed_worker_of_a_dask_scheduler(
    cubes: Path,
    local: dict[str, bytes],
    tmp_path: Path,
    after_the_first: Callable[[Callable[[], object]], None],
) -> None:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=0, silence_logs=50
    ) as cluster:
        after_the_first(lambda: os.kill(cluster.workers[0].pid, signal.SIGKILL))
        arguments = ["detect", str(cubes), "--out", str(tmp_path / "out")]
        assert main([*arguments, "--cluster", cluster.scheduler_address]) == 0
    assert contents(tmp_path / "out") == local


@pytest.mark.skipif(why_not() is not None, reason=f"no Slurm to start: {why_not()}")
def test_a_killed_worker_and_a_cancelled_job_of_slurm(
    slurm: OneHostSlurm,
    cubes: Path,
    local: dict[str, bytes],
    tmp_path: Path,
    after_the_first: Callable[[Callable[[], object]], None],
) -> None:
    write_profile(tmp_path / "profile.toml", jobs=2, logs=str(tmp_path / "logs"))
    killed: list[int] = []

    def kill() -> None:
        one, other = slurm.jobs()
        killed.append(slurm.kill_workers(one))
        slurm.command("scancel", other)

    after_the_first(kill)
    words = ["detect", str(cubes), "--out", "out", "--cluster", "profile.toml"]
    run = subprocess.run(
        [sys.executable, "-m", "deepfocus", *words],
        env={**os.environ, **slurm.environment, **GIVE_UP_SOON},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )
    assert run.returncode == 0, run.stderr
    assert killed == [1]
    assert contents(tmp_path / "out") == local
    until(lambda: not slurm.jobs())
