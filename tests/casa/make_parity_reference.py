"""What CASA's own simulator and imager give, thinned to the few numbers that tests compare with.

Not a test: run by CASA's Python in an empty folder (2 minutes, 1 GB of scratch), it writes
casa_parity.npz, which lives in tests/instrument/. Observations are simobserve's: its reference
day and hour-angle rule, 229.36 GHz and two more channels 640 MHz apart, a track of 2400 s about
transit in integrations of 10 s. `simulator.predict` and tclean niter=0 are at their defaults.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
from casatasks import tclean
from casatasks.private import simutil
from casatools import ctsys, image, measures, quanta, simulator, table

FIRST_HZ, STEP_HZ, CHANNELS = 229.36e9, 0.64e9, 3
RA, DEC = "03h59m59.96s", "-34d59m59.5s"
SAMPLES = 100
NATURAL, BRIGGS = {}, {"weighting": "briggs", "robust": 0.5}
WEIGHTINGS = {
    "natural": NATURAL,
    "briggs": BRIGGS,
    "uniform": {"weighting": "uniform"},
    "briggs-0.5": {"weighting": "briggs", "robust": -0.5},
    "briggs2": {"weighting": "briggs", "robust": 2.0},
    "taper1arcsec": {"uvtaper": ["1arcsec"]},
    "taper150klambda": {"uvtaper": ["150klambda"]},
    "briggs_taper1arcsec": BRIGGS | {"uvtaper": ["1arcsec"]},
    "uniform_taper1arcsec": {"weighting": "uniform", "uvtaper": ["1arcsec"]},
}
BANDS_GHZ = (40.0, 98.0, 145.5, 175.3, 230.0, 345.0, 410.0, 680.0, 870.0)

ia, me, qa, tb = image(), measures(), quanta(), table()


def offsets(size: int) -> np.ndarray:
    """(2, SAMPLES) dy, dx of the pixels that are kept, denser near the centre."""
    rng = np.random.default_rng(1)
    radius = rng.uniform(0, 0.355, SAMPLES) * size
    angle = rng.uniform(0, 2 * np.pi, SAMPLES)
    return np.rint([radius * np.sin(angle), radius * np.cos(angle)]).astype(int)


def thinned(name: str, size: int) -> np.ndarray:
    ia.open(name)
    data = ia.getchunk()[:, :, 0, :].transpose(2, 1, 0)
    ia.done()
    dy, dx = offsets(size)
    return data[:, size // 2 + dy, size // 2 + dx].astype("f4")


def empty_ms(path: str, configuration: str, freq_hz: float, **track: object) -> tuple:
    """Open simulator on an MS of zeros, and the telescope's name.

    configuration : of CASA's data, or the path of an antenna file
    """
    util = simutil.simutil()
    given = configuration.endswith(".cfg")
    file = configuration if given else ctsys.resolve(f"alma/simmos/{configuration}.cfg")
    x, y, z, diameter, pads, names, telescope, position = util.readantenna(file)
    shutil.rmtree(path, ignore_errors=True)
    sm = simulator()
    sm.open(path)
    sm.setconfig(
        telescopename=telescope, x=x, y=y, z=z, dishdiameter=[float(d) for d in diameter],
        mount=["alt-az"], antname=list(names), padname=list(pads), coordsystem="global",
        referencelocation=position,
    )  # fmt: skip
    width = f"{track.get('width_hz', STEP_HZ):.1f}Hz"
    sm.setspwindow(
        spwname="b", freq=f"{freq_hz:.1f}Hz", deltafreq=width, freqresolution=width,
        nchannels=track.get("channels", CHANNELS), refcode="LSRK", stokes="XX YY",
    )  # fmt: skip
    sm.setfeed(mode="perfect X Y", pol=[""])
    sm.setlimits(shadowlimit=0.01, elevationlimit="10deg")
    sm.setauto(0.0)
    step, total = track.get("step_s", 10.0), track.get("total_s", 2400.0)
    sm.settimes(f"{step}s", True, me.epoch("UTC", "2014/01/01/00:00:00"))
    sm.setfield(sourcename="s", sourcedirection=f"J2000 {RA} {track.get('dec', DEC)}")
    sm.observemany(["s"], "b", starttimes=[f"{-total / 2}s"], stoptimes=[f"{total / 2}s"])
    sm.setdata(fieldid=[0])
    sm.setvp(dovp=True, usedefaultvp=False)
    return sm, telescope, util


def gaussians(size: int) -> np.ndarray:
    """(source, 6): y, x, sigmas along both axes (px), angle (rad), seed of the spectrum."""
    rng = np.random.default_rng(2)
    low = np.array([0.3, 0.3, 2, 2, 0, 0]) * [size, size, 1, 1, 1, 1]
    high = np.array([0.7, 0.7, 7, 5, np.pi, 1]) * [size, size, 1, 1, 1, 1]
    return rng.uniform(low, high, (6, 6))


def sky_cube(size: int, channels: int) -> np.ndarray:
    """(chan, y, x) Jy/pixel; a source's spectrum is 1 + its seed times the channel."""
    y, x = np.mgrid[:size, :size]
    out = np.zeros((channels, size, size))
    for cy, cx, a, b, angle, tilt in gaussians(size):
        dx, dy = x - cx, y - cy
        along = (dx * np.cos(angle) - dy * np.sin(angle)) / a
        across = (dx * np.sin(angle) + dy * np.cos(angle)) / b
        plane = 1e-3 * np.exp(-0.5 * (along**2 + across**2))
        out += plane * (1 + tilt * np.arange(channels))[:, None, None]
    return out


