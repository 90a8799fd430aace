"""Cubes of measurement sets: the same as the simulator's, whatever way the data are laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

pytest.importorskip("casacore.tables", reason="python-casacore (the extra ms) is not installed")

from deepfocus.core import memory
from deepfocus.core.errors import DeepFocusError
from deepfocus.forward.response import response_of
from deepfocus.imaging import ms_samples
from deepfocus.imaging.dirty_cube import Imaged, image_measurement_set
from deepfocus.imaging.ms_samples import MsImaging
from deepfocus.instrument.antennas import antennas
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES
from deepfocus.instrument.telescope import telescope_of
from measurement_set_samples import (
    DEC_DEG,
    RA_DEG,
    Array,
    Sample,
    Window,
    array_of,
    point_visibilities,
    write_measurement_set,
)

FREQ_HZ = 230e9 + 10e6 * np.arange(16)
POINTS = ((1.0, 3.0, 2.0), (0.5, -4.2, 5.1))
"""Flux in Jy, arcsec to the east, arcsec to the north."""


@pytest.fixture(scope="module")
def array() -> Array:
    return array_of()


def window_of(array: Array, freq_hz: np.ndarray = FREQ_HZ, hands: int = 2) -> Window:
    sky = sum(
        point_visibilities(array.uvw_m, freq_hz, flux_jy=s, east_arcsec=x, north_arcsec=y)
        for s, x, y in POINTS
    )
    return Window(freq_hz, np.repeat(np.asarray(sky)[..., None], hands, axis=-1))


@pytest.fixture(scope="module")
def plain(array: Array, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain")
    return write_measurement_set(folder / "a.ms", array, [window_of(array)])


def imaged(path: Path, **keys: Any) -> Imaged:
    return image_measurement_set(MsImaging(path, **{"cell_arcsec": 0.3, "size": 96, **keys}))


def largest(difference: np.ndarray) -> float:
    return float(np.abs(difference).max())


def test_a_point_source_is_the_beam_at_its_place(tmp_path: Path, array: Array) -> None:
    """Ten cells east and five south; to 1e-5 of its flux (float32 visibilities give 1e-7).

    The visibilities are made with the telescope's frequencies, hence --frame topo.
    """
    data = point_visibilities(array.uvw_m, FREQ_HZ, flux_jy=0.7, east_arcsec=3.0, north_arcsec=-1.5)
    path = write_measurement_set(tmp_path / "a.ms", array, [Window(FREQ_HZ, data[..., None])],
                                 Sample(correlations=[9]))  # fmt: skip
    cube = imaged(path, size=97, weighting="briggs", frame="topo").cube
    assert cube.psf is not None
    assert cube.psf_channels is not None
    # the PSF reaches from a source anywhere in the image to all of it
    y, x = (np.arange(97) - (48 - by) + 97 for by in (5, 10))
    assert largest(cube.data[cube.psf_channels] - 0.7 * cube.psf[:, y[:, None], x]) < 1e-5
    east = SkyCoord(RA_DEG * u.deg, DEC_DEG * u.deg, frame="fk5").spherical_offsets_by(
        3.0 * u.arcsec, -1.5 * u.arcsec
    )
    place = cube.grid.sky_at(48 - 10, 48 - 5)
    assert place.separation(east.icrs).to_value(u.arcsec) < 1e-4  # 3 arcsec are not quite flat


@pytest.mark.parametrize(
    ("weighting", "robust", "channels"), [("natural", None, range(8)), ("briggs", 0.5, (0, 3, 7))]
)
def test_the_simulators_cube_is_the_same(
    tmp_path: Path, weighting: str, robust: float | None, channels: Sequence[int]
) -> None:
    """Sources through the primary beam into visibilities and back, against `Telescope`: within
    1e-4 of the peak, which is what interpolating between three frequencies is good for.

    Of Briggs weighting the three are compared: between them samples change their uv cell, which
    on this coarse uv grid moves single channels by 1e-3, and interpolation does not see that.
    """
    at = list(channels)
    size, cell = 96, 0.1
    seen = telescope_of(
        Observation(size=size, cell=cell * u.arcsec, channels=8, channel_width=40 * u.MHz,
                    total_time=60 * u.s, integration=30 * u.s, weighting=weighting, robust=robust)
    )  # fmt: skip
    freq_hz = seen.grid.freq_hz
    first, second = antennas("C-3").baselines
    times = len(seen.uv_m) // len(first)
    array = Array(
        uvw_m=np.column_stack([seen.uv_m, np.zeros(len(seen.uv_m))]),
        antenna1=np.tile(first, times),
        antenna2=np.tile(second, times),
        time_s=np.repeat(56658.0 * 86400 + 30 * np.arange(times), len(first)),
        itrf_m=antennas("C-3").itrf_m,
    )
    images, spectra = np.zeros((2, size, size)), np.zeros((2, len(freq_hz)))
    visibilities = np.zeros((len(seen.uv_m), len(freq_hz)), complex)
    for i, (flux, x, y) in enumerate(((1.0, 20, 75), (0.6, 80, 40))):
        images[i, y, x] = 1.0
        spectra[i] = flux * (freq_hz / freq_hz[0]) ** 2
        east, north = (size // 2 - x) * cell, (y - size // 2) * cell
        beam = np.array([DISHES[12.0](np.hypot(east, north), hz) for hz in freq_hz])
        visibilities += point_visibilities(
            array.uvw_m, freq_hz, flux_jy=spectra[i] * beam, east_arcsec=east, north_arcsec=north
        )
    expected = seen.dirty_cube(seen.dirty_components(images), spectra)
    window = Window(freq_hz, np.repeat(visibilities[..., None], 2, axis=-1))
    path = write_measurement_set(tmp_path / "a.ms", array, [window])
    cube = imaged(
        path, cell_arcsec=cell, size=size, weighting=weighting, robust=robust, frame="topo"
    ).cube
    assert largest(cube.data[at] - expected[at]) < 1e-4 * expected.max()
    assert cube.psf is not None
    assert cube.primary_beam is not None
    ours = seen.node_channels[[0, -1]]
    assert np.array_equal(np.asarray(cube.psf_channels)[[0, -1]], ours)
    assert largest(cube.psf[[0, -1]] - seen.dirty_beam[[0, -1]]) < 1e-6  # float32
    assert np.array_equal(cube.primary_beam[[0, -1]], seen.primary_beam[[0, -1]])
    assert np.array_equal(cube.grid.freq_hz, freq_hz)


def test_flagged_data_have_no_influence(
    tmp_path: Path, array: Array, rng: np.random.Generator
) -> None:
    window = window_of(array)
    flag = rng.random(window.data.shape) < 0.1
    flag_row = rng.random(len(flag)) < 0.1
    spoilt = window.data.copy()
    spoilt[flag] = 1e6
    spoilt[flag_row] = -1e6
    flags = {"flag": flag, "flag_row": flag_row}
    bad = write_measurement_set(tmp_path / "bad.ms", array, [replace(window, data=spoilt, **flags)])
    good = write_measurement_set(tmp_path / "good.ms", array, [replace(window, **flags)])
    assert np.array_equal(imaged(bad).cube.data, imaged(good).cube.data)


def test_weights_average_noise_as_they_say(tmp_path: Path, array: Array) -> None:
    """Rows of weights 3 and 1: at the phase centre the image is their weighted mean."""
    data = np.ones((len(array.time_s), 16, 2), complex)
    data[::2] = 5.0
    weight = np.ones((len(array.time_s), 2))
    weight[::2] = 3.0
    path = write_measurement_set(tmp_path / "a.ms", array, [Window(FREQ_HZ, data, weight=weight)])
    cube = imaged(path).cube
    own = weight[array.cross, 0]
    mean = np.sum(own * data[array.cross, 0, 0].real) / own.sum()
    assert cube.data[:, 48, 48] == pytest.approx(mean, rel=1e-6)


def test_two_hands_average(tmp_path: Path, array: Array) -> None:
    """XX 1.5 and YY 0.5 times the sky make the sky."""
    window = window_of(array)
    data = window.data * np.array([1.5, 0.5])
    path = write_measurement_set(tmp_path / "a.ms", array, [replace(window, data=data)])
    both = write_measurement_set(tmp_path / "b.ms", array, [window])
    assert largest(imaged(path).cube.data - imaged(both).cube.data) < 1e-6


def test_layout_makes_no_difference(
    tmp_path: Path, array: Array, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Channels falling, in two windows, or read a few at a time: the same cube."""
    whole = imaged(plain).cube
    falling = write_measurement_set(tmp_path / "f.ms", array, [window_of(array, FREQ_HZ[::-1])])
    cube = imaged(falling).cube
    assert np.array_equal(cube.data, whole.data[::-1])
    assert np.array_equal(cube.grid.freq_hz, whole.grid.freq_hz[::-1])
    parts = [window_of(array, FREQ_HZ[10:]), window_of(array, FREQ_HZ[:10])]
    split = write_measurement_set(tmp_path / "s.ms", array, parts)
    cube = imaged(split).cube
    assert np.array_equal(cube.data, whole.data)
    assert np.array_equal(cube.grid.freq_hz, whole.grid.freq_hz)
    monkeypatch.setattr(ms_samples, "MEMORY_BYTES", 10_000)
    assert np.array_equal(imaged(plain).cube.data, whole.data)


