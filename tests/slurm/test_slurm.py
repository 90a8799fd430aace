"""`deepfocus simulate --cluster` on a real Slurm: the same files as here, whoever is killed.

What is killed is killed once the first cube lies in its folder, and long before the last can: a
cube takes a third of a second of a core. What the command itself reports would not do: held up for
a moment, it reports many cubes at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from astropy import units as u
from one_host import LONGEST_S, OneHostSlurm, until, why_not
from profiles import GIVE_UP_SOON, write_profile

from deepfocus.cli import main

REASON = why_not()
if find_spec("dask_jobqueue") is None:
    REASON = 'the extra is missing: pip install "deepfocus-alma[cluster]"'
pytestmark = [
    pytest.mark.xdist_group("slurm"),  # one Slurm at a time
    pytest.mark.slow,
    pytest.mark.skipif(REASON is not None, reason=f"no Slurm to start: {REASON}"),
]
SET = """
[observation]
configuration = "C-1"
channels = 64
size = 160
[population]
companions = [1, 2]
offset_px = [-10.0, 10.0]
line_channel = [10.0, 50.0]
"""
CUBES = 10
MANY = 1000
"""More than can be made while a test runs."""


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The set's file, and beside it the folder `here` with the set as one process makes it."""
    folder = tmp_path_factory.mktemp("local")
    (folder / "set.toml").write_text(SET)
    arguments = ["simulate", str(folder / "set.toml"), "--out", str(folder / "here")]
    assert main([*arguments, "--number", str(CUBES)]) == 0
    return folder


class Command:
    """`deepfocus simulate --cluster` in a process of its own, in an empty current folder."""

    def __init__(
        self,
        slurm: OneHostSlurm,
        local: Path,
        folder: Path,
        *,
        number: int = CUBES,
        **changes: object,
    ) -> None:
        self.out, self.err = folder / "out", folder / "err.txt"
        write_profile(folder / "profile.toml", logs=str(folder / "logs"), **changes)
        # where the tests run in the background, children are born deaf to SIGINT
        start = (
            "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
            "from deepfocus.cli import main; sys.exit(main())"
        )
        words = ["simulate", str(local / "set.toml"), "--out", "out", "--number", str(number)]
        with self.err.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-c", start, *words, "--cluster", "profile.toml"],
                env={**os.environ, **slurm.environment, **GIVE_UP_SOON},
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=err,
            )

    @property
    def done(self) -> int:
        return len(list(self.out.glob("*.truth.*")))

    def wait_for_a_cube(self) -> None:
        until(lambda: self.done > 0 or self.process.poll() is not None)
        assert 0 < self.done < CUBES, self.err.read_text()

    def finish(self) -> int:
        return self.process.wait(LONGEST_S)


@pytest.fixture
def start(slurm: OneHostSlurm, local: Path, tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Starts the command with changes to the profile; what still runs at the end is ended."""
    commands = []

    def begin(**changes: object) -> Command:
        commands.append(Command(slurm, local, tmp_path, **changes))
        return commands[-1]

    yield begin
    for command in commands:
        if command.process.poll() is None:
            command.process.kill()
            command.process.wait()
    slurm.command("scancel", "--user=root")


def files(folder: Path) -> dict[str, bytes]:
    """What the set consists of; a writer that is killed leaves a hidden temporary file too."""
    return {path.name: path.read_bytes() for path in folder.glob("[!.]*")}


def test_jobs_make_the_same_files(
    slurm: OneHostSlurm, start: Callable[..., Command], local: Path
) -> None:
    command = start(jobs=2)
    assert command.finish() == 0, command.err.read_text()
    assert files(command.out) == files(local / "here")
    assert not list(command.out.glob(".*"))
    until(lambda: not slurm.jobs())


@pytest.mark.parametrize("cores", [1, 2])
def test_a_cancelled_job_is_replaced(
    slurm: OneHostSlurm, start: Callable[..., Command], local: Path, cores: int
) -> None:
    command = start(jobs=1, cores=cores)
    command.wait_for_a_cube()
    (job,) = slurm.jobs()
    slurm.command("scancel", job)
    until(lambda: set(slurm.jobs()) - {job} != set())
    assert command.finish() == 0, command.err.read_text()
    assert files(command.out) == files(local / "here")


def test_a_killed_worker_process_loses_nothing(
    slurm: OneHostSlurm, start: Callable[..., Command], local: Path
) -> None:
    command = start(jobs=1)
    command.wait_for_a_cube()
    (job,) = slurm.jobs()
    assert slurm.kill_workers(job) == 1
    assert command.finish() == 0, command.err.read_text()
    assert files(command.out) == files(local / "here")


def test_a_killed_command_goes_on_where_it_was(
    slurm: OneHostSlurm, start: Callable[..., Command], local: Path
) -> None:
    killed = start(jobs=2)
    killed.wait_for_a_cube()
    killed.process.kill()
    killed.finish()
    # the jobs find themselves without a scheduler and end
    until(lambda: not slurm.jobs())
    finished = {path.name: path.stat().st_mtime_ns for path in killed.out.glob("*.truth.*")}
    resumed = start(jobs=2)
    assert resumed.finish() == 0, resumed.err.read_text()
    after = {path.name: path.stat().st_mtime_ns for path in killed.out.glob("*.truth.*")}
    assert 0 < len(finished) < len(after)
    assert finished.items() <= after.items()
    assert files(killed.out) == files(local / "here")


def test_an_interrupted_command_cancels_its_jobs(
    slurm: OneHostSlurm, start: Callable[..., Command]
) -> None:
    command = start(jobs=2, number=MANY)
    command.wait_for_a_cube()
    command.process.send_signal(signal.SIGINT)
    assert command.finish() == 130
    assert command.err.read_text().splitlines()[-1] == "deepfocus: interrupted"
    until(lambda: not slurm.jobs())


def test_a_job_that_slurm_refuses_is_one_line(start: Callable[..., Command]) -> None:
    command = start(partition="elsewhere")
    assert command.finish() == 2
    assert "Slurm refuses the jobs" in command.err.read_text()
    assert len(command.err.read_text().splitlines()) == 1
    assert not command.out.exists()


def test_a_job_that_never_starts_is_one_line(
    slurm: OneHostSlurm, start: Callable[..., Command]
) -> None:
    slurm.command("scontrol", "update", "PartitionName=work", "State=DOWN")
    try:
        command = start(wait=3 * u.s)
        assert command.finish() == 2
    finally:
        slurm.command("scontrol", "update", "PartitionName=work", "State=UP")
    assert "no worker for 3 s" in command.err.read_text()
    assert "squeue --me" in command.err.read_text()
    assert len(command.err.read_text().splitlines()) == 1
    assert not slurm.jobs()
