"""Where jobs run: in this process or in worker processes. `cluster` adds a third kind.

Workers get one thread each and wait passively. Otherwise performance on shared cores collapses.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing.connection import wait
from threading import Event, Thread, current_thread, main_thread
from typing import Protocol, TypeVar

from deepfocus.jobs.lost import result_of_lost
from deepfocus.jobs.threads import ONE_THREAD

Item = TypeVar("Item")
Result = TypeVar("Result")

LIVES = 2
"""Workers that may die of an item that has them for itself, before it is given up."""


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

        Raises `DeepFocusError` if workers keep dying on one, unless the job has a result for it.
        """
        left = dict(enumerate(items))
        while left:
            at_work: dict[Future[Result], int] = {}
            try:
                for index, result in self._finished(job, left, at_work):
                    del left[index]
                    yield result
            except BrokenProcessPool:
                # the worker of one of these died, and took the others with it
                for index in sorted(at_work.values()):
                    yield _alone(job, left.pop(index))

    def _finished(
        self,
        job: Callable[[Item], Result],
        items: Mapping[int, Item],
        at_work: dict[Future[Result], int],
    ) -> Iterator[tuple[int, Result]]:
        """at_work : receives those that are, one for each process, by what will be their results"""
        # spawned, not forked: a fork of a process that has run OpenMP may hang
        context = multiprocessing.get_context("spawn")
        number, waiting = min(self.number, len(items)), iter(tuple(items.items()))
        work = partial(_work, job)
        with ProcessPoolExecutor(number, mp_context=context, initializer=one_thread_each) as pool:

            def start(how_many: int) -> None:
                for index, item in islice(waiting, how_many):
                    at_work[pool.submit(work, item)] = index

            try:
                # processes are spawned with the first jobs and inherit the environment
                with _uninterrupted(), environment(ONE_THREAD):
                    start(number)
                while at_work:
                    done, _ = wait_for(at_work, return_when=FIRST_COMPLETED)
                    for each in sorted(done, key=lambda one: one.exception() is not None):
                        result = each.result()
                        index = at_work.pop(each)
                        start(1)
                        yield index, result
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def _alone(job: Callable[[Item], Result], item: Item) -> Result:
    """The result of an item whose worker may have died of it."""
    for _ in range(LIVES):
        try:
            ((_, result),) = Processes(1)._finished(job, {0: item}, {})
            return result
        except BrokenProcessPool:
            pass
    return result_of_lost(job, item, LIVES)


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