def write_model(
    name: str, cube: np.ndarray, cell_arcsec: float, *, step_hz: float = STEP_HZ
) -> None:
    channels, size, _ = cube.shape
    ia.fromshape(name, [size, size, 1, channels], overwrite=True)
    axes = ia.coordsys()
    axes.setunits(["rad", "rad", "", "Hz"])
    axes.setreferencecode("J2000", "direction")
    centre = [qa.convert(qa.quantity(angle), "rad")["value"] for angle in (RA, DEC)]
    axes.setreferencevalue(centre, "direction")
    axes.setreferencepixel([size // 2, size // 2], "direction")
    cell = np.deg2rad(cell_arcsec / 3600)
    axes.setincrement([-cell, cell], "direction")
    axes.setreferencecode("LSRK", "spectral")
    axes.setreferencepixel(0, "spectral")
    axes.setreferencevalue(f"{FIRST_HZ:.1f}Hz", "spectral")
    axes.setincrement(f"{step_hz:.1f}Hz", "spectral")
    ia.setcoordsys(axes.torecord())
    ia.setbrightnessunit("Jy/pixel")
    ia.putchunk(cube.transpose(2, 1, 0)[:, :, None, :])
    ia.done()


def imaged(ms: str, size: int, cell_arcsec: float, channels: int, settings: dict) -> dict:
    """Thinned PSF, PB and dirty cube."""
    tclean(
        vis=ms, imagename="out", specmode="cube", imsize=size, cell=f"{cell_arcsec}arcsec",
        nchan=channels, start=f"{FIRST_HZ:.1f}Hz", width=f"{STEP_HZ:.1f}Hz", outframe="LSRK",
        niter=0, pblimit=0.01, phasecenter=f"J2000 {RA} {DEC}", interpolation="nearest",
        restoration=False, **({"weighting": "natural"} | settings),
    )  # fmt: skip
    names = {"psf": "psf", "pb": "pb", "dirty": "residual"}
    found = {key: thinned(f"out.{name}", size) for key, name in names.items()}
    for path in Path().glob("out.*"):
        shutil.rmtree(path)
    return found


def direct_image(ms: str, size: int, cell_arcsec: float) -> np.ndarray:
    """(chan, SAMPLES) naturally weighted image of CASA's visibilities without any gridding."""
    tb.open(ms)
    uvw, data = tb.getcol("UVW"), tb.getcol("DATA")[0]
    tb.close()
    dy, dx = offsets(size) * np.deg2rad(cell_arcsec / 3600)
    out = np.empty((len(data), SAMPLES), "f4")
    for channel, visibilities in enumerate(data):
        u, v = uvw[:2] * (FIRST_HZ + channel * STEP_HZ) / 299792458.0
        for k in range(SAMPLES):
            # l = -x, and a baseline is antenna1 - antenna2: the sign opposite to the usual one
            phase = -2 * np.pi * (-u * dx[k] + v * dy[k])
            out[channel, k] = np.mean((visibilities * np.exp(1j * phase)).real)
    return out


def field(key: str, configuration: str, size: int, cell: float, channels: int, how: dict) -> dict:
    sm, _, _ = empty_ms("sim.ms", configuration, FIRST_HZ, channels=channels)
    write_model("sim.model", sky_cube(size, channels), cell)
    sm.predict(imagename=["sim.model"])
    sm.done()
    out = {f"{key}_direct": direct_image("sim.ms", size, cell)} if channels > 1 else {}
    for name, settings in how.items():
        found = imaged("sim.ms", size, cell, channels, settings)
        out[f"{key}_{name}_psf"] = found["psf"][channels // 2]
        out[f"{key}_{name}_dirty"] = found["dirty"]
        out[f"{key}_pb"] = found["pb"][channels // 2]
    tb.open("sim.ms")
    uvw = tb.getcol("UVW").T.reshape(240, -1, 3)
    tb.close()
    out[f"{key}_uvw"] = uvw[[0, 120, 239]][:, :: max(1, uvw.shape[1] // 10)]
    return out


def noise() -> np.ndarray:
    """(row, 6): dish m, GHz, PWV mm, elevation deg, receiver K, sigma Jy (1 MHz, 10 s)."""
    rows = []
    for configuration, bands in (("alma.cycle9.3", BANDS_GHZ), ("aca.cycle9", (98.0, 345.0))):
        for ghz in bands:
            for dec in ("-33d00m00s", "17d00m00s"):
                track = {"step_s": 10.0, "total_s": 10.0, "width_hz": 1e6, "channels": 2}
                sm, name, util = empty_ms("n.ms", configuration, ghz * 1e9, dec=dec, **track)
                sm.done()
                for pwv in (0.5, 2.0):
                    rows.append(one_noise(name, util, ghz, dec, pwv))
    return np.array(rows)


def one_noise(telescope: str, util: object, ghz: float, dec: str, pwv: float) -> list[float]:
    ruze, spill, block, taper, correlator, receiver = util.noisetemp(telescope, f"{ghz}GHz")
    sm = simulator()
    sm.openfromms("n.ms")
    sm.setdata(fieldid=[])
    sm.setnoise(
        mode="tsys-atm", spillefficiency=spill, correfficiency=correlator, trx=receiver,
        antefficiency=ruze * spill * block * taper, tground=270.0, tcmb=2.725,
        pwv=f"{pwv}mm", table="tsys", senscoeff=-1.0, rxtype=1 if ghz > 600 else 0,
    )  # fmt: skip
    sm.corrupt()
    sm.done()
    tb.open("tsys.T.cal")
    gain = tb.getcol("CPARAM").ravel()[0].real  # sigma is 1 / gain^2, without any drawing
    tb.close()
    shutil.rmtree("tsys.T.cal")
    tb.open("n.ms")
    seconds = tb.getcol("TIME")[0]
    tb.close()
    tb.open("n.ms/ANTENNA")
    dish = tb.getcol("DISH_DIAMETER")[0]
    tb.close()
    me.doframe(me.observatory("ALMA"))
    me.doframe(me.epoch("UTC", qa.quantity(seconds, "s")))
    elevation = me.measure(me.direction("J2000", RA, dec), "AZEL")["m1"]["value"]
    return [dish, ghz, pwv, np.rad2deg(elevation), receiver, 1 / gain**2]


def main() -> None:
    both = {"natural": NATURAL, "briggs": BRIGGS}
    out = {"noise": noise(), "offsets_360": offsets(360), "gaussians_360": gaussians(360)}
    out |= {"offsets_180": offsets(180), "gaussians_180": gaussians(180)}
    out |= {"offsets_512": offsets(512)}
    out |= field("C-1", "alma.cycle9.1", 360, 0.2, CHANNELS, both)
    out |= field("C-4", "alma.cycle9.4", 360, 0.06, CHANNELS, both)
    out |= field("ACA", "aca.cycle9", 180, 0.7, CHANNELS, both)
    out |= field("C-3", "alma.cycle9.3", 360, 0.1, 1, WEIGHTINGS)
    out |= field("C-6", "alma.cycle9.6", 512, 0.02, 1, both)
    out |= field("C-8", "alma.cycle9.8", 512, 0.02, 1, both)
    single = (key for key in list(out) if key[:3] in ("C-3", "C-6", "C-8") and "dirty" in key)
    for key in single:
        del out[key]
    np.savez_compressed("casa_parity.npz", **out)


if __name__ == "__main__":
    sys.exit(main())
