"""CASA's site configuration: `make casa` copies it into .venv-casa, where CASA finds it.

casatools refuses to be imported without measures data. Those that come with python-casacore
(27 MB) do for reading images; CASA's own (350 MB to install) are needed for simulating.
"""

import sysconfig
from pathlib import Path

measurespath = str(Path(sysconfig.get_path("platlib")) / "casacore" / "data")
datapath = [measurespath]
measures_auto_update = False
data_auto_update = False
telemetry_enabled = False
crashreporter_enabled = False
nogui = True
