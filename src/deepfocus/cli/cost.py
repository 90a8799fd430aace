"""What a search will take, told from the shapes of the cubes before any is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepfocus.core.errors import DeepFocusError

if TYPE_CHECKING:
    from deepfocus.cli.inputs import Input

BASE_BYTES, CUBES_HELD = 400e6, 4.0
"""Memory of a process: of its libraries, and times a cube's size while it is searched."""
SECONDS_PER_VOXEL, SECONDS_PER_SOURCE = 0.2e-6, 0.3
"""CPU time of the default finder, measured on noise and few sources from 1e6 to 5e8 voxels, and of
a crowded cube (docs/experiments.md)."""
VALUE_BYTES = 4


@dataclass(frozen=True)
class Cost:
    """Of one cube. shape : (chan, y, x)"""

    name: str
    shape: tuple[int, int, int]

    @property
    def voxels(self) -> int:
        """Their number."""
        chan, ny, nx = self.shape
        return chan * ny * nx

    @property
    def memory_bytes(self) -> float:
        """Of a process that searches it, at most."""
        return BASE_BYTES + CUBES_HELD * VALUE_BYTES * self.voxels

    @property
    def cpu_s(self) -> float:
        """Without sources."""
        return SECONDS_PER_VOXEL * self.voxels

    def in_words(self) -> str:
        """One line."""
        size = " x ".join(map(str, self.shape))
        return f"{self.name}: {size}, {self.memory_bytes / 1e9:.2f} GB, {_duration(self.cpu_s)}"


@dataclass(frozen=True)
class Costs:
    """Of all cubes whose headers can be read; complaints : about the others"""

    each: tuple[Cost, ...]
    complaints: tuple[str, ...]

    def processes(self, cores: int, memory_bytes: int | None) -> int:
        """As many as there are cores and memory for, one at least."""
        if not self.each:
            return 1
        most = max(cost.memory_bytes for cost in self.each)
        fit = cores if memory_bytes is None else int(memory_bytes // most)
        return max(1, min(cores, fit, len(self.each)))

    def lines(self, processes: int) -> list[str]:
        """One on each cube, and one on all of them, so many at a time."""
        n = len(self.each)
        if not n:
            return []
        cpu = sum(cost.cpu_s for cost in self.each)
        most = max(cost.memory_bytes for cost in self.each)
        together = (
            f"{n} cube{'' if n == 1 else 's'}, {processes} at a time: "
            f"{_duration(cpu / processes)} and {SECONDS_PER_SOURCE / processes:.2g} s for each "
            f"source, {processes * most / 1e9:.2f} GB of memory"
        )
        return [*(cost.in_words() for cost in self.each), together]


def costs_of(cubes: Sequence[Input]) -> Costs:
    """From their headers."""
    costs, complaints = [], []
    for each in cubes:
        try:
            costs.append(Cost(each.name, each.shape()))
        except DeepFocusError as error:
            complaints.append(str(error))
    return Costs(tuple(costs), tuple(complaints))


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
