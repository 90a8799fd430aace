"""Where jobs run: in this process or in others. A cluster is a third kind (`cluster`).

Workers get one thread each and wait passively, or shared cores collapse.
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

Item = TypeVar("Item")
Result = TypeVar("Result")

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# A waiting OpenMP thread that spins takes the core from a neighbour who works.
ONE_THREAD = {**dict.fromkeys(THREADS, "1"), "OMP_WAIT_POLICY": "PASSIVE"}
LIVES = 3
"""Pools that may break one after the other, without a job finished between, before giving up."""


class Workers(Protocol):
    """Runs jobs that do not depend on each other."""

    def run(self, job: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """The result of every item, in the order in which they come.

        A job that raises ends the run with its error; a worker that dies does not: its job is
        done again by another, so a job must come to the same end however often it is started.
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
    """Worker processes of this machine. A killed one is replaced."""

    number: int

    def run(self, job: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """The result of every item, in the order in which they come.

        Raises `DeepFocusError` where workers keep dying.
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
                        wanted="workers that live, with memory enough for one job each",
                        remedy="use fewer --workers, or smaller cubes; the run goes on where it "
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
            # and so are the processes that are started meanwhile
            with _uninterrupted(), environment(ONE_THREAD):
                work = partial(_work, job)
                jobs = {pool.submit(work, item): index for index, item in items.items()}
            try:
                for done in as_completed(jobs):
                    yield jobs[done], done.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def local_workers(number: int) -> Workers:
    """`number` worker processes, or this process alone for one."""
    return Processes(number) if number > 1 else IN_TURN


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits until the end: a process interrupted while it starts prints where it was."""
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
    """Environment variables that the processes started meanwhile inherit."""
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
    """A job in a worker; once interrupted, the worker does no other.

    The interruption is handed over like an error: printed by each worker, or ending it, it would
    bury the one line that the command says, or take the others away from their temporary files.
    """
    try:
        _let_through(True)
        if _INTERRUPTED.is_set():
            raise KeyboardInterrupt
        return job(item)
    except KeyboardInterrupt:
        _INTERRUPTED.set()
        raise
    finally:
        _let_through(False)


def _let_through(interruptions: bool) -> None:
    """Let Ctrl-C interrupt this thread, or make it wait."""
    if hasattr(signal, "pthread_sigmask"):
        how = signal.SIG_UNBLOCK if interruptions else signal.SIG_BLOCK
        signal.pthread_sigmask(how, {signal.SIGINT})


def one_thread_each() -> None:
    """Initialiser of a worker process, before it loads a threaded library.

    The worker ends with its parent: one whose parent was killed would wait for jobs for ever.
    """
    os.environ.update(ONE_THREAD)
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def available_workers() -> int:
    """Processes that the machine runs at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
