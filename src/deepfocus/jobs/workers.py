"""Where jobs run: in this process or in worker processes. `cluster` adds a third kind.

Workers get one thread each and wait passively. Otherwise performance on shared cores collapses.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait
from threading import Event, Thread, current_thread, main_thread
from typing import Protocol, TypeVar

from deepfocus.core.errors import DeepFocusError
from deepfocus.jobs.threads import ONE_THREAD

Item = TypeVar("Item")
Result = TypeVar("Result")

LIVES = 3
"""Pools that may break in succession, with no job finished in between, before giving up."""


class Workers(Protocol):
    """Runs jobs that do not depend on each other."""

    def run(self, job: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """The result of every item, in order of completion.

        A job that raises ends the run with its error. A worker that dies does not: another worker
        repeats its job, so a job must give the same result however often it is started.
        """
        ...


@dataclass(frozen=True)
class InTurn:
    """One job after the other in this process."""

    def run(self, job: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """The result of every item, in order."""
        return (job(item) for item in items)


IN_TURN = InTurn()


@dataclass(frozen=True)
class Processes:
    """Worker processes on this machine. A killed one is replaced."""

    number: int

    def run(self, job: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """The result of every item, in order of completion.

        Raises `DeepFocusError` if workers keep dying.
        """
        left, lives = dict(enumerate(items)), LIVES
        while left:
            try:
                for index, result in self._finished(job, left):
                    del left[index]
                    lives = LIVES
                    yield result
            except BrokenProcessPool:
                lives -= 1
                if not lives:
                    raise DeepFocusError(
                        f"worker processes died {LIVES} times before any job was done",
                        wanted="workers that survive, with enough memory for one job each",
                        remedy="use fewer --workers, or smaller cubes; the run resumes where it "
                        "stopped",
                    ) from None

    def _finished(
        self, job: Callable[[Item], Result], items: dict[int, Item]
    ) -> Iterator[tuple[int, Result]]:
        # spawned, not forked: a fork of a process that has run OpenMP may hang
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            min(self.number, len(items)), mp_context=context, initializer=one_thread_each
        ) as pool:
            # processes are spawned during submission and inherit the environment
            with _uninterrupted(), environment(ONE_THREAD):
                work = partial(_work, job)
                jobs = {pool.submit(work, item): index for index, item in items.items()}
            try:
                for done in as_completed(jobs):
                    yield jobs[done], done.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def local_workers(number: int) -> Workers:
    """`number` worker processes, or this process alone if `number` is 1."""
    return Processes(number) if number > 1 else IN_TURN


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Delay Ctrl-C until the end: a process interrupted while it starts prints a traceback."""
    if current_thread() is not main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for processes started inside, then restore the old ones."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


_INTERRUPTED = Event()


def _work(job: Callable[[Item], Result], item: Item) -> Result:
    """Run a job in a worker; once interrupted, the worker runs no further job.

    The interrupt is passed on like an error. If each worker printed it, the command's one-line
    message would be buried. If it ended a worker, the others would be killed and would leave
    their temporary files behind.
    """
    try:
        _allow_interrupts(True)
        if _INTERRUPTED.is_set():
            raise KeyboardInterrupt
        return job(item)
    except KeyboardInterrupt:
        _INTERRUPTED.set()
        raise
    finally:
        _allow_interrupts(False)


def _allow_interrupts(allowed: bool) -> None:
    """Let Ctrl-C interrupt this thread, or make it wait."""
    if hasattr(signal, "pthread_sigmask"):
        how = signal.SIG_UNBLOCK if allowed else signal.SIG_BLOCK
        signal.pthread_sigmask(how, {signal.SIGINT})


def one_thread_each() -> None:
    """Initialise a worker process before it loads a threaded library.

    The worker ends with its parent. If the parent were killed, it would otherwise wait for jobs
    forever.
    """
    os.environ.update(ONE_THREAD)
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def available_workers() -> int:
    """Number of processes that the machine can run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
