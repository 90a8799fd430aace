"""Parts of the stages: tiles, bands of other lengths, peaks, centroids, friends of friends."""

import numpy as np
import pytest

from deepfocus.core.source import Ellipse
from deepfocus.ops.friends import FriendsOfFriends
from deepfocus.ops.gaussians import gaussian_1d, gaussian_2d
from deepfocus.ops.peaks import highest_peak, smooth, windowed_centroid
from deepfocus.ops.tiles import run_in_tiles, run_in_windows, tile_starts


@pytest.mark.parametrize("shape", [(100, 40), (256, 256), (257, 300), (360, 360), (700, 512)])
def test_tiles_cover_any_image_without_seams(shape):
    image = np.random.default_rng(0).normal(size=shape).astype("f4")
    np.testing.assert_allclose(
        run_in_tiles(lambda b: b, image, tile=256, overlap=64), image, atol=1e-6
    )


def test_tiles_overlap_and_end_at_the_edge():
    starts = tile_starts(700, 256, 64)
    assert starts[0] == 0
    assert starts[-1] == 700 - 256
    assert np.diff(starts).max() <= 256 - 64


def test_blending_hides_the_edges_of_tiles():
    """A network that is wrong near its edges still gives a smooth map, right in the middle."""
    edge = np.ones((256, 256))
    edge[:8] = edge[-8:] = edge[:, :8] = edge[:, -8:] = 0
    out = run_in_tiles(
        lambda b: (b * edge).astype("f4"), np.ones((360, 360), "f4"), tile=256, overlap=64
    )
    assert out[104:256, 104:256].min() > 0.9
    assert np.abs(np.diff(out[180, 8:-8])).max() < 0.05


@pytest.mark.parametrize("n", [20, 64, 65, 150])
def test_a_network_of_fixed_length_sees_any_band(n):
    def run(batch):
        assert batch.shape[1] == 64
        return np.maximum(batch, 0).astype("f4")

    spectra = np.stack([gaussian_1d(n, n / 3, 5), gaussian_1d(n, n - 2, 3)])
    np.testing.assert_allclose(run_in_windows(run, spectra, 64), spectra, atol=1e-6)


def test_smoothing_conserves_flux():
    image = gaussian_2d((64, 64), Ellipse(32, 32, 6, 6, 0))
    out = smooth(image, 6.0)
    assert out.sum() == pytest.approx(image.sum(), rel=1e-4)
    assert out.max() == pytest.approx(0.5, rel=0.02)  # areas add: 36 / (36 + 36)


def test_a_bump_on_a_flank_is_no_peak():
    bright = gaussian_2d((64, 64), Ellipse(30, 32, 14, 14, 0))
    bump = 0.03 * gaussian_2d((64, 64), Ellipse(40, 32, 4, 4, 0))
    box = np.zeros((64, 64), bool)
    box[28:37, 36:45] = True
    assert highest_peak(bright + bump, box, floor=0.1, prominence=0.05) is None
    second = bright + 0.5 * gaussian_2d((64, 64), Ellipse(41, 32, 5, 5, 0))
    y, x = highest_peak(second, box, floor=0.1, prominence=0.05)
    assert (y, x) == (32, 40) or (y, x) == (32, 41)
    assert highest_peak(second, ~box, floor=0.1, prominence=0.05) == (32, 30)
    assert highest_peak(-second, box, floor=0.1, prominence=0.05) is None


@pytest.mark.parametrize("fwhm", [5.0, 8.0, 16.0])
def test_centroid_is_the_centre_whatever_the_size(fwhm):
    image = gaussian_2d((64, 64), Ellipse(31.3, 33.8, fwhm, fwhm, 0))
    y, x = windowed_centroid(image, y=34, x=31, fwhm_px=8.0)
    assert (y, x) == (pytest.approx(33.8, abs=0.05), pytest.approx(31.3, abs=0.05))
    assert windowed_centroid(-image, y=30, x=30, fwhm_px=8.0) == (30, 30)


def test_friends_grow_to_the_extent_of_their_source():
    rng = np.random.default_rng(2)
    image = gaussian_2d((64, 64), Ellipse(30, 34, 12, 8, 0)) + rng.normal(0, 0.03, (64, 64))
    image += gaussian_2d((64, 64), Ellipse(58, 8, 8, 8, 0))
    box = FriendsOfFriends().grow(image, smooth(image, 6.0), y=34, x=30)
    assert box.contains(30, 34)
    assert not box.contains(58, 8)
    # Width from half maximum to the 0.15 level: 1 to 1.7 FWHM of the smoothed source, 10 x 13.4.
    assert 9 <= box.x1 - box.x0 <= 18
    assert 12 <= box.y1 - box.y0 <= 24
