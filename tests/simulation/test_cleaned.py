"""Cleaned cubes: the restoring beam, the noise of the uv coverage, what CLEAN left, the files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits

from deepfocus.cli import main
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.noise import SquaredWeights
from deepfocus.forward.response import beam_image
from deepfocus.instrument.observation import Observation
from deepfocus.io.fits_cube import read_cube
from deepfocus.simulation.cube import integrated_image, simulate
from deepfocus.simulation.dataset import FitsSet
from deepfocus.simulation.settings import Noise, SetSettings
from deepfocus.simulation.view import Cleaned
from deepfocus.sky.anywhere import SourcesAnywhere

SMALL = SetSettings(
    observation=Observation(channels=12, size=128, total_time=600 * u.s, integration=60 * u.s),
    population=SourcesAnywhere(
        sources=(2, 2), point_fraction=1.0, field_fraction=0.4, line_fwhm_chan=(2.0, 4.0)
    ),
    noise=Noise(target_snr=(30.0, 30.0)),
    imaging=Cleaned(),
)


def test_a_point_is_the_restoring_beam() -> None:
    made = simulate(SMALL, 4)
    beam, source = made.cube.beam, made.sky.components[0]
    assert made.cube.psf is None
    on_sky = source.brighter(1 / source.flux_jy).image((128, 128))[None]
    point = made.scene.telescope.dirty_components(on_sky)[0][1]
    # the restoring beam about the source, through the primary beam there
    grid = made.cube.grid
    y, x = np.indices(point.shape)
    east, north = -(x - source.x) * grid.cell_arcsec, (y - source.y) * grid.cell_arcsec
    angle = np.deg2rad(beam.pa_deg)
    along = (north * np.cos(angle) + east * np.sin(angle)) / beam.major_arcsec
    across = (-north * np.sin(angle) + east * np.cos(angle)) / beam.minor_arcsec
    expected = np.exp(-4 * np.log(2) * (along**2 + across**2))
    response = made.cube.primary_beam_at(x=source.x, y=source.y)
    # the primary beam varies by less than 1% over a point's 48 pixels of windowed sinc
    assert np.abs(point / response - expected).max() < 0.01


def test_the_noise_has_the_power_of_the_uv_coverage() -> None:
    """The autocorrelation of many channels of noise is the one that was asked for."""
    empty = replace(
        SMALL,
        observation=replace(SMALL.observation, channels=200),
        population=SourcesAnywhere(sources=(0, 0)),
    )
    made = simulate(empty, 1)
    power = made.cube.noise.power
    assert isinstance(power, SquaredWeights)
    assert power.beam is not None
    level = made.cube.noise.level_jy_beam
    assert made.cube.data.std() == pytest.approx(level, rel=0.01)
    n = made.cube.grid.nx
    spectrum = np.abs(np.fft.fft2(made.cube.data / level, (2 * n, 2 * n))) ** 2
    pairs = np.abs(np.fft.fft2(np.ones((n, n)), (2 * n, 2 * n))) ** 2
    found = np.fft.ifft2(spectrum.mean(axis=0)).real / np.fft.ifft2(pairs).real.clip(1)
    lags = np.arange(-24, 25)
    found = found[np.ix_(lags, lags)]
    asked = power.beam[n // 2 - 24 : n // 2 + 25, n // 2 - 24 : n // 2 + 25]
    # 200 channels of some 200 independent patches: 1/200 of the variance
    assert np.abs(found - asked).max() < 0.02
    # it is not the restoring beam: sidelobes are there, and the power ends at the longest baseline
    restoring = beam_image(made.cube.beam, made.cube.grid)
    inner = restoring[n // 2 - 24 : n // 2 + 25, n // 2 - 24 : n // 2 + 25]
    assert np.abs(asked - inner).max() > 0.05


def test_what_is_below_the_threshold_stays_dirty() -> None:
    whole = simulate(SMALL, 4)
    left = simulate(replace(SMALL, imaging=Cleaned(threshold_snr=3.0)), 4)
    assert whole.scene.uncleaned is None
    share = left.scene.uncleaned.share
    assert share.min() > 0
    assert share.max() <= 1
    level = left.cube.noise.level_jy_beam
    for part, spectrum, residue in zip(
        left.scene.uncleaned.components, left.scene.spectra, share, strict=True
    ):
        dirty = left.scene.view.dirty.dirty_cube(part[None], (spectrum * residue)[None])
        peaks = np.abs(dirty).max(axis=(1, 2))
        # every channel is left at the threshold, or whole where the source is below it
        assert peaks.max() <= 3 * level * 1.001
        np.testing.assert_allclose(peaks[residue < 1], 3 * level, rtol=1e-3)
    sidelobes = left.noise_free - whole.noise_free
    assert sidelobes.any()
    assert np.abs(sidelobes).max() < 2 * 3 * level


def test_a_negative_threshold_is_refused() -> None:
    with pytest.raises(DeepFocusError, match="0 or more"):
        Cleaned(threshold_snr=-1.0)


def test_files_are_those_of_casa(tmp_path: Path) -> None:
    FitsSet(SMALL, tmp_path).write([4])
    assert {path.name for path in tmp_path.glob("4.*")} == {
        "4.fits", "4.pb.fits", "4.pbcor.fits", "4.truth.ecsv", "4.truth.fits",
    }  # fmt: skip
    made = simulate(SMALL, 4)
    cube = read_cube(tmp_path / "4.fits")
    assert cube.psf is None
    assert isinstance(cube.noise.power, SquaredWeights)
    np.testing.assert_array_equal(cube.data, made.cube.data)
    np.testing.assert_array_equal(cube.primary_beam, made.cube.primary_beam)
    corrected = fits.getdata(tmp_path / "4.pbcor.fits")[0]
    header = fits.getheader(tmp_path / "4.pbcor.fits")
    assert header["BUNIT"] == "Jy/beam"
    nodes = made.cube.psf_channels
    for node, channel in enumerate(nodes):
        response = made.cube.primary_beam[node]
        expected = np.where(response >= 0.2, made.cube.data[channel] / response, np.nan)
        np.testing.assert_allclose(corrected[channel], expected, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:Cube is a Stokes cube")
def test_spectral_cube_reads_beam_and_unit(tmp_path: Path) -> None:
    package = pytest.importorskip("spectral_cube")
    FitsSet(SMALL, tmp_path).write([4])
    made = simulate(SMALL, 4)
    for name in ("4.fits", "4.pbcor.fits"):
        read = package.SpectralCube.read(tmp_path / name)
        assert read.unit == u.Jy / u.beam
        beam = made.cube.beam
        assert read.beam.major.to_value(u.arcsec) == pytest.approx(beam.major_arcsec)
        assert read.beam.minor.to_value(u.arcsec) == pytest.approx(beam.minor_arcsec)
        assert read.beam.pa.to_value(u.deg) == pytest.approx(beam.pa_deg)
        np.testing.assert_allclose(read.spectral_axis.to_value(u.Hz), made.cube.grid.freq_hz)


def test_a_folder_of_cleaned_cubes_is_searched_once_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    FitsSet(SMALL, tmp_path / "set").write([4])
    files = sorted(
        str(path) for path in (tmp_path / "set").glob("*.fits") if "truth" not in path.name
    )
    assert len(files) == 3
    out = ["--out", str(tmp_path / "found"), "--finder", "matched_filter"]
    assert main(["detect", *files, *out]) == 0
    assert len(list((tmp_path / "found").glob("*.ecsv"))) == 1


def test_the_integrated_image_is_the_sum_of_the_cube() -> None:
    """Also with what CLEAN left, and with fluxes that follow from the noise."""
    settings = replace(
        SMALL,
        population=replace(SMALL.population, ideal_snr=(20.0, 40.0)),
        noise=Noise(pwv=1 * u.mm),
        imaging=Cleaned(threshold_snr=3.0),
    )
    made = simulate(settings, 4)
    image, sky = integrated_image(settings, 4)
    expected = made.noise_free.sum(axis=0)
    np.testing.assert_allclose(made.scene.summed(), expected, atol=1e-5 * expected.max())
    assert sky.components == made.sky.components
    rms = made.cube.noise.level_jy_beam * np.sqrt(12)
    # thermal noise of a few hundred independent patches
    assert (image - expected).std() == pytest.approx(rms, rel=0.15)
