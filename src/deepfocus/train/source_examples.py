"""Examples for Deep GRU and the ResNets, cut from simulated cubes.

First around the truth, with the errors of a finder imitated by small random shifts; then around
what the networks before actually find (section 4.5). Cuts and normalisations are those of the
pipeline: `ops` serves both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.source import Ellipse, Source
from deepfocus.ops.boxes import Box, source_box
from deepfocus.ops.focus import line_image
from deepfocus.ops.gaussians import gaussian_1d
from deepfocus.ops.lines import fit_continuum
from deepfocus.ops.mask import masked_line_image
from deepfocus.ops.morphology import elongation_vector, major_minor_from_axes
from deepfocus.ops.normalise import Peak, Standardise
from deepfocus.ops.spectra import extract_spectrum
from deepfocus.simulate.cube import Simulated

FOCUS_PX = 64
SIZE_UNIT_PX = 10.0  # the size networks measure FWHM in this unit: numbers near one


@dataclass(frozen=True)
class Place:
    """Where a source was found (or put), and the box of its blob; `truth` is its row."""

    truth: int
    box: Box
    source: Source


Arrays = dict[str, np.ndarray]


def spectra_examples(made: Simulated, boxes: Sequence[Box]) -> Arrays:
    """Standardised dirty spectra of the boxes and the clean spectra they should become."""
    data = made.cube.data
    inputs = [Standardise()(extract_spectrum(data, box)).values for box in boxes]
    targets = [clean_spectrum(made.truth, box, channels=len(data)) for box in boxes]
    return {"spectra": _array(inputs, len(data)), "clean": _array(targets, len(data))}


def clean_spectrum(truth: Catalogue, box: Box, *, channels: int) -> np.ndarray:
    """(chan,): the largest of the unit-peak lines of the sources centred in `box`."""
    lines = [
        gaussian_1d(channels, channel, fwhm)
        for x, y, channel, fwhm in zip(
            truth["x"], truth["y"], truth["channel"], truth["line_fwhm_chan"], strict=True
        )
        if box.contains(x, y)
    ]
    return np.max(lines, axis=0) if lines else np.zeros(channels, np.float32)


def image_examples(made: Simulated, places: Sequence[Place]) -> Arrays:
    """Focused and masked line images with what the ResNets should measure in them."""
    return image_arrays([_image_example(made, place) for place in places])


def image_arrays(rows: Sequence[Arrays]) -> Arrays:
    """The examples of a cube, joined; empty arrays of the right shape where there are none."""
    shapes = {"focused": (FOCUS_PX, FOCUS_PX), "masked": (FOCUS_PX, FOCUS_PX), "angle": (2,)}
    return {
        name: np.stack([row[name] for row in rows]).astype(np.float32)
        if rows
        else np.zeros((0, *shapes.get(name, (1,))), np.float32)
        for name in ("focused", "masked", "major", "minor", "angle", "flux", "snr")
    }


def _image_example(made: Simulated, place: Place) -> Arrays:
    data, source = made.cube.data, place.source
    span = source.channel - source.fwhm_chan, source.channel + source.fwhm_chan
    continuum = fit_continuum(extract_spectrum(data, place.box), [span])
    focused = line_image(
        data,
        y=source.y,
        x=source.x,
        size=FOCUS_PX,
        channel_lo=span[0],
        channel_hi=span[1],
        continuum=continuum,
    )
    masked = masked_line_image(data, source, size=FOCUS_PX, spans=[span], continuum=continuum)
    return targets_of(made, place.truth, focused=focused, masked=masked)


def targets_of(made: Simulated, i: int, *, focused: np.ndarray, masked: np.ndarray) -> Arrays:
    """One example: both images normalised, and the truth of row `i` as the networks state it."""
    truth, line = made.truth, Peak()(masked)
    major, minor = major_minor_from_axes(truth["fwhm_x_px"][i], truth["fwhm_y_px"][i])
    return {
        "focused": Peak()(focused).values,
        "masked": line.values,
        "major": np.array([major / SIZE_UNIT_PX]),
        "minor": np.array([minor / SIZE_UNIT_PX]),
        "angle": elongation_vector(major, minor, truth["pa"][i]),
        "flux": np.array([np.log(apparent_line_flux(made, i) / line.scale)]),
        "snr": np.array([truth["snr_peak"][i]]),
    }


def apparent_line_flux(made: Simulated, i: int) -> float:
    """Line flux of row `i` through the primary beam, Jy * chan: what a dirty cube can show."""
    truth, grid = made.truth, made.cube.grid
    width = grid.width_kms(truth["line_fwhm_chan"][i], truth["channel"][i])
    per_chan = width / truth["line_fwhm_chan"][i]
    response = made.cube.primary_beam_at(x=truth["x"][i : i + 1], y=truth["y"][i : i + 1])[0]
    return float(truth["line_flux"][i] / per_chan * response)


def jittered_places(truth: Catalogue, rng: np.random.Generator) -> list[Place]:
    """A place for each true source, off by about as much as a finder is."""
    return [_jittered(truth, i, rng) for i in range(len(truth))]


def _jittered(truth: Catalogue, i: int, rng: np.random.Generator) -> Place:
    fwhm_x, fwhm_y, pa = (float(truth[name][i]) for name in ("fwhm_x_px", "fwhm_y_px", "pa"))
    size = np.sqrt(fwhm_x * fwhm_y)
    x = truth["x"][i] + rng.normal(0, 0.04 * size + 0.3)
    y = truth["y"][i] + rng.normal(0, 0.04 * size + 0.3)
    fwhm = float(truth["line_fwhm_chan"][i]) * np.exp(rng.normal(0, 0.08))
    channel = float(truth["channel"][i]) + rng.normal(0, 0.05) * fwhm
    seen_x, seen_y = (np.exp(rng.normal(0, 0.1)) * width for width in (fwhm_x, fwhm_y))
    seen = Source(
        x=float(x),
        y=float(y),
        fwhm_x_px=float(seen_x),
        fwhm_y_px=float(seen_y),
        pa=pa,
        channel=channel,
        fwhm_chan=fwhm,
    )
    return Place(truth=i, box=source_box(seen), source=seen)


def empty_boxes(truth: Catalogue, made: Simulated, rng: np.random.Generator) -> list[Box]:
    """One box a cube with no source in it: where Blobs Finder may be wrong."""
    grid = made.cube.grid
    for _ in range(20):
        x, y = rng.uniform(0.15, 0.85, size=2) * (grid.nx, grid.ny)
        fwhm_x, fwhm_y = rng.uniform(5.0, 15.0, size=2)
        box = source_box(Ellipse(float(x), float(y), float(fwhm_x), float(fwhm_y), 0.0))
        if not any(
            box.contains(a, b, margin=8.0) for a, b in zip(truth["x"], truth["y"], strict=True)
        ):
            return [box]
    return []


def _array(rows: list[np.ndarray], channels: int) -> np.ndarray:
    return np.stack(rows).astype(np.float32) if rows else np.zeros((0, channels), np.float32)
