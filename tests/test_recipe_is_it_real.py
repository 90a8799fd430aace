"""The recipe "Is this line real?" does what it says, on a measurement set that is made here."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from measurement_set_samples import Window, array_of, point_visibilities, write_measurement_set
from pages import Step, run_page

PAGE = "recipe-is-it-real.md"


def of_a_measurement_set(step: Step) -> bool:
    return step.kind == "command" and any(word.startswith("my.") for word in step.words)


@pytest.mark.slow
def test_what_speaks_for_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_page(
        PAGE, capsys, monkeypatch, as_run=lambda step: None if of_a_measurement_set(step) else step
    )


@pytest.mark.skipif(find_spec("casacore") is None, reason="no python-casacore (the extra ms)")
def test_a_jackknife_has_no_sky(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    array = array_of(count=16, times=6)
    channels = np.arange(32)
    freq_hz = 230e9 + 20e6 * channels
    line = point_visibilities(
        array.uvw_m,
        freq_hz,
        flux_jy=0.03 * np.exp(-0.5 * ((channels - 14) / 2.0) ** 2),
        east_arcsec=2,
        north_arcsec=-1.5,
    )
    rng = np.random.default_rng(5)
    shape = (*line.shape, 2)
    noise = 0.1 * (rng.standard_normal(shape) + 1j * rng.standard_normal(shape))
    write_measurement_set(Path("my.ms"), array, [Window(freq_hz, line[..., None] + noise)])
    run_page(
        PAGE, capsys, monkeypatch, as_run=lambda step: step if of_a_measurement_set(step) else None
    )
