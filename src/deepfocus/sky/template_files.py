"""Templates from files: the galaxies that come with the package, and a user's own FITS cubes.

A template needs only the pattern: which voxel is brighter than which, whether x grows to the west,
whether the gas recedes faster with the channel, and whether pixels are square. Flux, size of a
pixel and width of a channel are read too where the header has them, for a sky used as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np
from astropy import units as u
from astropy.io import fits

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import C_KMS
from deepfocus.sky.template import Template

SHIPPED = ("G03", "G12", "G14", "G21", "G33", "H08", "H21", "H24")
"""HI galaxies of the SKA Science Data Challenge 2 (galaxies/LICENCE)."""

JY_PER_PIXEL = ("jy/pixel", "jy/pix", "jy pixel-1", "jy pix-1")
MOST_NEGATIVE = 0.01
"""Negative light over positive light above which a cube is not free of noise."""

RECEDES_WITH = {
    "VRAD": 1, "VOPT": 1, "VELO": 1, "FELO": 1, "ZOPT": 1, "BETA": 1, "WAVE": 1, "AWAV": 1,
    "FREQ": -1, "ENER": -1, "WAVN": -1,
}  # fmt: skip
"""Spectral axes of FITS (Paper III): 1 if what recedes faster lies at larger values."""


@dataclass(frozen=True, eq=False)
class ModelCube:
    """A noise-free cube and its scales, each None if the header does not tell it.

    cell_arcsec, channel_kms : spacing in x and between channels
    sum_jy : sum of all voxels, if these are in Jy/pixel
    """

    template: Template
    cell_arcsec: float | None
    channel_kms: float | None
    sum_jy: float | None


def template_of(name: str) -> Template:
    """The shipped galaxy of that name, or the galaxy in a FITS file.

    Raises `DeepFocusError` if there is none, or if the file is not a noise-free cube.
    """
    return model_of(name).template


@lru_cache(maxsize=32)
def model_of(name: str) -> ModelCube:
    """As `template_of`, with the scales of the cube."""
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


def _read(hdus: fits.HDUList, name: str) -> ModelCube:
    with hdus:
        hdu = next((each for each in hdus if each.data is not None), None)
        if hdu is None or not hdu.is_image:
            raise _unusable(name, "no image", "a FITS image of three axes")
        header, values = hdu.header, np.array(hdu.data, float)
        axes = values.ndim
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
    template = Template(name, _light(values, name, unit), aspect=abs(y_step / x_step))
    spectral, x_axis = (axes - long[order[i]] for i in (0, 2))
    return ModelCube(
        template,
        cell_arcsec=_scale(header, x_axis, abs(x_step), u.arcsec, default="deg"),
        channel_kms=_channel_kms(header, spectral, chan_kind, chan_step),
        sum_jy=float(np.nansum(values)) if unit.lower() in JY_PER_PIXEL else None,
    )


def _scale(
    header: fits.Header, axis: int, step: float, unit: u.Unit, *, default: str
) -> float | None:
    """A step in that unit; None without a header's step or with a unit that does not convert."""
    if not any(key in header for key in (f"CDELT{axis}", f"CD{axis}_{axis}")):
        return None
    try:
        return float((step * u.Unit(header.get(f"CUNIT{axis}", default))).to_value(unit))
    except (ValueError, u.UnitConversionError):
        return None


def _channel_kms(header: fits.Header, axis: int, kind: str, step: float) -> float | None:
    """Width of a channel as a velocity, at the middle of the band; None if it is unknown."""
    if kind.startswith("FREQ"):
        width_hz = _scale(header, axis, abs(step), u.Hz, default="Hz")
        first_hz = float(header.get(f"CRVAL{axis}", 0.0))
        first_hz *= u.Unit(header.get(f"CUNIT{axis}", "Hz")).to(u.Hz) if width_hz else 0.0
        offset = (int(header[f"NAXIS{axis}"]) + 1) / 2 - float(header.get(f"CRPIX{axis}", 1.0))
        middle_hz = first_hz + offset * float(np.sign(step)) * (width_hz or 0.0)
        return width_hz / middle_hz * C_KMS if width_hz and middle_hz > 0 else None
    return _scale(header, axis, abs(step), u.km / u.s, default="m/s")


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
