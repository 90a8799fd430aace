"""Examples for Deep GRU and the ResNets, cut from simulated cubes.

First they are cut around true sources, with small random shifts that imitate a finder's errors;
then around what the earlier networks actually find (section 4.5). Inputs and targets are the
objects on the cards, which detection calls too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepfocus.core.arrays import NamedArrays
from deepfocus.core.catalogue import Catalogue
from deepfocus.ops.boxes import Box
from deepfocus.ops.continuum import Continuum, FitTrend
from deepfocus.simulation.cube import Simulated
from deepfocus.train.places import Place, true_source
from deepfocus.train.roles import ANGLE, FLUX, FOCUSED, LINES, MAJOR, MASKED, MINOR, SPECTRUM


def spectra_examples(made: Simulated, boxes: Sequence[Box]) -> NamedArrays:
    """Encoded dirty spectra of the boxes and their clean target spectra."""
    data = made.cube.array
    inputs = [SPECTRUM.encode(SPECTRUM.spectrum(data, box)).values for box in boxes]
    targets = [clean_spectrum(made.truth, box, channels=len(data)) for box in boxes]
    return {"spectra": _array(inputs, len(data)), "clean": _array(targets, len(data))}


def clean_spectrum(truth: Catalogue, box: Box, *, channels: int) -> np.ndarray:
    """(chan,) target of a box: the lines of the sources centred in it."""
    lines = [
        (channel, fwhm)
        for x, y, channel, fwhm in zip(
            truth["x"], truth["y"], truth["channel"], truth["line_fwhm_chan"], strict=True
        )
        if box.contains(x, y)
    ]
    return LINES.encode(lines, channels)


def image_examples(made: Simulated, places: Sequence[Place]) -> NamedArrays:
    """Focused and masked line images with the ResNets' targets."""
    return image_arrays([_image_example(made, place) for place in places])


def image_arrays(rows: Sequence[NamedArrays]) -> NamedArrays:
    """The examples of a cube, stacked; empty arrays of the right shape if there are none."""
    shapes = {
        "focused": (FOCUSED.crop_px, FOCUSED.crop_px),
        "masked": (MASKED.crop_px, MASKED.crop_px),
        "angle": (2,),
    }
    return {
        name: np.stack([row[name] for row in rows]).astype(np.float32)
        if rows
        else np.zeros((0, *shapes.get(name, (1,))), np.float32)
        for name in ("focused", "masked", "major", "minor", "angle", "flux", "snr")
    }


def of_emission(arrays: NamedArrays) -> NamedArrays:
    """The rows that have a target of the flux, which absorption has not."""
    emit = np.isfinite(arrays["flux"][:, 0])
    return {name: values[emit] for name, values in arrays.items()}


def _image_example(made: Simulated, place: Place) -> NamedArrays:
    data, source = made.cube.array, place.source
    span = source.span
    trend = FitTrend()(SPECTRUM.spectrum(data, place.box), [span])
    continuum = Continuum((span,), trend)
    focused = FOCUSED.image(data, x=source.x, y=source.y, channels=span, continuum=continuum)
    masked = MASKED.image(data, source, continuum)
    return example_of(made, place.truth, focused=focused, masked=masked)


def example_of(made: Simulated, i: int, *, focused: np.ndarray, masked: np.ndarray) -> NamedArrays:
    """One example: both images encoded, and the targets encoded from row `i` of the truth."""
    line = MASKED.encode(masked)
    true = true_source(made.truth, i)
    return {
        "focused": FOCUSED.encode(focused).values,
        "masked": line.values,
        "major": MAJOR.encode(true),
        "minor": MINOR.encode(true),
        "angle": ANGLE.encode(true),
        "flux": FLUX.encode(apparent_line_flux(made, i), scale=line.scale),
        "snr": np.array([made.truth["snr_peak"][i]]),
    }


def apparent_line_flux(made: Simulated, i: int) -> float:
    """Line flux of row `i` attenuated by the primary beam, as in the dirty cube (Jy * chan)."""
    truth, grid = made.truth, made.cube.grid
    width = grid.width_kms(truth["line_fwhm_chan"][i], truth["channel"][i])
    per_chan = width / truth["line_fwhm_chan"][i]
    response = made.cube.primary_beam_at(x=truth["x"][i : i + 1], y=truth["y"][i : i + 1])[0]
    return float(truth["line_flux"][i] / per_chan * response)


def half_precision(arrays: NamedArrays) -> NamedArrays:
    """Arrays in half precision: they are normalised, and their noise far exceeds its rounding."""
    return {name: values.astype(np.float16) for name, values in arrays.items()}


def _array(rows: list[np.ndarray], channels: int) -> np.ndarray:
    return np.stack(rows).astype(np.float32) if rows else np.zeros((0, channels), np.float32)
