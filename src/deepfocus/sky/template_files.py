"""Templates from files: the galaxies that come with the package, and a user's own FITS cubes.

Only the pattern is read: which voxel is brighter than which, whether x grows to the west, whether
the gas recedes faster with the channel, and whether pixels are square. Units of brightness, the
size of a pixel and the width of a channel are not needed, since a source gives them.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np
from astropy.io import fits

from deepfocus.core.errors import DeepFocusError
from deepfocus.sky.template import Template

SHIPPED = ("G03", "G12", "G14", "G21", "G33", "H08", "H21", "H24")
"""HI galaxies of the SKA Science Data Challenge 2 (galaxies/LICENCE)."""

MOST_NEGATIVE = 0.01
"""Negative light over positive light above which a cube is not free of noise."""

RECEDES_WITH = {
    "VRAD": 1, "VOPT": 1, "VELO": 1, "FELO": 1, "ZOPT": 1, "BETA": 1, "WAVE": 1, "AWAV": 1,
    "FREQ": -1, "ENER": -1, "WAVN": -1,
}  # fmt: skip
"""Spectral axes of FITS (Paper III): 1 if what recedes faster lies at larger values."""


@lru_cache(maxsize=32)
def template_of(name: str) -> Template:
    """The shipped galaxy of that name, or the galaxy in a FITS file.

    Raises `DeepFocusError` if there is none, or if the file is not a noise-free cube.
    """
    if name in SHIPPED:
        with resources.files(__package__).joinpath("galaxies", f"{name}.fits").open("rb") as file:
            return _read(fits.open(file, memmap=False), name)
    path = Path(name)
    if not path.is_file():
        raise DeepFocusError(
            f"there is no template '{name}'",
            wanted=f"one of {', '.join(SHIPPED)}, or a FITS file",
            remedy="check the name or the path",
        )
    try:
        return _read(fits.open(path, memmap=False), path.name)
    except OSError as error:
        raise DeepFocusError(
            f"{path} cannot be read: {error}", wanted="a FITS cube", remedy="check the file"
        ) from error


def _read(hdus: fits.HDUList, name: str) -> Template:
    with hdus:
        hdu = next((each for each in hdus if each.data is not None), None)
        if hdu is None or not hdu.is_image:
            raise _unusable(name, "no image", "a FITS image of three axes")
        header, values = hdu.header, np.array(hdu.data, float)
    kinds = [str(header.get(f"CTYPE{axis}", "")).upper() for axis in range(values.ndim, 0, -1)]
    steps = [_step(header, axis) for axis in range(values.ndim, 0, -1)]
    long = [axis for axis, length in enumerate(values.shape) if length > 1]
    if len(long) != 3:
        raise _unusable(name, f"{len(long)} axes longer than 1", "a cube of sky, sky and spectrum")
    values = values.reshape([values.shape[axis] for axis in long])
    kinds, steps = [kinds[axis] for axis in long], [steps[axis] for axis in long]
    order = _order(kinds, name)
    values = values.transpose(order)
    (chan_kind, chan_step), (_, y_step), (_, x_step) = ((kinds[i], steps[i]) for i in order)
    if chan_kind and RECEDES_WITH[chan_kind[:4]] * chan_step < 0:
        values = values[::-1]
    if y_step < 0:
        values = values[:, ::-1]
    if x_step > 0 and any(kinds):
        values = values[:, :, ::-1]
    unit = str(header.get("BUNIT", ""))
    return Template(name, _light(values, name, unit), aspect=abs(y_step / x_step))


def _order(kinds: list[str], name: str) -> tuple[int, int, int]:
    """Which axis is the spectrum, the latitude, the longitude; as they lie if nothing is said."""
    if not any(kinds):
        return (0, 1, 2)
    spectral = [axis for axis, kind in enumerate(kinds) if kind[:4] in RECEDES_WITH]
    if len(spectral) != 1:
        raise _unusable(
            name,
            f"axes of the kinds {', '.join(kind or 'none' for kind in kinds)}",
            f"one spectral axis, of {', '.join(RECEDES_WITH)}, or no kinds at all: "
            "then (channel, y, x), with velocities that increase",
        )
    sky = [axis for axis in range(3) if axis != spectral[0]]
    if "DEC" in kinds[sky[1]] or "LAT" in kinds[sky[1]]:
        sky.reverse()
    return (spectral[0], sky[0], sky[1])


def _step(header: fits.Header, axis: int) -> float:
    """Step of an axis; axes that are turned against each other keep their own scales."""
    step = float(header.get(f"CDELT{axis}", 1.0)) * float(header.get(f"PC{axis}_{axis}", 1.0))
    step = float(header.get(f"CD{axis}_{axis}", step))
    return step if step else 1.0


def _light(values: np.ndarray, name: str, unit: str) -> np.ndarray:
    """Voxels without blanks, none negative, with a sum of 1."""
    if unit.lower().startswith(("mag", "log", "dex", "db")):
        raise _unusable(name, f"brightness in {unit}", "a linear unit, such as Jy/beam or K")
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    light = np.clip(values, 0.0, None)
    total = light.sum()
    if total <= 0 or (light - values).sum() > MOST_NEGATIVE * total:
        raise _unusable(
            name,
            "no light" if total <= 0 else "negative brightness, as noise has",
            "a cube without noise: a model, or an observation with its noise masked",
        )
    voxels: np.ndarray = light / total
    return voxels


def _unusable(name: str, came: str, wanted: str) -> DeepFocusError:
    return DeepFocusError(
        f"the template {name} has {came}", wanted=wanted, remedy="convert it, or choose another"
    )
