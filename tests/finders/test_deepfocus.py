"""The finder `deepfocus` on cubes made for it: places, sizes, errors, noise, sidelobes."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from astropy import units as u
from dirty_cubes import SIGMA_JY, dirty_cube
from finder_cubes import empty_cube

from deepfocus.core.cube import Beam, Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import Flag
from deepfocus.core.settings import settings_from
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.evaluation.counts import Counts
from deepfocus.evaluation.match import match
from deepfocus.finders.deepfocus import sight
from deepfocus.finders.deepfocus.bright_continua import band_median
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.finders.deepfocus.judge import Judgement, is_too_large, is_trough, judged
from deepfocus.finders.deepfocus.look import look
from deepfocus.finders.deepfocus.sources import SUMMARY, SourceFit, summary_of
from deepfocus.finders.deepfocus.table import Entry, row_of
from deepfocus.finders.evidence import ImagePanel
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, COUNT, CXX, CYY, FLUX, GX, GY, SIGMA, X, Y
from deepfocus.instrument.noise import Thermal, White
from deepfocus.instrument.observation import Observation
from deepfocus.search.noise_map import noise_map
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.settings import SetSettings
from deepfocus.sky.components import Component, EmissionLine

OBSERVATION = Observation(channels=48, size=128, total_time=600 * u.s, integration=60 * u.s)


def source(x: float, y: float, peak_jy: float) -> Component:
    """A resolved source with a line of 6 channels and a continuum."""
    return Component(
        x=x,
        y=y,
        fwhm_x_px=6.0,
        fwhm_y_px=4.0,
        pa=30.0,
        peak_jy_px=peak_jy / 27.0,
        spectral_index=0.0,
        lines=(EmissionLine(4.0, 20.0, 6.0),),
    )


def cube_of(sources: list[Component], noise: White | Thermal, seed: int) -> Cube:
    return dirty_cube(OBSERVATION, sources, noise, seed)


@pytest.mark.parametrize("noise", [White(), Thermal()], ids=["white", "thermal"])
def test_a_source_is_measured_within_its_errors(noise: White | Thermal) -> None:
    truth = source(70.0, 58.0, 0.004)
    cube = cube_of([truth], noise, 3)
    found = DeepFocus().ready().find(cube).catalogue.accepted
    assert len(found) == 1
    line = truth.line_truths(cube.grid)[0]
    expected = {
        "x": truth.x,
        "y": truth.y,
        "channel": line.channel,
        "line_fwhm_chan": line.fwhm_chan,
        "fwhm_x_px": 6.0,
        "fwhm_y_px": 4.0,
    }
    for name, value in expected.items():
        error = found[f"{name}_err"][0]
        assert error > 0
        # four errors for six numbers; lines are fitted as sampled or integrated over channels
        assert found[name][0] == pytest.approx(value, abs=4 * error + 0.1), name


def test_noise_alone_has_no_source() -> None:
    for seed in range(3):
        assert not len(DeepFocus().ready().find(cube_of([], White(), seed)).catalogue)


def test_sidelobes_of_a_bright_source_are_no_sources() -> None:
    found = DeepFocus().ready().find(cube_of([source(64.0, 64.0, 0.5)], Thermal(), 1)).catalogue
    assert len(found.accepted) == 1


def test_a_faint_neighbour_appears_once_the_bright_one_is_subtracted() -> None:
    faint = replace(source(90.0, 40.0, 0.003), lines=(EmissionLine(8.0, 30.0, 6.0),))
    cube = cube_of([source(50.0, 70.0, 0.3), faint], Thermal(), 2)
    found = DeepFocus().ready().find(cube).catalogue.accepted
    assert len(found) == 2
    assert np.min(np.hypot(found["x"] - 90.0, found["y"] - 40.0)) < 1.5


def test_blank_edges_and_channels_are_no_sources() -> None:
    cube = cube_of([source(70.0, 58.0, 0.02)], White(), 4)
    data = cube.data.copy()
    data[:, :16] = np.nan
    data[40:42] = np.nan
    found = DeepFocus().ready().find(cube.with_data(data)).catalogue.accepted
    assert len(found) == 1


def test_several_components_are_summed_up_as_one_source() -> None:
    """Two halves of a line, apart on the sky and in frequency: the middle and the whole flux."""
    components = np.zeros((2, COUNT))
    components[:, X], components[:, Y] = [10.0, 14.0], 20.0
    components[:, CHANNEL], components[:, SIGMA] = [30.0, 34.0], 3.0
    components[:, FLUX] = 1.0
    x, y, cxx, cyy, _, channel, fwhm, flux, *_ = summary_of(components, 64)
    assert (x, y, channel, flux) == pytest.approx((12.0, 20.0, 32.0, 2.0), abs=0.05)
    assert (cxx, cyy) == pytest.approx((4.0, 0.0))
    assert 7.06 < fwhm < 7.06 + 4.0  # wider than one of them, narrower than both in turn


def test_w20_of_a_gaussian_and_of_two_lines_apart() -> None:
    """sqrt(log2 5) times the FWHM; of two, their distance more."""
    components = np.zeros((2, COUNT))
    components[:, CHANNEL], components[:, SIGMA], components[:, FLUX] = [20.0, 40.0], 3.0, 1.0
    of_one = FWHM_PER_SIGMA * 3.0 * np.sqrt(np.log2(5))
    w20 = SUMMARY.index("w20_chan")
    assert summary_of(components[:1], 64)[w20] == pytest.approx(of_one, rel=1e-9)
    assert summary_of(components, 64)[w20] == pytest.approx(20.0 + of_one, rel=1e-9)
    components[0, GX] = 0.3
    assert summary_of(components[:1], 64)[w20] == pytest.approx(of_one, rel=1e-9)


@pytest.mark.parametrize("sigma", [0.4, 2.3, 7.192, 7.2, 11.1])
def test_widths_of_several_lines_change_smoothly(sigma: float) -> None:
    """Errors are differences of them: a sampled width would jump from one sample to the next."""
    components = np.zeros((2, COUNT))
    components[:, CHANNEL], components[:, FLUX] = 30.0, [1.0, 1e-9]
    components[:, GX] = 0.3
    ends = []
    for width in (sigma * (1 - 1e-4), sigma * (1 + 1e-4)):
        components[:, SIGMA] = width
        ends.append(summary_of(components, 64))
    change = (ends[1] - ends[0]) / (2e-4 * sigma)
    assert change[SUMMARY.index("fwhm_chan")] == pytest.approx(FWHM_PER_SIGMA, rel=1e-6)
    assert change[SUMMARY.index("w20_chan")] == pytest.approx(np.sqrt(8 * np.log(5)), rel=1e-6)


def test_the_shift_of_a_line_is_its_motion_over_its_own_width() -> None:
    """Within a component its gradient, between two their distance, weighted by flux."""
    components = np.zeros((2, COUNT))
    components[:, CHANNEL], components[:, SIGMA], components[:, FLUX] = [20.0, 40.0], 3.0, 1.0
    still = fit_of(components[:1])
    assert np.isnan([still.shift.length_px, still.shift.pa]).all()
    components[0, [GX, GY]] = 0.3, 0.4
    moving = fit_of(components[:1]).shift
    assert moving.length_px == pytest.approx(0.5 * 3.0 * FWHM_PER_SIGMA, rel=1e-3)
    assert moving.pa == pytest.approx(360.0 - np.rad2deg(np.arctan(0.3 / 0.4)))
    components[:, [GX, GY]] = 0.0
    components[:, Y] = [50.0, 46.0]
    two = fit_of(components)
    # cov = 2 px x 10 channels, var = 3^2 + 10^2 channels^2
    assert two.shift.length_px == pytest.approx(20.0 / 109.0 * two.value("fwhm_chan"))
    assert two.shift.pa == pytest.approx(180.0)


def fit_of(components: np.ndarray) -> SourceFit:
    """They are one source, whose numbers have errors of 1 each."""
    summary = summary_of(components, 64)
    return SourceFit(components, summary, np.eye(len(summary)), gain=1e4, freedom=9)


def test_two_lines_of_one_source_share_its_continuum() -> None:
    """Two rows at one place, each with its own flux, beside a continuum of 100 sigma."""
    both = replace(
        source(70.0, 58.0, 0.02), lines=(EmissionLine(1.0, 12.0, 5.0), EmissionLine(0.6, 36.0, 5.0))
    )
    cube = cube_of([both], Thermal(), 5)
    found = DeepFocus().ready().find(cube).catalogue.accepted
    assert np.sort(found["channel"]) == pytest.approx([12.0, 36.0], abs=0.5)
    for line in both.line_truths(cube.grid):
        row = int(np.argmin(np.abs(found["channel"] - line.channel)))
        assert found["line_flux"][row] == pytest.approx(
            line.flux_jy_kms, abs=4 * found["line_flux_err"][row]
        )


def test_two_sources_within_a_beam_are_two() -> None:
    """0.7 beams apart, their lines 8 channels of 6 apart: one Gaussian does not explain both."""
    one = replace(source(60.0, 60.0, 0.004), lines=(EmissionLine(8.0, 16.0, 6.0),))
    other = replace(source(64.0, 62.0, 0.004), lines=(EmissionLine(8.0, 26.0, 6.0),))
    found = DeepFocus().ready().find(cube_of([one, other], Thermal(), 7)).catalogue.accepted
    assert np.sort(found["channel"]) == pytest.approx([16.0, 26.0], abs=0.7)


@pytest.fixture(scope="module")
def moving() -> tuple[Cube, float]:
    """A line that moves by three beams in eleven steps, and its flux, Jy km/s."""
    steps = [
        replace(
            source(64.0 + 1.8 * k, 64.0 - 0.9 * k, 0.003), lines=(EmissionLine(5.0, 24 + k, 2.0),)
        )
        for k in range(-5, 6)
    ]
    faint = [replace(each, peak_jy_px=each.peak_jy_px / 8) for each in steps]
    bright = [
        replace(each, lines=(EmissionLine(40.0, each.lines[0].channel, 2.0),)) for each in faint
    ]
    cube = cube_of(bright, Thermal(), 7)
    return cube, sum(each.line_truths(cube.grid)[0].flux_jy_kms for each in bright)


def test_a_line_that_moves_over_the_sky_is_one_source(moving: tuple[Cube, float]) -> None:
    """Three beams over the line, in eleven steps: one row, and all of the flux."""
    cube, flux = moving
    found = DeepFocus().ready().find(cube).catalogue.accepted
    assert len(found) == 1
    # a Gaussian in frequency for a box: 5%
    assert found["line_flux"][0] == pytest.approx(flux, rel=0.08)


@pytest.mark.parametrize("rising", [True, False], ids=["frequency rises", "frequency falls"])
def test_where_a_line_moves_with_velocity(moving: tuple[Cube, float], rising: bool) -> None:
    """Channels count either way; velocity rises against frequency, here towards -x and +y."""
    cube = moving[0] if rising else turned_round(moving[0])
    assert bool(cube.grid.freq_hz[1] > cube.grid.freq_hz[0]) is rising
    found = DeepFocus().ready().find(cube).catalogue.accepted
    along = np.rad2deg(np.arctan2(1.8, 0.9))
    assert 0 < found["kinematic_pa_err"][0] < 5
    assert found["kinematic_pa"][0] == pytest.approx(along, abs=4 * found["kinematic_pa_err"][0])
    # channels 19 to 29 in equal shares, each line of 2 channels: 10 and 0.72 channels^2
    true = np.hypot(1.8, 0.9) * 10 / 10.72 * found["line_fwhm_chan"][0]
    # a galaxy's faint outskirts, for which 12% are added, it does not have
    assert found["line_shift_px"][0] == pytest.approx(1.12 * true, rel=0.08)
    assert 0.1 < found["line_shift_px_err"][0] / found["line_shift_px"][0] < 0.2
    cell = cube.grid.cell_arcsec
    assert found["line_shift"][0] == pytest.approx(found["line_shift_px"][0] * cell)
    assert found["line_shift_err"][0] == pytest.approx(found["line_shift_px_err"][0] * cell)
    kms = float(cube.grid.width_kms(1.0, found["channel"][0]))
    assert found["line_w20"][0] == pytest.approx(found["line_w20_chan"][0] * kms)


def turned_round(cube: Cube) -> Cube:
    """The same sky with its channels in the other order."""
    assert cube.psf is not None
    assert cube.psf_channels is not None
    assert cube.primary_beam is not None
    return replace(
        cube,
        data=cube.data[::-1].copy(),
        grid=replace(cube.grid, freq_hz=cube.grid.freq_hz[::-1]),
        psf=cube.psf[::-1],
        psf_channels=len(cube.data) - 1 - cube.psf_channels[::-1],
        primary_beam=cube.primary_beam[::-1],
    )


@pytest.mark.parametrize("fwhm_px", [0.5, 1.0, 2.0])
def test_the_limit_of_what_is_not_resolved_is_above_its_size(fwhm_px: float) -> None:
    """Squared sizes with errors of 0.5 px^2 beside 0.05 to 0.7: of 20 limits, 19 are above."""
    rng = np.random.default_rng(3)
    row = np.zeros(COUNT)
    row[[CHANNEL, SIGMA, FLUX]] = 20.0, 3.0, 1.0
    row[[CXX, CYY]] = (fwhm_px / FWHM_PER_SIGMA) ** 2
    true = fit_of(row[None])
    variance = np.array([0.5, 0.5, 0.5 / np.sqrt(2)]) ** 2
    true.covariance[2:5, 2:5] = np.diag(variance)
    limits = []
    for _ in range(300):
        drawn = true.summary.copy()
        drawn[2:5] += np.sqrt(variance) * rng.standard_normal(3)
        limits.append(replace(true, summary=drawn).size_limit_px)
    known = np.isfinite(limits)
    assert known.mean() > 0.25
    assert np.mean(np.array(limits)[known] >= fwhm_px) > 0.95


def test_a_source_is_either_resolved_or_has_a_limit() -> None:
    small = replace(source(70.0, 58.0, 0.1), fwhm_x_px=0.5, fwhm_y_px=0.3)
    cube = cube_of([source(40.0, 70.0, 0.02), small], Thermal(), 5)
    found = DeepFocus().ready().find(cube).catalogue.accepted
    assert len(found) == 2
    row = int(np.argmax(found["x"]))
    assert 0.5 < found["fwhm_limit_px"][row] < 6.0
    assert found["fwhm_limit"][row] == found["fwhm_limit_px"][row] * cube.grid.cell_arcsec
    assert np.isnan(found["fwhm_limit_px"][1 - row])


def test_a_bright_continuum_is_a_start_and_a_line_is_none() -> None:
    line = replace(source(40.0, 80.0, 0.001), lines=(EmissionLine(400.0, 20.0, 6.0),))
    continuum = replace(source(80.0, 50.0, 0.1), lines=())
    image = band_median(cube_of([line, continuum], White(), 8).data)
    assert np.unravel_index(np.argmax(image), image.shape) == (50, 80)
    assert image[80, 40] < 0.05 * image[50, 80]


def test_a_line_that_fills_a_trough_is_absorption_beside_it() -> None:
    """Of a line of 1 Jy/beam and 10 channels: a continuum of -0.9 Jy is its trough, -0.1 a bowl."""
    row = np.zeros(COUNT)
    row[[CHANNEL, SIGMA, FLUX]] = 30.0, 10.0 / 2.3548, 10.645
    for continuum, filled in ((-0.9, True), (-0.1, False), (0.5, False)):
        row[CONTINUUM] = continuum
        summary = summary_of(row[None], 64)
        found = SourceFit(row[None], summary, np.eye(len(summary)), gain=100.0, freedom=9)
        assert is_trough(found) is filled


def test_a_narrow_bright_line_leaves_nothing() -> None:
    """Of 1.8 channels at 300 sigma: sampled and integrated over channels differ by a twentieth."""
    narrow = replace(source(70.0, 58.0, 0.05), lines=(EmissionLine(12.0, 20.3, 1.8),))
    detection = DeepFocus().ready().find(cube_of([narrow], Thermal(), 6))
    found = detection.catalogue.accepted
    assert len(found) == 1
    assert found["line_fwhm_chan"][0] == pytest.approx(1.8, abs=4 * found["line_fwhm_chan_err"][0])
    left = next(panel for panel in detection.evidence if "leave" in getattr(panel, "title", ""))
    assert isinstance(left, ImagePanel)
    assert left.image[54:63, 66:75].max() < 6


def test_a_line_at_the_ends_of_image_and_band_says_so() -> None:
    at_end = replace(source(7.0, 58.0, 0.002), lines=(EmissionLine(8.0, 46.0, 6.0),))
    found = DeepFocus().ready().find(cube_of([at_end, source(70.0, 70.0, 0.004)], White(), 3))
    rows = found.catalogue.accepted
    assert len(rows) == 2
    said = rows["warning"][np.argsort(rows["x"])]
    assert list(said) == ["near the edge of the image; line cut off by the end of the band", ""]


def test_a_source_may_be_rejected_for_two_reasons() -> None:
    cube = cube_of([], White(), 7)
    row = np.zeros(COUNT)
    row[[X, Y, CHANNEL, SIGMA, FLUX]] = 60.0, 60.0, 20.0, 3.0, 0.1
    summary = summary_of(row[None], 48)
    found = SourceFit(row[None], summary, np.eye(len(summary)), gain=10.0, freedom=9)
    both = Judgement(3.0, 0.9, Flag.BAD_FIT | Flag.LOW_PROBABILITY)
    said = row_of(Entry(found, both), cube, noise_map(cube.data, correlated_px=0.0))
    assert said["reason"] == "line fit failed; detection probability too low (judge)"
    assert said["flag"] == Flag.BAD_FIT + Flag.LOW_PROBABILITY


@pytest.mark.parametrize(("gain", "flag"), [(4.0, Flag.LOW_PROBABILITY), (40.0, Flag.ACCEPTED)])
def test_what_gains_nothing_in_the_end_is_no_source(gain: float, flag: Flag) -> None:
    """Whatever peak there was at its place: here that of a bright source."""
    seen = sight.sight_of(cube_of([source(64.0, 64.0, 0.05)], Thermal(), 5))
    looked = look(seen, false_peaks=0.01)
    row = np.zeros(COUNT)
    row[[X, Y, CHANNEL, SIGMA, FLUX]] = 64.0, 64.0, 20.0, 3.0, 1e-3
    summary = summary_of(row[None], 48)
    found = SourceFit(row[None], summary, np.eye(len(summary)), gain=gain, freedom=9)
    verdict = judged(found, looked, seen, 0.01)
    assert verdict.snr > 10
    assert verdict.flag == flag


@pytest.mark.parametrize(
    ("sizes_beams", "fluxes", "dirty", "large"),
    [
        ([6.0], [1.0], True, True),
        ([6.0], [1.0], False, False),
        ([5.5], [1.0], True, False),
        ([6.0, 2.0], [1.0, 1.5], True, False),
        ([6.0, 2.0], [1.5, 1.0], True, True),
    ],
)
def test_what_is_mostly_as_large_as_a_fit_allows_is_none_in_a_dirty_cube(
    sizes_beams: list[float], fluxes: list[float], dirty: bool, large: bool
) -> None:
    """The limit is six beams; of a galaxy, the smaller part of the flux may reach it."""
    rows = np.zeros((len(fluxes), COUNT))
    rows[:, [CXX, CYY]] = (8.0 * np.array(sizes_beams)[:, None] / FWHM_PER_SIGMA) ** 2
    rows[:, CHANNEL], rows[:, SIGMA], rows[:, FLUX] = 20.0, 3.0, fluxes
    summary = summary_of(rows, 48)
    found = SourceFit(rows, summary, np.eye(len(summary)), gain=100.0, freedom=9)
    seen = SimpleNamespace(beam_px=8.0, sidelobes=SimpleNamespace(any=dirty))
    assert is_too_large(found, cast(Any, seen)) is large


@pytest.mark.parametrize("level", [0.0, 1e-30])
def test_a_cube_without_noise_is_refused(level: float) -> None:
    cube = cube_of([source(64.0, 64.0, 0.1)], White(), 1)
    drawn = np.random.default_rng(2).normal(scale=level, size=cube.data.shape)
    with pytest.raises(DeepFocusError, match="noise of the cube cannot be measured"):
        DeepFocus().ready().find(cube.with_data(drawn.astype(np.float32)))


def test_with_too_many_components_it_gives_up_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sight, "FEWEST_ALLOWED", 1)
    monkeypatch.setattr(sight, "MOST_A_BEAM", 0.0)
    cube = cube_of([source(x, 64.0, 0.01) for x in (30.0, 64.0, 98.0)], White(), 9)
    detection = DeepFocus().ready().find(cube)
    assert len(detection.catalogue.accepted) == 3
    assert "given up at 3 components" in detection.notes[0]


@pytest.mark.parametrize(("snr", "said"), [(100.0, 0), (1500.0, 1)])
def test_lines_that_a_bright_continuum_hides_are_said_to_be(snr: float, said: int) -> None:
    """A thousandth or two of it is left beside it: of 1,500 in each of 48 channels, 20."""
    bright = replace(source(64.0, 64.0, snr * SIGMA_JY), lines=())
    detection = DeepFocus().ready().find(cube_of([bright], Thermal(), 5))
    assert len([each for each in detection.notes if "hides lines below" in each]) == said
    assert not len(detection.catalogue.accepted)


def test_two_of_the_same_line_within_a_beam_are_two() -> None:
    """They leave no peak beside a single Gaussian: only trying two shows them."""
    one = replace(source(60.0, 60.0, 0.012), lines=(EmissionLine(8.0, 20.0, 6.0),))
    other = replace(source(64.5, 63.0, 0.008), lines=(EmissionLine(8.0, 20.0, 6.0),))
    found = DeepFocus().ready().find(cube_of([one, other], Thermal(), 11)).catalogue.accepted
    assert np.sort(found["x"]) == pytest.approx([60.0, 64.5], abs=0.5)


def test_the_sides_of_a_disc_with_a_narrow_line_are_one_source() -> None:
    """A channel apart and half a beam: one Gaussian that moves gains most of what two gain."""
    sides = [
        replace(source(64.0 + 2.0 * k, 64.0, 0.004), lines=(EmissionLine(30.0, 24.0 + k / 2, 1.0),))
        for k in (-1, 1)
    ]
    found = DeepFocus().ready().find(cube_of(sides, Thermal(), 12)).catalogue.accepted
    assert len(found) == 1
    assert found["x"][0] == pytest.approx(64.0, abs=0.3)


def ring(peak_jy: float) -> list[Component]:
    """Seen edge on, two and a half beams and thirty channels long; brightest at both ends."""
    along = np.cos(np.pi * (np.arange(41) + 0.5) / 41)
    line = [EmissionLine(400.0, float(24 + 15 * at), 1.5) for at in along]
    return [
        replace(source(64.0 + 9 * at, 64.0 - 4.5 * at, peak_jy / 41), lines=(each,))
        for at, each in zip(along, line, strict=True)
    ]


@pytest.mark.parametrize("peak_jy", [1.0e-4, 1.4e-4])
def test_the_sides_of_a_ring_are_one_source_whatever_is_seen_between(peak_jy: float) -> None:
    """At a signal-to-noise of 10 and 14; its ends alone, as bright as they are then, are two."""
    whole = ring(peak_jy)
    found = DeepFocus().ready().find(cube_of(whole, Thermal(), 2)).catalogue.accepted
    assert len(found) == 1
    ends = [replace(each, peak_jy_px=2 * each.peak_jy_px) for each in whole[:8] + whole[-8:]]
    found = DeepFocus().ready().find(cube_of(ends, Thermal(), 2)).catalogue.accepted
    assert len(found) == 2


def test_what_may_be_a_sidelobe_from_afar_is_listed_as_such() -> None:
    """Of a source in a corner, whose dirty beam is known no farther than half the image."""
    found = DeepFocus().ready().find(cube_of([source(14.0, 14.0, 0.5)], Thermal(), 13)).catalogue
    assert len(found.accepted) == 1
    rejected = found.where(found["flag"] != 0)
    assert len(rejected)
    assert all("sidelobe of a brighter source" in reason for reason in rejected["reason"])
    assert np.all(np.hypot(rejected["x"] - 14.0, rejected["y"] - 14.0) > 50.0)


def test_two_bright_sources_with_continua_are_two() -> None:
    # signal-to-noise ratios of 900 and 1,300, 1.4 beams apart, in 32 channels: one at first, whose
    # model leaves peaks of 15 to 33 in all channels
    settings = {
        "observation": {
            "size": 96,
            "channels": 32,
            "total_time": "100 s",
            "channel_width": "40 MHz",
        },
        "population": {"companions": [1, 1], "offset_px": [-20.0, 20.0]},
        "noise": {"kind": "white", "target_snr": [60.0, 60.0]},
    }
    made = simulate(settings_from(settings, SetSettings), 3)
    found = DeepFocus().ready().find(made.cube).catalogue
    matches = match(found, made.truth)
    assert matches.counts == Counts(tp=2, fp=0, fn=0)
    for name, off in (("x", 0.1), ("y", 0.1), ("fwhm_x_px", 0.2), ("channel", 0.03)):
        np.testing.assert_allclose(
            matches.found_matched[name], matches.truth_matched[name], atol=off, err_msg=name
        )
    np.testing.assert_allclose(
        matches.found_matched["line_flux"], matches.truth_matched["line_flux"], rtol=0.01
    )


def test_a_beam_much_smaller_than_a_pixel_is_searched() -> None:
    """A cube made in Python may have any; a file's beam is checked against its cells.

    White noise: what it would be correlated over is no pixel.
    """
    cube = empty_cube(shape=(24, 48, 48), beam=Beam(0.02, 0.02, 0.0))
    white = np.random.default_rng(3).normal(0, 1e-3, cube.data.shape).astype(np.float32)
    found = DeepFocus().ready().find(replace(cube.with_data(white), noise=None))
    assert len(found.catalogue.accepted) == 0
