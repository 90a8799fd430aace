"""What the truth says of brightness is what the noise-free cube holds."""

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u

from deepfocus.core.catalogue import catalogue
from deepfocus.core.grid import tangent_grid
from deepfocus.core.settings import settings_from
from deepfocus.instrument.observation import Observation
from deepfocus.simulation.cube import Simulated, observe, simulate
from deepfocus.simulation.settings import Noise, SetSettings
from deepfocus.simulation.truth import with_beam_and_band
from deepfocus.sky.anywhere import SourcesAnywhere
from deepfocus.sky.components import Component, EmissionLine, SkyModel, SkySource
from deepfocus.sky.disc import Disc, DiscLine
from deepfocus.sky.point import Point

CHANNELS = 32
SETTINGS = SetSettings(
    observation=Observation(size=96, channels=CHANNELS, cell=0.1 * u.arcsec),
    population=SourcesAnywhere(sources=(1, 1)),
    noise=Noise(kind="white", target_snr=(100.0, 100.0)),
)
GRID = tangent_grid(
    ra_deg=60.0,
    dec_deg=-35.0,
    size=96,
    cell_arcsec=0.1,
    freq_hz=229.36e9 + 1e7 * np.arange(CHANNELS),
)


def seen(monkeypatch: pytest.MonkeyPatch, *sources: SkySource) -> Simulated:
    """The cube of given sources."""
    monkeypatch.setattr(SourcesAnywhere, "draw", lambda self, grid, rng: SkyModel(grid, sources))
    return simulate(SETTINGS, 1)


def sources_with(channel: float, relative: float = 4.0) -> list[SkySource]:
    """Without continuum's slope, their line on a channel or beyond the band."""
    lines = (EmissionLine(relative, channel, 6.0),)
    disc = Disc(
        x=48.0,
        y=47.0,
        scale_px=2.5,
        inclination_deg=50.0,
        pa_receding=30.0,
        v_max_kms=60.0,
        turnover_px=2.0,
        dispersion_kms=25.0,
        lines=(DiscLine(2.0, channel),),
        continuum_jy=0.01,
    )
    return [
        Component(48.0, 47.0, 7.0, 5.0, 0.0, 0.001, 0.0, lines),
        Point(48.0, 47.0, 0.05, 0.0, lines),
        disc,
    ]


@pytest.mark.parametrize("which", [0, 1, 2], ids=["gaussian", "point", "disc"])
@pytest.mark.parametrize("channel", [14.0, 0.0, -2.0, -5.0, 31.0, 35.5])
def test_the_line_of_the_truth_is_what_the_band_holds(
    monkeypatch: pytest.MonkeyPatch, channel: float, which: int
) -> None:
    """`snr_peak` times the noise is the cube's brightest voxel less its continuum.

    The end of the band is a channel's centre, so Gaussians and points are exact. A disc's line is
    also averaged over channels, and its share is of its flux, not of its brightest voxel: 12%.
    """
    source = sources_with(channel)[which]
    made = seen(monkeypatch, source)
    sky = made.noise_free.max()
    without = replace(source, lines=())  # type: ignore[type-var]
    continuum = seen(monkeypatch, without).noise_free[0].max()
    (row,) = made.truth.rows
    assert row["peak"] == pytest.approx(sky * 1e3, rel=1e-4)
    line = row["snr_peak"] * made.cube.noise.level_jy_beam
    assert line == pytest.approx(sky - continuum, rel=0.12 if which == 2 else 2e-3)
    (truth,) = source.line_truths(made.cube.grid)
    assert row["line_flux"] == truth.flux_jy_kms
    # the whole line's flux, wherever it is centred; the channel's width in km/s varies by 1e-4
    (inside,) = sources_with(14.0)[which].line_truths(made.cube.grid)
    assert truth.flux_jy_kms == pytest.approx(inside.flux_jy_kms, rel=1e-3)


def test_shares_of_lines_within_the_band_are_those_of_their_peaks() -> None:
    """To the last bit, at any fraction of a channel: the shipped sets' truth rests on them."""
    for channel in (0.0, 9.7, 31.0):
        for source in sources_with(channel)[:2]:
            (truth,) = source.line_truths(GRID)
            assert (truth.peak_share, truth.line_share) == (1.0, 4.0 / 5.0)


def test_a_line_beyond_the_band_beside_one_within() -> None:
    """Each has the brightness of the band's end and of its centre."""
    lines = EmissionLine(8.0, -4.0, 8.0), EmissionLine(2.0, 20.0, 4.0)
    first, second = Point(48.0, 47.0, 0.05, 0.0, lines).line_truths(GRID)
    assert first.line_share == pytest.approx(4.0 / 5.0)  # half of the FWHM away: half of it
    assert first.peak_share == 1.0
    assert second.line_share == pytest.approx(2.0 / 5.0)
    assert second.peak_share == pytest.approx(3.0 / 5.0)


def test_absorption_beyond_the_band() -> None:
    (truth,) = sources_with(-3.0, relative=-0.8)[1].line_truths(GRID)
    assert truth.line_share == pytest.approx(-0.8 / 2)
    assert truth.peak_share == 1.0


def test_the_peak_of_a_disc_is_its_brightest_voxel() -> None:
    """In whatever channel; planes of 32-bit numbers in another order of sums: 1e-5."""
    settings = replace(
        SETTINGS,
        population=SourcesAnywhere(
            sources=(1, 1), disc_fraction=1.0, line_fwhm_chan=(5.0, 25.0), fwhm_px=(8.0, 24.0)
        ),
    )
    below = []
    for seed in range(12):
        made = simulate(settings, seed)
        brightest = float(made.noise_free.max())
        assert made.truth["peak"].max() == pytest.approx(brightest * 1e3, rel=1e-5)
        below.append(1 - made.scene.peaks[0] / brightest)
    assert max(below) > 0.005  # the channel with most flux does not hold it


def test_the_truth_says_the_beam_of_its_cube(monkeypatch: pytest.MonkeyPatch) -> None:
    made = seen(monkeypatch, sources_with(16.0)[0])
    assert made.cube.beam_px is not None
    assert made.truth.meta["beam_px"] == made.cube.beam_px
    beamless = replace(made.cube, beam=None)
    assert made.truth.meta["channels"] == len(made.cube.data)
    assert with_beam_and_band(made.truth, beamless).meta == made.truth.meta
    assert "beam_px" not in with_beam_and_band(catalogue(), beamless).meta
    assert with_beam_and_band(catalogue(), made.cube).meta["beam_px"] == made.cube.beam_px


def test_the_noise_is_that_of_the_channel_with_most_flux() -> None:
    """As in the sets that are there: a seed's noise does not change with what the truth says."""
    disc = replace(SETTINGS, population=SourcesAnywhere(sources=(1, 1), disc_fraction=1.0))
    scene = observe(disc, 3)
    assert scene.noise.level_jy_beam == pytest.approx(scene.peaks[0] / 100.0)


def test_a_source_outside_a_small_image_has_no_limits_and_no_warning() -> None:
    """Rounding leaves its information an inverse with variances below zero."""
    settings = settings_from(
        {
            "observation": {"size": 96, "channels": 32, "total_time": "600 s"},
            "population": {"kind": "paper", "companions": [2, 2]},
            "imaging": {"kind": "cleaned"},
        },
        SetSettings,
    )
    truth = simulate(settings, 2).truth
    outside = (truth["x"] < -10) | (truth["y"] < -10)
    assert outside.any()
    assert not np.any(truth["x_err"][outside] == 0)
