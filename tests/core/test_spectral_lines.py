"""Rest frequencies: those of linear molecules obey the formula of a rotor that stretches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.core.line_candidates import NEAR_HZ, at_redshift, hypotheses, redshift_error
from deepfocus.core.spectral_lines import LADDERS, LINES


@pytest.mark.parametrize("species", LADDERS)
def test_a_ladder_is_that_of_a_rotor(species: str) -> None:
    """nu(J) = 2 B J - 4 D J^3, to 0.3 MHz: hyperfine structure moves HCN by 0.1 MHz."""
    j = np.arange(1, len(LADDERS[species]) + 1)
    mhz = np.array([line.rest_hz for line in LADDERS[species]]) / 1e6
    basis = np.stack([2.0 * j, -4.0 * j**3], axis=1)
    if len(j) > 8:  # the next term is seen in a long ladder
        basis = np.column_stack([basis, j.astype(float) ** 5])
    constants = np.linalg.lstsq(basis, mhz, rcond=None)[0]
    assert np.abs(basis @ constants - mhz).max() < 0.3
    assert 0 < constants[1] < 1e-5 * constants[0]


@pytest.mark.parametrize(
    ("name", "micron"),
    [
        ("[CII] 158 um", 157.7409),
        ("[NII] 205 um", 205.1783),
        ("[NII] 122 um", 121.8976),
        ("[OI] 145 um", 145.5254),
        ("[OI] 63 um", 63.1837),
        ("[OIII] 88 um", 88.3560),
        ("[CI] 1-0", 609.1354),
        ("[CI] 2-1", 370.4151),
        ("HI 21 cm", 211061.14),
    ],
)
def test_wavelengths_of_fine_and_hyperfine_structure(name: str, micron: float) -> None:
    line = next(each for each in LINES if each.name == name)
    assert abs(299792458.0 / line.rest_hz * 1e6 / micron - 1) < 2e-6


def test_names_are_one_each() -> None:
    names = [line.name for line in LINES]
    assert len(set(names)) == len(names)
    assert all(line.source for line in LINES)


def test_a_line_at_a_known_redshift() -> None:
    # NGC 3256: CO 1-0 at 2804 km/s of recession, seen 50 km/s redder
    z = 0.009354
    (first, *others) = at_redshift(115.2712018e9 / (1 + z) * (1 - 50 / 299792.458), z)
    assert first.line.name == "CO 1-0"
    assert abs(first.velocity_kms - 50) < 0.1
    assert not others
    assert at_redshift(100e9, z, within_kms=100.0) == ()


def test_what_a_single_line_may_be_and_which_would_lie_beside_it() -> None:
    # the blind lines of ASPECS at 3 mm: CO 2-1 at z = 1.3, 3-2 at 2.5, or 4-3 with [CI] above it
    found = {each.line.name: each for each in hypotheses(97.58e9, (84.2e9, 114.9e9))}
    assert abs(found["CO 2-1"].redshift - 1.3626) < 1e-3
    assert abs(found["CO 3-2"].redshift - 2.5437) < 1e-3
    beside = [line.name for line, _ in found["CO 4-3"].inside]
    assert "[CI] 1-0" in beside
    assert "[OIII] 88 um" not in found
    redshifts = [each.redshift for each in found.values()]
    assert redshifts == sorted(redshifts)


@given(st.floats(1e9, 9e11), st.floats(1e6, 1e10))
def test_companions_lie_where_their_redshift_puts_them(frequency: float, width: float) -> None:
    band = (frequency - width / 2, frequency + width / 2)
    for each in hypotheses(frequency, band):
        assert abs(each.line.rest_hz / (1 + each.redshift) / frequency - 1) < 1e-12
        for line, at in each.inside:
            assert band[0] <= at <= band[1]
            assert line != each.line
        for _, at in each.near:
            assert not band[0] <= at <= band[1]
            assert band[0] - NEAR_HZ <= at <= band[1] + NEAR_HZ


def test_the_error_of_a_redshift() -> None:
    assert abs(redshift_error(1.0, 100e9, 10e6) - 2e-4) < 1e-12
