"""`deepfocus detect` on files that are damaged in every way, and what became of each.

    python benchmarks/damaged_inputs.py --inputs 2000 --seed 1 --kept DIR

A dirty cube with one source is written, then damaged: cards of its header, single bits, its end,
its beams, what lies beside it, how it is packed, what it promises, its values. Each is searched in
a process of its own, as a user would. It has to end with code 0 and a catalogue, or with code 2 and
one line that says why; without a traceback, within 90 s of CPU and 1 GB of memory, and with nothing
half-written. What does not is kept in DIR. The n-th input of a seed is always the same.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from astropy.io import fits

import deepfocus as df
from deepfocus.cli import main as command
from deepfocus.io.write_cube import write_cube

LONGEST_S, MOST_BYTES = 90.0, 1e9
WIDEST_LINE = 2000
"""Characters of what is said of one input: more is no line."""

NUMBERED = ("CTYPE", "CRVAL", "CDELT", "CRPIX", "CUNIT", "NAXIS", "CROTA", "PC1_", "CD2_", "PV2_")
ALONE = (
    *("BUNIT", "RESTFRQ", "RESTFREQ", "BMAJ", "BMIN", "BPA", "BITPIX", "NAXIS", "BSCALE", "BZERO"),
    *("BLANK", "SPECSYS", "RADESYS", "EQUINOX", "VELREF", "LONPOLE", "LATPOLE", "WCSAXES"),
    *("DFCH1", "DFPSF", "DFPB", "DFMETA", "DFNOISE", "EXTEND", "CASAMBM", "ORIGIN", "DATE-OBS"),
)
NUMBERS = (0, -1, 1, 1e-300, 1e300, 1e6, 1e-6, 299792458.0, 2**31, -(2**63), 10**12, 0.5)
WORDS = (
    *("", "deg", "Hz", "GHz", "km/s", "K", "Jy/beam", "mJy/beam", "FREQ", "VRAD", "VOPT", "FELO"),
    *("STOKES", "GLON-CAR", "RA---TAN", "DEC--NCP", "nan", "NaN", "inf", "1e400", "'", "\x7f", "T"),
    *("../x", "/", ".", "LSRK", "fk4", "1950", "beam", "COMPLEX", "a" * 60),
)
XTENSIONS = (b"IMAGE   ", b"BINTABLE", b"TABLE   ", b"FOREIGN ", b"        ")

Files = dict[str, bytes]
"""By name; the first is searched."""


@dataclass(frozen=True)
class Sample:
    """The undamaged cube: its file, and its beam's."""

    cube: bytes
    psf: bytes

    @property
    def files(self) -> Files:
        """As they lie beside each other."""
        return {"x.fits": self.cube, "x.psf.fits": self.psf}

    @property
    def header_bytes(self) -> int:
        """Of the first header, to the end of its last block."""
        return 2880 * (1 + self.cube.index(b"END     ") // 2880)


def sample_of(folder: Path) -> Sample:
    """A dirty cube of 24 channels with a source."""
    settings = {
        "observation": {"size": 48, "channels": 24},
        "population": {"companions": [0, 0]},
    }
    made = df.simulate(settings, seed=3).cube
    write_cube(made, folder / "x.fits")
    return Sample((folder / "x.fits").read_bytes(), (folder / "x.psf.fits").read_bytes())


def cards(rng: np.random.Generator, sample: Sample) -> Files:
    """Some cards of the header are others."""
    return {**sample.files, "x.fits": _with_cards(rng, sample.cube, sample.header_bytes)}


def bits(rng: np.random.Generator, sample: Sample) -> Files:
    """Some bits are flipped, half of them in the header."""
    data = bytearray(sample.cube)
    for _ in range(min(rng.geometric(0.3), 40)):
        end = sample.header_bytes if rng.random() < 0.5 else len(data)
        data[rng.integers(end)] ^= 1 << rng.integers(8)
    return {**sample.files, "x.fits": bytes(data)}


def ends(rng: np.random.Generator, sample: Sample) -> Files:
    """The file, or its beam, ends too soon or goes on."""
    name = "x.fits" if rng.random() < 0.7 else "x.psf.fits"
    data = sample.files[name]
    length = int(rng.integers(len(data)))
    more = rng.bytes(int(rng.integers(1, 6000)))
    cut = data[:length] if rng.random() < 0.7 else data + more
    return {**sample.files, name: cut}


def companions(rng: np.random.Generator, sample: Sample) -> Files:
    """What lies beside it has another shape, other values or another header."""
    name = str(
        rng.choice(["x.psf.fits", "x.pb.fits", "x.flux.fits", "x.mask.fits", "x.image.fits"])
    )
    shape = tuple(int(n) for n in rng.integers(1, [30, 60, 60]))
    if rng.random() < 0.4:
        shape = (24, 48, 48)
    value = float(rng.choice([0.0, 1.0, 100.0, -1.0, np.nan, np.inf, 0.3, 1e-30]))
    data = np.full(shape, value, ">f4")
    if rng.random() < 0.5:
        data += rng.standard_normal(shape).astype(">f4")
    if rng.random() < 0.3:
        data[:, shape[1] // 2, shape[2] // 2] = 1.0
    made = _content(
        fits.PrimaryHDU(data, fits.Header.fromstring(sample.cube[: sample.header_bytes]))
    )
    if rng.random() < 0.4:
        made = _with_cards(rng, made, 2880 * (1 + made.index(b"END     ") // 2880))
    files = {**sample.files, name: made}
    if rng.random() < 0.2:
        files[f"{name}.gz"] = _packed(rng, files.pop(name))
    return files


def beams(rng: np.random.Generator, sample: Sample) -> Files:
    """A table of beams that is none, or whose beams are not."""
    rows = int(rng.choice([0, 1, 12, 24, 25, 1000]))
    columns = []
    for name in ("BMAJ", "BMIN", "BPA", "CHAN", "POL"):
        if rng.random() < 0.12:
            continue
        kind = str(rng.choice(["E", "D", "J", "8A", "3E"], p=[0.7, 0.1, 0.08, 0.06, 0.06]))
        values = rng.choice([0.5, 0.0, -1.0, 1e9, np.nan, 1e-9], rows, p=[0.7, *[0.06] * 5])
        array = {"8A": np.full(rows, "beam"), "3E": np.tile(values[:, None], 3)}.get(kind, values)
        if kind == "J":
            array = np.nan_to_num(values).astype(np.int32)
        unit = str(rng.choice(["arcsec", "deg", "", "Jy", "arcsek"], p=[0.6, 0.1, 0.1, 0.1, 0.1]))
        columns.append(fits.Column(name, kind, unit, array=array))
    table = fits.BinTableHDU.from_columns(columns, nrows=rows, name="BEAMS")
    cube = fits.PrimaryHDU(*_parts(sample))
    if rng.random() < 0.7:
        for key in ("BMAJ", "BMIN", "BPA"):
            cube.header.remove(key, ignore_missing=True)
        cube.header["CASAMBM"] = True
    file = io.BytesIO()
    fits.HDUList([cube, table]).writeto(file, output_verify="ignore")
    files = {"x.fits": file.getvalue()}
    return files if rng.random() < 0.5 else {**sample.files, **files}


def packed(rng: np.random.Generator, sample: Sample) -> Files:
    """Gzip that is damaged, doubled, nested or none; tiles packed by fpack."""
    files = sample.files
    kind = rng.integers(5)
    if kind == 0:
        return {"x.fits.gz": _packed(rng, sample.cube), "x.psf.fits": sample.psf}
    if kind == 1:
        return {"x.fits.gz": gzip.compress(gzip.compress(sample.cube)), **_beside(files)}
    if kind == 2:
        return {"x.fits.gz": gzip.compress(sample.cube) * 2, **_beside(files)}
    if kind == 3:
        return {"x.fits.gz": sample.cube, **_beside(files)}
    file = io.BytesIO()
    data, header = _parts(sample)
    tiles = fits.CompImageHDU(data, header, compression_type=str(rng.choice(["RICE_1", "GZIP_2"])))
    fits.HDUList([fits.PrimaryHDU(), tiles]).writeto(file, output_verify="ignore")
    whole = bytearray(file.getvalue())
    for _ in range(rng.integers(1, 30)):
        whole[rng.integers(2880, len(whole))] ^= 1 << rng.integers(8)
    return {"x.fits": bytes(whole), **_beside(files)}


def nested(rng: np.random.Generator, sample: Sample) -> Files:
    """Extensions of many kinds around the cube, some of them named as it."""
    data, header = _parts(sample)
    hdus: list[fits.hdu.base.ExtensionHDU] = []
    for _ in range(int(rng.integers(1, 6))):
        shape = tuple(int(n) for n in rng.integers(1, 50, rng.integers(0, 5)))
        kept = header if rng.random() < 0.5 else None
        array = None if not shape or np.prod(shape) > 1e6 else rng.random(shape).astype(">f4")
        name = str(rng.choice(["SCI", "WEIGHT", "MASK", "BEAMS", "", "x" * 60]))
        hdus.append(fits.ImageHDU(array, kept, name=name))
    at = int(rng.integers(len(hdus) + 1))
    hdus.insert(at, fits.ImageHDU(data, header, name=str(rng.choice(["SCI", "", "CUBE"]))))
    file = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(file, output_verify="ignore")
    whole = file.getvalue()
    if rng.random() < 0.4:
        whole = whole.replace(b"'IMAGE   '", b"'" + XTENSIONS[rng.integers(5)] + b"'", 1)
    if rng.random() < 0.3:
        whole = _with_cards(rng, whole, 2880)
    return {"x.fits": whole, **_beside(sample.files)}


def promises(rng: np.random.Generator, sample: Sample) -> Files:
    """A header that promises more than there is, or less."""
    header = fits.Header.fromstring(sample.cube[: sample.header_bytes])
    for axis in range(1, 4):
        if rng.random() < 0.5:
            header[f"NAXIS{axis}"] = int(rng.choice([0, 1, 2, 10**3, 10**5, 10**9, 2**40]))
    if rng.random() < 0.2:
        header["BITPIX"] = int(rng.choice([8, 16, 32, 64, -64, 7, 0, -3]))
    if rng.random() < 0.2:
        header["PCOUNT"], header["GCOUNT"] = 2**31, 5
    start = header.tostring().encode("ascii", "replace")
    whole = start + sample.cube[sample.header_bytes :]
    if rng.random() < 0.3:
        bomb = start + bytes(int(rng.choice([10**6, 10**8])))
        return {"x.fits.gz": gzip.compress(bomb, 1), **_beside(sample.files)}
    return {"x.fits": whole, **_beside(sample.files)}


def values(rng: np.random.Generator, sample: Sample) -> Files:
    """Values that are none, or none of an observation."""
    data, header = _parts(sample)
    data = np.array(data, np.float32)
    kind = rng.integers(8)
    some = rng.random(data.shape) < rng.choice([1e-4, 0.1, 0.5, 0.99])
    odd = np.float32(rng.choice([np.nan, np.inf, -np.inf, 0.0, 1e38, -1000.0, -1e10, 1e-40]))
    if kind < 3:
        data[some] = odd
    elif kind == 3:
        data[:] = odd
    elif kind == 4:
        data[rng.random(len(data)) < 0.5] = odd
    elif kind == 5:
        data[:, : int(rng.integers(48))] = odd
    elif kind == 6:
        data *= np.float32(rng.choice([1e-20, 1e20, -1.0, 0.0, 1e30]))
    else:
        data = np.round(data / np.nanstd(data)) * np.float32(rng.choice([1.0, 1e-3]))
    return {
        "x.fits": _content(fits.PrimaryHDU(data.astype(">f4"), header)),
        **_beside(sample.files),
    }


KINDS: tuple[Callable[[np.random.Generator, Sample], Files], ...] = (
    cards,
    bits,
    ends,
    companions,
    beams,
    packed,
    nested,
    promises,
    values,
)


def _with_cards(rng: np.random.Generator, whole: bytes, header_bytes: int) -> bytes:
    """With a few cards written over, as they are and unchecked; some are text, some no cards."""
    header = whole[:header_bytes]
    lines = [header[i : i + 80] for i in range(0, len(header), 80)]
    for _ in range(int(rng.integers(1, 4))):
        key = str(rng.choice(ALONE))
        if rng.random() < 0.6:
            key = f"{rng.choice(NUMBERED)}{rng.integers(1, 5)}"
        at = [i for i, line in enumerate(lines) if line[:8].strip() == key.encode()]
        end = next(i for i, line in enumerate(lines) if line[:8].strip() == b"END")
        if at and rng.random() < 0.2:
            lines[at[0]] = b"COMMENT".ljust(80)
            continue
        card = f"{key:<8}= {_value(rng)}"[:80].ljust(80).encode("ascii", "replace")
        if at:
            lines[at[0]] = card
        elif end + 1 < len(lines):
            lines[end], lines[end + 1] = card, lines[end]
    return b"".join(lines) + whole[header_bytes:]


def _value(rng: np.random.Generator) -> str:
    kind = rng.integers(6)
    if kind == 0:
        return f"{NUMBERS[rng.integers(len(NUMBERS))]!r:>20}"
    if kind == 1:
        return f"{float(10.0 ** rng.uniform(-20, 20) * rng.choice([1, -1]))!r:>20}"
    if kind == 2:
        return f"'{WORDS[rng.integers(len(WORDS))]}'"
    if kind == 3:
        return WORDS[rng.integers(len(WORDS))]
    if kind == 4:
        return str(rng.choice(["T", "F"])).rjust(20)
    return "".join(map(chr, rng.integers(32, 127, rng.integers(1, 40))))


def _packed(rng: np.random.Generator, data: bytes) -> bytes:
    """Gzip with some bits flipped, or that ends too soon."""
    whole = bytearray(gzip.compress(data, int(rng.choice([0, 6]))))
    if rng.random() < 0.4:
        return bytes(whole[: rng.integers(len(whole))])
    for _ in range(rng.integers(1, 6)):
        whole[rng.integers(len(whole))] ^= 1 << rng.integers(8)
    return bytes(whole)


def _beside(files: Files) -> Files:
    return {name: data for name, data in files.items() if name != "x.fits"}


def _parts(sample: Sample) -> tuple[np.ndarray, fits.Header]:
    with fits.open(io.BytesIO(sample.cube)) as hdus:
        return np.array(hdus[0].data), hdus[0].header.copy()


def _content(hdu: fits.PrimaryHDU) -> bytes:
    file = io.BytesIO()
    hdu.writeto(file, output_verify="ignore")
    return file.getvalue()


@dataclass(frozen=True)
class Outcome:
    """Of one input: exit code (None if it was stopped), what was said, cost, what is wrong.

    seconds : of CPU
    """

    code: int | None
    said: str
    seconds: float
    peak_bytes: int
    wrong: str = ""


def outcome_of(files: Files, folder: Path) -> Outcome:
    """The command in a process of its own."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    started = time.monotonic()
    child = os.fork()
    if not child:
        _run(folder, next(iter(files)))
    status, usage = None, None
    while status is None:
        done, state, usage = os.wait4(child, os.WNOHANG)
        if done:
            status = state
        elif time.monotonic() - started > 10 * LONGEST_S:
            os.kill(child, signal.SIGKILL)
            _, _, usage = os.wait4(child, 0)
            break
        else:
            time.sleep(0.01)
    said = (folder / "said").read_text("utf-8", "replace")
    code = None if status is None else os.waitstatus_to_exitcode(status)
    made = Outcome(code, said, usage.ru_utime + usage.ru_stime, 1024 * usage.ru_maxrss)
    return replace(made, wrong=_wrong(made, folder))


def _run(folder: Path, name: str) -> None:
    """In the child: never returns."""
    said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(said, stream)
    code = 70
    try:
        arguments = ["detect", str(folder / name), "--out", str(folder / "found"), "--workers", "1"]
        sys.argv = ["deepfocus", *arguments]
        code = command() or 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 70
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wrong(made: Outcome, folder: Path) -> str:
    """What is wrong with how it ended; empty if nothing is."""
    products = [each.name for each in (folder / "found").glob("*")]
    if made.code is None:
        return "stopped: it did not end"
    if made.code not in (0, 2):
        return f"exit code {made.code}"
    if "Traceback" in made.said or "Warning" in made.said:
        return "traceback or warning"
    if made.seconds > LONGEST_S:
        return f"took {made.seconds:.0f} s"
    if made.peak_bytes > MOST_BYTES:
        return f"took {made.peak_bytes / 1e9:.1f} GB"
    if made.code == 0 and not any(each.endswith("catalogue.ecsv") for each in products):
        return "no catalogue"
    if made.code == 2 and any(each.startswith("x.") for each in products):
        return f"left {products} of a file that it refused"
    if made.code == 2 and not made.said.strip():
        return "nothing said"
    if len(made.said) > WIDEST_LINE * 4:
        return "said too much"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--inputs", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=Path("damaged"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sample = sample_of(Path(folder))
    counts: Counter[tuple[str, str]] = Counter()
    seconds, peaks = [], []
    for number in range(options.first, options.first + options.inputs):
        kind = KINDS[number % len(KINDS)]
        with tempfile.TemporaryDirectory() as folder:
            files = kind(np.random.default_rng([options.seed, number]), sample)
            made = outcome_of(files, Path(folder))
            counts[kind.__name__, made.wrong or f"code {made.code}"] += 1
            seconds.append(made.seconds)
            peaks.append(made.peak_bytes)
            if made.wrong:
                print(f"{number} {kind.__name__}: {made.wrong}", flush=True)
                shutil.copytree(folder, options.kept / str(number), dirs_exist_ok=True)
    for (name, end), count in sorted(counts.items()):
        print(f"{name:12} {end:40} {count:5}")
    print(f"longest {max(seconds):.1f} s, median {np.median(seconds):.2f} s")
    print(f"most memory {max(peaks) / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
