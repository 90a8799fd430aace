"""What CASA's mosaic gridder gives for 12 m and 7 m data together, and for three pointings.

Not a test: run by CASA's Python in an empty folder, it writes casa_joint.npz, which lives in
tests/instrument/. Tracks are those of make_parity_reference.py, with integrations of 60 s.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
from casatasks import tclean
from casatasks.private import simutil
from casatools import image, measures, simulator, table
from make_parity_reference import DEC, FIRST_HZ, RA, STEP_HZ, sky_cube, thinned, write_model

ANTENNAS = Path(__file__).parents[2] / "src" / "deepfocus" / "instrument" / "data"
SIZE, CELL = 240, 0.3
WEIGHT_OF_7_M = 0.13
"""Of a visibility, over that of a 12 m one."""
STEP_S = 60.0
EAST_ARCSEC = (-9.0, 0.0, 9.0)

ia, me, tb = image(), measures(), table()


def made(path: str, configuration: str, total_s: float, east_arcsec: tuple[float, ...]) -> str:
    """An MS of the model sky, whose fields take turns from integration to integration."""
    util = simutil.simutil()
    file = str(ANTENNAS / f"{configuration}.cfg")
    x, y, z, diameter, pads, names, telescope, position = util.readantenna(file)
    shutil.rmtree(path, ignore_errors=True)
    sm = simulator()
    sm.open(path)
    sm.setconfig(
        telescopename=telescope, x=x, y=y, z=z, dishdiameter=[float(d) for d in diameter],
        mount=["alt-az"], antname=list(names), padname=list(pads), coordsystem="global",
        referencelocation=position,
    )  # fmt: skip
    width = f"{STEP_HZ:.1f}Hz"
    sm.setspwindow(
        spwname="b", freq=f"{FIRST_HZ:.1f}Hz", deltafreq=width, freqresolution=width,
        nchannels=1, refcode="LSRK", stokes="XX YY",
    )  # fmt: skip
    sm.setfeed(mode="perfect X Y", pol=[""])
    sm.setlimits(shadowlimit=0.01, elevationlimit="10deg")
    sm.setauto(0.0)
    sm.settimes(f"{STEP_S}s", True, me.epoch("UTC", "2014/01/01/00:00:00"))
    centre = me.direction("J2000", RA, DEC)
    fields = [f"f{number}" for number in range(len(east_arcsec))]
    for name, east in zip(fields, east_arcsec, strict=True):
        ra = centre["m0"]["value"] + np.deg2rad(east / 3600) / np.cos(centre["m1"]["value"])
        there = me.direction("J2000", f"{ra:.15g}rad", f"{centre['m1']['value']:.15g}rad")
        sm.setfield(sourcename=name, sourcedirection=there)
    for number in range(round(total_s / STEP_S)):
        start = -total_s / 2 + number * STEP_S
        sm.observe(
            fields[number % len(fields)], "b", starttime=f"{start}s", stoptime=f"{start + STEP_S}s"
        )
    sm.setdata(fieldid=list(range(len(fields))))
    sm.setvp(dovp=True, usedefaultvp=False)
    sm.predict(imagename=["sim.model"])
    sm.done()
    return path


def weighted(path: str, weight: float) -> str:
    tb.open(path, nomodify=False)
    for name, value in (("WEIGHT", weight), ("SIGMA", weight**-0.5)):
        tb.putcol(name, np.full_like(tb.getcol(name), value))
    tb.close()
    return path


def imaged(vis: list[str], key: str, **settings: object) -> dict[str, np.ndarray]:
    """Thinned PSF, PB and dirty image."""
    tclean(
        vis=vis, imagename="out", specmode="cube", imsize=SIZE, cell=f"{CELL}arcsec", nchan=1,
        start=f"{FIRST_HZ:.1f}Hz", width=f"{STEP_HZ:.1f}Hz", outframe="LSRK", niter=0,
        pblimit=0.01, phasecenter=f"J2000 {RA} {DEC}", interpolation="nearest",
        restoration=False, gridder="mosaic", mosweight=False, usepointing=False,
        normtype="flatnoise", **({"weighting": "natural"} | settings),
    )  # fmt: skip
    names = {"psf": "psf", "pb": "pb", "dirty": "residual"}
    found = {f"{key}_{kind}": thinned(f"out.{name}", SIZE)[0] for kind, name in names.items()}
    if "--whole" in sys.argv:
        for kind, name in names.items():
            ia.open(f"out.{name}")
            np.save(f"{key}_{kind}.npy", ia.getchunk()[:, :, 0, 0].T)
            ia.done()
    for path in Path().glob("out.*"):
        shutil.rmtree(path)
    return found


def main() -> None:
    write_model("sim.model", sky_cube(SIZE, 1), CELL)
    large = made("large.ms", "alma.cycle9.1", 1200.0, (0.0,))
    small = weighted(made("small.ms", "aca.cycle9", 3600.0, (0.0,)), WEIGHT_OF_7_M)
    three = made("three.ms", "alma.cycle9.1", 1800.0, EAST_ARCSEC)
    briggs = {"weighting": "briggs", "robust": 0.5}
    out = imaged([large, small], "arrays") | imaged([three], "mosaic")
    out |= imaged([large, small], "arrays_briggs", **briggs)
    np.savez_compressed("casa_joint.npz", **out)


if __name__ == "__main__":
    sys.exit(main())
