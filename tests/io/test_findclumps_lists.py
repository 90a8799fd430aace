"""The lists of Findclumps in interferopy, as it writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from foreign_samples import grid, three

import deepfocus as df
from deepfocus.core.errors import DeepFocusError

CROPPED = (
    "# RA DEC FREQ_GHZ X Y SNR FLUX_MAX BINNING GROUP\n"
    "150.00076 -30.00092 230.4100  41.2  31.7  12.30  0.012000  9  0\n"
    "149.99946 -29.99927 230.8200  81.5  91.0   5.10  0.005000  3  1\n"
)
SORTED = (
    "# RA DEC FREQ_GHZ X Y SNR FLUX_MAX BINNING GROUP F F_kw ID\n"
    "150.00076 -30.00092 230.4100  41.2  31.7  12.30  0.012000  9  0 1.000 0.950  1\n"
    "149.99946 -29.99927 230.8200  81.5  91.0   5.10  0.005000  3  1 0.700 -1.000  2\n"
)


@pytest.mark.parametrize("text", [CROPPED, SORTED], ids=["cropped", "with fidelities"])
def test_a_list_on_its_grid(tmp_path: Path, text: str) -> None:
    path, on = tmp_path / "clumps.cat", grid()
    path.write_text(text)
    found = df.read_catalogue(path, format="findclumps", grid=on)
    np.testing.assert_allclose(found["x"], [40.2, 80.5])
    np.testing.assert_allclose(found["y"], [30.7, 90.0])
    np.testing.assert_allclose(found["channel"], [20.5, 41.0])
    np.testing.assert_allclose(found["frequency"], [230.41e9, 230.82e9])
    # RA and DEC of the sample are those of its pixels, to their last decimal and a tenth of a pixel
    np.testing.assert_allclose(found["ra"], [150.00076, 149.99946], atol=1.5e-5)
    np.testing.assert_allclose(found["dec"], [-30.00092, -29.99927], atol=1.5e-5)
    np.testing.assert_allclose(found["snr_focused"], [12.3, 5.1])
    wanted = [0.95, np.nan] if text is SORTED else [np.nan, np.nan]
    np.testing.assert_allclose(found["fidelity"], wanted)
    np.testing.assert_array_equal(found["id"], [1, 2])
    assert np.isnan(found["peak"]).all()


def test_what_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "clumps.cat"
    path.write_text(SORTED)
    with pytest.raises(DeepFocusError, match=r"no grid for a list of Findclumps"):
        df.read_catalogue(path, format="findclumps")
    with pytest.raises(DeepFocusError, match="outside the band"):
        df.read_catalogue(path, format="findclumps", grid=grid(channels=8))
    path.write_text(SORTED.replace("12.30", "many"))
    with pytest.raises(DeepFocusError, match="column 'SNR' has other than numbers"):
        df.read_catalogue(path, format="findclumps", grid=grid())
    path.write_text("150 -30 230.41\n")
    with pytest.raises(DeepFocusError, match="cannot be read as a list of Findclumps"):
        df.read_catalogue(path, format="findclumps", grid=grid())


def test_it_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match="are not written; wanted one of sofia, lineseeker"):
        df.write(three(grid()), tmp_path / "a.cat", format="findclumps")
