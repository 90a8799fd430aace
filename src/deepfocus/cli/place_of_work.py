"""`--workers` and `--cluster`: where the jobs of a command run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deepfocus.core.files import STORE

if TYPE_CHECKING:
    from deepfocus.jobs.workers import Workers

DASK_BYTES = 1e8
"""Of a worker's memory, what Dask takes beside the work."""


@dataclass(frozen=True)
class PlaceOfWork:
    """This machine or a cluster.

    number : of processes, or of a Slurm profile's jobs; None if not given
    cluster : address of a Dask scheduler, path of a Slurm profile, or None for this machine
    """

    number: int | None
    cluster: str | None

    def path(self, out: Path) -> Path:
        """The output path for workers: absolute on a cluster, where the current folder differs."""
        return out if self.cluster is None else out.absolute()

    def memory_of_a_worker(self) -> float | None:
        """What a Slurm profile gives to each, in bytes; None where nobody says."""
        if self.cluster is None or not self.cluster.endswith(".toml"):
            return None
        from deepfocus.cli.memory_size import bytes_of
        from deepfocus.core.settings import load_settings
        from deepfocus.jobs.slurm import ClusterProfile

        slurm = load_settings(Path(self.cluster), ClusterProfile).slurm
        of_the_job = bytes_of(slurm.memory)
        return None if of_the_job is None else of_the_job / slurm.cores - DASK_BYTES

    def workers(
        self, out: Path, *, local: Callable[[int | None], Workers], probe: Path | None = None
    ) -> AbstractContextManager[Workers]:
        """Workers that can see the output path.

        local : makes a number of them on this machine
        probe : file in the output folder, by which workers know it, instead of one made for that
        """
        if self.cluster is None:
            return nullcontext(local(self.number))
        from deepfocus.jobs.cluster import cluster_workers

        # Zarr owns a store: nothing else may be put into it
        folder = out.absolute().parent if out.suffix == STORE else out.absolute()
        return cluster_workers(self.cluster, shared=folder, probe=probe, jobs=self.number)


def place_of_work(default: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add both options to a command, which receives them as the argument `place`.

    default : default number of processes, in words
    """

    def add(command: Callable[..., None]) -> Callable[..., None]:
        @click.option(
            "--workers",
            type=click.IntRange(min=1),
            help=f"Number of processes, by default {default}; for a Slurm profile, number of jobs.",
        )
        @click.option(
            "--cluster",
            metavar="WHERE",
            help="Run on a cluster: the address of a Dask scheduler (tcp://host:8786), or a Slurm "
            "profile (.toml). All its machines must share the output folder.",
        )
        @wraps(command)
        def with_place(*args: Any, workers: int | None, cluster: str | None, **kwargs: Any) -> None:
            command(*args, place=PlaceOfWork(workers, cluster), **kwargs)

        return with_place

    return add
