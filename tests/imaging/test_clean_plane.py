"""One channel cleaned: components where the sources are, and nothing lost on the way."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.core.errors import DeepFocusError
from deepfocus.imaging.clean.lag_beam import LagBeam
from deepfocus.imaging.clean.minor import Clark, Hogbom
from deepfocus.imaging.clean.plane import CleanedPlane, Why, clean_plane
from deepfocus.imaging.clean.stopping import Stopping, cycle_share
from deepfocus.ops.snr import mad_sigma

NY, NX = 60, 72
SIGMA, SIDELOBE = 1e-3, 0.16
MINORS = [Hogbom(), Clark(reach_px=12)]
WHOLE = np.ones((NY, NX), bool)


@pytest.fixture(scope="module")
def beam() -> LagBeam:
    """Of 400 random baselines: sidelobes up to 0.153."""
    rng = np.random.default_rng(3)
    u, v = rng.normal(0, 0.06, (2, 400))
    dy, dx = np.mgrid[-NY:NY, -NX:NX]
    waves = [np.cos(2 * np.pi * (a * dx + b * dy)) for a, b in zip(u, v, strict=True)]
    return LagBeam(np.mean(waves, axis=0).astype(np.float32))


def seen(sky: np.ndarray, beam: LagBeam) -> np.ndarray:
    """The dirty image, summed pixel by pixel: another way than a transform."""
    image = np.zeros(sky.shape)
    for y, x in zip(*np.nonzero(sky), strict=True):
        image += sky[y, x] * beam.lags[NY - y : 2 * NY - y, NX - x : 2 * NX - x].astype(float)
    return image


def thermal(beam: LagBeam, rng: np.random.Generator) -> np.ndarray:
    """Noise whose autocorrelation is the dirty beam, up to its wrapping round the edges."""
    inner = beam.lags[NY // 2 : -(NY // 2), NX // 2 : -(NX // 2)]
    power = np.abs(np.fft.rfft2(np.fft.ifftshift(inner)).real)
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((NY, NX))) * np.sqrt(power), s=(NY, NX))
    return SIGMA * noise / noise.std()


def stopping(nsigma: float = 3.0, threshold: float = 0.0, niter: int = 10_000) -> Stopping:
    return Stopping(threshold, nsigma, niter, cycle_share(1.0, SIDELOBE))


def cleaned(dirty: np.ndarray, beam: LagBeam, minor: Hogbom | Clark, **how: object) -> CleanedPlane:
    mask = how.pop("mask", WHOLE)
    return clean_plane(dirty, beam, mask=mask, minor=minor, stopping=stopping(**how))


def point(y: int, x: int, flux: float) -> np.ndarray:
    sky = np.zeros((NY, NX))
    sky[y, x] = flux
    return sky


@pytest.mark.parametrize("minor", MINORS)
def test_a_point_is_found_with_its_flux(minor: Hogbom | Clark, beam: LagBeam) -> None:
    sky = point(23, 40, 0.5)
    found = cleaned(seen(sky, beam), beam, minor, nsigma=0.0, threshold=1e-4)
    # every component is at the brightest pixel, which stays the source's; what is left is 1e-4
    assert np.count_nonzero(found.model) == 1
    assert found.model[23, 40] == pytest.approx(0.5, abs=1e-4)
    assert found.account.why is Why.THRESHOLD
    assert np.abs(found.residual).max() <= 1e-4


@pytest.mark.parametrize("minor", MINORS)
def test_two_sources_in_each_others_sidelobes(minor: Hogbom | Clark, beam: LagBeam) -> None:
    # the second is where the first has a sidelobe of its own height, below zero
    lags = beam.lags[NY - 20 : NY + 20, NX - 20 : NX + 20]
    dy, dx = (int(k) - 20 for k in np.unravel_index(lags.argmin(), lags.shape))
    other = -float(lags.min())
    sky = point(30, 36, 1.0) + point(30 + dy, 36 + dx, other)
    dirty = seen(sky, beam)
    assert abs(dirty[30 + dy, 36 + dx]) < 1e-3 * other  # it cannot be seen
    found = cleaned(dirty, beam, minor, nsigma=0.0, threshold=1e-3)
    near = found.model[30 + dy - 1 : 30 + dy + 2, 36 + dx - 1 : 36 + dx + 2]
    # each is known to the threshold, and to the sidelobe of what is missing of the other
    assert near.sum() == pytest.approx(other, abs=0.1 * other)
    assert found.model[30, 36] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("minor", MINORS)
def test_flux_of_a_gaussian_that_is_resolved(minor: Hogbom | Clark, beam: LagBeam) -> None:
    y, x = np.mgrid[:NY, :NX]
    sky = np.exp(-0.5 * ((x - 35) ** 2 + (y - 28) ** 2) / 4.0**2)
    found = cleaned(seen(sky, beam), beam, minor, nsigma=0.0, threshold=0.01 * sky.sum() / 100)
    # CLEAN's components stand for it but for what is below the threshold over its area
    assert found.account.why is Why.THRESHOLD
    assert found.account.flux == pytest.approx(sky.sum(), rel=0.03)


@pytest.mark.parametrize("minor", MINORS)
def test_nothing_is_lost(minor: Hogbom | Clark, beam: LagBeam, rng: np.random.Generator) -> None:
    dirty = seen(point(10, 60, 0.05) + point(50, 5, -0.03), beam) + thermal(beam, rng)
    dirty = dirty.astype(np.float32)
    found = cleaned(dirty, beam, minor)
    again = seen(found.model.astype(float), beam) + found.residual
    # products are float32: half a step of the brightest value, twice
    assert np.abs(again - dirty).max() < 2**-23 * np.abs(dirty).max()


@pytest.mark.parametrize("minor", MINORS)
def test_the_residual_is_the_noise(
    minor: Hogbom | Clark, beam: LagBeam, rng: np.random.Generator
) -> None:
    noise = thermal(beam, rng)
    dirty = seen(point(23, 40, 0.2) + point(40, 20, 0.1), beam) + noise
    found = cleaned(dirty, beam, minor)
    # peaks of the noise above the limit are taken down, which makes it a little less
    assert mad_sigma(found.residual) == pytest.approx(mad_sigma(noise), rel=0.05)
    assert np.std(found.residual) == pytest.approx(SIGMA, rel=0.1)
    assert found.account.peak <= found.account.threshold


def test_both_ways_agree(beam: LagBeam, rng: np.random.Generator) -> None:
    dirty = seen(point(23, 40, 0.2), beam) + thermal(beam, rng)
    one, other = (cleaned(dirty, beam, minor) for minor in MINORS)
    # of one noise, both stop at the same limit; components of noise may differ
    assert one.account.flux == pytest.approx(other.account.flux, abs=5 * SIGMA)
    assert one.model[23, 40] == pytest.approx(other.model[23, 40], abs=SIGMA)


@pytest.mark.parametrize("minor", MINORS)
def test_only_the_mask_is_cleaned(minor: Hogbom | Clark, beam: LagBeam) -> None:
    sky = point(23, 40, 0.5) + point(50, 10, 0.4)
    mask = np.zeros((NY, NX), bool)
    mask[15:30, 30:50] = True
    found = cleaned(seen(sky, beam), beam, minor, nsigma=0.0, threshold=0.06, mask=mask)
    assert not found.model[~mask].any()
    # in the mask to the threshold; outside, the other source stands as it is
    assert np.abs(found.residual[mask]).max() <= 0.06
    assert found.residual[50, 10] == pytest.approx(0.4, abs=0.06 + 0.01)


@pytest.mark.parametrize("minor", MINORS)
def test_nothing_above_the_threshold_gives_no_components(
    minor: Hogbom | Clark, beam: LagBeam, rng: np.random.Generator
) -> None:
    dirty = thermal(beam, rng)
    found = cleaned(dirty, beam, minor, nsigma=6.0)
    assert not found.model.any()
    assert found.account.iterations == found.account.major_cycles == 0
    assert np.array_equal(found.residual, dirty.astype(np.float32))
    empty = cleaned(np.zeros((NY, NX)), beam, minor, nsigma=0.0)
    assert empty.account.why is Why.THRESHOLD
    assert not empty.model.any()


@pytest.mark.parametrize("minor", MINORS)
def test_blanks_stay_blank(minor: Hogbom | Clark, beam: LagBeam) -> None:
    dirty = seen(point(23, 40, 0.5), beam)
    dirty[:10] = np.nan
    found = cleaned(dirty, beam, minor, nsigma=0.0, threshold=1e-3)
    assert np.array_equal(np.isnan(found.residual), np.isnan(dirty))
    assert found.model[23, 40] == pytest.approx(0.5, abs=2e-3)
    nothing = cleaned(np.full((NY, NX), np.nan), beam, minor)
    assert nothing.account.why is Why.NO_DATA
    assert np.isnan(nothing.residual).all()
    assert not nothing.model.any()
    masked = cleaned(dirty, beam, minor, mask=np.isnan(dirty))
    assert masked.account.why is Why.NO_MASK


@pytest.mark.parametrize("minor", MINORS)
def test_iterations_are_counted(minor: Hogbom | Clark, beam: LagBeam) -> None:
    found = cleaned(seen(point(23, 40, 0.5), beam), beam, minor, nsigma=0.0, niter=7)
    assert found.account.why is Why.NITER
    assert found.account.iterations == 7
    # seven times a tenth of what is left
    assert found.model[23, 40] == pytest.approx(0.5 * (1 - 0.9**7), rel=1e-5)


def test_what_diverges_is_stopped_at_its_best(rng: np.random.Generator) -> None:
    """A beam that is not that of the image: its sidelobes are higher than its peak."""
    lags = np.full((2 * NY, 2 * NX), 0.0, np.float32)
    lags[NY, NX], lags[NY, NX + 3] = 1.0, -3.0
    dirty = seen(point(23, 40, 1.0), LagBeam(lags)) * 0 + rng.standard_normal((NY, NX))
    found = cleaned(dirty, LagBeam(lags), Hogbom(), nsigma=0.0, threshold=0.01)
    assert found.account.why is Why.DIVERGED
    assert found.account.peak <= np.abs(dirty).max()
    assert found.account.iterations == np.count_nonzero(found.model) == 0


@pytest.mark.parametrize("gain", [0.0, -0.1, 1.5])
def test_a_gain_that_cannot_be(gain: float) -> None:
    with pytest.raises(DeepFocusError, match="gain"):
        Hogbom(gain=gain)
    with pytest.raises(DeepFocusError, match="gain"):
        Clark(gain=gain)
    with pytest.raises(DeepFocusError, match="reach_px"):
        Clark(reach_px=0)
