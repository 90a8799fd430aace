"""What a pixel of sky tells about another, against sums over the pixels of an image."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units as u

from deepfocus.core.noise import DirtyBeam, Noise
from deepfocus.core.noise import White as WhitePower
from deepfocus.forward.kernels import white_kernels
from deepfocus.instrument.coverage import coverage
from deepfocus.instrument.noise import Thermal
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.sensitivity import thermal_rms_jy_beam
from deepfocus.instrument.telescope import telescope_of
from deepfocus.simulation.limits import limits_of
from deepfocus.simulation.view import Cleaned, Dirty
from deepfocus.sky.components import Component, EmissionLine, SkyModel

SMALL = {"channels": 8, "size": 96, "total_time": 600 * u.s, "integration": 60 * u.s}
SOURCE = Component(50.2, 41.7, 6.0, 4.0, 20.0, 0.01, 0.0, (EmissionLine(3.0, 3.4, 2.5),))


def snr_of(observation: Observation, imaging: Dirty | Cleaned = Dirty()) -> float:  # noqa: B008
    """Ideal SNR of the source in the array's own noise."""
    view = imaging.view(telescope_of(observation))
    sigma = thermal_rms_jy_beam(coverage(observation), telescope_of(observation), 1.0)
    noise = Noise(view.power(Thermal()), sigma)
    return limits_of(SkyModel(view.telescope.grid, (SOURCE,)), view, noise)[0][0].snr


@pytest.mark.parametrize(("x", "y"), [(30.0, 30.0), (3.0, 57.0)])
def test_white_noise_counts_the_pixels_of_the_image(x: float, y: float) -> None:
    rng = np.random.default_rng(1)
    n, reach = 60, 2
    beam = rng.standard_normal((2 * n, 2 * n))
    kernel = white_kernels(beam, x=x, y=y, shape=(n, n), reach=reach).model

    def seen(dy: int, dx: int) -> np.ndarray:
        """The beam of a point at that offset from the source, on the image."""
        row, column = n - int(y) - dy, n - int(x) - dx
        return beam[row : row + n, column : column + n]

    for dy, dx in ((0, 0), (1, 0), (-2, 1)):
        # a symmetric kernel has the mean of both orders
        there, back = np.sum(seen(0, 0) * seen(dy, dx)), np.sum(seen(0, 0) * seen(-dy, -dx))
        found = kernel[reach + dy, reach + dx] + kernel[reach - dy, reach - dx]
        assert found == pytest.approx(there + back, rel=1e-9)


def test_a_source_outside_the_image_tells_nothing() -> None:
    beam = np.ones((120, 120))
    assert not white_kernels(beam, x=-200.0, y=10.0, shape=(60, 60), reach=3).model.any()


def test_weights_change_the_image_and_not_what_the_visibilities_tell() -> None:
    natural = snr_of(Observation(**SMALL))
    # samples that fall off the imager's grid are lost to both; none do here
    assert snr_of(Observation(**SMALL, weighting="uniform")) == pytest.approx(natural, rel=1e-3)
    assert snr_of(Observation(**SMALL, robust=0.5)) == pytest.approx(natural, rel=1e-3)


def test_the_power_of_the_noise_decides() -> None:
    """White noise of the same level leaves more signal: a beam has many independent pixels."""
    observation = Observation(**SMALL)
    view = Dirty().view(telescope_of(observation))
    sky, sigma = SkyModel(view.telescope.grid, (SOURCE,)), np.ones(8)
    white, thermal = (
        limits_of(sky, view, Noise(power, sigma))[0][0].snr for power in (WhitePower(), DirtyBeam())
    )
    assert 3 * thermal < white
