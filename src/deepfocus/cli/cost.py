"""What a search will take, told from the shapes of the cubes before any is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepfocus.cli.room import Room, least_bytes, scratch_bytes, whole_bytes
from deepfocus.core.errors import DeepFocusError

if TYPE_CHECKING:
    from deepfocus.cli.inputs import Input

SECONDS_PER_VOXEL, SECONDS_PER_SOURCE, SECONDS_PER_GALAXY = 0.2e-6, 0.3, 20.0
"""CPU time of the default finder, measured on noise and few sources from 1e6 to 5e8 voxels, of a
crowded cube (docs/experiments.md), and of a bright one that takes sixteen components."""
SECONDS_PER_CUBE = 1.0
"""CPU time to read it and to write its products, which most of a small cube's time is."""
BY_PARTS = 1.3
"""CPU time of a search by parts, over that of the whole."""


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

    def memory_bytes(self, room: Room) -> float:
        """Of a process that searches it, at most."""
        whole = whole_bytes(self.shape)
        limit = room.limit_bytes
        return whole if limit is None else min(whole, max(limit, least_bytes(self.shape)))

    def cpu_s(self, room: Room) -> float:
        """Without sources: nobody knows before how many there are."""
        parts = 1.0 if room.holds(self.shape) else BY_PARTS
        return SECONDS_PER_CUBE + SECONDS_PER_VOXEL * self.voxels * parts

    def in_words(self, room: Room) -> str:
        """One line."""
        size = " x ".join(map(str, self.shape))
        takes = (
            f"{self.memory_bytes(room) / 1e9:.2f} GB, {_duration(self.cpu_s(room))}, and for each "
            f"source {SECONDS_PER_SOURCE:g} s ({SECONDS_PER_GALAXY:g} s for a bright galaxy)"
        )
        if room.holds(self.shape):
            return f"{self.name}: {size}, {takes}"
        scratch = f"up to {scratch_bytes(self.shape) / 1e9:.3g} GB of scratch in {room.folder}"
        return f"{self.name}: {size}, by parts, {takes}, {scratch}"


@dataclass(frozen=True)
class Costs:
    """Of all cubes whose headers can be read; complaints : about the others"""

    each: tuple[Cost, ...]
    complaints: tuple[str, ...]

    def processes(self, cores: int, memory_bytes: float | None) -> int:
        """As many as there are cores and memory for, one at least."""
        if not self.each:
            return 1
        most = max(whole_bytes(cost.shape) for cost in self.each)
        if memory_bytes is None:
            fit = cores
        else:
            # what does not fit as a whole is searched by parts
            part = max(least_bytes(cost.shape) for cost in self.each)
            fit = int(memory_bytes // (most if most <= memory_bytes else part))
        return max(1, min(cores, fit, len(self.each)))

    def refusals(self, room: Room) -> Iterator[str]:
        """Why cubes cannot be searched in that room, one line each."""
        for cost in self.each:
            try:
                room.workspace(cost.shape)
            except DeepFocusError as error:
                yield f"{cost.name}: {error}"

    def lines(self, processes: int, room: Room) -> list[str]:
        """One on each cube, and one on all of them, so many at a time."""
        n = len(self.each)
        if not n:
            return []
        cpu = sum(cost.cpu_s(room) for cost in self.each)
        most = max(cost.memory_bytes(room) for cost in self.each)
        together = (
            f"{n} cube{'' if n == 1 else 's'}, {processes} at a time: "
            f"{_duration(cpu / processes)} without the sources, "
            f"{processes * most / 1e9:.2f} GB of memory"
        )
        return [*(cost.in_words(room) for cost in self.each), together]


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