def test_channels_are_averaged_and_chosen(plain: Path, array: Array) -> None:
    """With natural weights on one set of rows, the average of channels is that of images, but
    for the samples that scale off the grid: none here."""
    whole = imaged(plain).cube
    cube = imaged(plain, width=2).cube
    assert largest(cube.data - whole.data.reshape(8, 2, 96, 96).mean(axis=1)) < 1e-6
    assert cube.grid.freq_hz == pytest.approx(whole.grid.freq_hz.reshape(8, 2).mean(axis=1))
    part = imaged(plain, start=3, nchan=9).cube
    assert np.array_equal(part.data, whole.data[3:12])
    assert np.array_equal(part.grid.freq_hz, whole.grid.freq_hz[3:12])


def test_frames_of_frequency(tmp_path: Path, plain: Path, array: Array) -> None:
    topo, lsrk = imaged(plain, frame="topo"), imaged(plain)
    assert (topo.cube.grid.specsys, lsrk.cube.grid.specsys) == ("TOPOCENT", "LSRK")
    assert np.array_equal(topo.cube.grid.freq_hz, FREQ_HZ)
    factor = lsrk.cube.grid.freq_hz / FREQ_HZ
    # CASA's figure for this field and day is 1.0001070; the Earth's turn moves it by 1e-6
    assert factor == pytest.approx(1.000107, abs=2e-6)
    # u and v are those of the axis' frequencies, as in tclean: the same image on a finer cell
    scaled = imaged(plain, frame="topo", cell_arcsec=0.3 * factor[0])
    assert largest(scaled.cube.data - lsrk.cube.data) < 1e-6
    assert largest(topo.cube.data - lsrk.cube.data) > 1e-5
    window = replace(window_of(array), frame_code=3)
    path = write_measurement_set(tmp_path / "bary.ms", array, [window])
    made = imaged(path)
    assert made.cube.grid.specsys == "BARYCENT"
    assert "BARYCENT, not LSRK" in made.notes[0]


