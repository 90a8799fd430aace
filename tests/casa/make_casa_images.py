"""The CASA images that tests read, and the FITS files that CASA's exportfits makes of them.

Not a test: run by CASA's Python in an empty folder (10 seconds), it writes casa_images.tar.gz,
which lives in tests/io/. It contains products as tclean names them (x.image to x.sumwt), images
that are less usual, and a folder `exported` with NAME.fits of some.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from casatasks import exportfits
from casatools import image, quanta

NX, NY, CHANNELS = 16, 14, 9
CELL_RAD = np.deg2rad(0.1 / 3600)
FIRST_HZ, STEP_HZ, REST_HZ = 230.0e9, 2.0e6, 230.538e9
SEED = 5
EXPORTED = ("x.image", "x.image.pbcor", "x.pb", "beams.image", "stokes.image", "list.image")

ia, qa = image(), quanta()


def voxels(stokes: int = 1) -> np.ndarray:
    """(x, y, stokes, chan) noise around a source of five channels, Jy/beam."""
    rng = np.random.default_rng(SEED)
    x, y, _, chan = np.indices((NX, NY, stokes, CHANNELS))
    line = np.exp(-((x - 10) ** 2 + (y - 6) ** 2) / 8 - (chan - 4) ** 2 / 4)
    values = 0.03 * line + rng.normal(0, 1e-3, line.shape)
    return values.round(5) + 5e-6  # few digits are compressed well; none is zero, as blanks may be


def response() -> np.ndarray:
    """(x, y, 1, chan) of the primary beam."""
    x, y, _, _ = np.indices((NX, NY, 1, CHANNELS))
    return np.exp(-((x - NX // 2) ** 2 + (y - NY // 2) ** 2) / 40)


def made(name: str, values: np.ndarray, unit: str = "Jy/beam", kind: str = "f") -> None:
    """Leave an image open: ICRS, LSRK, a rest frequency, a telescope."""
    ia.fromshape(name, list(values.shape), type=kind, log=False)
    axes = ia.coordsys()
    axes.setunits(["rad", "rad", "", "Hz"])
    axes.setreferencecode("ICRS", "direction")
    axes.setreferencevalue([np.deg2rad(150.0), np.deg2rad(-35.0)], "direction")
    axes.setreferencepixel([values.shape[0] // 2, values.shape[1] // 2], "direction")
    axes.setincrement([-CELL_RAD, CELL_RAD], "direction")
    axes.setreferencecode("LSRK", "spectral")
    axes.setreferencepixel(0, "spectral")
    axes.setreferencevalue(FIRST_HZ, "spectral")
    axes.setincrement(STEP_HZ, "spectral")
    axes.setrestfrequency(qa.quantity(REST_HZ, "Hz"))
    axes.settelescope("ALMA")
    axes.setobserver("Karl Jansky")
    ia.setcoordsys(axes.torecord())
    if kind == "f":  # CASA sets no unit of others
        ia.setbrightnessunit(unit)
    ia.putchunk(values)


def finished(name: str, *, with_beam: bool = True) -> None:
    if with_beam:
        ia.setrestoringbeam(major="0.4arcsec", minor="0.3arcsec", pa="30deg", log=False)
    ia.sethistory("make_casa_images", f"made {name}")
    ia.done()


def masked_where_faint(name: str) -> None:
    ia.calcmask("x.pb > 0.2", name="mask0")
    finished(name)


def products() -> None:
    """As tclean and impbcor leave them."""
    made("x.pb", response(), unit="")
    ia.calcmask("x.pb > 0.2", name="mask0")
    finished("x.pb", with_beam=False)
    made("x.image", voxels())
    masked_where_faint("x.image")
    made("x.image.pbcor", voxels() / response())
    masked_where_faint("x.image.pbcor")
    x, y, _, _ = np.indices((NX, NY, 1, CHANNELS))
    made("x.psf", np.exp(-((x - NX // 2) ** 2 + (y - NY // 2) ** 2) / 6), unit="")
    finished("x.psf")
    for name, unit in (("residual", "Jy/beam"), ("model", "Jy/pixel"), ("mask", "")):
        made(f"x.{name}", 1.0 * (voxels() > 0.01) if name == "mask" else voxels() / 2, unit=unit)
        finished(f"x.{name}", with_beam=False)
    made("x.sumwt", np.ones((1, 1, 1, CHANNELS)), unit="")
    finished("x.sumwt", with_beam=False)


def less_usual() -> None:
    made("beams.image", voxels())
    for channel in range(CHANNELS):
        major = f"{0.4 + 0.01 * channel}arcsec"
        ia.setrestoringbeam(
            major=major, minor="0.3arcsec", pa="30deg", channel=channel, polarization=0, log=False
        )
    finished("beams.image", with_beam=False)
    ia.fromshape("stokes.image", [NX, NY, 2, CHANNELS], log=False)
    axes = ia.coordsys()
    axes.setstokes("I V")
    axes.setincrement([-CELL_RAD, CELL_RAD], "direction")
    axes.setreferencevalue(FIRST_HZ, "spectral")
    axes.setincrement(STEP_HZ, "spectral")
    ia.setcoordsys(axes.torecord())
    ia.setbrightnessunit("Jy/beam")
    ia.putchunk(voxels(stokes=2))
    finished("stokes.image")
    made("list.image", voxels())
    axes = ia.coordsys()
    even_in_velocity = FIRST_HZ / (1 + 1e-3 * np.arange(CHANNELS))
    axes.setspectral(frequencies=qa.quantity(even_in_velocity.tolist(), "Hz"))
    ia.setcoordsys(axes.torecord())
    finished("list.image")
    made("double.image", voxels(), kind="d")
    ia.done()
    made("complex.image", voxels() * (1 + 1j), kind="c")
    ia.done()


def main() -> None:
    products()
    less_usual()
    exported = Path("exported")
    exported.mkdir()
    names = [path.parent.name for path in sorted(Path().glob("*/table.dat"))]
    for name in names:
        if name in EXPORTED:
            exportfits(name, str(exported / f"{name}.fits"))
    with tarfile.open("casa_images.tar.gz", "w:gz") as archive:
        for name in (*names, exported.name):
            archive.add(name, filter=nobodys)
            shutil.rmtree(name)


def nobodys(member: Any) -> Any:
    """An archive does not say on whose machine it was made."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    sys.exit(main())
