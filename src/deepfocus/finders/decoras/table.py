"""Convert blobs and candidates to catalogues, and to evidence panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue_of_rows
from deepfocus.core.cube import Cube
from deepfocus.core.flags import REASONS, Flag
from deepfocus.core.grid import Grid
from deepfocus.finders.decoras.candidate import Candidate
from deepfocus.finders.decoras.round_blobs import RoundBlob
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, Panel, SpectrumPanel, Trace
from deepfocus.finders.line_measurement import row_of
from deepfocus.finders.sky_columns import with_sky_columns
from deepfocus.forward.noise import noise_level

STEP = "line of the blob"
BRIGHTNESS = "Jy/beam x channels"


def table_of(candidates: Sequence[Candidate], cube: Cube) -> Catalogue:
    """One row per blob."""
    noise = noise_level(cube)
    rows = [_row(each, cube, noise_jy_beam=noise) for each in candidates]
    return with_sky_columns(catalogue_of_rows(rows), cube.grid)


def table_of_blobs(blobs: Sequence[RoundBlob], grid: Grid) -> Catalogue:
    """The blobs before the line search."""
    return with_sky_columns(catalogue_of_rows([_row_of_blob(each) for each in blobs]), grid)


def panels_of(
    integrated: np.ndarray, sky: np.ndarray, candidates: Sequence[Candidate]
) -> tuple[Panel, ...]:
    """The field, the spectrum of every blob, and the line image of every measured line."""
    spectra = [
        SpectrumPanel(each.id, Trace("at the blob", each.spectrum, "Jy/beam"))
        for each in candidates
    ]
    cutouts = [
        CutoutPanel(
            each.id,
            title="summed over its line",
            image=each.measured.image,
            x0=each.measured.window.x0,
            y0=each.measured.window.y0,
            unit=BRIGHTNESS,
        )
        for each in candidates
        if each.measured is not None
    ]
    return (
        ImagePanel("Dirty cube, integrated over frequency", integrated, BRIGHTNESS),
        ImagePanel("The sky as the autoencoder sees it", sky, "peak of a source"),
        *spectra,
        *cutouts,
    )


def _row(candidate: Candidate, cube: Cube, *, noise_jy_beam: float) -> dict[str, Any]:
    row = _row_of_blob(candidate.blob) | {"id": candidate.id}
    if candidate.measured is None:
        reason = f"{REASONS[Flag.NO_LINE]} ({STEP})"
        return row | {"flag": int(Flag.NO_LINE), "reason": reason}
    row |= row_of(candidate.measured, cube, noise_jy_beam=noise_jy_beam)
    return row | {"snr_focused": candidate.line.snr if candidate.line else np.nan}


def _row_of_blob(blob: RoundBlob) -> dict[str, Any]:
    box = blob.box
    return {
        "x": blob.x,
        "y": blob.y,
        "box_x0": box.x0,
        "box_x1": box.x1,
        "box_y0": box.y0,
        "box_y1": box.y1,
        "probability": blob.height,
    }
