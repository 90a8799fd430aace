"""Curves of a spectrum lie where their values are, and leave out what is not known."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.finders.evidence import SpectrumPanel, Trace
from deepfocus.report.spectral_axis import SpectralAxis
from deepfocus.report.svg_axes import Scale, scale_of, tick_labels, ticks_of
from deepfocus.report.svg_spectrum import LEFT, MOST_CHANNELS, RIGHT, spectrum_plot

NOWHERE = (np.nan, np.nan)


def axis(channels: int) -> SpectralAxis:
    return SpectralAxis(np.arange(float(channels)), "Channel")


def plot(values: list[float] | np.ndarray, model: Trace | None = None) -> str:
    panel = SpectrumPanel(1, Trace("data", np.asarray(values, float), "Jy/beam"), model)
    return str(spectrum_plot(panel, NOWHERE, axis(len(values))).svg)


def curves(svg: str, kind: str) -> list[str]:
    return re.findall(rf'class="{kind}" d="([^"]*)"', svg)


def test_the_highest_channel_is_drawn_highest() -> None:
    (path,) = curves(plot([0.0, 1.0, 5.0, 2.0, 0.0, 0.0]), "data")
    heights = [float(each) for each in re.findall(r"V([\d.]+)", path)]
    assert np.argmin(heights) == 1  # after the first channel, whose height is in M
    assert len(heights) == 5


def test_blank_channels_are_gaps() -> None:
    (path,) = curves(plot([0.0, 1.0, np.nan, 2.0, np.nan, np.nan, 3.0]), "data")
    assert path.count("M") == 3
    assert "nan" not in path


def test_nothing_but_blanks() -> None:
    assert curves(plot(np.full(9, np.nan)), "data") == []


def test_a_model_of_the_same_unit_leaves_a_residual() -> None:
    values = np.arange(9.0)
    assert len(curves(plot(values, Trace("model", values, "Jy/beam")), "data")) == 2


def test_a_model_of_another_unit_has_its_own_frame() -> None:
    svg = plot(np.arange(9.0), Trace("matched filter", np.arange(9.0), "sigma"))
    assert len(curves(svg, "data")) == len(curves(svg, "model")) == 1
    assert ">matched filter<" in svg


def test_of_a_long_band_the_surroundings_of_the_line_are_drawn() -> None:
    values = np.zeros(4 * MOST_CHANNELS)
    values[3000 % len(values)] = 1.0
    panel = SpectrumPanel(1, Trace("data", values, "Jy/beam"))
    for line in ((1000.0, 1010.0), NOWHERE):
        drawn = spectrum_plot(panel, line, axis(len(values)))
        assert f"of {len(values)}" in drawn.caption
        (path,) = curves(str(drawn.svg), "data")
        assert path.count("H") == MOST_CHANNELS


def test_the_line_is_shaded_inside_the_frame() -> None:
    panel = SpectrumPanel(1, Trace("data", np.arange(20.0), "Jy/beam"))
    svg = str(spectrum_plot(panel, (15.0, 40.0), axis(20)).svg)
    x, width = re.findall(r'class="range" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', svg)[0]
    assert LEFT < float(x) < float(x) + float(width) <= RIGHT + 0.1


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_ticks_lie_inside_and_are_few(low: float, span: float) -> None:
    span = max(span, 1e-8 * abs(low))
    scale = Scale(low, low + span, 0.0, 1.0)
    ticks = ticks_of(scale, 6)
    assert len(ticks) <= 7
    assert all(-1e-6 <= scale(each) <= 1 + 1e-6 for each in ticks)


@pytest.mark.parametrize("values", [[229.36, 229.59], [-0.0004, 0.0005], [0.0, 1e-9], [3e7, 9e8]])
def test_labels_of_ticks_differ(values: list[float]) -> None:
    labels = tick_labels(ticks_of(scale_of(np.array(values), 0.0, 1.0), 6))
    assert len(set(labels)) == len(labels) >= 2
    assert "-0.0000" not in labels


def test_equal_values_have_some_range_around_them() -> None:
    scale = scale_of(np.full(5, 3.0), 0.0, 10.0)
    assert scale(3.0) == pytest.approx(5.0)
