"""Angles on the sky of images that are turned, mirrored, or in other coordinates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u

from deepfocus.core.grid import Grid, tangent_grid
from deepfocus.core.orientation import (
    image_angle,
    in_image,
    is_upright,
    on_sky,
    plane_at,
    sky_angle,
)


def _grid(*, turn_deg: float = 0.0, mirrored: bool = False, axes: str = "RA") -> Grid:
    """An image that is turned so that north lies `turn_deg` from +y towards -x."""
    grid = tangent_grid(
        ra_deg=150.0, dec_deg=-35.0, size=64, cell_arcsec=0.5,
        freq_hz=230e9 + 1e6 * np.arange(9),
    )  # fmt: skip
    sky = grid.sky.deepcopy()
    if axes == "GLON":
        sky.wcs.ctype = ["GLON-SIN", "GLAT-SIN"]
    turn = np.deg2rad(turn_deg)
    sky.wcs.pc = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    if mirrored:
        sky.wcs.cdelt = [0.5 / 3600, 0.5 / 3600]
    sky.wcs.set()
    return replace(grid, sky=sky)


GRIDS = [
    {"turn_deg": 30.0},
    {"turn_deg": -100.0},
    {"turn_deg": 180.0},
    {"mirrored": True},
    {"mirrored": True, "turn_deg": 50.0},
    {"axes": "GLON"},
    {"axes": "GLON", "turn_deg": 70.0, "mirrored": True},
]


@pytest.mark.parametrize("how", [{}, *GRIDS])
@pytest.mark.parametrize("angle", [0.0, 20.0, 110.0, 200.0, 355.0])
def test_the_angle_is_that_between_two_positions(how: dict, angle: float) -> None:
    grid = _grid(**how)
    x, y, step = 20.0, 41.0, 3.0
    radians = np.deg2rad(angle)
    there = grid.sky_at(x - step * np.sin(radians), y + step * np.cos(radians))
    wanted = grid.sky_at(x, y).position_angle(there).to_value(u.deg)
    found = float(sky_angle(grid, angle, x=x, y=y))
    # the field is 32 arcsec wide: directions bend by less than 1e-4 of a radian in it
    assert abs((found - wanted + 180) % 360 - 180) < 0.01
    back = float(image_angle(grid, found, x=x, y=y))
    assert abs((back - angle + 180) % 360 - 180) < 1e-6


def test_images_as_casa_makes_them_are_upright() -> None:
    assert is_upright(_grid())
    assert on_sky({"x": np.ones(1), "y": np.ones(1), "pa": np.ones(1)}, _grid()) == {}
    assert not any(is_upright(_grid(**how)) for how in GRIDS)


@pytest.mark.parametrize("how", GRIDS)
def test_sizes_stay_with_their_axis(how: dict) -> None:
    grid = _grid(**how)
    pa = np.array([10.0, 80.0, 100.0, 170.0, np.nan])
    major, minor = np.full(5, 6.0), np.full(5, 2.0)
    first = np.where((pa < 90) | np.isnan(pa), major, minor)
    columns = {
        "x": np.full(5, 30.0), "y": np.full(5, 30.0), "pa": pa, "kinematic_pa": pa + 180.0,
        "fwhm_x_px": first, "fwhm_y_px": major + minor - first,
    }  # fmt: skip
    turned = on_sky(columns, grid)
    known = slice(0, 4)
    np.testing.assert_allclose(
        np.where(turned["pa"] < 90, turned["fwhm_x_px"], turned["fwhm_y_px"])[known], 6.0
    )
    np.testing.assert_allclose(turned["fwhm_x_px"] + turned["fwhm_y_px"], 8.0)
    assert np.isnan(turned["pa"][4])
    assert turned["fwhm_x_px"][4] == 6.0
    np.testing.assert_allclose(
        (turned["kinematic_pa"] - turned["pa"] + 1e-9)[known] % 180.0, 0.0, atol=1e-6
    )


OBLONG = {
    "tall": [[-0.1, 0.0], [0.0, 0.2]],
    "mirrored": [[0.2, 0.0], [0.0, 0.1]],
    "sheared and turned": [[-0.12, 0.09], [0.07, 0.15]],
}


def _oblong(matrix: list[list[float]], ctype: str = "RA") -> Grid:
    """A grid whose pixel offsets (x, y) are these offsets to (east, north), arcsec."""
    grid = _grid(axes=ctype)
    sky = grid.sky.deepcopy()
    sky.wcs.cdelt = [1 / 3600, 1 / 3600]
    sky.wcs.pc = matrix
    sky.wcs.set()
    return replace(grid, sky=sky)


@pytest.mark.parametrize("axes", ["RA", "GLON"])
@pytest.mark.parametrize("matrix", OBLONG.values(), ids=OBLONG)
def test_an_ellipse_is_the_one_that_its_edge_draws_on_the_sky(
    matrix: list[list[float]], axes: str
) -> None:
    grid = _oblong(matrix, axes)
    x, y, pa = 20.0, 41.0, 130.0
    columns = {
        "x": np.array([x]), "y": np.array([y]), "pa": np.array([pa]),
        "fwhm_x_px": np.array([3.0]), "fwhm_y_px": np.array([9.0]),
        "kinematic_pa": np.array([pa]),
    }  # fmt: skip
    seen = on_sky(columns, grid)
    turn = np.linspace(0, 2 * np.pi, 3600, endpoint=False)
    along, across = 4.5 * np.cos(turn), 1.5 * np.sin(turn)
    angle = np.deg2rad(pa)
    dx = -along * np.sin(angle) - across * np.cos(angle)
    dy = along * np.cos(angle) - across * np.sin(angle)
    edge, centre = grid.sky_at(x + dx, y + dy), grid.sky_at(x, y)
    radius = centre.separation(edge).to_value(u.arcsec)
    direction = centre.position_angle(edge).to_value(u.deg)
    sizes = sorted([seen["fwhm_x_px"][0], seen["fwhm_y_px"][0]])
    np.testing.assert_allclose(
        np.array(sizes) * grid.cell_arcsec, [2 * radius.min(), 2 * radius.max()], rtol=1e-4
    )
    longest = direction[np.argmax(radius)]
    # the edge is drawn in steps of 0.1 deg
    assert abs((seen["pa"][0] - longest + 90) % 180 - 90) < 0.3
    first = seen["pa"][0] < 90
    assert (seen["fwhm_x_px"][0] > seen["fwhm_y_px"][0]) == first
    assert abs((seen["kinematic_pa"][0] - direction[0] + 180) % 360 - 180) < 0.01
    back = in_image({**columns, **seen}, grid)
    np.testing.assert_allclose(
        [back[name][0] for name in ("fwhm_x_px", "fwhm_y_px", "pa")], [3.0, 9.0, pa], rtol=1e-6
    )


def test_in_an_unknown_frame_oblong_cells_are_only_stretched() -> None:
    grid = _oblong(OBLONG["tall"])
    sky = grid.sky.deepcopy()
    sky.wcs.radesys = "GAPPT"
    sky.wcs.set()
    lost = replace(grid, sky=sky)
    assert lost.frame is None
    np.testing.assert_allclose(
        plane_at(lost, x=3.0, y=4.0), np.diag([1 / np.sqrt(2), np.sqrt(2)]), rtol=1e-6
    )
    # upright, so that the image's angles are those of the sky
    known, unknown = (plane_at(each, x=3.0, y=4.0) for each in (grid, lost))
    np.testing.assert_allclose(known, unknown, atol=1e-4)
