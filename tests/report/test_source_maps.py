"""A page of any source: maps and cuts, whatever is in a catalogue or blank in a cube."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfocus.core.catalogue import catalogue
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.ops.outlines import beam_outline, outlines
from deepfocus.ops.source_cutouts import cutouts_of
from deepfocus.report.source_maps import maps_of

SHAPE = 24, 30, 40


def cube(kind: str) -> Cube:
    grid = tangent_grid(
        ra_deg=10, dec_deg=40, size=40, cell_arcsec=0.2, freq_hz=100e9 + 1e7 * np.arange(SHAPE[0])
    ).cropped(y0=0, x0=0, ny=SHAPE[1], nx=SHAPE[2])
    data = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
    made = Cube(data, grid, beam=Beam(1.0, 0.8, 30.0))
    if kind == "one channel":
        return replace(made, data=data[:1], grid=grid.of_channels(slice(0, 1)))
    if kind == "blank in parts":
        data[3:20] = np.nan
        data[:, 10:] = np.nan
    if kind == "without a beam":
        return replace(made, beam=None)
    if kind == "velocities":
        return replace(made, grid=replace(grid, nominal=True, rest_hz=100.1e9))
    return made


KINDS = ("plain", "one channel", "blank in parts", "without a beam", "velocities")
MADE = {kind: cube(kind) for kind in KINDS}
anything = st.floats(-1e3, 1e3) | st.just(float("nan"))
sizes = st.floats(0, 1e3) | st.just(float("nan"))


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    place=st.tuples(anything, anything, anything),
    shape=st.tuples(sizes, sizes, sizes),
    angles=st.tuples(anything, anything),
)
def test_any_source_has_maps(
    kind: str,
    place: tuple[float, float, float],
    shape: tuple[float, float, float],
    angles: tuple[float, float],
) -> None:
    x, y, channel = place
    fwhm_x, fwhm_y, width = shape
    row = catalogue(
        x=[x], y=[y], channel=[channel], fwhm_x_px=[fwhm_x], fwhm_y_px=[fwhm_y],
        line_fwhm_chan=[width], pa=[angles[0]], kinematic_pa=[angles[1]], line_shift=[fwhm_x],
    )  # fmt: skip
    made = MADE[kind]
    known = {"source": outlines(row, made).get(1), "beam": beam_outline(made)}
    for cutout in cutouts_of(row, made):
        assert maps_of(cutout, pixel_aspect=1.0, **known).moments


@pytest.mark.parametrize("at", [(-500.0, 10.0), (10.0, 500.0), (39.4, -0.4)])
def test_a_source_beyond_the_image_is_cut_at_its_edge(at: tuple[float, float]) -> None:
    row = catalogue(x=[at[0]], y=[at[1]], channel=[12.0], line_fwhm_chan=[4.0])
    for cutout in cutouts_of(row, MADE["plain"]):
        assert min(cutout.cube.data.shape) > 0
        assert cutout.mask.shape == cutout.cube.data.shape
