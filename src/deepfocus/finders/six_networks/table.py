"""Convert the candidates after any step to a catalogue, and to evidence panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue_of_rows
from deepfocus.core.flags import REASONS
from deepfocus.core.grid import Grid
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, Panel, SpectrumPanel, Trace
from deepfocus.finders.measured_panels import BRIGHTNESS, integrated_panel
from deepfocus.finders.six_networks.blobs import SkyMap
from deepfocus.finders.six_networks.candidate import Candidate, NumberedBlob
from deepfocus.finders.sky_columns import with_sky_columns
from deepfocus.ops.boxes import Box
from deepfocus.ops.crop import Window


def table_of_blobs(blobs: Sequence[NumberedBlob], grid: Grid) -> Catalogue:
    """The blobs before the line search."""
    rows = [
        {
            "id": each.id,
            "x": each.blob.x,
            "y": each.blob.y,
            **_box(each.blob.box),
            "probability": each.blob.peak,
        }
        for each in blobs
    ]
    return with_sky_columns(catalogue_of_rows(rows), grid)


def table_of(candidates: Sequence[Candidate], grid: Grid) -> Catalogue:
    """One row per candidate, with everything known about it so far."""
    return with_sky_columns(catalogue_of_rows([_row(each) for each in candidates]), grid)


def panels_of(sky: SkyMap, candidates: Sequence[Candidate]) -> tuple[Panel, ...]:
    """What the networks saw: the field, every candidate's spectrum and every focused image."""
    spectra = [
        SpectrumPanel(
            source_id=each.id,
            measured=Trace("dirty", each.home.dirty, "Jy/beam summed over the box"),
            model=Trace("denoised", each.home.clean, ""),
        )
        for each in candidates
    ]
    cutouts = [_cutout(each, each.focused) for each in candidates if each.focused is not None]
    return (
        integrated_panel(sky.integrated),
        ImagePanel("Detection probability", sky.probability, "", limits=(0.0, 1.0)),
        *spectra,
        *cutouts,
    )


def _cutout(candidate: Candidate, image: np.ndarray) -> CutoutPanel:
    window = Window(candidate.x, candidate.y, len(image))
    span = candidate.span
    return CutoutPanel(
        source_id=candidate.id,
        title=f"focused on channels {span.lo:.0f} to {span.hi:.0f}",
        image=image,
        x0=window.x0,
        y0=window.y0,
        unit=BRIGHTNESS,
    )


def _row(candidate: Candidate) -> dict[str, Any]:
    flag = 0
    for rejection in candidate.rejections:
        flag |= rejection.flag
    row = {
        "id": candidate.id,
        "parent_id": candidate.parent_id,
        "flag": int(flag),
        "reason": "; ".join(f"{REASONS[r.flag]} ({r.step})" for r in candidate.rejections),
        "x": candidate.x,
        "y": candidate.y,
        **_box(candidate.box),
        "channel": candidate.channel,
        "line_fwhm_chan": candidate.fwhm_chan,
        "channel_lo": candidate.span.lo,
        "channel_hi": candidate.span.hi,
        "probability": candidate.probability,
        "global_snr": candidate.snrs.global_integrated,
        "global_snr_focused": candidate.snrs.global_focused,
        "pixel_snr": candidate.snrs.pixel,
        "snr_focused": candidate.snrs.peak,
    }
    return row | _shape(candidate) | _fluxes(candidate)


def _box(box: Box) -> dict[str, float]:
    return {"box_x0": box.x0, "box_x1": box.x1, "box_y0": box.y0, "box_y1": box.y1}


def _shape(candidate: Candidate) -> dict[str, float]:
    ellipse = candidate.ellipse
    if ellipse is None:
        return {}
    return {"fwhm_x_px": ellipse.fwhm_x_px, "fwhm_y_px": ellipse.fwhm_y_px, "pa": ellipse.pa}


def _fluxes(candidate: Candidate) -> dict[str, float]:
    fluxes = candidate.fluxes
    if fluxes is None:
        return {}
    return {
        "line_flux": fluxes.line_jy_kms,
        "continuum": 1e3 * fluxes.continuum_jy,
        "peak": 1e3 * fluxes.peak_jy_beam,
        "snr_peak": fluxes.snr_peak,
        "summed_brightness": 1e3 * fluxes.summed_jy_beam,
    }
