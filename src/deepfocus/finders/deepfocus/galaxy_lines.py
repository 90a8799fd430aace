"""Line widths of a galaxy that one moving Gaussian is enough for.

That Gaussian has the galaxy's flux and place, and wings that no galaxy has: at a signal-to-noise of
15 to 60 it is a fifth too narrow at half of the peak, below a third too wide at a fifth of it.
Which shape the line has its spectrum tells (`fit.line_shapes`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.sources import SHIFT, SUMMARY, SourceFit
from deepfocus.fit.line_shapes import widths_of

WIDTHS = [SUMMARY.index("fwhm_chan"), SUMMARY.index("w20_chan")]
NARROWEST = 4.0
"""Channels of its FWHM: fewer do not tell its shape."""


def with_widths_of_its_shape(source: SourceFit) -> SourceFit:
    """A galaxy with the widths that its spectrum has, and with the shift over as much of it.

    Any other source stays as it is, without a spectrum.
    """
    fwhm = source.value("fwhm_chan")
    if source.spectrum is None or fwhm < NARROWEST:
        return replace(source, spectrum=None)
    measured = widths_of(source.spectrum, source.value("channel"), fwhm / FWHM_PER_SIGMA)
    if measured is None:
        return replace(source, spectrum=None)
    longer = np.ones(len(source.summary))
    longer[WIDTHS] = measured.values / source.summary[WIDTHS]
    longer[SHIFT] = longer[WIDTHS[0]]
    covariance = source.covariance * np.outer(longer, longer)
    covariance[np.ix_(WIDTHS, WIDTHS)] = measured.covariance
    return replace(source, summary=source.summary * longer, covariance=covariance)
