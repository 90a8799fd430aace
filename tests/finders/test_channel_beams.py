"""Restored cubes whose beam differs by channel, as tclean leaves them by default.

Sources are drawn here by themselves: a Gaussian of each channel's own beam, convolved with the
source's size, since widths add in squares.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from finder_cubes import BEAM, empty_cube

import deepfocus
from deepfocus.core.catalogue import Catalogue
from deepfocus.core.channel_beams import ChannelBeams
from deepfocus.core.cube import Cube
from deepfocus.core.workspace import ChangedVoxels, NamelessFile, OnDisk
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.finders.matched_filter.finder import MatchedFilter
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.write_cube import write_cube

SHAPE = (48, 128, 128)
NARROWS = np.linspace(1.06, 0.94, SHAPE[0])
"""Width over that mid band: a band of an eighth of its frequency."""
BEAMS = ChannelBeams(
    BEAM.major_arcsec * NARROWS, BEAM.minor_arcsec * NARROWS, np.full(SHAPE[0], BEAM.pa_deg)
)
PEAK, FWHM_CHAN = 0.1, 5.0
PLACES = {5.0: (40.0, 40.0), 24.0: (64.0, 90.0), 43.0: (95.0, 38.0)}
"""By the line's channel."""


def image(channel: int, x: float, y: float, size_px: float) -> np.ndarray:
    """(y, x) of a round source of 1 Jy, through the beam of a channel."""
    angle = np.deg2rad(BEAM.pa_deg)
    dy, dx = np.mgrid[: SHAPE[1], : SHAPE[2]] - np.array([y, x])[:, None, None]
    axes = (-dx * np.sin(angle) + dy * np.cos(angle), dx * np.cos(angle) + dy * np.sin(angle))
    beam = np.array([BEAM.major_arcsec, BEAM.minor_arcsec]) * NARROWS[channel] / 0.1
    seen = np.sqrt(beam**2 + size_px**2)
    exponent = sum((along / fwhm) ** 2 for along, fwhm in zip(axes, seen, strict=True))
    share = float(np.prod(beam / seen))
    drawn: np.ndarray = share * np.exp(-4 * np.log(2) * exponent)
    return drawn


def cube_of(size_px: float, *, known: bool = True) -> Cube:
    """Three equal sources, at the ends of the band and in the middle."""
    cube = empty_cube(shape=SHAPE, seed=4)
    data = cube.array.copy()
    for centre, (x, y) in PLACES.items():
        for channel in range(SHAPE[0]):
            line = np.exp(-4 * np.log(2) * ((channel - centre) / FWHM_CHAN) ** 2)
            if line > 1e-6:
                data[channel] += PEAK * line * image(channel, x, y, size_px).astype(np.float32)
    return replace(cube.with_data(data), beams=BEAMS if known else None)


def fluxes(found: Catalogue, column: str = "line_flux") -> np.ndarray:
    """(3,) of the sources over the true ones, in the order of their channels."""
    rows = found.accepted
    rows = rows.where(rows["snr_peak"] > 30)
    assert len(rows) == 3
    grid = empty_cube(shape=SHAPE).grid
    kms = np.array([float(grid.width_kms(1.0, channel)) for channel in PLACES])
    order = np.argsort(np.array(rows["channel"], float))
    true = PEAK * FWHM_CHAN * np.sqrt(np.pi / np.log(2)) / 2 * kms
    ratio: np.ndarray = np.array(rows[column], float)[order] / true
    return ratio


def errors(found: Catalogue, column: str = "line_flux") -> float:
    """The largest error of a flux, as a share of it."""
    rows = found.accepted
    return float((np.array(rows[f"{column}_err"]) / np.array(rows[column])).max())


@pytest.mark.parametrize("size_px", [0.0, 6.0])
def test_fluxes_do_not_follow_the_beam(size_px: float) -> None:
    """With one beam for all they are 1.11 and 0.89 of the true ones at the ends of the band."""
    found = DeepFocus().ready().find(cube_of(size_px)).catalogue
    assert errors(found) < 0.02
    # the worst of three is within 3.5 errors in all but one of 700
    for column in ("line_flux", "mask_flux"):
        assert fluxes(found, column) == pytest.approx(1.0, abs=3.5 * errors(found, column))
    one_for_all = fluxes(DeepFocus().ready().find(cube_of(size_px, known=False)).catalogue)
    assert one_for_all[0] > one_for_all[2] + 0.05


@pytest.mark.parametrize("planes", [1, 2, 5])
def test_beside_a_primary_beam_of_any_number_of_planes(planes: int) -> None:
    cube = cube_of(0.0)
    response = np.full((planes, *SHAPE[1:]), 0.5, np.float32)
    found = DeepFocus().ready().find(replace(cube, primary_beam=response)).catalogue
    # two planes make one straight line of a Gaussian's widths: 2e-3 in the middle
    assert fluxes(found) / 2 == pytest.approx(1.0, abs=3.5 * errors(found))


def test_by_parts_and_from_a_file_it_is_the_same(tmp_path: Path) -> None:
    cube = cube_of(0.0)
    write_cube(cube, tmp_path / "c.fits")
    parts = replace(
        cube,
        data=ChangedVoxels(NamelessFile(tmp_path), cube.data),
        workspace=OnDisk(tmp_path, 1 << 18),
    )
    whole = DeepFocus().ready().find(cube).catalogue
    for found in (deepfocus.detect(tmp_path / "c.fits"), DeepFocus().ready().find(parts)):
        assert fluxes(found.catalogue) == pytest.approx(fluxes(whole), rel=1e-3)


def test_a_file_keeps_them(tmp_path: Path) -> None:
    """Those that are not known are written as CASA does, and read as not known."""
    major = BEAMS.major_arcsec.copy()
    major[7] = np.nan
    cube = replace(cube_of(0.0), beams=replace(BEAMS, major_arcsec=major))
    write_cube(cube, tmp_path / "c.fits")
    read = read_cube(tmp_path / "c.fits")
    assert read.beams is not None
    np.testing.assert_allclose(read.beams.major_arcsec, major, rtol=1e-6)
    np.testing.assert_allclose(read.beams.minor_arcsec[8:], BEAMS.minor_arcsec[8:], rtol=1e-6)
    assert read.beam is not None
    assert read.beam.major_arcsec == pytest.approx(BEAM.major_arcsec, rel=2e-3)


def test_who_measures_in_the_image_of_a_line_takes_its_beam() -> None:
    found = MatchedFilter().ready().find(cube_of(0.0)).catalogue
    one_for_all = MatchedFilter().ready().find(cube_of(0.0, known=False)).catalogue
    assert fluxes(found) == pytest.approx(1.0, abs=0.03)
    assert np.ptp(fluxes(one_for_all)) > 0.15


def test_spectra_of_cutouts_are_over_the_beam_of_each_channel() -> None:
    cube = cube_of(0.0)
    areas = cube.beam_areas_px()
    assert areas == pytest.approx(BEAM.area_px(0.1) * NARROWS**2, rel=1e-3)
    assert replace(cube, beams=None).beam_areas_px() == BEAM.area_px(0.1)
