"""Lines of one ideal signal-to-noise ratio, in data imaged with other weights: how many are found?

    python benchmarks/weights_finding.py
    python benchmarks/weights_finding.py --cubes 2 --configurations C-3

The same skies under natural, Briggs and uniform weights, in dirty and in cleaned cubes; what the
visibilities tell of each line is the same. Prints the lines found, the false ones, and the stated
errors of fluxes over their Cramer-Rao bounds.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from measuring import machine

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.evaluation.match import match
from deepfocus.finders.finder import ReadyFinder
from deepfocus.finders.kinds import finder_from
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.limits import best_snr
from deepfocus.simulation.sets import set_from

FIRST_SEED, CUBES = 2000000, 8
SNR = 8.0
CELLS = {"C-3": "0.1 arcsec", "C-5": "0.025 arcsec"}
WEIGHTS: Mapping[str, Mapping[str, Any]] = {
    "natural": {},
    "robust 0.5": {"robust": 0.5},
    "robust 0": {"robust": 0.0},
    "robust -0.5": {"robust": -0.5},
    "uniform": {"weighting": "uniform"},
}
IMAGINGS = ("dirty", "cleaned")


@dataclass(frozen=True)
class Case:
    """One array, imaged in one way."""

    configuration: str
    weights: str
    imaging: str

    @property
    def table(self) -> dict[str, Any]:
        """Of a set with six sources a cube, a third of them points."""
        observation = {
            "configuration": self.configuration, "cell": CELLS[self.configuration],
            "total_time": "2400 s", "integration": "30 s", "first_frequency": "229.36 GHz",
            "channel_width": "10 MHz", "channels": 48, "size": 192,
        }  # fmt: skip
        return {
            "observation": {**observation, **WEIGHTS[self.weights]},
            "population": {
                "kind": "corrected", "sources": [6, 6], "point_fraction": 0.3,
                "fwhm_px": [3.0, 16.0], "line_margin_chan": 8.0, "line_fwhm_chan": [3.0, 8.0],
                "ideal_snr": [SNR, SNR], "with_continuum": 0.0,
            },
            "noise": {"kind": "thermal", "pwv": "0.8 mm"},
            "imaging": {"kind": self.imaging},
        }  # fmt: skip


def cubes(case: Case, number: int) -> Iterator[tuple[Cube, Catalogue]]:
    """Cubes with the truth, all of whose lines the visibilities tell at the ratio `SNR`."""
    settings = set_from(case.table, source="weights_finding.py")
    for seed in range(FIRST_SEED, FIRST_SEED + number):
        made = simulate(settings, seed)
        factors = [SNR / best_snr(limits) for limits in made.scene.limits]
        scene = made.scene.brighter(factors)
        data = made.cube.array - made.noise_free + scene.noise_free()
        flux = made.truth["line_flux"] * factors
        truth = made.truth.with_columns(line_flux=flux, ideal_snr=np.full(len(flux), SNR))
        yield replace(made.cube, data=data.astype(np.float32)), truth


def row(case: Case, number: int, finder: ReadyFinder) -> list[str]:
    """What was found in the cubes of a case."""
    true = found = false = 0
    errors: list[float] = []
    for cube, truth in cubes(case, number):
        matches = match(finder.find(cube).catalogue, truth)
        true, found = true + len(truth), found + matches.counts.tp
        false += matches.counts.fp
        of_bound = matches.found_matched["line_flux_err"] / matches.truth_matched["line_flux_err"]
        errors.extend(of_bound)
    error = f"{np.nanmedian(errors):.2f}" if errors else "-"
    return [*vars(case).values(), f"{found} of {true}", str(false), error]


def main() -> None:
    """Print one row for each array, weighting and imaging."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cubes", type=int, default=CUBES)
    parser.add_argument("--configurations", nargs="+", choices=list(CELLS), default=list(CELLS))
    parser.add_argument("--finder", default="deepfocus")
    asked = parser.parse_args()
    finder = finder_from({"kind": asked.finder}).ready()
    header = ["array", "weights", "imaging", "found", "false", "flux error / bound"]
    print(f"{machine()}\n\n| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
    for configuration in asked.configurations:
        for weights in WEIGHTS:
            for imaging in IMAGINGS:
                cells = row(Case(configuration, weights, imaging), asked.cubes, finder)
                print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
