"""Cubes of one to four channels, searched as images by the finder `deepfocus`."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from finder_cubes import empty_cube

import deepfocus as df
from deepfocus.core.cube import Cube
from deepfocus.core.source import Source
from deepfocus.core.workspace import OnDisk
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.finders.finder import Detection
from deepfocus.forward.response import response_of
from deepfocus.search.unit_noise import raised
from deepfocus.simulation.inject import render

SIZE, PLANES = 128, 16
EVERYWHERE = 1e4
"""FWHM of a line, channels, that is the same in all of a few."""
TOLERANCE = 4.0
"""Errors: of the 100 numbers that are compared, one is further off in 160 runs of these tests."""


@cache
def _empty(kind: str) -> Cube:
    """Noise of 16 channels: of a dirty cube with its beams, or of a restored one."""
    if kind == "restored":
        return replace(empty_cube(shape=(PLANES, SIZE, SIZE), seed=21), noise=None)
    empty = {
        "observation": {"size": SIZE, "channels": PLANES},
        "population": {"kind": "corrected", "sources": [0, 0]},
    }
    return df.simulate(empty, seed=21).cube


def _noise(kind: str, first: int, channels: int) -> Cube:
    """Some channels of it."""
    cube, part = _empty(kind), slice(first, first + channels)
    cut = replace(
        cube, data=np.ascontiguousarray(cube.data[part]), grid=cube.grid.of_channels(part)
    )
    if cube.psf is None or cube.primary_beam is None:
        return cut
    # within so few channels the beam stays the same
    return replace(cut, psf=cube.psf[:1], primary_beam=cube.primary_beam[:1], psf_channels=None)


def _sigma(cube: Cube) -> float:
    return float(1.4826 * np.median(np.abs(cube.data)))


def _with(cube: Cube, sources: list[Source]) -> Cube:
    return cube.with_data(cube.data + render(sources, response_of(cube)))


def _find(cube: Cube, **settings: float) -> Detection:
    return DeepFocus(**settings).ready().find(cube)


def _flux(source: Source, cube: Cube) -> float:
    """Jy km/s in the band."""
    channels = len(cube.data)
    kms = float(cube.grid.width_kms(1.0, 0.0))
    return float(source.line_jy * source.line(channels).sum() * kms)


@pytest.mark.parametrize("kind", ["dirty", "restored"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sources_of_known_flux_and_size(channels: int, kind: str) -> None:
    cube = _noise(kind, 0, channels)
    level = _sigma(cube) / np.sqrt(channels)
    middle = (channels - 1) / 2
    point = Source(40.3, 50.6, 0.0, 0.0, 0.0, middle, EVERYWHERE, 30 * level)
    disc = Source(88.2, 79.7, 12.0, 8.0, 30.0, middle, EVERYWHERE, 80 * level)
    detection = _find(_with(cube, [point, disc]))
    found = detection.catalogue.accepted
    assert len(found) == 2
    for source in (point, disc):
        i = int(np.argmin(np.hypot(found["x"] - source.x, found["y"] - source.y)))
        true = {"x": source.x, "y": source.y, "line_flux": _flux(source, cube)}
        if source is disc:
            true |= {"fwhm_x_px": 12.0, "fwhm_y_px": 8.0, "pa": 30.0}
            assert np.isnan(found["fwhm_limit_px"][i])
        else:
            assert found["fwhm_limit_px"][i] < response_of(cube).beam_px
        for name, value in true.items():
            off = abs(found[name][i] - value)
            assert off < TOLERANCE * found[f"{name}_err"][i], name
        # as certain as its signal-to-noise ratio of 30 or more allows
        assert found["line_flux_err"][i] < 0.1 * found["line_flux"][i]
        assert found["probability"][i] > 0.99
        # it fills the band, and how broad it is nobody knows
        assert abs(found["channel"][i] - middle) < TOLERANCE * found["channel_err"][i]
        assert 0.85 * channels < found["line_fwhm_limit_chan"][i] <= channels
    for name in ("line_fwhm_chan", "line_fwhm", "line_w20", "continuum"):
        assert np.isnan(found[name]).all(), name
    kms = float(cube.grid.width_kms(1.0, middle))
    # at the line's own frequency
    limit = kms * found["line_fwhm_limit_chan"]
    np.testing.assert_allclose(found["line_fwhm_limit"], limit, rtol=1e-4)
    (note,) = detection.notes
    assert note.startswith(f"searched as an image of {channels} channel")


@pytest.mark.parametrize("channel", [0, 1, 3])
def test_a_line_in_one_of_four_channels(channel: int) -> None:
    cube = _noise("dirty", 4, 4)
    narrow = Source(60.2, 70.4, 5.0, 5.0, 0.0, channel, 0.2, 40 * _sigma(cube))
    found = _find(_with(cube, [narrow])).catalogue.accepted
    assert len(found) == 1
    assert abs(found["line_flux"][0] - _flux(narrow, cube)) < TOLERANCE * found["line_flux_err"][0]
    # what noise of 1/30 in three others may add to its variance is less than a channel
    assert abs(found["channel"][0] - channel) < 0.3
    assert found["line_fwhm_limit_chan"][0] < 2.0


def test_more_than_a_threshold_is_not_found_in_noise() -> None:
    """In 32 images, at half a false source in each."""
    asked = 0.5
    accepted = sum(
        len(_find(_noise(kind, first, 1), false_peaks=asked).catalogue.accepted)
        for kind in ("dirty", "restored")
        for first in range(PLANES)
    )
    expected = asked * 2 * PLANES
    # three standard deviations of a Poisson distribution
    assert accepted < expected + 3 * np.sqrt(expected)


def test_errors_are_those_of_many_sources() -> None:
    """Pulls of 64 sources in single planes: their standard deviation is known to 9%."""
    rng = np.random.default_rng(3)
    pulls = []
    for first in range(PLANES):
        cube = _noise("dirty", first, 1)
        corners = [(x, y) for x in (38.0, 90.0) for y in (38.0, 90.0)]
        sources = [
            Source(
                x + rng.uniform(-8, 8), y + rng.uniform(-8, 8), size, size, 0.0, 0.0, EVERYWHERE,
                rng.uniform(20, 60) * _sigma(cube),
            )
            for (x, y), size in zip(corners, (0.0, 0.0, 6.0, 9.0), strict=True)
        ]  # fmt: skip
        found = _find(_with(cube, sources)).catalogue.accepted
        for source in sources:
            i = int(np.argmin(np.hypot(found["x"] - source.x, found["y"] - source.y)))
            true = {"x": source.x, "y": source.y, "line_flux": _flux(source, cube)}
            pulls.append([(found[n][i] - true[n]) / found[f"{n}_err"][i] for n in true])
    scatter = np.std(pulls, axis=0)
    # four of its errors either way
    assert np.all((scatter > 0.65) & (scatter < 1.35)), scatter


def test_without_a_width_flux_densities_are_in_continuum() -> None:
    cube = _noise("dirty", 2, 1)
    source = Source(60.0, 60.0, 0.0, 0.0, 0.0, 0.0, EVERYWHERE, 40 * _sigma(cube))
    shining = _with(cube, [source])
    known = _find(shining).catalogue
    unknown = _find(replace(shining, grid=replace(shining.grid, only_width_hz=None)))
    found = unknown.catalogue
    assert np.isnan(found["line_flux"]).all()
    assert np.isnan(found["line_fwhm_limit"]).all()
    kms = float(cube.grid.width_kms(1.0, 0.0))
    for end in ("", "_err"):
        in_mjy = known[f"line_flux{end}"] / kms * 1e3
        np.testing.assert_allclose(found[f"continuum{end}"], in_mjy)
    assert "flux densities are in continuum" in unknown.notes[1]
    # and is drawn all the same
    assert len(unknown.evidence) == len(_find(shining).evidence)


@pytest.mark.parametrize("channels", [1, 3])
def test_by_parts_as_a_whole(channels: int, tmp_path: Path) -> None:
    cube = _noise("restored", 5, channels)
    level = _sigma(cube)
    middle = (channels - 1) / 2
    cube = _with(
        cube, [Source(x, 64.0, 6.0, 4.0, 30.0, middle, 2.0, 30 * level) for x in (32.0, 64.0, 96.0)]
    )
    whole = _find(cube).catalogue
    parts = _find(replace(cube, workspace=OnDisk(tmp_path, 1 << 10))).catalogue
    assert len(whole) == 3
    for name in ("x", "y", "line_flux", "line_flux_err", "mask_flux", "line_fwhm_limit_chan"):
        np.testing.assert_allclose(parts[name], whole[name], rtol=1e-4)


def test_a_blank_channel_of_two() -> None:
    cube = _noise("dirty", 0, 2)
    source = Source(60.0, 60.0, 0.0, 0.0, 0.0, 0.0, 0.2, 40 * _sigma(cube))
    data = _with(cube, [source]).array.copy()
    data[1] = np.nan
    found = _find(cube.with_data(data)).catalogue.accepted
    assert len(found) == 1
    assert abs(found["line_flux"][0] - _flux(source, cube)) < TOLERANCE * found["line_flux_err"][0]
    assert found["channel"][0] == 0.0
    assert found["line_fwhm_limit_chan"][0] == 1.0


def test_a_level_of_few_values_is_raised_as_student_says() -> None:
    # beyond 5 of its own errors, Student's distribution of 10 degrees of freedom has 2.7e-4
    assert raised(20.0) == pytest.approx(11.2 / 5, rel=0.15)
    assert raised(1e6) == pytest.approx(1.0, abs=1e-4)
    assert np.all(np.diff([raised(n) for n in (1, 4, 10, 100, 1000)]) < 0)


@pytest.mark.parametrize("kind", ["dirty", "image"])
def test_a_galaxy_in_a_real_single_plane(kind: str, shared_data: Path, tmp_path: Path) -> None:
    """[C II] of a quasar at z = 7.54: a source of 0.7 arcsec in a beam of 0.24."""
    real = shared_data / "data" / "real"
    for product in (kind, "pb", "psf", "residual"):
        shutil.copy(real / f"Pisco.cii.455kms.{product}.fits", tmp_path)
    cube = df.read(tmp_path / f"Pisco.cii.455kms.{kind}.fits")
    (source,) = df.detect(cube).catalogue.accepted.rows
    plane = cube.data[0]
    y, x = np.unravel_index(np.nanargmax(plane), plane.shape)
    # the pixel of the peak is noise's choice within the source
    assert np.hypot(source["x"] - x, source["y"] - y) < 12
    assert source["line_fwhm_limit"] == pytest.approx(455.4, rel=1e-3)
    aperture = _aperture_flux(real)
    assert abs(source["line_flux"] - aperture) < 2 * source["line_flux_err"]
    assert aperture > 1.5 * float(plane.max() * cube.grid.width_kms(1.0, 0.0))  # it is resolved


def _aperture_flux(real: Path) -> float:
    """Jy km/s within 1 arcsec, residuals in units of the dirty beam (Jorsater & van Moorsel 1995).

    Clean flux G, residual R and dirty image D in the aperture: the flux is G D / (D - R).
    """
    dirty, image, residual = (
        df.read(real / f"Pisco.cii.455kms.{kind}.fits") for kind in ("dirty", "image", "residual")
    )
    assert image.beam is not None
    cell = image.grid.cell_arcsec
    rows, columns = np.indices(image.data.shape[1:])
    inside = np.hypot(rows - 124.4, columns - 130.4) * cell < 1.0
    d, i, r = (float(each.data[0][inside].sum()) for each in (dirty, image, residual))
    kms = float(image.grid.width_kms(1.0, 0.0))
    return (i - r) * d / (d - r) / image.beam.area_px(cell) * kms
