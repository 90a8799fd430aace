"""Sizes are compared along the same axis of the sky."""

from __future__ import annotations

from deepfocus.core.catalogue import catalogue
from deepfocus.evaluation.axes import along_axes_of


def test_columns_that_noise_exchanged_are_put_right() -> None:
    truth = catalogue(3, fwhm_x_px=[6, 6, 2], fwhm_y_px=[2, 2, 6], pa=[89, 40, 91])
    # the first and the last were measured across the edge, at 91 and at 89 degrees
    found = catalogue(
        3,
        fwhm_x_px=[2.1, 6.1, 6.1],
        fwhm_y_px=[6.2, 2.2, 2.2],
        fwhm_x_px_err=[0.1, 0.3, 0.3],
        fwhm_y_px_err=[0.2, 0.4, 0.4],
        pa=[91, 44, 89],
    )
    along = along_axes_of(truth, found)
    assert along["fwhm_x_px"].tolist() == [6.2, 6.1, 2.2]
    assert along["fwhm_y_px"].tolist() == [2.1, 2.2, 6.1]
    assert along["fwhm_x_px_err"].tolist() == [0.2, 0.3, 0.4]
