"""A CASA script that makes the dirty cube of a measurement set, with its PSF and primary beam.

The script runs in CASA (6 or later, also as `casatools`/`casatasks` in Python), which need not
be installed on the machine that writes it. Its products have the names that `deepfocus` expects
for one cube: NAME.fits, NAME.psf.fits, NAME.pb.fits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from astropy import units as u

from deepfocus import __version__
from deepfocus.core.errors import DeepFocusError

WEIGHTINGS = ("uniform", "natural", "briggs")
FRAMES = {"lsrk": "LSRK", "topo": "TOPO"}


@dataclass(frozen=True)
class CasaImaging:
    """Settings for tclean, in its terms and with its defaults.

    vis : measurement set; name : base name of the products
    cell : angle with unit, '0.1arcsec'; size : pixels along a side
    taper : uv taper as the FWHM of a beam ('0.5arcsec') or in wavelengths ('200000'), '' for none
    field, spw : CASA selections, '' for all
    column : 'corrected' or 'data', '' for corrected if it exists; frame : 'lsrk' or 'topo'
    rest_hz : rest frequency, None for the data's own
    width, start : channel width and first channel, as a number of channels or as text with a
        unit ('10MHz', '5km/s'); '' for the data's own
    nchan : number of channels, -1 for all
    """

    vis: str
    name: str
    cell: str
    size: int
    weighting: str = "natural"
    robust: float = 0.5
    field: str = ""
    spw: str = ""
    width: str = ""
    start: str = ""
    nchan: int = -1
    taper: str = ""
    column: str = ""
    frame: str = "lsrk"
    rest_hz: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "cell", _angle(self.cell))
        for name in ("width", "start"):
            object.__setattr__(self, name, getattr(self, name).strip())
        _check("measurement set", self.vis, bool(self.vis.strip()), "its path")
        _check("size", self.size, self.size >= 16, "at least 16 pixels")
        _check("weighting", self.weighting, self.weighting in WEIGHTINGS, " or ".join(WEIGHTINGS))
        _check("robust", self.robust, -2 <= self.robust <= 2, "-2 (uniform) to 2 (natural)")
        _check("nchan", self.nchan, self.nchan == -1 or self.nchan >= 1, "-1 for all, or a number")
        _check("column", self.column, self.column in ("", "corrected", "data"), "corrected or data")
        _check("frame", self.frame, self.frame in FRAMES, " or ".join(FRAMES))
        taper_quantity(self.taper)
        plain = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*", self.name) is not None
        _check("name", self.name, plain, "letters, digits and _ . + -")

    def arguments(self) -> dict[str, object]:
        """The arguments of tclean, in order."""
        arguments: dict[str, object] = {
            "vis": self.vis,
            "imagename": self.name,
            "field": self.field,
            "spw": self.spw,
            "datacolumn": self.column or "corrected",
            "specmode": "cube",
            "outframe": FRAMES[self.frame],
            # linear interpolation correlates the noise of neighbouring channels, and leaves the
            # channels at the band edges with only part of the data
            "interpolation": "nearest",
            "nchan": self.nchan,
            "start": _channels(self.start),
            "width": _channels(self.width),
            "imsize": [self.size, self.size],
            "cell": self.cell,
            "gridder": "standard",
            "stokes": "I",
            "weighting": self.weighting,
        }
        if self.weighting == "briggs":
            arguments["robust"] = self.robust
        if self.taper:
            arguments["uvtaper"] = [_casas_taper(self.taper)]
        if self.rest_hz is not None:
            arguments["restfreq"] = [f"{self.rest_hz!r}Hz"]
        return arguments | {
            "deconvolver": "hogbom",
            "niter": 0,
            "calcpsf": True,
            "calcres": True,
            "restoration": True,
            "pbcor": False,
            "pblimit": -0.2,
            "interactive": False,
        }


def casa_script(imaging: CasaImaging) -> str:
    """The script's text, with every value as a Python literal."""
    arguments = "".join(f"    {key}={value!r},\n" for key, value in imaging.arguments().items())
    return SCRIPT.format(
        version=__version__, vis=imaging.vis, name=imaging.name, arguments=arguments
    )


SCRIPT = """\
# Dirty cube, PSF and primary beam for deepfocus; written by deepfocus {version}.
# Run it with CASA: casa --nologger -c THIS_FILE, or with python where casatasks is installed.
# Then: deepfocus detect NAME.fits --out found
import os

from casatasks import exportfits, tclean

vis = {vis!r}
name = {name!r}
if not os.path.isdir(vis):
    raise SystemExit('no measurement set at ' + vis)
for product in ('image', 'residual', 'psf', 'pb', 'model', 'sumwt'):
    if os.path.exists(name + '.' + product):
        raise SystemExit(name + '.' + product + ' is there already: move it away first')

# niter=0: nothing is cleaned. pblimit below 0: pixels outside the primary beam are kept.
tclean(
{arguments})

# the names under which deepfocus finds the PSF and the primary beam of NAME.fits; those two
# are exported first, so that where the cube is, they are
for product, fits in (('psf', '.psf.fits'), ('pb', '.pb.fits'), ('image', '.fits')):
    exportfits(
        imagename=name + '.' + product,
        fitsimage=name + fits,
        velocity=False,
        dropdeg=False,
        overwrite=True,
    )
"""


def taper_quantity(text: str) -> u.Quantity | None:
    """A taper such as '0.5arcsec', or '200000' wavelengths; None for ''.

    Raises `DeepFocusError` for anything else.
    """
    if not text.strip():
        return None
    try:
        taper = u.Quantity(text)
        good = taper > 0 and (taper.unit == u.one or taper.unit.is_equivalent(u.arcsec))
    except (TypeError, ValueError):
        good = False
    _check("taper", text, bool(good), "an angle ('0.5arcsec') or wavelengths ('200000')")
    return taper


def cell_arcsec(text: str) -> float:
    """The pixel size from a text such as '0.1arcsec'. Raises `DeepFocusError` for anything else."""
    return float(_angle(text).removesuffix("arcsec"))


def _casas_taper(text: str) -> str:
    taper = taper_quantity(text)
    assert taper is not None
    if taper.unit == u.one:
        return f"{float(taper.value) / 1000!r}klambda"
    return f"{float(taper.to_value(u.arcsec))!r}arcsec"


def _angle(text: str) -> str:
    """The cell in arcsec, in CASA's spelling."""
    try:
        arcsec = u.Quantity(text).to_value(u.arcsec)
    except (TypeError, ValueError, u.UnitConversionError):
        arcsec = 0.0
    if not 0 < arcsec < 3600:
        raise DeepFocusError(
            f"cell = {text}",
            wanted="an angle with its unit, such as '0.1arcsec'",
            remedy="take about a fifth of the beam's minor FWHM",
        )
    return f"{float(arcsec)!r}arcsec"


def _channels(text: str) -> int | str:
    """A whole number counts channels; CASA reads any other text as a quantity."""
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else text


def _check(name: str, value: object, good: bool, wanted: str) -> None:
    if not good:
        raise DeepFocusError(f"{name} = {value!r}", wanted=wanted, remedy="correct the value")


def check_measurement_set(path: Path) -> None:
    """Refuse a path that exists but is not a measurement set; a missing one may be elsewhere."""
    if path.is_file() or (path.is_dir() and not (path / "table.dat").is_file()):
        raise DeepFocusError(
            f"{path} is not a measurement set",
            wanted="a folder that CASA wrote, with table.dat in it",
            remedy="give the .ms itself; import other formats with CASA first",
        )
