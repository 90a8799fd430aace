"""An injected cube on disk: the original file with the sources added, companions, and truth.

Header, unit, axis order, further extensions and blanks of the original file are kept. Only the
values change, and a few header keys record the injection. A CASA image becomes a FITS file.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from astropy.io import fits

from deepfocus import __version__
from deepfocus.core.files import whole_file
from deepfocus.io.casa_folder import is_casa_table
from deepfocus.io.casa_image import export_casa_image
from deepfocus.io.catalogues import write_catalogue
from deepfocus.io.companions import KEYS, NONE, find_companion
from deepfocus.io.fits_axes import read_axes
from deepfocus.io.fits_beam import read_beams
from deepfocus.io.fits_cube import factors_of
from deepfocus.io.fits_image import beams_table
from deepfocus.io.image_choice import Chosen, choose_image
from deepfocus.io.overrides import Overrides
from deepfocus.io.product_names import SUFFIXES, Kind, base_name, product_name
from deepfocus.simulation.inject import Injected


def injected_name(path: Path) -> str:
    """NAME.injected for the cube NAME.fits; NAME.injected.pbcor for one that is corrected."""
    corrected = product_name(path).kind is Kind.CORRECTED
    return f"{base_name(path)}.injected{'.pbcor' if corrected else ''}"


def write_injected(
    path: Path, out: Path, injected: Injected, *, seed: int, rest_hz: float | None = None
) -> tuple[Path, ...]:
    """Write `out`/NAME.injected.fits, its companions and NAME.injected.truth.ecsv.

    A cube that was corrected for its primary beam, which is read as it was before, stays corrected:
    sources are added over the primary beam, and it is called NAME.injected.pbcor.fits.

    path : the original cube, from which `injected` was made
    rest_hz : rest frequency, if needed to read the original's header

    Each file is written completely or not at all, the truth last. Returns the paths, the cube's
    first. Raises `DeepFocusError` if the folder cannot be written.
    """
    path, out = Path(path), Path(out)
    name = injected_name(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of old spellings in the header, which are kept
        with _as_fits(path) as file, fits.open(file) as hdus:
            chosen = choose_image(hdus, str(path))
            index, header = chosen.index, hdus[chosen.index].header
            field = product_name(Path(f"{name}.fits")).field
            companions = _copied_companions(path, header, out / field, injected)
            data = _with_added(hdus, chosen, injected, path, rest_hz)
            copied = _hdus(hdus, index, data)
            _describe(copied[index].header, companions, injected, seed)
            cube = out / f"{name}.fits"
            with whole_file(cube) as temporary:
                copied.writeto(temporary, overwrite=True, output_verify="silentfix")
    truth = write_catalogue(injected.truth, out / f"{name}.truth.ecsv")
    return (cube, *companions.values(), truth)


def _with_added(
    hdus: fits.HDUList, chosen: Chosen, injected: Injected, path: Path, rest_hz: float | None
) -> np.ndarray:
    """The file's array plus the sources, in its own unit and axis order; blanks stay."""
    original, name = chosen.hdu.data, str(path)
    kind = np.float64 if original.dtype.itemsize == 8 else np.float32
    data = np.array(original, dtype=kind)
    axes = read_axes(chosen.header, name, tables=hdus, overrides=Overrides(rest_hz))
    rows, units, _ = beams_table(hdus)
    grid = injected.cube.grid
    beams = read_beams(chosen.header, rows, units, grid, polarisation=axes.polarisation)
    factors, _ = factors_of(chosen.header, beams, grid, name)
    voxels = axes.ordered(data)  # a view, so adding to it changes `data`
    assert np.shares_memory(voxels, data)
    corrected = product_name(path).kind is Kind.CORRECTED
    for channel, (plane, read, factor) in enumerate(
        zip(voxels, injected.cube.data, factors, strict=True)
    ):
        response = injected.cube.primary_beam_in(channel) if corrected else np.ones(plane.shape)
        added = injected.added[channel] / (factor * np.where(response > 0, response, 1.0))
        # a blank may be a number, which is one only as long as it is not changed
        plane += np.where(np.isnan(read), 0.0, added).astype(kind)
    return data


def _hdus(hdus: fits.HDUList, index: int, data: np.ndarray) -> fits.HDUList:
    """All HDUs; the cube's has the new values and is uncompressed."""
    header = hdus[index].header.copy()
    for key in ("BSCALE", "BZERO", "BLANK"):
        header.remove(key, ignore_missing=True)  # for integers; the values are floats now
    first = index == 0
    cube = (fits.PrimaryHDU if first else fits.ImageHDU)(data, header=header)
    return fits.HDUList([cube if i == index else hdu.copy() for i, hdu in enumerate(hdus)])


def _describe(
    header: fits.Header, companions: dict[Kind, Path], injected: Injected, seed: int
) -> None:
    for kind, key in KEYS.items():
        if kind in companions or key in header:
            header[key] = companions[kind].name if kind in companions else NONE
    header["DFINJN"] = (len(injected.sources), "simulated sources that were added")
    header["DFINJSD"] = (str(seed), "seed of these sources")
    header["DFINJSIG"] = (injected.noise_jy_beam, "[Jy/beam] noise to which their SNR refers")
    header.add_history(
        f"deepfocus {__version__} inject: {len(injected.sources)} simulated sources, seed {seed}"
    )


def _copied_companions(
    path: Path, header: fits.Header, target: Path, injected: Injected
) -> dict[Kind, Path]:
    """Copy the dirty and primary beams that were used to files next to the new cube."""
    used = {Kind.PSF: injected.cube.psf, Kind.PRIMARY_BEAM: injected.cube.primary_beam}
    copies: dict[Kind, Path] = {}
    for kind, planes in used.items():
        source = find_companion(path, header, kind) if planes is not None else None
        if source is None:
            continue
        suffix = next((end for end in SUFFIXES if source.name.lower().endswith(end)), ".fits")
        copies[kind] = target.with_name(f"{target.name}.{kind.value}{suffix}")
        with whole_file(copies[kind]) as temporary, _as_fits(source) as file:
            shutil.copyfile(file, temporary)
    return copies


@contextmanager
def _as_fits(path: Path) -> Iterator[Path]:
    """The file itself; of a CASA image, a file that is made of it and gone afterwards."""
    if not is_casa_table(path):
        yield path
        return
    with TemporaryDirectory() as folder:
        file = Path(folder) / "image.fits"
        export_casa_image(path, file)
        yield file
