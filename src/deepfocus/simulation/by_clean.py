"""A simulated dirty cube cleaned by CLEAN, as `deepfocus clean` does it."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.imaging.clean.cube import cleaner_of
from deepfocus.imaging.clean.settings import Clean, Deconvolution
from deepfocus.simulation.view import ByClean, CleanedView


def clean_in_place(data: np.ndarray, how: ByClean, view: CleanedView) -> np.ndarray:
    """Turn a dirty cube (chan, y, x), Jy/beam, into the restored one, channel by channel."""
    dirty = view.dirty
    cube = Cube(
        data=data,
        grid=dirty.grid,
        psf=dirty.dirty_beam,
        psf_channels=dirty.node_channels,
        primary_beam=dirty.primary_beam,
    )
    found = Clean(**{each.name: getattr(how, each.name) for each in fields(Deconvolution)})
    # one beam for all cubes of a set: that of the header and of the truth
    cleaner = replace(cleaner_of(cube, found), restoring=(view.beam,) * len(data))
    for channel in range(len(data)):
        data[channel] = cleaner(channel).image
    return data
