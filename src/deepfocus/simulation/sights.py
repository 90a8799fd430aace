"""What an observer of a simulated cube can know of a source: a primary beam and kernels a field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from deepfocus.core import noise
from deepfocus.forward.kernels import Kernels, white_kernels
from deepfocus.instrument.telescope import Telescope

Sights = Sequence[tuple[np.ndarray, Kernels]]
"""Primary beam (y, x) and kernels of each field; what fields tell of a source adds up."""


class Sighted(Protocol):
    """A telescope, and what an observer with its cube knows of a source."""

    @property
    def telescope(self) -> Telescope: ...

    def sights(self, power: noise.Power, node: int, *, x: float, y: float, reach: int) -> Sights:
        """Of a source at (x, y), at a node in frequency, with kernels of that reach in pixels."""


def white_sights(telescope: Telescope, node: int, *, x: float, y: float, reach: int) -> Sights:
    """In noise independent in every pixel: what the image shows."""
    beam, shape = telescope.dirty_beam[node], (telescope.size, telescope.size)
    return [(telescope.primary_beam[node], white_kernels(beam, x=x, y=y, shape=shape, reach=reach))]
