"""Cubes cleaned: restored in units of the restoring beam, by planes, and written as products."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits

import deepfocus as df
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.noise import SquaredWeights
from deepfocus.forward.response import beam_image, response_of
from deepfocus.imaging.clean.cube import clean, cleaner_of
from deepfocus.imaging.clean.lag_beam import DirtyBeams, dirty_beams_of
from deepfocus.imaging.clean.plane import Why
from deepfocus.imaging.clean.products import products, start_of, three_to_come
from deepfocus.imaging.clean.region import Boxes, MaskFile
from deepfocus.imaging.clean.restoring import PerChannel, enclosing, fitted_on_sky
from deepfocus.imaging.clean.settings import Clean
from deepfocus.instrument.observation import Observation
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.write_cube import write_cube
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.settings import Noise, SetSettings
from deepfocus.sky.anywhere import SourcesAnywhere

SETTINGS = {
    "observation": {"size": 96, "channels": 12, "total_time": "300 s", "channel_width": "2 GHz"},
    "noise": {"kind": "thermal", "target_snr": [1e6, 1e6]},
    "population": {"kind": "corrected", "sources": [0, 0]},
}
Y, X, FLUX = 40, 55, 0.3
NOISE_FREE = Clean(nsigma=0.0, threshold=1e-4 * u.Jy)


@pytest.fixture(scope="module")
def blank() -> Cube:
    """Beams that differ: 24 GHz of band, and next to no noise."""
    made = df.simulate(SETTINGS, seed=1).cube
    assert np.abs(made.data).max() < 1e-3 * FLUX
    return replace(made, data=np.zeros(made.data.shape, np.float32), noise=None)


@pytest.fixture(scope="module")
def dirty(blank: Cube) -> Cube:
    """A point of 0.3 Jy in every channel, through the dirty beam of each; as seen on axis."""
    response = response_of(replace(blank, primary_beam=None))
    sky = np.zeros(blank.grid.shape[1:])
    sky[Y, X] = FLUX
    planes = np.tensordot(response.interpolation.T, response.of_image(sky), axes=1)
    return replace(blank, data=planes.astype(np.float32))


def test_a_point_becomes_the_restoring_beam(dirty: Cube) -> None:
    cleaned = clean(dirty, NOISE_FREE)
    assert cleaned.model.data[:, Y, X] == pytest.approx(FLUX, abs=2e-4)
    assert cleaned.image.beam is not None
    # about the pixel where beam_image has its peak; the residual is at most the threshold
    gaussian = beam_image(cleaned.image.beam, dirty.grid)
    expected = FLUX * np.roll(gaussian, (Y - 48, X - 48), (0, 1))
    near = np.s_[:, Y - 20 : Y + 20, X - 20 : X + 20]
    assert np.abs(cleaned.image.data - expected)[near].max() < 4e-4
    # Jy/beam: the sum over the Gaussian, over the beam's area, is the flux
    area = cleaned.image.beam.area_px(dirty.grid.cell_arcsec)
    restored = cleaned.image.data - cleaned.residual.data
    assert restored.sum(axis=(1, 2)) / area == pytest.approx(FLUX, rel=2e-3)


def test_image_is_model_and_residual(dirty: Cube) -> None:
    cleaned = clean(dirty, replace(NOISE_FREE, niter=5))
    assert {account.why for account in cleaned.accounts} == {Why.NITER}
    assert cleaned.image.data[3, Y, X] == pytest.approx(
        cleaned.model.data[3, Y, X] + cleaned.residual.data[3, Y, X], rel=1e-6
    )
    assert cleaned.image.psf is None
    assert cleaned.residual.psf is dirty.psf
    assert (cleaned.image.unit, cleaned.model.unit) == ("Jy/beam", "Jy/pixel")
    assert "12 channels" in repr(cleaned)


def test_beams_of_channels_follow_frequency(dirty: Cube) -> None:
    each = clean(dirty, replace(NOISE_FREE, restoring=PerChannel())).beams
    size = np.array([beam.major_arcsec for beam in each])
    frequency = dirty.grid.freq_hz
    # of one uv coverage: the fit's own error, of a main lobe of few pixels, is below 1%
    assert size * frequency == pytest.approx(size[0] * frequency[0], rel=0.01)
    common = clean(dirty, NOISE_FREE).beams
    assert len(set(common)) == 1
    assert common[0].major_arcsec >= 0.999 * size.max()


def test_the_common_beam_holds_the_others() -> None:
    round_one, long_one = Beam(1.0, 1.0, 0.0), Beam(1.3, 0.7, 30.0)
    common = enclosing([round_one, long_one])
    # the larger area is the round one's; it has to reach as far as the long one does
    assert common.major_arcsec == pytest.approx(1.3)
    assert common.minor_arcsec == pytest.approx(1.3)
    same = enclosing([long_one, Beam(1.2, 0.6, 30.0)])
    assert (same.major_arcsec, same.minor_arcsec) == pytest.approx((1.3, 0.7))


def test_a_beam_is_fitted_on_the_sky_of_a_turned_image(blank: Cube) -> None:
    """What is drawn of the fitted beam is the main lobe again, wherever north is."""
    wanted = Beam(0.9, 0.5, 20.0)
    sky = blank.grid.sky.deepcopy()
    turn = np.deg2rad(37.0)
    sky.wcs.pc = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    turned = replace(blank.grid, sky=sky)
    found = fitted_on_sky(beam_image(wanted, turned), turned)
    assert (found.major_arcsec, found.minor_arcsec) == pytest.approx((0.9, 0.5), rel=1e-3)
    assert found.pa_deg == pytest.approx(20.0, abs=0.1)


def test_blank_and_empty_channels(dirty: Cube, blank: Cube) -> None:
    data = dirty.array.copy()
    data[2] = np.nan
    data[5] = 0.0
    cleaned = clean(replace(dirty, data=data), Clean())
    assert np.isnan(cleaned.image.data[2]).all()
    assert cleaned.accounts[2].why is Why.NO_DATA
    assert not cleaned.model.data[[2, 5]].any()
    assert not np.isnan(np.delete(cleaned.image.data, 2, axis=0)).any()


def test_components_stay_where_they_may_be(dirty: Cube) -> None:
    there = Clean(nsigma=0.0, threshold=1e-3 * u.Jy, region=Boxes(((50, 60, 35, 45),)))
    assert np.count_nonzero(clean(dirty, there).model.data) == 12
    elsewhere = replace(there, region=Boxes(((0.0, 9.0, 0.0, 9.0),)), niter=50)
    model = clean(dirty, elsewhere).model.data
    assert not np.delete(model[:, :10], np.s_[:10], axis=2).any()
    assert not model[:, 10:].any()
    seen = dirty.primary_beam_at(x=float(X), y=float(Y))
    below = clean(dirty, replace(NOISE_FREE, pb_limit=float(seen) + 0.05, niter=50))
    assert not below.model.data[:, Y, X].any()
    with pytest.raises(DeepFocusError, match="has no pixel of the image"):
        clean(dirty, Clean(region=Boxes(((200.0, 210.0, 0.0, 9.0),))))


def test_a_mask_file(dirty: Cube, tmp_path: Path) -> None:
    mask = np.zeros(dirty.data.shape, np.float32)
    mask[4:8, Y - 3 : Y + 4, X - 3 : X + 4] = 7
    path, *_ = write_cube(replace(dirty, data=mask, psf=None), tmp_path / "m.mask.fits")
    how = replace(NOISE_FREE, region=MaskFile(str(path)))
    cleaned = clean(dirty, how)
    lit = cleaned.model.data.any(axis=(1, 2))
    assert list(np.flatnonzero(lit)) == [4, 5, 6, 7]
    assert cleaned.accounts[0].why is Why.NO_MASK
    smaller = replace(
        dirty, data=mask[:, :50, :50], grid=dirty.grid.cropped(y0=0, x0=0, ny=50, nx=50)
    )
    other, *_ = write_cube(
        replace(smaller, psf=None, primary_beam=None), tmp_path / "other.mask.fits"
    )
    with pytest.raises(DeepFocusError, match="12 x 50 x 50 voxels"):
        clean(dirty, replace(how, region=MaskFile(str(other))))


def test_a_plane_is_read_at_a_time(dirty: Cube, tmp_path: Path) -> None:
    """What a cleaner asks of a cube is one plane, and the files hold what memory would."""

    class Counted:
        shape = dirty.data.shape
        asked: list = []  # noqa: RUF012

        def __len__(self) -> int:
            return len(dirty.data)

        def __getitem__(self, key: object) -> np.ndarray:
            self.asked.append(key)
            return dirty.data[key]

    by_parts = Counted()
    cleaner = cleaner_of(replace(dirty, data=by_parts), NOISE_FREE)
    with products(three_to_come(cleaner), tmp_path / "c") as files:
        for channel in reversed(range(12)):  # in any order
            files.write(channel, cleaner(channel), dirty.primary_beam_in(channel))
        assert not (tmp_path / "c.image.fits").exists()
    assert by_parts.asked == list(reversed(range(12)))
    whole = clean(dirty, NOISE_FREE)
    for kind, cube in (
        ("image", whole.image), ("residual", whole.residual), ("model", whole.model),
    ):  # fmt: skip
        assert np.array_equal(fits.getdata(tmp_path / f"c.{kind}.fits")[0], cube.data)


@pytest.mark.parametrize("restoring", [Clean().restoring, PerChannel()])
def test_products_are_read_as_what_they_are(dirty: Cube, restoring: object, tmp_path: Path) -> None:
    cleaned = clean(dirty, replace(NOISE_FREE, restoring=restoring))
    paths = df.write(cleaned, tmp_path / "c.fits")
    assert {path.name for path in tmp_path.iterdir()} == {
        "c.image.fits", "c.residual.fits", "c.model.fits", "c.image.pbcor.fits", "c.psf.fits",
        "c.pb.fits", "c.clean.ecsv",
    }  # fmt: skip
    assert paths[0].name == "c.image.fits"
    image = read_cube(tmp_path / "c.image.fits")
    assert image.psf is None
    assert image.primary_beam is not None
    assert np.array_equal(image.data, cleaned.image.data)
    assert image.grid.freq_hz == pytest.approx(dirty.grid.freq_hz, rel=1e-12)
    assert image.beam is not None
    median = np.median([beam.major_arcsec for beam in cleaned.beams])
    assert image.beam.major_arcsec == pytest.approx(median, rel=1e-6)
    residual = read_cube(tmp_path / "c.residual.fits")
    assert residual.psf is not None
    assert np.array_equal(residual.data, cleaned.residual.data)
    corrected = fits.getdata(tmp_path / "c.image.pbcor.fits")[0]
    beam = dirty.primary_beam_in(6)
    where = np.where(beam >= 0.2, cleaned.image.data[6] / beam, np.nan)
    assert np.allclose(corrected[6], where, rtol=1e-5, equal_nan=True)
    assert fits.getheader(tmp_path / "c.model.fits")["BUNIT"] == "Jy/pixel"
    with fits.open(tmp_path / "c.image.fits") as hdus:
        hdus.verify("exception")
        assert ("BEAMS" in hdus) == isinstance(restoring, PerChannel)
        if "BEAMS" in hdus:
            read = hdus["BEAMS"].data["BMAJ"]
            assert read == pytest.approx([beam.major_arcsec for beam in cleaned.beams], rel=1e-6)


def test_noise_of_a_cleaned_cube(tmp_path: Path) -> None:
    """The residual is the noise; its power is that of the uv coverage, in the file too."""
    settings = SetSettings(
        observation=Observation(channels=6, size=96, total_time=300 * u.s),
        population=SourcesAnywhere(sources=(2, 2), point_fraction=1.0, field_fraction=0.4),
        noise=Noise(target_snr=(50.0, 50.0)),
    )
    made = simulate(settings, 3)
    assert np.std(made.cube.data) > 1.5 * made.cube.noise.level_jy_beam
    cleaned = clean(made.cube, Clean())
    assert cleaned.notes == ()
    as_wide = replace(made.cube, psf=made.scene.telescope.psf)
    assert clean(as_wide, Clean(niter=1)).notes[0].startswith("the dirty beam is known up to 48")
    # 12 beams by 12, in 6 channels, have their standard deviation to 3%; what is left of the
    # sources below three times the noise adds to it, and peaks of noise that were taken are gone
    assert np.std(cleaned.residual.data) == pytest.approx(made.cube.noise.level_jy_beam, rel=0.1)
    assert isinstance(cleaned.image.noise.power, SquaredWeights)
    df.write(cleaned, tmp_path / "c.fits")
    again = read_cube(tmp_path / "c.image.fits")
    assert isinstance(again.noise.power, SquaredWeights)
    assert again.meta["clean"]["nsigma"] == 3.0


@pytest.mark.parametrize("beam_shape", [(40, 44), (41, 45), (80, 90), (79, 89), (75, 101)])
@pytest.mark.parametrize("shape", [(40, 44), (39, 43)])
def test_lags_of_any_size(
    shape: tuple[int, int], beam_shape: tuple[int, int], rng: np.random.Generator
) -> None:
    """The image of a point anywhere is the beam about it, as far as that goes."""
    py, px = beam_shape
    beam = rng.standard_normal((1, py, px)).astype(np.float32)
    lags = DirtyBeams(beam, np.ones((1, 1)), shape).of(0)
    for y, x in ((0, 0), (shape[0] - 1, shape[1] - 1), (7, 30)):
        sky = np.zeros(shape)
        sky[y, x] = 1.0
        expected = np.zeros(shape)
        for row, column in np.ndindex(*shape):
            at = py // 2 + row - y, px // 2 + column - x
            if 0 <= at[0] < py and 0 <= at[1] < px:
                expected[row, column] = beam[0][at]
        np.testing.assert_array_equal(
            lags.about(y, x, slice(0, shape[0]), slice(0, shape[1])), expected
        )
        np.testing.assert_allclose(lags.through(sky), expected, atol=1e-12)


def test_one_channel_is_enough(dirty: Cube) -> None:
    one = replace(
        dirty,
        data=dirty.data[6:7],
        grid=dirty.grid.of_channels(slice(6, 7)),
        psf=dirty_beams_of(dirty).of(6).lags[None],
        psf_channels=np.zeros(1),
        primary_beam=None,
    )
    cleaned = clean(one, NOISE_FREE)
    assert cleaned.model.data[0, Y, X] == pytest.approx(FLUX, abs=2e-4)


def test_what_cannot_be_cleaned(dirty: Cube, tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match="no dirty beam"):
        df.clean(replace(dirty, psf=None))
    small = dirty.psf[:, 72:120, 72:120]
    with pytest.raises(DeepFocusError, match="a dirty beam of 48 x 48 pixels for images of 96"):
        df.clean(replace(dirty, psf=small))
    cleaned = clean(dirty, NOISE_FREE)
    for product in (cleaned.image, cleaned.residual, cleaned.model):
        with pytest.raises(DeepFocusError, match="was cleaned already"):
            df.clean(product)
    for wrong in ({"nsigma": -1.0}, {"threshold": "3 km"}, {"cyclefactor": 0.0}, {"niter": -1}):
        with pytest.raises(DeepFocusError, match=next(iter(wrong))):
            df.clean(dirty, **wrong)
    with pytest.raises(DeepFocusError, match=r"wanted NAME\.fits"):
        start_of(tmp_path / "c.txt")
    assert start_of(Path("a/c.image.fits")) == Path("a/c")
    write_cube(dirty, tmp_path / "d.fits")
    with pytest.raises(DeepFocusError, match=r"d\.model\.fits beside"):
        df.write(cleaned, tmp_path / "d.fits")
