"""What a user has to know of how the search of a cube went."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepfocus.core.catalogue import numbered
from deepfocus.core.channels import is_image
from deepfocus.core.cube import Cube
from deepfocus.core.voxels import runs_in_words
from deepfocus.finders.deepfocus.around_bright import Bright
from deepfocus.finders.deepfocus.look import Looked
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.stated_beam import notes_of_beam
from deepfocus.finders.deepfocus.trust import beam_error_level, left_of_continua

FEWEST_BEAMS = 10
"""Of an image, for noise to be told from sources."""


def notes_of(
    accepted: Sequence[Bright], cube: Cube, looked: Looked, sight: Sight
) -> tuple[str, ...]:
    """All of it; accepted : the sources of the catalogue."""
    return (
        *_notes_of_image(cube),
        *_notes_of_field(sight),
        *_notes_of_subtracted(sight),
        *_notes_of_continuum(looked, sight),
        *_notes_if_given_up(looked),
        *notes_of_beam(accepted, sight, looked),
        *_notes_of_beam_error(accepted, looked),
    )


def _notes_of_image(cube: Cube) -> tuple[str, ...]:
    """What few channels do not tell."""
    channels = len(cube.data)
    if not is_image(channels):
        return ()
    searched = (
        f"searched as an image of {numbered(channels, 'channel')}: what is found may be a line or "
        "continuum, and line_fwhm_limit is all that is known of a line's width"
    )
    if np.isfinite(cube.grid.width_kms(1.0, 0.0)):
        return (searched,)
    return (
        searched,
        "the width of the channel is not known: no line_flux; flux densities are in continuum",
    )


def _notes_of_field(sight: Sight) -> tuple[str, ...]:
    """An image of few beams leaves no room for noise beside a source."""
    if sight.beams >= FEWEST_BEAMS:
        return ()
    return (
        f"the image holds only {sight.beams:.2g} beams: what fills it cannot be told from noise, "
        "nor from continuum; cut out more",
    )


def _notes_of_subtracted(sight: Sight) -> tuple[str, ...]:
    """What was subtracted before, which costs lines that are like it."""
    if sight.subtracted is None:
        return ()
    what = {1: "a level", 2: "a straight line"}.get(sight.subtracted.numbers, "a curve")
    return (
        f"{what} was subtracted from all spectra, which was fitted to the channels "
        f"{runs_in_words(sight.subtracted.channels)}: spectra are searched and fitted without one "
        "over the whole band, and broad lines lose by it; leave the continuum in the cube, which "
        "the search tells from lines",
    )


def _notes_of_continuum(looked: Looked, sight: Sight) -> tuple[str, ...]:
    """Whether a bright one hides lines that stand out of the noise: they are in no row."""
    left = left_of_continua(looked.fitted, sight.sidelobes)
    if left <= looked.found[-1].threshold:
        return ()
    return (
        f"a continuum hides lines below a signal-to-noise of {left:.0f}: they are not told from "
        "what a dirty beam leaves of it; subtract it from the visibilities, or clean it",
    )


def _notes_of_beam_error(sources: Sequence[Bright], looked: Looked) -> tuple[str, ...]:
    """Up to where lines beside bright ones are not told from what the beam does not explain."""
    if not (looked.beam_error and sources):
        return ()
    level = beam_error_level(max(each.snr for each in sources), looked.beam_error)
    return (
        f"around bright sources {100 * looked.beam_error:.2g}% of their signal-to-noise is left "
        "that the beam does not explain: lines in their channels, up to a signal-to-noise of "
        f"{level:.0f} beside the brightest, are rejected as sidelobes",
    )


def _notes_if_given_up(looked: Looked) -> tuple[str, ...]:
    if looked.exhausted:
        return ()
    return (
        f"given up at {len(looked.explained.components)} components, with more to explain: noise "
        "that changes from place to place or channel to channel, artefacts, or a crowded field; "
        "blank what is bad, or trust the brightest sources alone",
    )
