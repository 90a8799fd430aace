"""An inspection of a cube in words, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from astropy.coordinates import SkyCoord

from deepfocus.core.in_words import place_in_words
from deepfocus.core.voxels import runs_in_words
from deepfocus.finders.suitability import Suitability
from deepfocus.report.inspection import Band, Beams, Inspection, NoiseLevels, SkyAxes


def lines_of(inspection: Inspection, finders: Sequence[Suitability]) -> list[str]:
    """For a terminal: a label and what is known, one line each, in the order to be read."""
    said = [
        *understood_of(inspection),
        *(
            (f"finder {each.kind}", "suits" if each.suits else "; ".join(each.against))
            for each in finders
        ),
        *(("note", each) for each in inspection.notes),
    ]
    return [f"{label:<22}{text}" for label, text in said]


def understood_of(inspection: Inspection) -> list[tuple[str, str]]:
    """Of the cube itself: axes, beams, blanks, noise, and what is missing."""
    return [
        ("cube", _cube_in_words(inspection)),
        ("sky", _sky_in_words(inspection.sky)),
        ("band", _band_in_words(inspection.band)),
        ("beam", _beam_in_words(inspection.beams)),
        ("dirty beam", _planes(inspection.beams.dirty_beam, inspection.beams.dirty_beam_file)),
        (
            "primary beam",
            _planes(inspection.beams.primary_beam, inspection.beams.primary_beam_file),
        ),
        ("blanks", _blanks_in_words(inspection)),
        ("noise", _noise_in_words(inspection.noise)),
        *_continuum_in_words(inspection),
        *(("missing", f"{each.what}: {each.effect}; {each.remedy}") for each in inspection.missing),
    ]


def _cube_in_words(inspection: Inspection) -> str:
    chan, ny, nx = inspection.shape
    channels = "1 channel" if chan == 1 else f"{chan} channels"
    size = 4e-9 * chan * ny * nx
    return f"{channels} of {nx} x {ny} pixels (x, y), {inspection.unit}, {size:.3g} GB in memory"


def _sky_in_words(sky: SkyAxes) -> str:
    x, y = sky.cell_arcsec
    cell = f"{x:.3g}" if abs(x - y) < 1e-3 * x else f"{x:.3g} x {y:.3g}"
    width, height = sky.field_arcsec
    field = f"pixels of {cell} arcsec, field of {width:.3g} x {height:.3g} arcsec"
    centre = place_in_words(SkyCoord(sky.ra_deg, sky.dec_deg, unit="deg"))
    return f"centre {centre}, {sky.projection}, {field}"


def _band_in_words(band: Band) -> str:
    said = []
    if band.frequency_hz is not None:
        low, high = band.frequency_hz
        said.append(f"{low / 1e9:.6g} to {high / 1e9:.6g} GHz")
    if band.velocity_kms is not None:
        slow, fast = band.velocity_kms
        said.append(f"{slow:.6g} to {fast:.6g} km/s")
    widths = [f"{band.channel_width_kms:.3g} km/s"]
    if band.channel_width_hz is not None:
        widths.insert(0, f"{band.channel_width_hz / 1e6:.4g} MHz")
    said.append(f"channels of {' or '.join(widths)}")
    rest = band.rest_frequency_hz
    said.append(
        f"{band.frame}, rest frequency {'not known' if rest is None else f'{rest / 1e9:.6g} GHz'}"
    )
    return ", ".join(said)


def _beam_in_words(beams: Beams) -> str:
    if beams.major_arcsec is None or beams.fwhm_px is None:
        return "not known"
    return (
        f"{beams.major_arcsec:.3g} x {beams.minor_arcsec:.3g} arcsec at {beams.pa_deg:.0f} deg, "
        f"{beams.fwhm_px:.3g} pixels{_of_channels(beams)}, {beams.across:.0f} across the image"
    )


def _of_channels(beams: Beams) -> str:
    if beams.channel_fwhm_px is None:
        return ""
    narrowest, widest = beams.channel_fwhm_px
    return f" ({narrowest:.3g} to {widest:.3g} by channel)"


def _planes(number: int, file: str | None) -> str:
    if not number:
        return "not known"
    source = "" if file is None else f", from {file}"
    return f"known at {number} channel{'' if number == 1 else 's'}{source}"


def _blanks_in_words(inspection: Inspection) -> str:
    if not np.isfinite(inspection.blank):
        return "not counted"
    said = f"{100 * inspection.blank:.3g}% of the voxels"
    if not inspection.blank_channels:
        return said
    dead = np.zeros(inspection.shape[0], bool)
    dead[list(inspection.blank_channels)] = True
    return f"{said}; without data are the channels {runs_in_words(dead)}"


def _continuum_in_words(inspection: Inspection) -> list[tuple[str, str]]:
    """Nothing where none was seen to be subtracted."""
    if inspection.noise is None or not inspection.noise.continuum_channels:
        return []
    fitted = np.zeros(inspection.shape[0], bool)
    fitted[list(inspection.noise.continuum_channels)] = True
    said = f"subtracted, as it was fitted to the channels {runs_in_words(fitted)}"
    return [("continuum", said)]


def _noise_in_words(noise: NoiseLevels | None) -> str:
    if noise is None:
        return "not known"
    low, high = noise.relative
    return (
        f"{noise.median:.3g} mJy/beam ({noise.lowest:.3g} to {noise.highest:.3g} by channel, "
        f"{low:.2g} to {high:.2g} of that by position), power {noise.kind}"
    )
