"""`deepfocus lines`: which lines the frequencies of a catalogue, or of the command line, may be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deepfocus.cli.finite_number import FINITE, FiniteNumber
from deepfocus.core.errors import DeepFocusError

if TYPE_CHECKING:
    from astropy.table import Table

    from deepfocus.core.spectral_lines import SpectralLine


@click.command()
@click.argument("sources", metavar="CATALOGUE|FREQUENCY...", nargs=-1, required=True)
@click.option("--redshift", type=FINITE, help="Of the sources: which line is it then?")
@click.option(
    "--within",
    "within_kms",
    type=FiniteNumber(min=0, min_open=True),
    default=1000.0,
    show_default=True,
    metavar="KM/S",
    help="Of that redshift.",
)
@click.option(
    "--highest-redshift",
    "highest_z",
    type=FiniteNumber(min=0),
    default=8.0,
    show_default=True,
    help="Of those that are tried.",
)
@click.option(
    "--band",
    nargs=2,
    metavar="LOW HIGH",
    help="In which other lines would be seen, such as '84 GHz' '88 GHz'. Default: the catalogue's.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Write the table here, as ECSV.")
def lines(
    sources: tuple[str, ...],
    redshift: float | None,
    within_kms: float,
    highest_z: float,
    band: tuple[str, str] | None,
    out: Path | None,
) -> None:
    """Tell which lines sources may be, at a known redshift or at any.

    With --redshift, each row is a line within --within of it. Without, each is a hypothesis: a
    common line, the redshift that puts it there, and which other lines would then be in the band,
    or up to 4 GHz beside it. Rest frequencies are those of CDMS, JPL and
    laboratory measurements, shipped with the package.

    Examples: deepfocus lines found/cube.catalogue.ecsv --redshift 0.0094

    deepfocus lines "97.58 GHz" --band "84.2 GHz" "114.9 GHz"
    """
    from deepfocus.io.tables import write_table

    if redshift is not None and redshift <= -1:
        raise DeepFocusError(
            f"a redshift of {redshift:g}",
            wanted="a number above -1",
            remedy="leave --redshift out for those that are tried",
        )
    limits = None if band is None else (_hertz(band[0]), _hertz(band[1]))
    seen = [each for text in sources for each in _seen(text, several=len(sources) > 1)]
    if redshift is None:
        rows = [row for each in seen for row in _hypotheses(each, limits, highest_z)]
    else:
        rows = [row for each in seen for row in _at_redshift(each, redshift, within_kms)]
    table = _table(rows, known=redshift is not None)
    if out is not None:
        write_table(table, out)
    for line in table.pformat(max_lines=-1, max_width=-1, show_dtype=False, align="<"):
        click.echo(line.rstrip())


@dataclass(frozen=True)
class Seen:
    """A line that was seen: what it is called, its frequency ±, and the band of its cube."""

    name: str
    frequency_hz: float
    error_hz: float
    band_hz: tuple[float, float] | None


def _seen(text: str, *, several: bool) -> Iterator[Seen]:
    """Those of a catalogue that were accepted, or the one of a frequency.

    several : whether there are more catalogues, whose sources have the same ids
    """
    from deepfocus.io.catalogues import read_by_cube

    if not Path(text).suffix or not Path(text).exists():
        yield Seen(text, _hertz(text), float("nan"), None)
        return
    for cube, found in read_by_cube(Path(text)).items():
        band = found.meta.get("band_hz")
        limits = None if band is None else (float(band[0]), float(band[1]))
        of = cube or (Path(text).name.partition(".catalogue")[0] if several else "")
        for row in found.accepted.rows:
            if row["frequency"] > 0:
                name = f"{of} {row['id']}".strip()
                yield Seen(name, float(row["frequency"]), float(row["frequency_err"]), limits)


def _hertz(text: str) -> float:
    from deepfocus.core.rest_frequency import rest_hertz

    try:
        found = rest_hertz(text)
    except DeepFocusError:
        found = None
    if found is None or not found > 0:
        raise DeepFocusError(
            f"{text} is neither a catalogue nor a frequency",
            wanted="a file that is there, or a frequency such as '97.58 GHz'",
            remedy="check the path, or write the unit",
        )
    return found


Row = tuple[str, float, str, float, float, str, str]


def _hypotheses(seen: Seen, band: tuple[float, float] | None, highest_z: float) -> Iterator[Row]:
    from deepfocus.core.line_candidates import hypotheses, redshift_error

    found = hypotheses(seen.frequency_hz, band or seen.band_hz, highest_z=highest_z)
    for each in found:
        error = redshift_error(each.redshift, seen.frequency_hz, seen.error_hz)
        inside, near = (_in_words(some) for some in (each.inside, each.near))
        yield seen.name, seen.frequency_hz, each.line.name, each.redshift, error, inside, near


def _at_redshift(seen: Seen, redshift: float, within_kms: float) -> Iterator[Row]:
    from deepfocus.core.grid import C_KMS
    from deepfocus.core.line_candidates import at_redshift

    for each in at_redshift(seen.frequency_hz, redshift, within_kms=within_kms):
        error = C_KMS * seen.error_hz / seen.frequency_hz
        yield seen.name, seen.frequency_hz, each.line.name, each.velocity_kms, error, "", ""


def _in_words(lines: Sequence[tuple[SpectralLine, float]]) -> str:
    return ", ".join(f"{line.name} ({at / 1e9:.3f})" for line, at in lines)


def _table(rows: Sequence[Row], *, known: bool) -> Table:
    """known : whether the redshift is, and the numbers are velocities"""
    from astropy.table import Table

    told = "velocity" if known else "redshift"
    names = ("source", "frequency", "line", told, f"{told}_err", "in_band", "near_band")
    table = Table(
        rows=list(rows) or None,
        names=names,
        dtype=("U300", "f8", "U20", "f8", "f8", "U400", "U400"),
        units=(None, "GHz", None, "km/s" if known else None, "km/s" if known else None, None, None),
    )
    table["frequency"] /= 1e9
    table["frequency"].format = ".6g"
    for name in (told, f"{told}_err"):
        table[name].format = ".1f" if known else ".5f"
    if known:
        table.remove_columns(["in_band", "near_band"])
    return table
