"""CPU seconds of CLEAN here and of tclean, of the same dirty cube with the same settings.

    python benchmarks/clean.py [--size 256] [--channels 16] [--casa .venv-casa/bin/python]

tests/casa/clean_in_casa.py makes a data set of CASA's simulator, and tclean's cube of it; tclean's
CLEAN is what tclean takes more with it than with niter=0, which makes the same dirty cube. Both are
single processes with one thread. Prints lines of JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from astropy import units as u
from measuring import machine, run_in_casa

from deepfocus.core.memory import forget_peak, peak_bytes
from deepfocus.imaging.clean.cube import clean
from deepfocus.imaging.clean.minor import Clark, Hogbom
from deepfocus.imaging.clean.settings import Clean
from deepfocus.io.fits_cube import read_cube

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "tests" / "casa" / "clean_in_casa.py"


def made_in_casa(python: Path, folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """What tclean took; its cubes lie in the folder."""
    size = str(options.size), str(options.channels)
    run_in_casa(python, SCRIPT, folder, str(folder), "c3", *size)
    return json.loads((folder / "c3.json").read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--casa", type=Path, default=ROOT / ".venv-casa" / "bin" / "python")
    options = parser.parse_args()
    print(json.dumps({"machine": machine()}))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        told = made_in_casa(options.casa, folder, options)
        took = told["cleaned_s"] - told["plain_s"]
        print(json.dumps({"by": "tclean", "cpu_s": round(took, 2), "niter0_s": told["plain_s"]}))
        dirty = read_cube(folder / "c3.dirty.fits", psf=folder / "c3.wide.psf.fits")
        for minor in (Hogbom(), Clark()):
            how = Clean(minor=minor, nsigma=0.0, threshold=told["threshold"] * u.Jy)
            forget_peak()
            start = time.process_time()
            cleaned = clean(dirty, how)
            row = {
                "by": minor.kind,
                "cpu_s": round(time.process_time() - start, 2),
                "iterations": sum(account.iterations for account in cleaned.accounts),
                "major_cycles": max(account.major_cycles for account in cleaned.accounts),
                "residual_rms": float(np.std(cleaned.residual.array)),
                "peak_mib": round(peak_bytes() / 2**20),
            }
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
