"""Slurm jobs that hold Dask workers: their profile, their start, and new ones for lost ones."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from astropy import units as u

from deepfocus.core.errors import DeepFocusError
from deepfocus.jobs.workers import THREADS

ALLOWED_DEATHS = 10
"""Workers that may die, one after the other, on the same item. Jobs of busy partitions are often
taken away, so more than Dask's 3; an item that itself kills its worker must end the run."""
SUBMIT_S = 60


@dataclass(frozen=True)
class Slurm:
    """The jobs in which workers run, each worker a process of one thread.

    partition, account : as for sbatch, whose defaults hold without them
    jobs : number of Slurm jobs; cores : of each, one worker a core
    memory : of a job; walltime : of a job, one that ends is replaced as long as there is work
    interface : network over which scheduler and workers talk, such as 'ib0'
    directives : more options of sbatch, such as '--constraint=cpu'
    prologue : shell lines before a worker starts, such as 'module load python'
    logs : folder of the jobs' outputs, on a shared file system
    wait : longest time without any worker
    """

    partition: str | None = None
    account: str | None = None
    jobs: int = 1
    cores: int = 1
    memory: str = "4 GB"
    walltime: str = "01:00:00"
    interface: str | None = None
    directives: tuple[str, ...] = ()
    prologue: tuple[str, ...] = ()
    logs: str | None = None
    wait: u.Quantity = field(default_factory=lambda: 30 * u.min)

    def __post_init__(self) -> None:
        if self.jobs < 1 or self.cores < 1:
            raise DeepFocusError(
                f"{self.jobs} jobs of {self.cores} cores",
                wanted="1 or more of both",
                remedy="correct jobs and cores in [slurm]",
            )
        time_span = self.wait.isscalar and self.wait.unit.is_equivalent(u.s)
        if not time_span or not self.wait > 0 * u.s:
            raise DeepFocusError(
                f"wait = {self.wait}", wanted="a time above 0", remedy="write it as '30 min'"
            )

    def with_jobs(self, jobs: int | None) -> Slurm:
        """The same with another number of jobs, where one is given."""
        return self if jobs is None else replace(self, jobs=jobs)


@dataclass(frozen=True)
class ClusterProfile:
    """A cluster: the table [slurm] of a profile."""

    slurm: Slurm


@contextmanager
def slurm_jobs(settings: Slurm) -> Iterator[SlurmJobs]:
    """Submit the jobs; cancel them at the end. Raises `DeepFocusError` where Slurm refuses."""
    if shutil.which("sbatch") is None:
        raise DeepFocusError(
            "sbatch was not found",
            wanted="a machine that submits jobs to Slurm",
            remedy="run this on a login node, or give the address of a Dask scheduler",
        )
    cluster = _scheduler(settings)
    try:
        _refuse_bad_script(cluster.job_script())
        cluster.scale(jobs=settings.jobs)
        yield SlurmJobs(cluster, settings)
    finally:
        cluster.close()


class SlurmJobs:
    """Jobs in the queue or running, under a Dask scheduler in this process.

    cluster : dask_jobqueue.SLURMCluster
    """

    def __init__(self, cluster: Any, settings: Slurm) -> None:
        from dask.config import get
        from dask.utils import parse_timedelta

        self.cluster, self.settings = cluster, settings
        # a worker process that was killed is started again by its nanny, within this time
        self._patience_s = parse_timedelta(get("distributed.deploy.lost-worker-timeout"))
        self._last_seen: dict[str, float] = {}

    def replace_lost(self) -> None:
        """Give up jobs whose workers are gone for good and submit others. Call now and then.

        Dask itself replaces none of them: it does so for single workers under its adaptive
        scaling, and never for a job of several.
        """
        now = time.monotonic()
        here = {worker["name"] for worker in self.cluster.scheduler_info["workers"].values()}
        for name, spec in self.cluster.worker_spec.items():
            if here.intersection(name + suffix for suffix in spec.get("group", [""])):
                self._last_seen[name] = now
        lost = [name for name, at in self._last_seen.items() if now - at > self._patience_s]
        for name in lost:
            del self._last_seen[name]
            self.cluster.worker_spec.pop(name, None)
        # what is left out of the specification is cancelled, and only then may its name come again
        left = len(self.cluster.worker_spec)
        self.cluster.scale(jobs=left if lost else self.settings.jobs)

    @property
    def wait_s(self) -> float:
        return float(self.settings.wait.to_value(u.s))

    @property
    def where_to_look(self) -> str:
        """What to do where no worker comes."""
        logs = f" and the jobs' outputs in {self.settings.logs}" if self.settings.logs else ""
        return f"look at squeue --me{logs}; raise wait in [slurm] where the queue is long"


def _scheduler(settings: Slurm) -> Any:
    """A Dask scheduler in this process which knows how to submit jobs; none is submitted yet."""
    threads = [f"export {name}=1" for name in THREADS]
    try:
        return _slurm_cluster()(
            queue=settings.partition,
            account=settings.account,
            cores=settings.cores,
            processes=settings.cores,
            memory=settings.memory,
            walltime=settings.walltime,
            interface=settings.interface,
            job_name="deepfocus",
            job_extra_directives=list(settings.directives),
            # set before Python starts: the libraries read them when they are loaded
            job_script_prologue=[*threads, "export OMP_WAIT_POLICY=PASSIVE", *settings.prologue],
            # Slurm watches over memory: Dask's own limit pauses workers, which looks like a hang
            worker_extra_args=["--memory-limit", "0"],
            log_directory=None if settings.logs is None else os.path.abspath(settings.logs),
            # any free port for its pages: several runs may share a login node
            scheduler_options={"allowed_failures": ALLOWED_DEATHS, "dashboard_address": ":0"},
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise DeepFocusError(
            f"cannot start a scheduler for Slurm jobs: {error}",
            wanted="values that dask-jobqueue takes",
            remedy="check interface, memory and logs in [slurm]",
        ) from error


def _slurm_cluster() -> Any:
    """The class `dask_jobqueue.SLURMCluster`; Ctrl-C keeps its meaning."""
    ours = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    # imported, dask-jobqueue 0.9 turns an interruption into an exit with code 0
    from dask_jobqueue import SLURMCluster

    for each, handler in ours.items():
        if signal.getsignal(each) is not handler:
            signal.signal(each, handler)
    return SLURMCluster


def _refuse_bad_script(script: str) -> None:
    """Ask Slurm whether it would take the job: it says at once what is wrong with it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.sh"
        path.write_text(script, encoding="utf-8")
        try:
            asked = subprocess.run(
                ["sbatch", "--test-only", str(path)],
                capture_output=True,
                text=True,
                timeout=SUBMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DeepFocusError(
                f"sbatch did not answer within {SUBMIT_S} s",
                wanted="a Slurm controller that answers",
                remedy="try sinfo by hand",
            ) from None
    if asked.returncode:
        raise DeepFocusError(
            f"Slurm refuses the jobs: {asked.stderr.strip() or asked.stdout.strip()}",
            wanted="a job that this cluster takes",
            remedy="correct partition, account, memory, walltime or directives in [slurm]",
        )