def test_a_long_observation_warns_of_the_drift(tmp_path: Path, array: Array) -> None:
    """Half a year changes the Earth's velocity by 1e-4 or so: 2 channels of 10 MHz."""
    late = np.where(np.arange(len(array.time_s)) % 2, 183 * 86400.0, 0.0)
    moved = replace(array, time_s=array.time_s + late)
    path = write_measurement_set(tmp_path / "a.ms", moved, [window_of(array)])
    assert any("Doppler shift drifts by" in note for note in imaged(path).notes)


def test_cell_and_size_are_chosen(plain: Path) -> None:
    made = imaged(plain, cell_arcsec=None, size=None).cube
    assert made.beam is not None
    cells = made.beam.minor_arcsec / made.grid.cell_arcsec
    assert 4.5 < cells < 6  # a fifth of the beam, rounded down
    assert made.primary_beam is not None
    assert made.primary_beam[0, made.grid.ny // 2, 0] < 0.2


def test_channels_without_data_are_blank(tmp_path: Path, array: Array) -> None:
    window = window_of(array)
    flag = np.zeros(window.data.shape, bool)
    flag[:, [0, 1, 15], 1] = True
    path = write_measurement_set(tmp_path / "a.ms", array, [replace(window, flag=flag)])
    made = imaged(path)
    blank = np.isnan(made.cube.data).all(axis=(1, 2))
    assert np.nonzero(blank)[0].tolist() == [0, 1, 15]
    assert made.cube.psf_channels is not None
    assert made.cube.psf_channels.tolist() == [2, 8, 14]
    assert "3 of 16 channels" in made.notes[0]


def test_a_channel_that_lost_some_data_stands_for_no_other(tmp_path: Path, array: Array) -> None:
    """The long baselines of the first channel, whose beam was that of half of the band."""
    window = window_of(array)
    flag = np.zeros(window.data.shape, bool)
    length = np.hypot(*array.uvw_m.T[:2])
    flag[length > np.median(length), 0] = True
    whole = imaged(write_measurement_set(tmp_path / "a.ms", array, [window]))
    made = imaged(write_measurement_set(tmp_path / "b.ms", array, [replace(window, flag=flag)]))
    assert made.cube.psf_channels is not None
    assert made.cube.psf_channels.tolist() == [1, 8, 15]
    for of in (whole, made):
        assert of.cube.psf is not None
    beams = response_of(made.cube), response_of(whole.cube)
    for channel in range(1, 16):
        first, second = (each.dirty_beam_at(channel) for each in beams)
        # polynomials through other nodes
        assert largest(first - second) < 1e-4
    assert any("1 channel (0) of 16" in note for note in made.notes)
    assert not any("channel (0)" in note for note in whole.notes)


def test_a_wide_band_on_long_baselines_has_as_many_beams_as_tell_it(
    tmp_path: Path, array: Array
) -> None:
    """Of every channel the beam is the mean of the fringes of that channel."""
    wide = 90e9 + 60e6 * np.arange(64)
    long = replace(array, uvw_m=array.uvw_m * 6)
    path = write_measurement_set(tmp_path / "a.ms", long, [window_of(long, wide)])
    made = imaged(path, cell_arcsec=0.12, size=256)
    assert made.cube.psf_channels is not None
    assert len(made.cube.psf_channels) > 3
    response = response_of(made.cube)
    for channel in (3, 20, 45):
        alone = imaged(path, cell_arcsec=0.12, size=256, start=channel - 3, nchan=7)
        (at,) = np.flatnonzero(alone.cube.psf_channels == 3)
        assert alone.cube.psf is not None
        assert largest(response.dirty_beam_at(channel) - alone.cube.psf[at]) < 1e-3


def test_cells_follow_the_weights_of_visibilities(tmp_path: Path, array: Array) -> None:
    """Long baselines of next to no weight do not make the beam, nor ask for finer cells."""
    window = window_of(array)
    length = np.hypot(*array.uvw_m.T[:2])
    weight = np.where(length > np.median(length), 1e-3, 1.0)[:, None] * np.ones(2)
    path = write_measurement_set(tmp_path / "a.ms", array, [replace(window, weight=weight)])
    made = imaged(path, cell_arcsec=None, size=None).cube
    assert made.beam is not None
    assert 4.5 < made.beam.minor_arcsec / made.grid.cell_arcsec < 6


@pytest.mark.parametrize("telescope_name", ["EVLA", ""])
def test_other_dishes_have_no_primary_beam(
    tmp_path: Path, array: Array, telescope_name: str
) -> None:
    sample = Sample(telescope=telescope_name, dish_m=25.0)
    path = write_measurement_set(tmp_path / "a.ms", array, [window_of(array)], sample)
    made = imaged(path)
    assert made.cube.primary_beam is None
    assert "25 m dishes" in made.notes[0]


def test_seven_metre_dishes(tmp_path: Path, array: Array) -> None:
    path = write_measurement_set(tmp_path / "a.ms", array, [window_of(array)], Sample(dish_m=7.0))
    cube = imaged(path).cube
    assert cube.primary_beam is not None
    expected = DISHES[7.0](np.array(0.3 * 48), FREQ_HZ[0])
    assert cube.primary_beam[0, 48, 0] == pytest.approx(expected, rel=1e-6)


def test_large_w_is_warned_of(tmp_path: Path, array: Array) -> None:
    """The same array a hundred times as high: w of 12 km, 0.1 rad at half power."""
    high = array.uvw_m + np.where(array.cross, 12e3, 0.0)[:, None] * [0.0, 0.0, 1.0]
    path = write_measurement_set(tmp_path / "a.ms", replace(array, uvw_m=high), [window_of(array)])
    made = imaged(path)
    assert made.w_phase_rad == pytest.approx(
        np.pi * 12e3 * 230e9 / 299792458 * (13.0 / 206265) ** 2, rel=0.05
    )
    assert any("w is taken as 0" in note for note in made.notes)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"cell_arcsec": 2.0}, "too coarse"),
        ({"width": 0}, "0 from channel 0|of 0 from"),
        ({"start": 16}, "within the 16 channels"),
        ({"nchan": 17}, "within the 16 channels"),
        ({"width": 4}, "at least 5"),
        ({"column": "corrected"}, "no column of corrected data"),
        ({"size": 8}, "at least 16 pixels"),
        ({"robust": 0.5}, "robust"),
        ({"field": "other"}, "selects no fields"),
    ],
    ids=str,
)
def test_what_is_refused(plain: Path, keys: dict[str, Any], words: str) -> None:
    with pytest.raises(DeepFocusError, match=words):
        imaged(plain, **keys)


