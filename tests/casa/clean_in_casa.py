"""Data sets of CASA's simulator, and what tclean makes of them; run by CASA's Python.

    python clean_in_casa.py FOLDER NAME SIZE CHANNELS

Writes into the folder, for the data set NAME of `SETS`: NAME.dirty.fits with its beam and primary
beam, NAME.wide.psf.fits, the same beam on twice the side, and tclean's NAME.image.fits,
NAME.model.fits and NAME.residual.fits of CLEAN (hogbom, gain 0.1, down to NAME's threshold); and
NAME.json, the threshold and CPU seconds of tclean with and without CLEAN.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np
from casatasks import exportfits, tclean
from make_parity_reference import DEC, FIRST_HZ, RA, STEP_HZ, empty_ms, ia, write_model

NOISE_JY = 0.02
"""Of a visibility."""
THRESHOLD_SIGMA = 4.0
ANTENNAS = Path(__file__).parents[2] / "src" / "deepfocus" / "instrument" / "data"
"""DeepFocus's, which are CASA's: its own data, of 350 MB, are not needed then."""
SETS = {
    "c3": {"configuration": "alma.cycle9.3", "cell": 0.12, "how": {"weighting": "natural"}},
    "aca": {
        "configuration": "aca.cycle9",
        "cell": 0.8,
        "how": {"weighting": "briggs", "robust": 0.5},
    },
}


def sky(size: int, channels: int) -> np.ndarray:
    """(chan, y, x) Jy/pixel: three points and a Gaussian, each with a line of its own."""
    out = np.zeros((channels, size, size))
    y, x = np.mgrid[:size, :size]
    blob = np.exp(-0.5 * ((x - 0.45 * size) ** 2 + (y - 0.42 * size) ** 2) / 4.0**2)
    middle = np.arange(channels) - channels / 2
    line = 0.3 + np.exp(-0.5 * (middle / (channels / 6)) ** 2)
    out += 0.3 * blob / blob.sum() * line[:, None, None]
    for flux, dy, dx in ((0.1, 0.5, 0.5), (0.05, 0.53, 0.62), (-0.03, 0.6, 0.4)):
        out[:, int(dy * size), int(dx * size)] += flux * line
    return out


def imaged(name: str, size: int, cell: float, channels: int, how: dict, **clean: object) -> float:
    """CPU seconds of tclean, which writes the images NAME.* ."""
    start = time.process_time()
    tclean(
        vis="sim.ms", imagename=name, specmode="cube", imsize=size, cell=f"{cell}arcsec",
        nchan=channels, start=f"{FIRST_HZ:.1f}Hz", width=f"{STEP_HZ:.1f}Hz", outframe="LSRK",
        phasecenter=f"J2000 {RA} {DEC}", interpolation="nearest", perchanweightdensity=True,
        deconvolver="hogbom", gain=0.1, restoringbeam="common", **how, **clean,
    )  # fmt: skip
    return time.process_time() - start


def exported(image: str, path: Path) -> None:
    exportfits(imagename=image, fitsimage=str(path), velocity=False, overwrite=True)


def main(folder: str, name: str, size: str, channels: str) -> None:
    out, n, chan = Path(folder), int(size), int(channels)
    configuration, cell, how = (SETS[name][key] for key in ("configuration", "cell", "how"))
    sm, _, _ = empty_ms(
        "sim.ms",
        str(ANTENNAS / f"{configuration}.cfg"),
        FIRST_HZ,
        channels=chan,
        step_s=60.0,
        total_s=1200.0,
    )
    write_model("sim.model", sky(n, chan), cell)
    sm.predict(imagename=["sim.model"])
    sm.setseed(11)
    sm.setnoise(mode="simplenoise", simplenoise=f"{NOISE_JY}Jy")
    sm.corrupt()
    sm.done()
    # pblimit below 0: pixels outside the primary beam are kept, and CLEAN has them masked
    plain = imaged("d", n, cell, chan, how, niter=0, pblimit=-0.2)
    imaged("w", 2 * n, cell, chan, how, niter=0, pblimit=-0.2, calcres=False)
    ia.open("d.residual")
    dirty = ia.getchunk()
    ia.done()
    # the first channel has the least emission
    sigma = 1.4826 * float(np.median(np.abs(dirty[..., 0] - np.median(dirty[..., 0]))))
    threshold = THRESHOLD_SIGMA * sigma
    cleaned = imaged(
        "c", n, cell, chan, how, niter=1_000_000, threshold=f"{threshold}Jy", pblimit=0.2
    )
    for image, product in (("d.residual", "dirty"), ("d.psf", "dirty.psf"), ("d.pb", "dirty.pb")):
        exported(image, out / f"{name}.{product}.fits")
    exported("w.psf", out / f"{name}.wide.psf.fits")
    for product in ("image", "model", "residual"):
        exported(f"c.{product}", out / f"{name}.{product}.fits")
    told = {"threshold": threshold, "sigma": sigma, "plain_s": plain, "cleaned_s": cleaned}
    (out / f"{name}.json").write_text(json.dumps(told))
    for path in (*Path().glob("[dwc].*"), *Path().glob("sim.*")):
        shutil.rmtree(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
