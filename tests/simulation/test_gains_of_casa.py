"""Images of data with gain errors against CASA's, whose gains and images lie beside this file.

tests/casa/make_gain_reference.py made them and says how. docs/casa-parity.md has what CASA's own
draws are like.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u

from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import telescope_of
from deepfocus.simulation.faults.gains import Gains, beam_through_gains
from deepfocus.simulation.faults.track import track_of

CASA = np.load(Path(__file__).with_name("casa_gains.npz"))
OBSERVED = Observation(
    configuration="C-3", cell=0.1 * u.arcsec, size=256, channels=1, channel_width=0.64 * u.GHz,
    total_time=2400 * u.s, integration=40 * u.s,
)  # fmt: skip
MIDDLE = 128
POINTS = ((0, 0, 1.0), (-40, 30, 0.5))


def products(of: str) -> np.ndarray:
    """(row,) what CASA's gains make of Stokes I, the mean of both polarisations."""
    track = track_of(OBSERVED)
    each = [track.of_samples(gains.astype(complex)) for gains in CASA[f"{of}_gains"]]
    factors: np.ndarray = np.mean(each, axis=0)
    return factors


def image(beam: np.ndarray | None) -> np.ndarray:
    """(y, x) of two points through a beam, the dirty one unless given."""
    telescope = telescope_of(OBSERVED)
    seen = telescope if beam is None else replace(telescope, dirty_beam=beam)
    sky = np.zeros((1, 2 * MIDDLE, 2 * MIDDLE))
    for dy, dx, flux in POINTS:
        sky[0, MIDDLE + dy, MIDDLE + dx] = flux
    return seen.dirty_components(sky)[0, 0]


def kept(whole: np.ndarray) -> np.ndarray:
    dy, dx = CASA["offsets"]
    return whole[MIDDLE + dy, MIDDLE + dx]


@pytest.mark.parametrize("of", ["screen", "kolmogorov", "individual", "given"])
def test_the_image_is_tcleans(of: str) -> None:
    """2e-4 of the brighter point: tclean's gridder is that far off without gains as well."""
    seen = image(beam_through_gains(telescope_of(OBSERVED), products(of)))
    assert np.abs(kept(image(None)) - CASA["plain_dirty"]).max() < 2e-4
    assert np.abs(kept(seen) - CASA[f"{of}_dirty"]).max() < 2e-4
    assert seen[MIDDLE, MIDDLE] == pytest.approx(CASA[f"{of}_centre"], abs=1e-4)
    # which the gains have changed by far more than that
    assert np.abs(CASA[f"{of}_dirty"] - CASA["plain_dirty"]).max() > 1e-2


def test_tcleans_point_loses_its_coherence() -> None:
    """It falls to the mean of exp(-D / 2) over baselines, D of CASA's own phases."""
    track = track_of(OBSERVED)
    phase = np.unwrap(np.angle(CASA["individual_gains"][0]), axis=1)
    variance = np.mean((phase[track.first] - phase[track.second]) ** 2, axis=1)
    lost = CASA["individual_centre"] / CASA["plain_centre"]
    assert lost < 0.85
    # 43 antennas in 60 integrations; phases are normal to that
    assert lost == pytest.approx(np.mean(np.exp(-variance / 2)), abs=0.01)


def test_amplitude_errors_leave_as_much_as_in_casa() -> None:
    """The pattern of 5% in the image, of CASA's antennas and of those drawn here."""
    telescope, track = telescope_of(OBSERVED), track_of(OBSERVED)
    plain, rng = image(None), np.random.default_rng(6)
    errors = Gains(phase_rms=0 * u.deg, amplitude_rms=0.05)

    def pattern(seen: np.ndarray, centre: float) -> float:
        """What a mean gain of all antennas does not explain."""
        return float(np.std(seen - kept(plain) * centre / plain[MIDDLE, MIDDLE]))

    ours = []
    for _ in range(20):
        both = [track.of_samples(errors.drawn(track, rng)) for _ in range(2)]
        seen = image(beam_through_gains(telescope, np.mean(both, axis=0)))
        ours.append(pattern(kept(seen), seen[MIDDLE, MIDDLE]))
    casas = pattern(CASA["given_dirty"], CASA["given_centre"])
    assert casas == pytest.approx(np.mean(ours), abs=3 * np.std(ours))
    # or the comparison says nothing
    assert np.std(ours) < 0.25 * np.mean(ours)
