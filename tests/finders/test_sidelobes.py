"""What a dirty beam says of places that its image does not reach."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.finders.deepfocus.sidelobes import SAFETY, Sidelobes

SIZE, BEAM_PX = 64, 4.0


def gaussian() -> np.ndarray:
    """A main lobe without anything around it."""
    at = np.arange(SIZE) - SIZE // 2
    image: np.ndarray = np.exp(-4 * np.log(2) * (at[:, None] ** 2 + at**2) / BEAM_PX**2)
    return image


def with_lobe(height: float, *, x: int) -> Sidelobes:
    """A main lobe, and another of that height at (x, 0) from it."""
    beam = gaussian()
    beam += height * np.roll(gaussian(), x, axis=1)
    return Sidelobes(beam, BEAM_PX)


def test_the_main_lobe_is_no_sidelobe() -> None:
    assert not Sidelobes(gaussian(), BEAM_PX).any
    assert with_lobe(-0.1, x=12).any
    assert with_lobe(-0.1, x=12).highest == pytest.approx(0.1, rel=0.01)


def test_a_beam_that_ends_has_none_however_long_it_is() -> None:
    at = np.arange(SIZE) - SIZE // 2
    long = np.exp(-4 * np.log(2) * ((at[:, None] / 9.0) ** 2 + (at / 2.0) ** 2))
    assert Sidelobes(long, np.sqrt(18.0)).any
    assert not Sidelobes(long, np.sqrt(18.0), ends=True).any


def test_beyond_the_image_sidelobes_are_as_high_as_in_its_outer_half() -> None:
    """Twice that, for a wider filter too: it sees a lobe of the beam's shape as the source."""
    assert with_lobe(0.1, x=20).beyond(0.0) == pytest.approx(SAFETY * 0.1, rel=0.01)
    assert with_lobe(0.1, x=20).beyond(6.0) == pytest.approx(SAFETY * 0.1, rel=0.05)
    assert with_lobe(0.1, x=10).beyond(0.0) < 0.01


def test_a_wide_filter_reaches_past_the_known_beam_sooner() -> None:
    sidelobes = Sidelobes(gaussian(), BEAM_PX)
    assert sidelobes.reached(dy=5.0, dx=-25.0, size_px=0.0)
    assert not sidelobes.reached(dy=5.0, dx=-25.0, size_px=8.0)
    assert not sidelobes.reached(dy=33.0, dx=0.0, size_px=0.0)


def test_a_filter_sees_as_much_of_a_sidelobe_as_the_beam_has_at_its_scale() -> None:
    """A lobe of the beam's shape is 0.3 at any size; outside the main lobe, for a wide filter."""
    assert with_lobe(0.3, x=20).share(0.0) == pytest.approx(0.3, rel=0.01)
    assert with_lobe(0.3, x=20).share(4.0) == pytest.approx(0.3, rel=0.02)
    assert Sidelobes(gaussian(), BEAM_PX).share(0.0) < 0.01


def without_short_spacings(shortest: float) -> Sidelobes:
    """Of uv coverage that is a ring: from that many wavelengths across the image outwards."""
    at = np.fft.fftfreq(SIZE) * SIZE
    length = np.hypot(at[:, None], at)
    weight = (length >= shortest) & (length < 16.0)
    beam = np.fft.fftshift(np.fft.ifft2(weight).real)
    return Sidelobes((beam / beam.max()).astype(np.float32), BEAM_PX)


def test_filters_wider_than_the_shortest_baselines_resolve_tell_no_place() -> None:
    ring = without_short_spacings(8.0)
    assert ring.tells_place(0.0)
    assert ring.share(2.0) < ring.share(4.0) < ring.share(8.0)
    assert not ring.tells_place(16.0)
    # restored, there is nothing but a main lobe
    assert Sidelobes(gaussian(), BEAM_PX, ends=True).tells_place(16.0)
