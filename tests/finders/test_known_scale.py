"""Networks that count in pixels are shown the pixels that they know, and are not heard of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from finder_cubes import cube_with, source
from hypothesis import given
from hypothesis import strategies as st

import deepfocus as df
from deepfocus.core.catalogue import catalogue
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.source import Ellipse
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, SpectrumPanel, Trace
from deepfocus.finders.finder import Detection
from deepfocus.finders.six_networks import known_scale
from deepfocus.finders.six_networks.known_scale import (
    at_known_scale,
    axis_of,
    factor_to,
    resampled,
)
from deepfocus.ops.gaussians import gaussian_2d
from deepfocus.weights.domain import Domain

KNOWN = Domain((8.0, 8.5), (0.1, 0.1), (128, 128), (192, 360), (4.7, 18.9), 2.5, (3.0, 60.0))
MIDDLE = float(np.sqrt(8.0 * 8.5))


def image_of(beam_px: float, *, ny: int = 90, nx: int = 101) -> Cube:
    """Two channels, each with one Gaussian as wide as the beam, on pixels of 0.1 arcsec."""
    cube = cube_with([], shape=(2, ny, nx))
    seen = gaussian_2d((ny, nx), Ellipse(60.25, 35.5, beam_px, beam_px, 0.0))
    fwhm = 0.1 * beam_px
    data = np.stack([seen, 2 * seen]).astype(np.float32)
    return replace(cube, data=data, beam=Beam(fwhm, fwhm, 0.0))


@given(st.integers(1, 5000), st.floats(0.05, 20.0), st.floats(-100.0, 5000.0))
def test_an_axis_leads_there_and_back(n: int, factor: float, place: float) -> None:
    axis = axis_of(n, factor)
    assert axis.back.there(axis.there(place)) == pytest.approx(place, abs=1e-6)
    assert axis.there(n // 2) == axis.after // 2
    assert axis.after == pytest.approx(n * factor, abs=1.0)


@pytest.mark.parametrize("beam_px", [8.0, 8.2, 8.6, None])
def test_a_beam_that_is_known_stays(beam_px: float | None) -> None:
    assert factor_to(KNOWN, beam_px) == 1.0


@pytest.mark.parametrize("beam_px", [2.7, 4.0, 16.0])
def test_a_gaussian_stays_at_its_place_on_the_sky_with_its_peak(beam_px: float) -> None:
    cube = image_of(beam_px)
    factor = factor_to(KNOWN, cube.beam_px)
    assert factor == pytest.approx(MIDDLE / beam_px)
    y, x = (axis_of(n, factor) for n in cube.data.shape[1:])
    there = resampled(cube, y, x)
    assert there.beam_px == pytest.approx(MIDDLE)
    place = float(x.there(60.25)), float(y.there(35.5))
    expected = gaussian_2d((y.after, x.after), Ellipse(*place, MIDDLE, MIDDLE, 0.0))
    # cubic splines miss the peak of a beam of 2.7 pixels by 2% of it
    np.testing.assert_allclose(there.array[0], expected, atol=0.025)
    np.testing.assert_allclose(there.array[1], 2 * there.array[0], atol=1e-6)
    before, after = cube.grid.sky_at(60.25, 35.5), there.grid.sky_at(*place)
    assert before.separation(after).arcsec < 1e-6


def test_blanks_stay_and_do_not_spread() -> None:
    cube = image_of(4.0)
    data = cube.array.copy()
    data[:, :, :20] = np.nan
    data[1] = np.nan
    y, x = (axis_of(n, 2.0) for n in data.shape[1:])
    there = resampled(cube.with_data(data), y, x).array
    assert np.isnan(there[1]).all()
    edge = int(x.there(19.5))
    assert np.isnan(there[0][:, : edge - 1]).all()
    assert np.isfinite(there[0][:, edge + 2 :]).all()


def test_beams_keep_their_peak_and_the_primary_beam_its_place() -> None:
    made = df.simulate({"observation": {"size": 64, "channels": 8}}, seed=1).cube
    y, x = (axis_of(n, 1.7) for n in made.data.shape[1:])
    there = resampled(made, y, x)
    assert there.psf is not None
    assert there.primary_beam is not None
    middle = [n // 2 for n in there.psf.shape[1:]]
    np.testing.assert_allclose(there.psf[:, *middle], 1.0, atol=1e-5)
    assert there.psf.max() == pytest.approx(1.0, abs=1e-5)
    places = np.array([10.0, 32.0, 50.0])
    np.testing.assert_allclose(
        there.primary_beam_at(x=x.there(places), y=y.there(places)),
        made.primary_beam_at(x=places, y=places),
        atol=1e-3,
    )


def found_in(cube: Cube) -> Detection:
    """What a finder says that sees the brightest pixel of the first channel."""
    image = cube.array[0]
    y, x = (int(at) for at in np.unravel_index(np.nanargmax(image), image.shape))
    size = MIDDLE
    rows = catalogue(
        x=[x],
        y=[y],
        box_x0=[x - 4],
        box_x1=[x + 4],
        box_y0=[y - 4],
        box_y1=[y + 4],
        fwhm_x_px=[size],
        fwhm_x=[size * cube.grid.cell_arcsec],
        channel=[0.0],
    )
    return Detection(
        rows,
        snapshots={"first": rows},
        notes=("seen",),
        evidence=(
            ImagePanel("all", image, ""),
            CutoutPanel(1, "one", image[y - 8 : y + 9, x - 8 : x + 9], x - 8, y - 8, ""),
            SpectrumPanel(1, Trace("", cube.array[:, y, x], "")),
        ),
    )


@pytest.mark.parametrize("beam_px", [4.0, 16.0])
def test_what_is_found_is_brought_back(beam_px: float) -> None:
    cube = image_of(beam_px)
    found = at_known_scale(cube, KNOWN, found_in)
    at, factor = found.catalogue, MIDDLE / beam_px
    pixel = 0.5 / factor + 0.01  # the finder's place is that of a pixel
    assert at["x"][0] == pytest.approx(60.25, abs=pixel)
    assert at["y"][0] == pytest.approx(35.5, abs=pixel)
    assert at["box_x1"][0] - at["box_x0"][0] == pytest.approx(8 / factor)
    assert at["fwhm_x_px"][0] == pytest.approx(beam_px)
    assert at["fwhm_x"][0] == pytest.approx(0.1 * beam_px)
    assert np.isnan(at["x_err"][0])
    assert found.snapshots["first"]["x"][0] == at["x"][0]
    assert found.notes[0].startswith("searched with pixels of ")
    whole, cutout, _ = found.evidence
    assert isinstance(whole, ImagePanel)
    assert isinstance(cutout, CutoutPanel)
    np.testing.assert_allclose(whole.image, cube.array[0], atol=0.03)
    peak = np.unravel_index(np.argmax(cutout.image), cutout.image.shape)
    assert peak[0] + cutout.y0 == pytest.approx(35.5, abs=1.5)
    assert peak[1] + cutout.x0 == pytest.approx(60.25, abs=1.5)


def test_a_known_cube_is_searched_as_it_is() -> None:
    cube = image_of(8.2)
    assert at_known_scale(cube, KNOWN, found_in).notes == ("seen",)


def test_too_much_is_refused_before_memory_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(needed: float, what: str, *, remedy: str) -> None:
        raise DeepFocusError(what, wanted="less", remedy=remedy)

    monkeypatch.setattr(known_scale, "require_memory", full)
    with pytest.raises(DeepFocusError, match="the cube resampled to 2 x 360 x 404 voxels"):
        at_known_scale(image_of(MIDDLE / 4), KNOWN, found_in)


def test_slim_measures_alike_in_large_and_small_pixels() -> None:
    """The same sky in pixels of half the size has the same source, of the same size and flux."""
    cube = cube_with([source(64.0, 60.0, 30.0, snr=60.0, size_px=9.0)])
    y, x = (axis_of(n, 0.5) for n in cube.data.shape[1:])
    coarse = resampled(cube, y, x)
    fine, other = (df.detect(each, finder="slim").catalogue.accepted for each in (cube, coarse))
    # noise peaks of a restored cube are sources to it: the brightest is ours
    own, same = (int(np.argmax(each["snr_focused"])) for each in (fine, other))
    assert fine["x"][own] == pytest.approx(64.0, abs=0.5)
    assert other["x"][same] == pytest.approx(float(x.there(64.0)), abs=0.3)
    for name in ("line_flux", "fwhm_x", "fwhm_y"):
        assert other[name][same] == pytest.approx(fine[name][own], rel=0.1)
