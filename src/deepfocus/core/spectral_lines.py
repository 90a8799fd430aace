"""Rest frequencies of the lines that radio astronomers of galaxies meet, with their sources.

CDMS    Mueller et al. 2005, J. Mol. Struct. 742, 215: the Cologne database
JPL     Pickett et al. 1998, JQSRT 60, 883
C86     Cooksy et al. 1986, ApJ 305, L89; B94: Brown et al. 1994, ApJ 428, L37
Z91     Zink et al. 1991, ApJ 371, L85; P82: Pettersson 1982, Phys. Scr. 26, 296
H66     Hellwig et al. 1970, IEEE Trans. Instrum. 19, 200: the hydrogen maser
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SpectralLine:
    """A line.

    species, transition : as they are written; source : of the rest frequency
    common : whether it is among the first that one thinks of where a single line is seen
    """

    species: str
    transition: str
    rest_hz: float
    source: str
    common: bool = False

    @property
    def name(self) -> str:
        """Both together."""
        return f"{self.species} {self.transition}".strip()


def _ladder(species: str, source: str, common: int, *rest_ghz: float) -> tuple[SpectralLine, ...]:
    """J = 1-0 and up. common : how many of them are"""
    return tuple(
        SpectralLine(species, f"{j}-{j - 1}", ghz * 1e9, source, j <= common)
        for j, ghz in enumerate(rest_ghz, 1)
    )


LADDERS: dict[str, tuple[SpectralLine, ...]] = {
    "CO": _ladder(
        "CO", "CDMS", 9,
        115.2712018, 230.5380000, 345.7959899, 461.0407682, 576.2679305, 691.4730763,
        806.6518060, 921.7997000, 1036.9123930, 1151.9854520, 1267.0144860, 1381.9951050,
        1496.9229090, 1611.7935180, 1726.6025057, 1841.3455060,
    ),
    "13CO": _ladder(
        "13CO", "CDMS", 0, 110.2013543, 220.3986842, 330.5879653, 440.7651735, 550.9262851
    ),
    "C18O": _ladder("C18O", "CDMS", 0, 109.7821734, 219.5603541, 329.3305525, 439.0887658),
    "HCN": _ladder("HCN", "CDMS", 0, 88.6316022, 177.2611112, 265.8864343, 354.5054779),
    "HCO+": _ladder("HCO+", "CDMS", 0, 89.1885247, 178.3750563, 267.5576259, 356.7342230),
    "HNC": _ladder("HNC", "CDMS", 0, 90.6635680, 181.3247580, 271.9811420, 362.6303030),
    "CS": _ladder(
        "CS", "CDMS", 0,
        48.9909549, 97.9809533, 146.9690287, 195.9542109, 244.9355565, 293.9120865, 342.8828503,
    ),
}  # fmt: skip
"""Linear molecules, from J = 1-0 on."""

LINES: tuple[SpectralLine, ...] = (
    SpectralLine("HI", "21 cm", 1.420405751768e9, "H66", common=True),
    SpectralLine("OH", "1665", 1.6654018e9, "JPL"),
    SpectralLine("OH", "1667", 1.6673590e9, "JPL"),
    SpectralLine("H2O", "6(16)-5(23)", 22.2350798e9, "JPL"),
    *(line for ladder in LADDERS.values() for line in ladder),
    SpectralLine("CN", "1-0", 113.4909702e9, "CDMS"),
    SpectralLine("CN", "2-1", 226.8747813e9, "CDMS"),
    SpectralLine("N2H+", "1-0", 93.1733977e9, "CDMS"),
    SpectralLine("C2H", "1-0", 87.3168980e9, "CDMS"),
    SpectralLine("H2O", "3(13)-2(20)", 183.3100870e9, "JPL"),
    SpectralLine("H2O", "5(15)-4(22)", 325.1528990e9, "JPL"),
    SpectralLine("H2O", "2(11)-2(02)", 752.0331430e9, "JPL"),
    SpectralLine("H2O", "2(02)-1(11)", 987.9267590e9, "JPL"),
    SpectralLine("[CI]", "1-0", 492.1606510e9, "CDMS", common=True),
    SpectralLine("[CI]", "2-1", 809.3419700e9, "CDMS", common=True),
    SpectralLine("[NII]", "205 um", 1461.1319e9, "B94", common=True),
    SpectralLine("[CII]", "158 um", 1900.5369e9, "C86", common=True),
    SpectralLine("[OI]", "145 um", 2060.06886e9, "Z91"),
    SpectralLine("[NII]", "122 um", 2459.3801e9, "B94"),
    SpectralLine("[OIII]", "88 um", 3393.0062e9, "P82", common=True),
    SpectralLine("[OI]", "63 um", 4744.77749e9, "Z91"),
)
"""All of them."""
