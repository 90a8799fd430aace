"""Workers of a Dask cluster: from a running scheduler, or in Slurm jobs.

Results, errors and deaths of workers are handled as `workers` promises. `on_worker` checks what
may differ between machines.
"""

from __future__ import annotations

import logging
import re
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import deepfocus
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import load_settings
from deepfocus.jobs.lost import result_of_lost
from deepfocus.jobs.on_worker import (
    FOLDER_S,
    SAME_PACKAGES,
    OnWorker,
    refuse_other_versions,
    seen_by_all,
)
from deepfocus.jobs.slurm import ClusterProfile, Slurm, slurm_jobs
from deepfocus.jobs.workers import Item, Result, Workers

WINDOW = 1
"""Jobs per worker at the scheduler at once. Of more, those that wait at a worker would be blamed
for its death, too; and the next is there milliseconds after one is done."""
CONNECT_S = 10.0
ADDRESS_WAIT_S = 60.0
LOOK_S, FIRST_LOOK_S = 2.0, 0.2
FETCH_S = 10.0


def cluster_workers(
    where: str, *, shared: Path | None = None, probe: Path | None = None, jobs: int | None = None
) -> AbstractContextManager[Workers]:
    """Workers at `where`; leaving the context cancels what still runs and closes everything.

    where : address of a Dask scheduler (`tcp://host:8786`), or path of a `ClusterProfile` in TOML
    shared : absolute path of a folder that every worker must see
    probe : file in it that is there as long as the workers, by which they know it; else one is made
    jobs : number of Slurm jobs, instead of the profile's
    Raises `DeepFocusError` if nothing answers at the address, the profile is wrong, or Slurm
    refuses its jobs. `run` raises it if no worker appears or one of them is incompatible.
    """
    _need_dask()
    if _is_address(where):
        if jobs is not None:
            raise DeepFocusError(
                f"a number of workers was given for the scheduler at {where}",
                wanted="a number of workers only with a Slurm profile",
                remedy="leave --workers out: all workers of the scheduler are used",
            )
        return _at_address(where, shared, probe)
    settings = load_settings(Path(where), ClusterProfile).slurm.with_jobs(jobs)
    return _in_slurm(settings, shared, probe)


def _need_dask() -> None:
    for module in ("distributed", "dask_jobqueue"):
        if find_spec(module) is None:
            raise DeepFocusError(
                f"a cluster needs {module}, which is not installed",
                wanted="the extra [cluster]",
                remedy='pip install "deepfocus-alma[cluster]"',
            )


def _is_address(where: str) -> bool:
    return "://" in where or re.fullmatch(r"[^/\\]+:\d+", where) is not None


@contextmanager
def _at_address(address: str, shared: Path | None, probe: Path | None) -> Iterator[Workers]:
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        yield DaskWorkers(
            stack.enter_context(_client(address)),
            shared=shared,
            probe=probe,
            wait_s=ADDRESS_WAIT_S,
            where_to_look=f"start some: dask worker {address} --nthreads 1",
        )


@contextmanager
def _in_slurm(settings: Slurm, shared: Path | None, probe: Path | None) -> Iterator[Workers]:
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        jobs = stack.enter_context(slurm_jobs(settings))
        yield DaskWorkers(
            stack.enter_context(_client(jobs.cluster.scheduler_address)),
            shared=shared,
            probe=probe,
            wait_s=jobs.wait_s,
            where_to_look=jobs.where_to_look,
            keep=jobs.replace_lost,
        )


@contextmanager
def _client(address: str) -> Iterator[Any]:
    from distributed import Client

    connect: Callable[..., Any] = Client  # untyped in distributed
    try:
        client = connect(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise DeepFocusError(
            f"no Dask scheduler answers at {address}",
            wanted="the address of a running one, such as tcp://host:8786",
            remedy="start one with `dask scheduler`, or check for a firewall in between",
        ) from error
    try:
        yield client
    finally:
        client.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Dask's messages on deaths and mismatches, which are handled here or become errors."""
    from distributed.versions import VersionMismatchWarning

    names = ("distributed", "distributed.client", "tornado", "tornado.application", "asyncio")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VersionMismatchWarning)
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


