"""Workers of a Dask cluster: those of a scheduler that runs already, or of Slurm jobs.

Results, errors and the death of workers are as `workers` promises. What several machines may
differ in is checked (`on_worker`).
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
from deepfocus.jobs.on_worker import (
    FOLDER_S,
    SAME_PACKAGES,
    OnWorker,
    refuse_other_versions,
    seen_by_all,
)
from deepfocus.jobs.slurm import ClusterProfile, Slurm, slurm_jobs
from deepfocus.jobs.workers import Item, Result, Workers

WINDOW = 4
"""Jobs a worker that the scheduler holds at once: enough to keep it busy, however long the set."""
CONNECT_S = 10.0
ADDRESS_WAIT_S = 60.0
LOOK_S, FIRST_LOOK_S = 2.0, 0.2
FETCH_S = 10.0


def cluster_workers(
    where: str, *, shared: Path | None = None, jobs: int | None = None
) -> AbstractContextManager[Workers]:
    """Workers at `where`; leaving the context cancels what still runs and closes all of it.

    where : address of a Dask scheduler (`tcp://host:8786`), or path of a `ClusterProfile` in TOML
    shared : absolute path of a folder that every worker must see
    jobs : in place of the profile's number of Slurm jobs
    Raises `DeepFocusError` where nothing answers at the address, the profile is wrong, or Slurm
    refuses its jobs; in `run`, where no worker comes or one of them does not fit.
    """
    _need_dask()
    if _is_address(where):
        if jobs is not None:
            raise DeepFocusError(
                f"a number of workers for the scheduler at {where}",
                wanted="it for a Slurm profile alone",
                remedy="leave --workers out: all workers of the scheduler are used",
            )
        return _at_address(where, shared)
    settings = load_settings(Path(where), ClusterProfile).slurm.with_jobs(jobs)
    return _in_slurm(settings, shared)


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
def _at_address(address: str, shared: Path | None) -> Iterator[Workers]:
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        yield DaskWorkers(
            stack.enter_context(_client(address)),
            shared=shared,
            wait_s=ADDRESS_WAIT_S,
            where_to_look=f"start some: dask worker {address} --nthreads 1",
        )


@contextmanager
def _in_slurm(settings: Slurm, shared: Path | None) -> Iterator[Workers]:
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        jobs = stack.enter_context(slurm_jobs(settings))
        yield DaskWorkers(
            stack.enter_context(_client(jobs.cluster.scheduler_address)),
            shared=shared,
            wait_s=jobs.wait_s,
            where_to_look=jobs.where_to_look,
            keep=jobs.replace_lost,
        )


@contextmanager
def _client(address: str) -> Iterator[Any]:
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise DeepFocusError(
            f"no Dask scheduler answers at {address}",
            wanted="the address of a running one, such as tcp://host:8786",
            remedy="start it with `dask scheduler`, and look for a firewall in between",
        ) from error
    try:
        yield client
    finally:
        client.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask narrates deaths and mismatches on stderr; here they are handled, or become errors."""
    from distributed.versions import VersionMismatchWarning

    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client", "tornado")]
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
    """The workers of one Dask scheduler. A killed one loses nothing: Dask does its jobs again.

    client : distributed.Client; wait_s : longest time without any worker
    where_to_look : what a user can do where none comes; keep : called every few seconds
    """

    def __init__(
        self,
        client: Any,
        *,
        shared: Path | None,
        wait_s: float,
        where_to_look: str,
        keep: Callable[[], None] = lambda: None,
    ) -> None:
        self.client, self.shared, self.wait_s = client, shared, wait_s
        self.where_to_look, self.keep = where_to_look, keep
        self._number, self._looked_at, self._alive_at = 0, 0.0, time.monotonic()

    def run(self, job: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """The result of every item, in the order in which they come.

        Raises the error of a job as it is, and `DeepFocusError` where no worker comes or stays,
        where one does not fit, where the scheduler is lost, or where workers die on one item.
        """
        if not items:
            return
        self._alive_at = time.monotonic()
        while not self._number:
            self._look()
            time.sleep(FIRST_LOOK_S)
        refuse_other_versions(self._asked(self.client.get_versions, packages=SAME_PACKAGES))
        with seen_by_all(self.shared) as probe:
            yield from self._finished(OnWorker(job, deepfocus.__version__, probe, FOLDER_S), items)

    def _finished(self, job: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
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
                came = _fetched(future, running[future.key][1])
                if not came:  # its worker died with the result: Dask does the job again
                    future.add_done_callback(done.put)
                    continue
                del running[future.key], future
                yield came[0]
        finally:
            with suppress(Exception):  # where the scheduler is lost there is nothing to cancel
                self.client.cancel([future for future, _ in running.values()])

    def _next(self, done: SimpleQueue[Any]) -> Any:
        while True:
            self._look()
            with suppress(Empty):
                return done.get(timeout=LOOK_S)

    def _look(self) -> None:
        """Count the workers and keep them coming, every few seconds."""
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


def _fetched(future: Any, item: Item) -> list[Any]:
    """The result of a finished job, or nothing where it was lost. Raises the job's own error."""
    from distributed import CancelledError
    from distributed.scheduler import KilledWorker

    if future.status in ("pending", "lost"):
        return []
    try:
        return [future.result(timeout=FETCH_S)]
    except CancelledError as error:
        raise _lost() from error
    except KilledWorker as error:
        raise DeepFocusError(
            f"workers died {error.allowed_failures + 1} times on {item}",
            wanted="workers that live, with memory enough for one job each",
            remedy="give them more memory, or fewer cores a job; the run goes on where it stopped",
        ) from None
    except TimeoutError:
        if future.status == "error":
            raise
        return []


def _lost() -> DeepFocusError:
    return DeepFocusError(
        "the Dask scheduler is gone",
        wanted="one that lives as long as the run",
        remedy="start it anew and repeat the command: the run goes on where it stopped",
    )
