"""Compatibility checks of a worker on another machine: versions, threads, shared folder.

The same seed gives the same cube on every worker only if the same code makes it.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic

import deepfocus
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import writing
from deepfocus.jobs.workers import Item, Result

FOLDER_S = 20.0
"""Network file systems show a new file to other machines only after a while."""
SAME_PACKAGES = ("deepfocus-alma", "numpy", "scipy", "finufft", "astropy", "distributed")
"""Packages whose versions must agree: they compute the cubes, or transport the jobs."""


def refuse_other_versions(versions: Mapping[str, Any]) -> None:
    """Check the result of `Client.get_versions`. Raises `DeepFocusError` if a version differs."""
    ours = versions["client"]["packages"]
    others: list[tuple[str, Any, tuple[str, ...]]] = [
        ("the scheduler", versions["scheduler"], ("distributed", "python"))
    ]
    for address, worker in versions["workers"].items():
        others.append((f"the worker {address}", worker, (*SAME_PACKAGES, "python")))
    for name, found, packages in others:
        for package in packages:
            theirs, wanted = (_version(those, package) for those in (found["packages"], ours))
            if theirs != wanted:
                raise _other_version(name, package, theirs, wanted)


def _version(packages: Mapping[str, str | None], package: str) -> str:
    version = packages.get(package) or "none"
    return ".".join(version.split(".")[:2]) if package == "python" else version


def _other_version(name: str, package: str, found: str, ours: str) -> DeepFocusError:
    return DeepFocusError(
        f"{name} has {package} {found}",
        wanted=f"{ours} as here, so that a seed gives the same cube everywhere",
        remedy="use the same environment on all machines",
    )


@contextmanager
def seen_by_all(shared: Path | None, probe: Path | None = None) -> Iterator[Path | None]:
    """A file in the shared folder, by which workers verify that they see the same folder.

    probe : one that is there already
    Raises `DeepFocusError` if the folder cannot be written.
    """
    if shared is None or probe is not None:
        yield probe
        return
    with writing(shared):
        shared.mkdir(parents=True, exist_ok=True)
        made = tempfile.NamedTemporaryFile(prefix=".shared-", dir=shared)  # noqa: SIM115
    with made as file:
        yield Path(file.name)


@dataclass(frozen=True)
class OnWorker(Generic[Item, Result]):
    """A job that first checks its worker, so that workers that join late are checked too.

    version : of deepfocus; probe : file in the shared folder; patience_s : for it to appear
    """

    job: Callable[[Item], Result]
    version: str
    probe: Path | None
    patience_s: float

    def __call__(self, item: Item) -> Result:
        _refuse_this_worker(self.version, self.probe, self.patience_s)
        return self.job(item)


@cache
def _refuse_this_worker(version: str, probe: Path | None, patience_s: float) -> None:
    """Raise `DeepFocusError` if this worker is incompatible. Runs once per worker and run."""
    from distributed import get_worker

    worker = get_worker()
    name = f"the worker {worker.address}"
    if deepfocus.__version__ != version:
        raise _other_version(name, "deepfocus", deepfocus.__version__, version)
    if worker.state.nthreads > 1 or os.environ.get("OMP_NUM_THREADS") != "1":
        raise DeepFocusError(
            f"{name} has {worker.state.nthreads} threads, and "
            f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', '')}",
            wanted="1 for both, because threads would wait for each other",
            remedy="start it with OMP_NUM_THREADS=1 dask worker --nthreads 1 --nworkers N",
        )
    if probe is not None and not _appears(probe, patience_s):
        raise DeepFocusError(
            f"{name} does not see {probe.parent}, or cannot write there",
            wanted="an output folder that all machines share",
            remedy="choose another --out, on a shared file system",
        )


def _appears(probe: Path, patience_s: float) -> bool:
    end = time.monotonic() + patience_s
    while True:
        if probe.exists() and os.access(probe.parent, os.W_OK | os.X_OK):
            return True
        if time.monotonic() > end:
            return False
        time.sleep(0.5)