def test_a_single_baseline_is_refused(tmp_path: Path, array: Array) -> None:
    """Its image is a fringe, and the Gaussian fitted to one has no end: 8e6 degrees were seen."""
    same = replace(array, uvw_m=np.where(array.cross[:, None], [40.0, 25.0, 0.0], 0.0))
    path = write_measurement_set(tmp_path / "a.ms", same, [window_of(array)])
    with pytest.raises(DeepFocusError, match="is longer than the image"):
        imaged(path)


def test_an_image_wider_than_the_sky_is_refused(tmp_path: Path, array: Array) -> None:
    """Dishes of 2 m at 30 MHz, baselines of some ten metres: SIN ends 57.3 degrees off."""
    low = 30e6 + 24e3 * np.arange(16)
    short = replace(array, uvw_m=array.uvw_m * 0.5)
    path = write_measurement_set(
        tmp_path / "a.ms", short, [window_of(array, low)], Sample(telescope="LWA", dish_m=2.0)
    )
    with pytest.raises(DeepFocusError, match="below the horizon"):
        imaged(path, cell_arcsec=None, size=None)


def test_a_cube_beyond_memory_is_refused(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: 10**6)
    with pytest.raises(DeepFocusError, match="a cube of 16 x 96 x 96"):
        imaged(plain)


