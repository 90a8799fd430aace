"""Slurm jobs that run Dask workers: their profile, their start, and replacements of lost ones."""

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
from deepfocus.jobs.threads import THREADS

ALLOWED_DEATHS = 10
"""Workers that may die in succession on the same item. Busy partitions often preempt jobs, so this
is more than Dask's 3; an item that itself kills its worker must end the run."""
SUBMIT_S = 60


@dataclass(frozen=True)
class Slurm:
    """Slurm jobs in which workers run; each worker is a process with one thread.

    partition, account : as for sbatch, whose defaults apply if these are omitted
    jobs : number of Slurm jobs; cores : per job, with one worker per core
    memory : per job; walltime : per job; a job that ends is replaced while there is work
    interface : network interface between scheduler and workers, such as 'ib0'
    directives : further sbatch options, such as '--constraint=cpu'
    prologue : shell lines to run before a worker starts, such as 'module load python'
    logs : folder for the jobs' output, on a shared file system
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
        """A copy with another number of jobs, if one is given."""
        return self if jobs is None else replace(self, jobs=jobs)


@dataclass(frozen=True)
class ClusterProfile:
    """A cluster profile: its table [slurm]."""

    slurm: Slurm


@contextmanager
def slurm_jobs(settings: Slurm) -> Iterator[SlurmJobs]:
    """Submit the jobs; cancel them at the end. Raises `DeepFocusError` if Slurm refuses."""
    if shutil.which("sbatch") is None:
        raise DeepFocusError(
            "sbatch was not found",
            wanted="a machine that submits jobs to Slurm",
            remedy="run this on a login node, or give the address of a Dask scheduler",
        )
    answers = Answers()
    cluster = _scheduler(settings, answers)
    try:
        _refuse_bad_script(cluster.job_script())
        cluster.scale(jobs=settings.jobs)
        yield SlurmJobs(cluster, settings, answers)
    finally:
        cluster.close()


@dataclass
class Answers:
    """What Slurm said to the jobs: how many it took, and its words for the others."""

    taken: int = 0
    refused: list[str] = field(default_factory=list)


class SlurmJobs:
    """Queued or running jobs under a Dask scheduler in this process.

    cluster : dask_jobqueue.SLURMCluster
    """

    def __init__(self, cluster: Any, settings: Slurm, answers: Answers) -> None:
        from dask.config import get
        from dask.utils import parse_timedelta

        self.cluster, self.settings, self.answers = cluster, settings, answers
        # within this time, a worker process that was killed is restarted by its nanny
        self._patience_s = parse_timedelta(get("distributed.deploy.lost-worker-timeout"))
        self._last_seen: dict[str, float] = {}

    def replace_lost(self) -> None:
        """Drop jobs whose workers are gone for good and submit new ones. Call it periodically.

        Dask does not replace them: it replaces single workers under adaptive scaling, but never a
        job of several workers. Raises `DeepFocusError` if Slurm refuses all of them.
        """
        if self.answers.refused and not self.answers.taken:
            raise _refused(self.answers.refused[0])
        now = time.monotonic()
        here = {worker["name"] for worker in self.cluster.scheduler_info["workers"].values()}
        for name, spec in self.cluster.worker_spec.items():
            if here.intersection(name + suffix for suffix in spec.get("group", [""])):
                self._last_seen[name] = now
        lost = [name for name, at in self._last_seen.items() if now - at > self._patience_s]
        for name in lost:
            del self._last_seen[name]
            self.cluster.worker_spec.pop(name, None)
        # jobs missing from the specification are cancelled; only then may their names be reused
        left = len(self.cluster.worker_spec)
        self.cluster.scale(jobs=left if lost else self.settings.jobs)

    @property
    def wait_s(self) -> float:
        return float(self.settings.wait.to_value(u.s))

    @property
    def where_to_look(self) -> str:
        """What to do if no worker appears."""
        logs = f" and the jobs' outputs in {self.settings.logs}" if self.settings.logs else ""
        return f"look at squeue --me{logs}; raise wait in [slurm] if the queue is long"


def _scheduler(settings: Slurm, answers: Answers) -> Any:
    """A Dask scheduler in this process that can submit jobs; none is submitted yet.

    answers : to which those of Slurm are added
    """
    threads = [f"export {name}=1" for name in THREADS]
    try:
        return _telling(_slurm_cluster(), answers)(
            queue=settings.partition,
            account=settings.account,
            cores=settings.cores,
            processes=settings.cores,
            memory=settings.memory,
            walltime=settings.walltime,
            interface=settings.interface,
            job_name="deepfocus",
            job_extra_directives=list(settings.directives),
            # set before Python starts, because the libraries read them when loaded
            job_script_prologue=[*threads, "export OMP_WAIT_POLICY=PASSIVE", *settings.prologue],
            # Slurm limits the memory; Dask's own limit would pause workers, which looks like a hang
            worker_extra_args=["--memory-limit", "0"],
            log_directory=None if settings.logs is None else os.path.abspath(settings.logs),
            # any free port for the dashboard: several runs may share a login node
            scheduler_options={"allowed_failures": ALLOWED_DEATHS, "dashboard_address": ":0"},
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise DeepFocusError(
            f"cannot start a scheduler for Slurm jobs: {error}",
            wanted="values that dask-jobqueue accepts",
            remedy="check interface, memory and logs in [slurm]",
        ) from error


def _slurm_cluster() -> Any:
    """The class `dask_jobqueue.SLURMCluster`, imported without changing what Ctrl-C does."""
    ours = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    # importing dask-jobqueue 0.9 turns an interrupt into an exit with code 0
    from dask_jobqueue.slurm import SLURMCluster

    for each, handler in ours.items():
        if signal.getsignal(each) is not handler:
            signal.signal(each, handler)
    return SLURMCluster


def _telling(cluster: Any, answers: Answers) -> Any:
    """The class of a cluster whose jobs add what Slurm says to the answers."""

    from distributed import Status

    class Job(cluster.job_cls):  # type: ignore[misc]
        async def _submit_job(self, script: str) -> Any:
            try:
                said = await super()._submit_job(script)
            except RuntimeError as error:
                answers.refused.append(_own_words(str(error)))
                self.status = Status.failed  # else closing the cluster takes it for a live one
                raise
            answers.taken += 1
            return said

    return type(cluster.__name__, (cluster,), {"job_cls": Job})


def _own_words(error: str) -> str:
    """What sbatch wrote, of all that dask-jobqueue says of a command that failed."""
    words = [line.strip() for line in error.splitlines() if line.strip().startswith("sbatch:")]
    return " ".join(word.removeprefix("sbatch: error: ") for word in words) or error.strip()


def _refused(words: str) -> DeepFocusError:
    return DeepFocusError(
        f"Slurm refuses the jobs: {words}",
        wanted="a job that this cluster accepts",
        remedy="correct partition, account, memory, walltime, logs or directives in [slurm]",
    )


def _refuse_bad_script(script: str) -> None:
    """Ask Slurm whether it would accept the job. Raises `DeepFocusError` with its complaint."""
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
        raise _refused(asked.stderr.strip() or asked.stdout.strip())
