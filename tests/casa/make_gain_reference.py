"""Gains that CASA's simulator has, and tclean's images of visibilities with them.

Not a test: run by CASA's Python in an empty folder (half a minute), it writes casa_gains.npz, which
lives in tests/simulation/. C-3 at 229.36 GHz, 2400 s about transit in integrations of 40 s; a point
of 1 Jy in the middle, one of 0.5 Jy beside it. Phases are those that `settrop` draws. Amplitudes
are put into the table that `setgain` writes: what that draws changes from run to run with the same
seed (54, 14 and none of 86 antennas and polarisations had another gain than 1, sometimes NaN).

    NAME_gains  (polarisation, antenna, time), of `DRAWN` and "given"; the air's are one for both
    NAME_dirty  (SAMPLES,) tclean's image (niter=0, natural) at the pixels with these `offsets`
    NAME_centre the same in the middle
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
from casatasks import tclean
from casatools import simulator
from make_parity_reference import (
    DEC,
    FIRST_HZ,
    RA,
    STEP_HZ,
    empty_ms,
    ia,
    offsets,
    tb,
    thinned,
    write_model,
)

CONFIGURATION = "alma.cycle9.3"
ANTENNAS = Path(__file__).parents[2] / "src" / "deepfocus" / "instrument" / "data"
SIZE, CELL = 256, 0.1
STEP_S, TOTAL_S = 40.0, 2400.0
TIMES = round(TOTAL_S / STEP_S)
POINTS = ((0, 0, 1.0), (-40, 30, 0.5))
"""dy, dx in px from the middle, Jy."""
AIR = {"pwv": 1.0, "deltapwv": 0.3, "windspeed": 10.0, "simint": STEP_S}
DRAWN = {
    "screen": AIR | {"mode": "screen"},
    "kolmogorov": AIR | {"mode": "screen", "beta": 8 / 3},
    "individual": AIR | {"mode": "individual"},
}
AMPLITUDE_RMS = 0.05
SEED = 2022


def sky() -> np.ndarray:
    """(1, y, x) Jy/pixel."""
    out = np.zeros((1, SIZE, SIZE))
    for dy, dx, flux in POINTS:
        out[0, SIZE // 2 + dy, SIZE // 2 + dx] = flux
    return out


def observed() -> simulator:
    """Of sim.ms, with the points."""
    file = str(ANTENNAS / f"{CONFIGURATION}.cfg")
    sm, _, _ = empty_ms("sim.ms", file, FIRST_HZ, channels=1, step_s=STEP_S, total_s=TOTAL_S)
    write_model("sim.model", sky(), CELL)
    sm.predict(imagename=["sim.model"])
    shutil.rmtree("term", ignore_errors=True)
    return sm


def through_air(settings: dict) -> np.ndarray:
    """Corrupts sim.ms with phases, which it returns."""
    sm = observed()
    sm.setseed(SEED)
    sm.settrop(table="term", **settings)
    sm.corrupt()
    sm.done()
    tb.open("term")
    rows = tb.getcol("CPARAM")[:, 0]
    tb.close()
    return rows.reshape(len(rows), TIMES, -1).transpose(0, 2, 1).astype("c8")


def with_amplitudes() -> np.ndarray:
    """Corrupts sim.ms with gains that are constant in time, which it returns."""
    sm = observed()
    sm.setgain(mode="fbm", table="term")
    sm.done()
    tb.open("term", nomodify=False)
    antennas = tb.getcol("CPARAM").shape[2] // TIMES
    drawn = np.random.default_rng(SEED).standard_normal((2, antennas))
    gains = np.repeat(1 + AMPLITUDE_RMS * drawn[:, :, None], TIMES, axis=2).astype("c8")
    tb.putcol("CPARAM", gains.transpose(0, 2, 1).reshape(2, 1, -1))
    tb.close()
    sm = simulator()
    sm.openfromms("sim.ms")
    sm.setdata(fieldid=[])
    sm.setapply(table="term", type="G", interp="nearest", calwt=False)
    sm.corrupt()
    sm.done()
    return gains


def imaged() -> tuple[np.ndarray, float]:
    tclean(
        vis="sim.ms", imagename="out", specmode="cube", imsize=SIZE, cell=f"{CELL}arcsec",
        nchan=1, start=f"{FIRST_HZ:.1f}Hz", width=f"{STEP_HZ:.1f}Hz", outframe="LSRK", niter=0,
        pblimit=0.01, phasecenter=f"J2000 {RA} {DEC}", interpolation="nearest",
        restoration=False, weighting="natural",
    )  # fmt: skip
    kept = thinned("out.residual", SIZE)[0]
    ia.open("out.residual")
    centre = float(ia.getchunk()[SIZE // 2, SIZE // 2, 0, 0])
    ia.done()
    for path in Path().glob("out.*"):
        shutil.rmtree(path)
    return kept, centre


def main() -> None:
    out = {"offsets": offsets(SIZE)}
    observed().done()
    out["plain_dirty"], out["plain_centre"] = imaged()
    for name, settings in DRAWN.items():
        out[f"{name}_gains"] = through_air(settings)
        out[f"{name}_dirty"], out[f"{name}_centre"] = imaged()
    out["given_gains"] = with_amplitudes()
    out["given_dirty"], out["given_centre"] = imaged()
    np.savez_compressed("casa_gains.npz", **out)


if __name__ == "__main__":
    sys.exit(main())
