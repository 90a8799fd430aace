"""CPU seconds of CASA for a cube, and of what spoils its data; run by CASA's Python.

    python faults_in_casa.py FILE SIZE CHANNELS

Writes JSON into FILE, by step: "made" (the measurement set of C-3, 2400 s in integrations of 10 s,
and `predict`), "imaged" (tclean, niter=0), and the faults that CASA has a task or tool for, under
the names of benchmarks/faults.py. Each leaves data that tclean has yet to image.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from casatasks import flagdata, hanningsmooth, tclean, uvcontsub
from casatools import simulator
from make_parity_reference import DEC, FIRST_HZ, RA, empty_ms, gaussians, write_model

ANTENNAS = Path(__file__).parents[2] / "src" / "deepfocus" / "instrument" / "data"
CELL, WIDTH_HZ = 0.1, 10e6


def made(size: int, channels: int) -> None:
    file = str(ANTENNAS / "alma.cycle9.3.cfg")
    sm, _, _ = empty_ms("sim.ms", file, FIRST_HZ, channels=channels, width_hz=WIDTH_HZ)
    sky = np.zeros((channels, size, size))
    for y, x, *_ in gaussians(size):
        sky[:, round(y), round(x)] = 1.0
    write_model("sim.model", sky, CELL, step_hz=WIDTH_HZ)
    sm.predict(imagename=["sim.model"])
    sm.done()


def imaged(size: int, channels: int) -> None:
    tclean(
        vis="sim.ms", imagename="out", specmode="cube", imsize=size, cell=f"{CELL}arcsec",
        nchan=channels, start=f"{FIRST_HZ:.1f}Hz", width=f"{WIDTH_HZ:.1f}Hz", outframe="LSRK",
        niter=0, phasecenter=f"J2000 {RA} {DEC}", interpolation="nearest", restoration=False,
        weighting="natural",
    )  # fmt: skip


def through_air() -> None:
    sm = simulator()
    sm.openfromms("sim.ms")
    sm.setdata(fieldid=[])
    sm.settrop(mode="screen", table="air", pwv=1.0, deltapwv=0.3, windspeed=10.0, simint=10.0)
    sm.corrupt()
    sm.done()


def continuum_subtracted(channels: int) -> None:
    third = channels // 3
    fitted = f"0:0~{third};{channels - third}~{channels - 1}"
    uvcontsub(vis="sim.ms", outputvis="line.ms", fitorder=1, fitspec=fitted)


def timed(step: Callable[[], object]) -> float:
    start = time.process_time()
    step()
    return round(time.process_time() - start, 3)


def main() -> None:
    out, size, channels = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    steps: dict[str, Callable[[], object]] = {
        "made": lambda: made(size, channels),
        "imaged": lambda: imaged(size, channels),
        "gains": through_air,
        "smoothing": lambda: hanningsmooth(vis="sim.ms", outputvis="smooth.ms", datacolumn="data"),
        "continuum": lambda: continuum_subtracted(channels),
        "flagged_antennas": lambda: flagdata(vis="sim.ms", antenna="3,11,19,27,35"),
        "flagged_channels": lambda: flagdata(vis="sim.ms", spw="0:1;3;5;7;9;11"),
    }
    took = {name: timed(step) for name, step in steps.items()}
    out.write_text(json.dumps(took))
    for path in Path().glob("*.ms"):
        shutil.rmtree(path)


if __name__ == "__main__":
    sys.exit(main())
