"""What is known of a blob on its way through the finder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.finders.decoras.round_blobs import RoundBlob
from deepfocus.finders.images.line_of_island import LineOfIsland
from deepfocus.finders.line_measurement import MeasuredLine


@dataclass(frozen=True, eq=False)
class Candidate:
    """A blob, its spectrum (chan,), its line if it has one, and the measurement of that line."""

    id: int
    blob: RoundBlob
    spectrum: np.ndarray
    line: LineOfIsland | None
    measured: MeasuredLine | None
