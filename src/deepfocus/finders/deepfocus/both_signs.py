"""What stands out of a cube upwards and downwards: noise does both alike, and sources do not.

Sidelobes of bright sources go up and down, too, so both are looked for in what the sources leave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.voxels import Voxels
from deepfocus.finders.deepfocus.finder import ReadyDeepFocus
from deepfocus.finders.deepfocus.flattened import flattened
from deepfocus.finders.deepfocus.look import Looked, look
from deepfocus.finders.deepfocus.sight import Sight, sight_of
from deepfocus.finders.finder import Detection, refuse_empty, with_gains
from deepfocus.search.false_alarms import FalseAlarms
from deepfocus.search.peaks import Peak
from deepfocus.search.search import Found, search

EXPECTED = 100.0
"""Peaks of noise on each side, by theory: enough to count, and few enough to look at."""


@dataclass(frozen=True, eq=False)
class BothSigns:
    """Peaks of a cube without its sources, of both signs, above one signal-to-noise.

    detection : the sources; up, down : peaks, highest first; threshold : of both
    alarms : how many of them noise makes, by theory
    widths_chan : of the filters
    """

    detection: Detection
    up: tuple[Peak, ...]
    down: tuple[Peak, ...]
    threshold: float
    alarms: FalseAlarms
    widths_chan: tuple[float, ...]


def both_signs(cube: Cube, finder: ReadyDeepFocus) -> BothSigns:
    """Find the sources of a cube, and what is left beside them, upwards and downwards.

    Raises `DeepFocusError` as `ReadyDeepFocus.find` does, and for a cube that is read by parts.
    """
    refuse_empty(cube)
    flat = flattened(cube)
    sight = sight_of(flat.cube)
    looked = look(sight, false_peaks=finder.settings.false_peaks)
    left = looked.explained.residual
    if not isinstance(left, np.ndarray):
        raise DeepFocusError(
            "the cube is searched by parts: memory does not hold it",
            wanted="a cube that memory holds, to turn it over",
            remedy="cut out a part of it",
        )
    up, down = (_peaks(sign * left, sight, looked) for sign in (np.float32(1), np.float32(-1)))
    found = flat.as_it_came(finder.detection(flat.cube, sight, looked))
    return BothSigns(
        detection=with_gains(found, cube),
        up=up.peaks,
        down=down.peaks,
        threshold=up.threshold,
        alarms=up.alarms,
        widths_chan=sight.bank.widths_chan,
    )


def _peaks(data: Voxels, sight: Sight, looked: Looked) -> Found:
    """Those of one sign, in the noise that was known last."""
    return search(
        data,
        looked.noise,
        sight.bank,
        sight.first,
        false_peaks=EXPECTED,
        known_continuum=looked.found[-1].on_continuum,
        workspace=sight.workspace,
    )