class DaskWorkers:
    """The workers of one Dask scheduler. If one is killed, Dask repeats its jobs.

    client : distributed.Client; wait_s : longest time without any worker
    where_to_look : what a user can do if none appears; keep : called every few seconds
    """

    def __init__(
        self,
        client: Any,
        *,
        shared: Path | None,
        probe: Path | None,
        wait_s: float,
        where_to_look: str,
        keep: Callable[[], None] = lambda: None,
    ) -> None:
        self.client, self.shared, self.probe, self.wait_s = client, shared, probe, wait_s
        self.where_to_look, self.keep = where_to_look, keep
        self._number, self._looked_at, self._alive_at = 0, 0.0, time.monotonic()

    def run(self, job: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """The result of every item, in order of completion.

        Raises a job's error unchanged. Raises `DeepFocusError` if no worker appears or stays, one
        is incompatible, the scheduler is lost, or workers keep dying on one item.
        """
        if not items:
            return
        self._alive_at = time.monotonic()
        while not self._number:
            self._look()
            time.sleep(FIRST_LOOK_S)
        refuse_other_versions(self._asked(self.client.get_versions, packages=SAME_PACKAGES))
        with seen_by_all(self.shared, self.probe) as probe:
            yield from self._finished(OnWorker(job, deepfocus.__version__, probe, FOLDER_S), items)

    def _finished(self, job: OnWorker[Item, Result], items: Sequence[Item]) -> Iterator[Result]:
        left, done = iter(items), SimpleQueue[Any]()
        running: dict[str, tuple[Any, Item]] = {}
        try:
            while True:
                for item in islice(left, max(0, WINDOW * max(1, self._number) - len(running))):
                    future = self._asked(self.client.submit, job, item, pure=False)
                    running[future.key] = future, item
                    future.add_done_callback(done.put)
                if not running:
                    return
                future = self._next(done)
                came = _fetched(future, job.job, running[future.key][1])
                if not came:  # its worker died with the result: Dask repeats the job
                    future.add_done_callback(done.put)
                    continue
                del running[future.key], future
                yield came[0]
        finally:
            with suppress(Exception):  # if the scheduler is lost, there is nothing to cancel
                self.client.cancel([future for future, _ in running.values()])

    def _next(self, done: SimpleQueue[Any]) -> Any:
        while True:
            self._look()
            with suppress(Empty):
                return done.get(timeout=LOOK_S)

    def _look(self) -> None:
        """Count the workers and call `keep`, every few seconds."""
        now = time.monotonic()
        if now - self._looked_at < (LOOK_S if self._number else FIRST_LOOK_S):
            return
        self._looked_at = now
        self._number = len(self._asked(self.client.nthreads))
        self.keep()
        if self._number:
            self._alive_at = now
        elif now - self._alive_at > self.wait_s:
            raise DeepFocusError(
                f"no worker for {self.wait_s:.0f} s",
                wanted="workers at the scheduler",
                remedy=self.where_to_look,
            )

    def _asked(self, ask: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        try:
            return ask(*arguments, **options)
        except (OSError, TimeoutError) as error:
            raise _lost() from error


def _fetched(future: Any, job: Callable[[Item], Result], item: Item) -> list[Any]:
    """The result of a finished job in a list, empty if it was lost. Raises the job's own error."""
    from distributed import CancelledError
    from distributed.scheduler import KilledWorker

    if future.status in ("pending", "lost"):
        return []
    try:
        return [future.result(timeout=FETCH_S)]
    except CancelledError as error:
        raise _lost() from error
    except KilledWorker as error:
        return [result_of_lost(job, item, error.allowed_failures + 1)]
    except TimeoutError:
        if future.status == "error":
            raise
        return []


def _lost() -> DeepFocusError:
    return DeepFocusError(
        "the Dask scheduler is gone",
        wanted="a scheduler that lives as long as the run",
        remedy="restart it and repeat the command: the run resumes where it stopped",
    )
