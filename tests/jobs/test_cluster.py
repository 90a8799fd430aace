"""Workers of a Dask scheduler: processes of this host, killed, unfit, and lost."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import tomlkit

import deepfocus
from deepfocus.cli import main
from deepfocus.cli.products import PRODUCTS
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import load_settings, settings_from, settings_to
from deepfocus.jobs import cluster
from deepfocus.jobs.cluster import WINDOW, DaskWorkers, cluster_workers
from deepfocus.jobs.on_worker import OnWorker
from deepfocus.jobs.slurm import ClusterProfile, Slurm
from deepfocus.simulation.dataset import FitsSet
from deepfocus.simulation.settings import SetSettings

distributed = pytest.importorskip("distributed", reason="needs the extra [cluster]")

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "slurm.toml"
SMALL = settings_from(
    {
        "observation": {"configuration": "C-1", "channels": 8, "size": 48},
        "population": {"companions": [1, 1], "offset_px": [-8.0, 8.0], "line_channel": [2.0, 6.0]},
    },
    SetSettings,
)


@contextmanager
def dask(number: int = 2, threads: int = 1) -> Iterator[Any]:
    """A scheduler with worker processes of this host, each under a nanny."""
    with distributed.LocalCluster(
        n_workers=number,
        threads_per_worker=threads,
        dashboard_address=":0",
        memory_limit=0,
        silence_logs=logging.CRITICAL,
    ) as local:
        yield local


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with dask() as local:
        yield local.scheduler_address


def square(number: int) -> int:
    return number * number


def die_once(folder: Path, number: int) -> int:
    """Kills its own process where nobody has died of this number before."""
    mark = folder / str(number)
    if number % 3 == 0 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def refuse(number: int) -> int:
    raise DeepFocusError(f"{number}", wanted="another", remedy="take it")


def break_down(number: int) -> int:
    raise ZeroDivisionError(number)


def test_every_result_comes_once(address: str) -> None:
    with cluster_workers(address) as workers:
        assert list(workers.run(square, [])) == []
        assert sorted(workers.run(square, range(60))) == [n * n for n in range(60)]
        assert sorted(workers.run(square, [3])) == [9]


def test_the_cubes_are_those_made_here(address: str, tmp_path: Path) -> None:
    FitsSet(SMALL, tmp_path / "here").write(range(3, 7))
    there = tmp_path / "there"
    with cluster_workers(address, shared=there) as workers:
        FitsSet(SMALL, there).write(range(3, 7), workers=workers)
    names = sorted(path.name for path in (tmp_path / "here").iterdir())
    # the file by which workers know the folder is gone too
    assert sorted(path.name for path in there.iterdir()) == names
    for name in names:
        assert (there / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_a_store_through_the_command(
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("zarr", reason="needs the extra [store]")
    # paths are given from a folder that is not the workers'
    monkeypatch.chdir(tmp_path)
    Path("set.toml").write_text(tomlkit.dumps(settings_to(SMALL)))
    words = ["simulate", "set.toml", "--number", "3", "--out"]
    assert main([*words, "here.zarr"]) == 0
    assert main([*words, "there.zarr", "--cluster", address]) == 0
    here, there = (line.split("content ")[1] for line in capsys.readouterr().out.splitlines())
    assert here == there
    # the file by which workers know the folder lay beside the store, and is gone
    assert {path.name for path in tmp_path.iterdir()} == {"set.toml", "here.zarr", "there.zarr"}


def test_a_folder_of_cubes_is_searched_as_it_is_here(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    FitsSet(SMALL, Path("cubes")).write(range(3, 6))
    for out, place in (("here", ["--workers", "1"]), ("there", ["--cluster", address])):
        assert main(["detect", "cubes", "--out", out, *place]) == 0
    here, there = (
        {each.name: each.read_bytes() for each in Path(out).iterdir() if each.suffix != ".png"}
        for out in ("here", "there")
    )
    assert len(here) == 3 * len(PRODUCTS) + 1  # without pictures, with LAST
    assert here == there


def test_a_killed_worker_loses_nothing(address: str, tmp_path: Path) -> None:
    with cluster_workers(address) as workers:
        assert sorted(workers.run(partial(die_once, tmp_path), range(7))) == list(range(7))
    assert {path.name for path in tmp_path.iterdir()} == {"0", "3", "6"}


def test_an_item_that_kills_its_workers_ends_the_run() -> None:
    import dask as dask_itself

    with (
        dask_itself.config.set({"distributed.scheduler.allowed-failures": 0}),
        dask(1) as local,
        cluster_workers(local.scheduler_address) as workers,
        pytest.raises(DeepFocusError, match="1 worker processes died on 13"),
    ):
        list(workers.run(die, [13]))


def test_errors_of_jobs_come_as_they_are(address: str) -> None:
    with cluster_workers(address) as workers:
        with pytest.raises(DeepFocusError, match=r"^5; wanted another; take it$"):
            list(workers.run(refuse, [5]))
        with pytest.raises(ZeroDivisionError):
            list(workers.run(break_down, [5]))
        # and the workers are there for the next run
        assert list(workers.run(square, [2])) == [4]


def test_a_long_set_is_submitted_in_pieces(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    submitted, most = 0, 0
    original = distributed.Client.submit

    def submit(*arguments: Any, **options: Any) -> Any:
        nonlocal submitted
        submitted += 1
        return original(*arguments, **options)

    monkeypatch.setattr(distributed.Client, "submit", submit)
    with cluster_workers(address) as workers:
        for done, _ in enumerate(workers.run(square, range(100))):
            most = max(most, submitted - done)
        assert submitted == 100
        # one of the two workers may join late
        assert WINDOW <= most <= WINDOW * 2
        # nothing of it stays with the scheduler, nor here
        assert isinstance(workers, DaskWorkers)
        assert not workers.client.futures


def test_no_scheduler_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 0.5)
    (tmp_path / "set.toml").write_text("")
    # port 9 (discard) is reserved, and nobody's scheduler
    words = ["simulate", str(tmp_path / "set.toml"), "--out", str(tmp_path / "out")]
    assert main([*words, "--cluster", "tcp://127.0.0.1:9"]) == 2
    err = capfd.readouterr().err
    assert err.startswith("deepfocus: no Dask scheduler answers at tcp://127.0.0.1:9; ")
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_scheduler_without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "ADDRESS_WAIT_S", 0.3)
    with (
        dask(0) as local,
        cluster_workers(local.scheduler_address) as workers,
        pytest.raises(DeepFocusError, match=r"no worker for 0 s; .* dask worker tcp://"),
    ):
        list(workers.run(square, [1]))


def test_a_scheduler_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 1.0)
    with dask(1) as local, cluster_workers(local.scheduler_address) as workers:
        run = workers.run(square, range(1000))
        next(run)
        local.close()
        with pytest.raises(DeepFocusError, match="the Dask scheduler is gone"):
            list(run)


def test_workers_of_another_version_are_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deepfocus, "__version__", "9.9")
    with (
        cluster_workers(address) as workers,
        pytest.raises(DeepFocusError, match=r"has deepfocus .*; wanted 9\.9 as here"),
    ):
        list(workers.run(square, [1]))


@pytest.mark.parametrize("package", ["deepfocus-alma", "numpy", "python"])
def test_packages_of_another_version_are_refused(
    address: str, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    original = distributed.Client.get_versions

    def get_versions(*arguments: Any, **options: Any) -> Any:
        found = original(*arguments, **options)
        next(iter(found["workers"].values()))["packages"][package] = "0.0.7"
        return found

    monkeypatch.setattr(distributed.Client, "get_versions", get_versions)
    with (
        cluster_workers(address) as workers,
        pytest.raises(DeepFocusError, match=rf"the worker tcp://\S+ has {package} 0\.0"),
    ):
        list(workers.run(square, [1]))


def test_workers_with_threads_are_refused() -> None:
    with (
        dask(1, threads=2) as local,
        cluster_workers(local.scheduler_address) as workers,
        pytest.raises(DeepFocusError, match="has 2 threads"),
    ):
        list(workers.run(square, [1]))


def test_workers_that_do_not_see_the_folder_are_refused(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "FOLDER_S", 0.2)
    with (
        cluster_workers(address, shared=tmp_path, probe=tmp_path / "not" / "mounted") as workers,
        pytest.raises(DeepFocusError, match=r"does not see .*; wanted an output folder"),
    ):
        list(workers.run(square, [1]))


def test_a_number_of_workers_belongs_to_a_profile() -> None:
    with pytest.raises(DeepFocusError, match="leave --workers out"):
        cluster_workers("tcp://127.0.0.1:9", jobs=2)


def test_the_example_profile_is_read() -> None:
    slurm = load_settings(EXAMPLE, ClusterProfile).slurm
    assert (slurm.partition, slurm.jobs, slurm.cores) == ("work", 2, 1)
    assert slurm.with_jobs(7).jobs == 7
    assert slurm.with_jobs(None) == slurm


def test_the_page_names_every_key_of_a_profile() -> None:
    page = (ROOT / "docs" / "clusters.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    named = [key for row in rows for key in re.findall(r"`(\w+)`", row)]
    assert named == [field.name for field in fields(Slurm)]


def test_importing_dask_jobqueue_leaves_ctrl_c_alone() -> None:
    code = (
        "import signal; from deepfocus.jobs.slurm import _slurm_cluster; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); _slurm_cluster(); "
        "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[slurm]\nqueue = 'a'", "unknown setting 'slurm.queue'"),
        ("[slurm]\njobs = 0", "0 jobs of 1 cores"),
        ("[slurm]\nwait = '3 m'", "wait = 3.0 m"),
        ("[pbs]", "unknown setting 'pbs'"),
        ("", "slurm"),
    ],
)
def test_bad_profiles_are_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "profile.toml"
    path.write_text(text)
    with pytest.raises(DeepFocusError, match=words):
        cluster_workers(str(path))


def test_a_profile_needs_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeepFocusError, match="sbatch was not found"), cluster_workers(str(EXAMPLE)):
        pass


REFUSES = """#!/bin/sh
[ "$1" = --test-only ] && exit 0
echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2
echo "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy" >&2
exit 1
"""


def test_jobs_that_are_refused_when_it_matters_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a test is accepted and the job is not, it was a traceback after half an hour."""
    pytest.importorskip("dask_jobqueue", reason="needs the extra [cluster]")
    sbatch = tmp_path / "bin" / "sbatch"
    sbatch.parent.mkdir()
    sbatch.write_text(REFUSES)
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", f"{sbatch.parent}:{os.environ['PATH']}")
    profile = tmp_path / "slurm.toml"
    profile.write_text('[slurm]\njobs = 2\nwait = "60 s"\n')
    (tmp_path / "small.toml").write_text(tomlkit.dumps(settings_to(SMALL)))
    arguments = ["simulate", str(tmp_path / "small.toml"), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--number", "1", "--cluster", str(profile)]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "Slurm refuses the jobs: QOSMaxSubmitJobPerUserLimit Batch job submission" in said


def test_the_job_script_sets_one_thread_before_python_starts() -> None:
    from deepfocus.jobs.slurm import Answers, _scheduler

    with _scheduler(
        Slurm(cores=2, interface="lo", prologue=("module load this",)), Answers()
    ) as local:
        script = local.job_script()
    lines = script.splitlines()
    start = next(i for i, line in enumerate(lines) if "dask_worker" in line)
    for line in ("export OMP_NUM_THREADS=1", "export OMP_WAIT_POLICY=PASSIVE", "module load this"):
        assert lines.index(line) < start
    assert "--nthreads 1 " in lines[start]
    assert "--nworkers 2 " in lines[start]


def test_the_module_is_imported_without_dask() -> None:
    code = "import sys, deepfocus.jobs.cluster; print('distributed' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_job_knows_its_worker_only() -> None:
    # outside a worker there is none to ask: the check cannot be passed by by chance
    with pytest.raises(ValueError, match="worker"):
        OnWorker(square, deepfocus.__version__, None, 0.0)(3)