def test_mixed_dishes_are_refused(tmp_path: Path, array: Array) -> None:
    dishes = [7.0] * 4 + [12.0] * 8
    path = write_measurement_set(
        tmp_path / "a.ms", array, [window_of(array)], Sample(dish_m=dishes)
    )
    with pytest.raises(DeepFocusError, match="mix dishes of 7, 12 m"):
        imaged(path)


def test_data_that_are_all_flagged_are_refused(tmp_path: Path, array: Array) -> None:
    window = window_of(array)
    flag = np.ones(window.data.shape, bool)
    path = write_measurement_set(tmp_path / "a.ms", array, [replace(window, flag=flag)])
    with pytest.raises(DeepFocusError, match="all data of field target are flagged"):
        imaged(path)


def test_a_jackknife_has_the_noise_and_the_beam_and_no_sky(tmp_path: Path, array: Array) -> None:
    """A point of 1 Jy in noise of 0.2 Jy a visibility."""
    sky = window_of(array)
    rng = np.random.default_rng(8)
    noise = 0.2 * (rng.standard_normal(sky.data.shape) + 1j * rng.standard_normal(sky.data.shape))
    noisy = write_measurement_set(tmp_path / "n.ms", array, [replace(sky, data=sky.data + noise)])
    alone = write_measurement_set(tmp_path / "0.ms", array, [replace(sky, data=noise)])
    jackknifed = imaged(noisy, jackknife=1)
    rms = float(imaged(alone).cube.data.std())
    # what is left of 1 Jy in 264 visibilities of random sign is 1 / sqrt(264) = 0.06 Jy at a
    # place, of which the noise, 0.2 / sqrt(264), has a fifth: both together
    left = float(np.hypot(rms, np.hypot(*[flux for flux, *_ in POINTS]) / np.sqrt(264)))
    assert abs(float(jackknifed.cube.data.std()) / left - 1) < 0.25
    assert largest(jackknifed.cube.data) < 0.4 * largest(imaged(noisy).cube.data)
    assert np.array_equal(jackknifed.cube.psf, imaged(noisy).cube.psf)
    assert jackknifed.cube.meta["jackknife"] == 1
    assert largest(jackknifed.cube.data - imaged(noisy, jackknife=2).cube.data) > rms


def test_the_noise_of_a_jackknife_is_the_noise(tmp_path: Path, array: Array) -> None:
    sky = window_of(array)
    rng = np.random.default_rng(9)
    noise = rng.standard_normal(sky.data.shape) + 1j * rng.standard_normal(sky.data.shape)
    alone = write_measurement_set(tmp_path / "0.ms", array, [replace(sky, data=noise)])
    cubes = [imaged(alone, jackknife=seed).cube.data.std() for seed in range(1, 5)]
    # 16 channels of some 300 beams: a hundredth, and three times that
    assert abs(np.mean(cubes) / imaged(alone).cube.data.std() - 1) < 0.03
