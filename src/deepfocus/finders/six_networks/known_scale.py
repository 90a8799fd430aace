"""A cube whose beam has other pixels than the networks know, searched at the scale they know.

Networks count in pixels: shown a beam of three instead of eight, they see sources of a third of
their size and report half of their flux. The cube is resampled, and what is found brought back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import affine_transform

from deepfocus.core.catalogue import SCHEMA, Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.grid import Grid
from deepfocus.core.memory import require_memory
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, Panel
from deepfocus.finders.finder import Detection
from deepfocus.finders.six_networks.domain import TOLERANCE
from deepfocus.weights.domain import Domain

HELD = 2.0
"""Times its size that a resampled cube takes while it is made."""
PLACES = frozenset({"x", "y", "box_x0", "box_x1", "box_y0", "box_y1"})
"""Columns that are places in the image; all others in pixels are lengths."""


@dataclass(frozen=True)
class Axis:
    """An image axis and the same with other pixels; the pixels n // 2 lie on each other.

    before, after : pixels of the axis; factor : pixels after, of one before
    """

    before: int
    after: int
    factor: float

    @property
    def back(self) -> Axis:
        """The other way round."""
        return Axis(self.after, self.before, 1 / self.factor)

    def there(self, place: np.ndarray | float) -> np.ndarray:
        """Places after, of places before."""
        moved: np.ndarray = (np.asarray(place) - self.before // 2) * self.factor + self.after // 2
        return moved


def at_known_scale(cube: Cube, domain: Domain, find: Callable[[Cube], Detection]) -> Detection:
    """What is found in a cube, whose beam is brought to the pixels that networks know.

    Raises `DeepFocusError` if the resampled cube is too large for memory.
    """
    factor = factor_to(domain, cube.beam_px)
    if factor == 1.0:
        return find(cube)
    y, x = (axis_of(n, factor) for n in cube.data.shape[1:])
    detection = find(resampled(cube, y, x))
    said = (
        f"searched with pixels of {cube.grid.cell_arcsec / factor:.3g} in place of "
        f"{cube.grid.cell_arcsec:.3g} arcsec, so that the beam has as many as the networks know"
    )
    return replace(
        detection,
        catalogue=brought_back(detection.catalogue, y, x),
        snapshots={step: brought_back(each, y, x) for step, each in detection.snapshots.items()},
        notes=(said, *detection.notes),
        evidence=tuple(_panel_back(each, y, x) for each in detection.evidence),
    )


def factor_to(domain: Domain, beam_px: float | None) -> float:
    """Pixels for each of a cube, at which its beam is amid those trained on; 1 if it is already.

    And 1 if the beam is not known.
    """
    low, high = domain.beam_px
    if beam_px is None or low / TOLERANCE <= beam_px <= high * TOLERANCE:
        return 1.0
    return float(np.sqrt(low * high) / beam_px)


def axis_of(n: int, factor: float) -> Axis:
    """An axis of n pixels with other pixels: as many as lie inside it."""
    return Axis(n, max(1, round(n * factor)), factor)


def resampled(cube: Cube, y: Axis, x: Axis) -> Cube:
    """A cube with other pixels, by cubic splines: values in Jy/beam stay what they are."""
    planes = len(cube.data)
    require_memory(
        HELD * 4.0 * planes * y.after * x.after,
        f"the cube resampled to {planes} x {y.after} x {x.after} voxels",
        remedy="cut out a part of it, or search it with the finder deepfocus",
    )
    data = np.empty((planes, y.after, x.after), np.float32)
    for channel, plane in enumerate(cube.data):
        data[channel] = _image(np.asarray(plane), y, x)
    return replace(
        cube,
        data=data,
        grid=_grid(cube.grid, y, x),
        psf=_beams(cube.psf, y.factor),
        primary_beam=_images(cube.primary_beam, y, x),
    )


def brought_back(catalogue: Catalogue, y: Axis, x: Axis) -> Catalogue:
    """Places and lengths in pixels of the cube that was given."""
    columns: dict[str, np.ndarray] = {}
    for column in SCHEMA:
        if column.unit != "pix":
            continue
        values = catalogue[column.name]
        if column.name in PLACES:
            axis = x if "x" in column.name.removeprefix("box_") else y
            columns[column.name] = axis.back.there(values)
        else:
            columns[column.name] = values / x.factor
    return catalogue.with_columns(**columns)


def _panel_back(panel: Panel, y: Axis, x: Axis) -> Panel:
    """A panel on the pixels of the cube that was given; spectra have none."""
    if isinstance(panel, ImagePanel):
        return replace(panel, image=_image(panel.image, y.back, x.back))
    if not isinstance(panel, CutoutPanel):
        return panel
    ny, nx = panel.image.shape
    rows, columns = axis_of(ny, 1 / y.factor), axis_of(nx, 1 / x.factor)
    middle_y, middle_x = (
        round(float(axis.back.there(first + n // 2)))
        for axis, first, n in ((y, panel.y0, ny), (x, panel.x0, nx))
    )
    return replace(
        panel,
        image=_image(panel.image, rows, columns),
        y0=middle_y - rows.after // 2,
        x0=middle_x - columns.after // 2,
    )


def _grid(grid: Grid, y: Axis, x: Axis) -> Grid:
    sky = grid.sky.deepcopy()
    sky.wcs.crpix = [
        float(axis.there(at - 1)) + 1 for axis, at in zip((x, y), sky.wcs.crpix, strict=True)
    ]
    if sky.wcs.has_cd():
        sky.wcs.cd = sky.wcs.cd / x.factor
    else:
        sky.wcs.cdelt = sky.wcs.cdelt / x.factor
    sky.pixel_shape = (x.after, y.after)
    sky.wcs.set()
    return replace(grid, sky=sky, ny=y.after, nx=x.after)


def _images(planes: np.ndarray | None, y: Axis, x: Axis) -> np.ndarray | None:
    return None if planes is None else np.stack([_image(each, y, x) for each in planes])


def _beams(planes: np.ndarray | None, factor: float) -> np.ndarray | None:
    """Dirty beams, each with its peak on the pixel n // 2, before and after."""
    if planes is None:
        return None
    y, x = (axis_of(n, factor) for n in planes.shape[1:])
    return _images(planes, y, x)


def _image(image: np.ndarray, y: Axis, x: Axis) -> np.ndarray:
    """(y, x) float32 an image with other pixels, blank beyond it and in the midst of blanks."""
    known = np.isfinite(image)
    filled = np.where(known, image, 0).astype(np.float32)
    values: np.ndarray = _spread(filled, y, x, order=3)
    if not known.all():
        values[_spread(known.astype(np.float32), y, x, order=1) < 0.5] = np.nan
    return values


def _spread(image: np.ndarray, y: Axis, x: Axis, *, order: int) -> np.ndarray:
    there: np.ndarray = affine_transform(
        image,
        [y.back.factor, x.back.factor],
        offset=[float(y.back.there(0.0)), float(x.back.there(0.0))],
        output_shape=(y.after, x.after),
        order=order,
        mode="nearest",
    )
    return there
