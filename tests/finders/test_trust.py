"""Which peaks may be sidelobes of sources that were subtracted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.sidelobes import Sidelobes
from deepfocus.finders.deepfocus.trust import (
    Fitted,
    SeenLine,
    may_be_beam_error,
    may_be_far_sidelobe,
)

SIZE, BEAM_PX = 64, 4.0
SOURCE = Fitted(
    x=4.0, y=4.0, channel=40.0, width_chan=8.0, line=100.0, continuum=0.0, total=100.0, cluster=0
)
FAR = SeenLine(x=60.0, y=60.0, channel=40.0, snr=20.0, width_chan=8.0, size_px=0.0)


def dirty_beam(sidelobe: float) -> Sidelobes:
    """A main lobe, and a sidelobe in the outer half of what is known of it."""
    at = np.arange(SIZE) - SIZE // 2
    lobe = np.exp(-4 * np.log(2) * (at[:, None] ** 2 + at**2) / BEAM_PX**2)
    return Sidelobes(lobe + sidelobe * np.roll(lobe, 20, axis=1), BEAM_PX)


def test_a_filter_sees_a_line_by_their_overlap() -> None:
    """The product of two Gaussians of unit power, summed over channels."""
    at = np.arange(-400, 400)
    for apart, width in ((0.0, 8.0), (5.0, 8.0), (0.0, 32.0), (20.0, 16.0)):
        lines = [
            np.exp(-0.5 * ((at - centre) * FWHM_PER_SIGMA / fwhm) ** 2)
            for centre, fwhm in ((0.0, SOURCE.width_chan), (apart, width))
        ]
        one, other = (line / np.sqrt(line @ line) for line in lines)
        seen = SOURCE.in_filter_of(replace(FAR, channel=40.0 + apart, width_chan=width))
        assert seen == pytest.approx(100.0 * float(one @ other), rel=1e-3, abs=1e-9)


def test_a_far_sidelobe_has_the_line_of_its_source() -> None:
    beam = dirty_beam(0.1)
    assert may_be_far_sidelobe(FAR, [SOURCE], beam)
    # twice the known sidelobes, and noise
    assert not may_be_far_sidelobe(replace(FAR, snr=26.0), [SOURCE], beam)
    assert not may_be_far_sidelobe(replace(FAR, channel=55.0), [SOURCE], beam)
    # within the known beam it would have been subtracted
    assert not may_be_far_sidelobe(replace(FAR, x=20.0, y=20.0), [SOURCE], beam)


def test_lines_of_one_cluster_add_up_and_those_of_several_do_so_as_noise_does() -> None:
    beam = dirty_beam(0.1)
    half = replace(SOURCE, line=60.0, total=120.0)
    high = replace(FAR, snr=25.0)
    assert may_be_far_sidelobe(high, [half, half], beam)
    assert not may_be_far_sidelobe(high, [half, replace(half, cluster=1)], beam)


def test_a_beam_without_sidelobes_hides_nothing() -> None:
    assert not may_be_far_sidelobe(FAR, [SOURCE], dirty_beam(0.0))


def test_peaks_around_a_bright_source_wait_until_it_is_refined() -> None:
    single = replace(SOURCE, line=1000.0, total=1000.0, refined=False)
    # in any channel: where a continuum is subtracted, a line leaves something in all of them
    beside = SeenLine(x=9.0, y=4.0, channel=5.0, snr=40.0, width_chan=4.0, size_px=0.0)
    assert single.explains(beside, BEAM_PX)
    assert not replace(single, refined=True).explains(beside, BEAM_PX)
    assert not single.explains(replace(beside, x=15.0), BEAM_PX)
    assert not single.explains(replace(beside, snr=60.0), BEAM_PX)
    # a continuum alone waits for its line
    assert not replace(single, line=0.0).explains(beside, BEAM_PX)


def test_what_a_wrong_beam_leaves_has_the_line_of_its_source_too() -> None:
    # 5 standard deviations of 0.02 of 100, and 4 of noise
    assert may_be_beam_error(replace(FAR, snr=13.9), [SOURCE], 0.02)
    assert not may_be_beam_error(replace(FAR, snr=14.1), [SOURCE], 0.02)
    # near the source as well as far from it, but in its channels alone
    assert may_be_beam_error(replace(FAR, x=20.0, y=20.0, snr=13.9), [SOURCE], 0.02)
    assert not may_be_beam_error(replace(FAR, channel=55.0, snr=5.0), [SOURCE], 0.02)
    assert not may_be_beam_error(replace(FAR, snr=1.0), [SOURCE], 0.0)
