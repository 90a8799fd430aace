"""DeepFocus in a script or notebook: `import deepfocus as df` offers one function per step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy import units as u
from astropy.io import fits
from astropy.wcs import WCS

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import TRUTH
from deepfocus.core.grid import Grid
from deepfocus.core.rest_frequency import rest_hertz
from deepfocus.core.settings import settings_from
from deepfocus.evaluation.believed import believed
from deepfocus.evaluation.score import Score, score
from deepfocus.finders.deepfocus.both_signs import both_signs
from deepfocus.finders.deepfocus.finder import DeepFocus, ReadyDeepFocus
from deepfocus.finders.finder import Detection, Finder, detection_in
from deepfocus.finders.kinds import DEFAULT, finder_from
from deepfocus.imaging.clean.cube import Cleaned
from deepfocus.imaging.clean.cube import clean as clean_cube
from deepfocus.imaging.clean.products import write_cleaned
from deepfocus.imaging.clean.settings import Clean
from deepfocus.io.catalogues import read_catalogue as read_own_catalogue
from deepfocus.io.catalogues import write_catalogue
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.foreign.formats import read_foreign, write_foreign
from deepfocus.io.in_memory import (
    cube_of_array,
    cube_of_hdus,
    cube_of_spectral_cube,
    is_spectral_cube,
    spectral_cube_of,
)
from deepfocus.io.overrides import Overrides
from deepfocus.io.product_names import base_name
from deepfocus.io.write_cube import write_cube
from deepfocus.ops.source_cutouts import Cutout, cutouts_of
from deepfocus.simulation.cube import Simulated
from deepfocus.simulation.cube import simulate as simulate_seed
from deepfocus.simulation.inject import Injected
from deepfocus.simulation.inject import inject as inject_sources
from deepfocus.simulation.injection import Injection
from deepfocus.simulation.sets import AnySet, MixedSet, load_set, set_from
from deepfocus.simulation.settings import SetSettings

if TYPE_CHECKING:
    from deepfocus.core.cube import Beam

HDU = fits.HDUList | fits.PrimaryHDU | fits.ImageHDU | fits.CompImageHDU


def read(
    source: Any,
    wcs: WCS | None = None,
    *,
    unit: str | u.UnitBase = "Jy/beam",
    beam: Beam | None = None,
    rest_frequency: u.Quantity | str | None = None,
    stokes: str | None = None,
    velocity: str | None = None,
    hdu: int | str | None = None,
    psf: str | Path | None = None,
    primary_beam: str | Path | None = None,
) -> Cube:
    """Read a cube from a file or from an object in memory.

    source : path of a FITS file or of a CASA image (its dirty beam and primary beam are read from
        NAME.psf.fits and NAME.pb.fits in the same folder, or from what CASA and ALMA's archive name
        so); an astropy `HDUList` or image HDU; a `SpectralCube`; or an array (chan, y, x) with its
        `wcs`
    wcs : `astropy.wcs.WCS` of an array, with the axes in FITS order (the reverse of the array's)
    unit, beam : for an array only; all other sources carry their own
    rest_frequency : overrides the header's, such as '1420.4 MHz'
    stokes, velocity : for a file or HDUs: the Stokes parameter to take instead of I, such as 'V';
        'radio' or 'optical', the scale of a velocity axis instead of the header's
    hdu : for a file or HDUs: number or EXTNAME of the one with the cube, instead of the likeliest
    psf, primary_beam : for a file: those to take instead

    Raises `DeepFocusError` if the source is not a cube or its unit is not a brightness.

    >>> import deepfocus as df
    >>> cube = df.simulate({"observation": {"size": 64, "channels": 16}}, seed=1).cube
    >>> df.write(cube, "galaxy.fits")
    (PosixPath('galaxy.fits'), PosixPath('galaxy.psf.fits'), PosixPath('galaxy.pb.fits'))
    >>> df.read("galaxy.fits").data.shape
    (16, 64, 64)
    """
    rest_hz = rest_hertz(rest_frequency)
    said = Overrides(rest_hz, velocity, stokes, hdu)
    if wcs is not None:
        return cube_of_array(source, wcs, unit=unit, beam=beam, rest_hz=rest_hz)
    if isinstance(source, Cube):
        return source
    if isinstance(source, str | Path):
        return read_cube(
            Path(source),
            said,
            psf=None if psf is None else Path(psf),
            primary_beam=None if primary_beam is None else Path(primary_beam),
        )
    if isinstance(source, HDU):
        return cube_of_hdus(source, said)
    if is_spectral_cube(source):
        return cube_of_spectral_cube(source, rest_hz=rest_hz)
    what = "an array without a WCS" if isinstance(source, np.ndarray) else type(source).__name__
    raise DeepFocusError(
        f"a cube cannot be read from {what}",
        wanted="a path, an HDUList, a SpectralCube, or an array with a WCS",
        remedy="give read(array, wcs) for an array",
    )


def to_spectral_cube(cube: Cube) -> Any:
    """A `spectral_cube.SpectralCube` of the same voxels, axes, unit and beam.

    Raises `DeepFocusError` without the library spectral-cube, or for channels of uneven width.

    >>> import deepfocus as df
    >>> made = df.simulate({"observation": {"size": 64, "channels": 16}}, seed=1)
    >>> df.to_spectral_cube(made.cube).shape
    (16, 64, 64)
    """
    return spectral_cube_of(cube)


def detect(cube: Any, finder: str | Finder = DEFAULT, **settings: Any) -> Detection:
    """Find and measure the sources in a cube.

    cube : a `Cube`, or anything `read` takes without a WCS: a path, HDUs, a `SpectralCube`
    finder : a name that ``df.finders.names()`` lists, or a finder such as ``df.finders.Slim()``
    settings : values that replace the finder's own settings

    Raises `DeepFocusError` for an unknown finder or setting, or a cube that cannot be searched.

    >>> import deepfocus as df
    >>> made = df.simulate("paper", seed=3)
    >>> found = df.detect(made.cube, finder="slim", min_probability=0.2)
    >>> len(found.catalogue.accepted) <= len(made.truth)
    True
    >>> df.detect(made.cube, finder="slimm")
    Traceback (most recent call last):
        ...
    deepfocus.core.errors.DeepFocusError: no finder is called 'slimm'; wanted one of deepfocus, ...
    """
    return detection_in(read(cube), _chosen(finder, settings).ready())


def simulate(
    settings: str | Path | Mapping[str, Any] | AnySet = "paper", *, seed: int
) -> Simulated:
    """Simulate a dirty cube and its truth; the same settings and seed give the same cube.

    settings : a shipped set (`deepfocus sets` names them), the path of a set's TOML file, or its
        tables

    Raises `DeepFocusError` for bad settings or a cube that does not fit in memory.

    >>> import deepfocus as df
    >>> made = df.simulate({"observation": {"size": 64, "channels": 16}}, seed=7)
    >>> made.cube.data.shape
    (16, 64, 64)
    >>> bool(made.truth["line_flux"].min() > 0)
    True
    """
    return simulate_seed(_set_of(settings), seed)


def inject(cube: Any, *, seed: int, **injection: Any) -> Injected:
    """Add simulated sources to a cube, through its own beam and primary beam.

    cube : as for `detect`; injection : fields of `Injection`, such as ``number=10, snr=(5, 20)``

    Raises `DeepFocusError` for a cube without a beam, noise, or room for a source.

    >>> import deepfocus as df
    >>> empty = {"kind": "corrected", "sources": [0, 0]}
    >>> small = {"observation": {"size": 96, "channels": 32}, "population": empty}
    >>> with_two = df.inject(df.simulate(small, seed=1).cube, seed=1, number=2, snr=(20.0, 20.0))
    >>> with_two.truth["snr_peak"].round(6)
    array([20., 20.])
    """
    return inject_sources(read(cube), Injection(**injection), seed)


def clean(cube: Any, **settings: Any) -> Cleaned:
    """Clean a dirty cube, channel by channel, with its own dirty beam.

    cube : as for `detect`; settings : fields of `Clean`, such as ``nsigma=3.0`` or
        ``minor={"kind": "clark"}``

    Raises `DeepFocusError` for a cube that was cleaned already, one without a dirty beam, or an
    unknown setting.

    >>> import deepfocus as df
    >>> made = df.simulate({"observation": {"size": 64, "channels": 16}}, seed=1)
    >>> cleaned = df.clean(made.cube, nsigma=4.0)
    >>> cleaned.image.data.shape, cleaned.model.unit
    ((16, 64, 64), 'Jy/pixel')
    """
    return clean_cube(read(cube), settings_from(settings, Clean, source="clean"))


def evaluate(
    found: Catalogue | Detection | str | Path, truth: Catalogue | Simulated | Injected | str | Path
) -> Score:
    """Score a catalogue against the truth: matches, residuals, completeness.

    found, truth : catalogues, objects that contain one, or paths of catalogue files

    Raises `DeepFocusError` if a file is not a catalogue.

    >>> import deepfocus as df
    >>> made = df.simulate("paper", seed=3)
    >>> judged = df.evaluate(made.truth, made)
    >>> judged.one_to_one.recall, judged.one_to_one.precision
    (1.0, 1.0)
    """
    return score(_catalogue_of(found), _catalogue_of(truth))


def fidelity(cube: Any, **settings: Any) -> Detection:
    """What `detect` finds with the finder deepfocus, with the columns `fidelity` and its error.

    It tells how much of what stands out as much as a source stands out below zero (docs/trust.md);
    what that says of the cube is in the notes.

    cube, settings : as for `detect`

    Raises `DeepFocusError` as `detect` does, and for a cube that is read by parts.

    >>> import deepfocus as df
    >>> made = df.simulate({"observation": {"size": 96, "channels": 32}}, seed=3)
    >>> found = df.fidelity(made.cube).catalogue.accepted
    >>> bool((found["fidelity"] > 0.9).all())
    True
    """
    finder = finder_from({"kind": DeepFocus.kind, **settings}, source="fidelity")
    assert isinstance(finder, DeepFocus)
    return believed(both_signs(read(cube), ReadyDeepFocus(finder))).detection


def cutouts(found: Catalogue | Detection | str | Path, cube: Any) -> list[Cutout]:
    """Cubelet, mask, moments, position-velocity cut and spectrum of each accepted source.

    found : a catalogue, what `detect` returned, or the path of a catalogue; cube : as for `detect`

    >>> import deepfocus as df
    >>> made = df.simulate({"observation": {"size": 96, "channels": 32}}, seed=3)
    >>> first = df.cutouts(made.truth, made.cube)[0]
    >>> first.moments.total.shape == first.cube.data.shape[1:]
    True
    """
    return list(cutouts_of(_catalogue_of(found).accepted, read(cube)))


def read_catalogue(
    path: str | Path, *, format: str | None = None, grid: Grid | None = None
) -> Catalogue:
    """Read a catalogue of ours, or the list of another program (docs/column-names.md).

    format : None for .ecsv, .fits and .vot files of ours; else 'sofia', 'lineseeker',
        'findclumps', 'pybdsf', or 'casa' for a component list
    grid : that of the cube in which the other program searched, such as ``cube.grid``: where its
        list has only positions and frequencies, they become pixels and channels of this cube

    Raises `DeepFocusError` if the file is no such list, a unit in it cannot be converted, or the
    grid is missing or does not belong to it.

    >>> import deepfocus as df
    >>> made = df.simulate({"observation": {"size": 64, "channels": 16}}, seed=7)
    >>> df.write(made.truth, "candidates.dat", format="lineseeker").name
    'candidates.dat'
    >>> theirs = df.read_catalogue("candidates.dat", format="lineseeker", grid=made.cube.grid)
    >>> len(theirs) == len(made.truth)
    True
    """
    if format is None:
        return read_own_catalogue(Path(path))
    return read_foreign(Path(path), format, grid)


def write(
    what: Cube | Cleaned | Catalogue | Detection | Simulated | Injected,
    path: str | Path,
    *,
    format: str | None = None,
    grid: Grid | None = None,
) -> Any:
    """Write a cube as FITS, or a catalogue in the suffix's format; return the path or paths.

    what : a cube, written together with NAME.psf.fits and NAME.pb.fits; a cleaned one, as
        NAME.image.fits, NAME.residual.fits and so on; a catalogue or a detection, as .ecsv, .fits,
        .vot, .reg or .crtf; a simulated or injected cube, together with its truth as
        NAME.truth.ecsv
    format : that of another program's list, as for `read_catalogue` ('findclumps' is only read),
        for the accepted sources of a catalogue or a detection
    grid : for such a list, that of the cube, where it needs one

    Raises `DeepFocusError` for any other suffix, or a folder that cannot be written.

    >>> import deepfocus as df
    >>> made = df.simulate({"observation": {"size": 64, "channels": 16}}, seed=7)
    >>> [path.name for path in df.write(made, "set/7.fits")]
    ['7.fits', '7.psf.fits', '7.pb.fits', '7.truth.ecsv']
    >>> df.write(made.truth, "set/7.reg").name
    '7.reg'
    >>> df.write(made.truth, "set/7_cat.xml", format="sofia").name
    '7_cat.xml'
    """
    path = Path(path)
    if format is not None:
        return write_foreign(_catalogue_of(what), path, format, grid)
    if isinstance(what, Cube):
        return write_cube(what, path)
    if isinstance(what, Cleaned):
        return write_cleaned(what, path)
    if isinstance(what, Simulated | Injected):
        truth_path = path.with_name(f"{base_name(path)}{TRUTH}")
        return (*write_cube(what.cube, path), write_catalogue(what.truth, truth_path))
    return write_catalogue(_catalogue_of(what), path)


def _chosen(finder: str | Finder, settings: Mapping[str, Any]) -> Finder:
    if isinstance(finder, str):
        return finder_from({"kind": finder, **settings}, source="detect")
    return replace(finder, **settings) if settings else finder  # type: ignore[type-var]


def _set_of(settings: str | Path | Mapping[str, Any] | AnySet) -> AnySet:
    if isinstance(settings, SetSettings | MixedSet):
        return settings
    if isinstance(settings, str | Path):
        return load_set(Path(settings))
    return set_from(settings, source="simulate")


def _catalogue_of(what: Any) -> Catalogue:
    if isinstance(what, Catalogue):
        return what
    if isinstance(what, Detection):
        return what.catalogue
    if isinstance(what, Simulated | Injected):
        return what.truth
    if isinstance(what, str | Path):
        return read_own_catalogue(Path(what))
    raise DeepFocusError(
        f"{type(what).__name__} is not a catalogue",
        wanted="a Catalogue, a Detection, a simulated cube, or a path",
        remedy="give what detect or simulate returned",
    )
