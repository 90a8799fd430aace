"""Prints how far one beam is off in docs/physics.md: `python docs/figures/mosaic_numbers.py`, 20 s.

Largest difference anywhere between the image of several fields and B * (A I), over the peak.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from astropy import units as u

from deepfocus.core.source import Ellipse
from deepfocus.instrument.execution import Execution
from deepfocus.instrument.mosaic import Hexagonal
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import telescope_of
from deepfocus.instrument.total_power import TotalPower
from deepfocus.ops.gaussians import gaussian_2d

SIZE, CELL = 240, 0.3
ONE = Observation(
    configuration="C-1", channels=1, total_time=1400 * u.s, cell=CELL * u.arcsec, size=SIZE
)
ACA = (Execution("ACA", total_time=7000 * u.s),)
CASES = {
    "seven pointings": replace(ONE, mosaic=Hexagonal()),
    "12 m and 7 m": replace(ONE, more_executions=ACA),
    "12 m, 7 m and total power": replace(ONE, more_executions=ACA, total_power=TotalPower()),
    "seven pointings of both": replace(ONE, mosaic=Hexagonal(), more_executions=ACA),
}


def off(observation: Observation, *, fwhm_arcsec: float, east_arcsec: float) -> float:
    """For a round Gaussian so far from the centre."""
    telescope = telescope_of(observation)
    px, middle = fwhm_arcsec / CELL, SIZE // 2
    place = Ellipse(middle - east_arcsec / CELL, middle, px, px, 0.0)
    sky = gaussian_2d((SIZE, SIZE), place)[None]
    image = telescope.dirty_components(sky)[0, 0]
    by_one = telescope.through(telescope.dirty_beam).dirty_components(sky)[0, 0]
    return float(np.abs(image - by_one).max() / image.max())


def main() -> None:
    for name, observation in CASES.items():
        cells = [
            " / ".join(
                f"{off(observation, fwhm_arcsec=fwhm, east_arcsec=east):.3f}" for east in (0, 6, 12)
            )
            for fwhm in (1.0, 4.0, 8.0)
        ]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
