"""Templates from files: any order and direction of axes, any linear unit, or one clear line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from deepfocus.core.errors import DeepFocusError
from deepfocus.sky.template_files import SHIPPED, model_of, template_of

GALAXY = template_of("G14")
Written = Callable[..., str]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(voxels: np.ndarray, **header: object) -> str:
        cards = fits.Header()
        cards.update(header)
        path = tmp_path / "galaxy.fits"
        fits.PrimaryHDU(voxels, cards).writeto(path, overwrite=True)
        model_of.cache_clear()
        return str(path)

    return write


SKY = {"CTYPE1": "RA---SIN", "CDELT1": -1e-5, "CTYPE2": "DEC--SIN", "CDELT2": 1e-5}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_galaxies_are_light_and_nothing_else(name: str) -> None:
    made = template_of(name)
    assert made.voxels.sum() == pytest.approx(1.0)
    assert made.voxels.min() == 0
    assert made.shape.minor <= made.shape.major
    assert made.aspect == 1.0


@pytest.mark.parametrize(
    ("kind", "step", "flipped"),
    [
        ("VRAD", 5e3, False),
        ("VRAD", -5e3, True),
        ("VELO-LSR", 5e3, False),
        ("FREQ", 1e6, True),
        ("FREQ", -1e6, False),
        ("WAVE", 1e-9, False),
        ("ZOPT", -1e-4, True),
    ],
)
def test_velocity_increases_whatever_the_axis(
    kind: str, step: float, flipped: bool, written: Written
) -> None:
    voxels = GALAXY.voxels[::-1] if flipped else GALAXY.voxels
    made = template_of(written(voxels * 37.0, CTYPE3=kind, CDELT3=step, BUNIT="K", **SKY))
    np.testing.assert_allclose(made.voxels, GALAXY.voxels, rtol=1e-12)


def test_without_axes_it_is_taken_as_it_lies(written: Written) -> None:
    np.testing.assert_allclose(template_of(written(GALAXY.voxels)).voxels, GALAXY.voxels)


def test_east_and_south_are_turned_about_and_a_stokes_axis_left_out(written: Written) -> None:
    voxels = GALAXY.voxels[None, :, ::-1, ::-1]
    header = SKY | {"CDELT1": 1e-5, "CDELT2": -1e-5, "CTYPE3": "VRAD", "CTYPE4": "STOKES"}
    made = template_of(written(voxels, BUNIT="W m-2 sr-1", **header))
    np.testing.assert_allclose(made.voxels, GALAXY.voxels)


def test_axes_in_another_order(written: Written) -> None:
    header = {
        "CTYPE1": "VRAD", "CTYPE2": "RA---TAN", "CTYPE3": "DEC--TAN",
        "CDELT1": 1e3, "CDELT2": -1e-5, "CDELT3": 1e-5,
    }  # fmt: skip
    made = template_of(written(GALAXY.voxels.transpose(1, 2, 0), **header))
    np.testing.assert_allclose(made.voxels, GALAXY.voxels)


def test_pixels_that_are_not_square_keep_their_shape(written: Written) -> None:
    header = SKY | {"CDELT2": 2e-5, "CTYPE3": "VRAD", "CDELT3": 1e3}
    made = template_of(written(GALAXY.voxels[:, ::2], **header))
    assert made.aspect == pytest.approx(2.0)
    assert made.shape.pa == pytest.approx(GALAXY.shape.pa, abs=15)
    assert made.shape.minor == pytest.approx(GALAXY.shape.minor, rel=0.1)


def test_blanks_have_no_light(written: Written) -> None:
    voxels = np.where(GALAXY.voxels > 0, GALAXY.voxels, np.nan)
    np.testing.assert_allclose(template_of(written(voxels)).voxels, GALAXY.voxels)


@pytest.mark.parametrize(
    ("voxels", "header", "complaint"),
    [
        (GALAXY.voxels[0], {}, "2 axes longer than 1"),
        (GALAXY.voxels, {**SKY, "CTYPE3": "PIXEL"}, "one spectral axis"),
        (GALAXY.voxels, {"BUNIT": "mag/arcsec2"}, "a linear unit"),
        (np.zeros((4, 5, 6)), {}, "no light"),
        (np.random.default_rng(1).standard_normal((4, 5, 6)), {}, "as noise has"),
    ],
)
def test_what_is_no_template_is_one_line(
    voxels: np.ndarray, header: dict[str, object], complaint: str, written: Written
) -> None:
    with pytest.raises(DeepFocusError, match=complaint) as caught:
        template_of(written(voxels, **header))
    assert "\n" not in str(caught.value)


def test_names_that_are_no_template(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match="one of G03, G12"):
        template_of("G99")
    path = tmp_path / "text.fits"
    path.write_text("no FITS at all")
    with pytest.raises(DeepFocusError, match="cannot be read"):
        template_of(str(path))
