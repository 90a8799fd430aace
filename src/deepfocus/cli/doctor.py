"""`deepfocus doctor`: what is installed, whether it works, and what more could be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import click

PACKAGE = "deepfocus-alma"
ENABLED = {
    "train": "training networks",
    "store": "data sets in one Zarr store",
    "cluster": "--cluster: a Dask scheduler, or Slurm",
    "ms": "measurement sets and CASA images",
    "peers": "the finders photutils, pybdsf and aegean",
}
"""By the name of an extra; the others are for developers."""
NAMED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+).*?(?:extra == [\"'](?P<extra>\w+)[\"'])?$")


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and whether it is well; what is optional always is."""

    label: str
    state: str
    well: bool = True

    @property
    def marked(self) -> str:
        """The label, with a mark if something is wrong."""
        return self.label if self.well else f"! {self.label}"


@click.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Say what is installed here, whether it works, and what more could be. The exit code is 2 if
    something that every command needs does not.

    Example: deepfocus doctor
    """
    from deepfocus.cli.source_table import aligned_left

    findings = list(_findings())
    click.echo(aligned_left([[each.marked, each.state] for each in findings]))
    if not all(each.well for each in findings):
        ctx.exit(2)


def _findings() -> Iterator[Finding]:
    yield from _machine()
    yield from _required()
    yield from _networks()
    yield from _extras()
    yield from _programs()


def _machine() -> Iterator[Finding]:
    import platform
    import shutil
    import tempfile

    from deepfocus import __version__
    from deepfocus.core.memory import available_bytes
    from deepfocus.jobs.workers import available_workers

    memory = available_bytes()
    folder = tempfile.gettempdir()
    yield Finding("deepfocus", __version__)
    yield Finding("Python", f"{platform.python_version()}, {platform.platform()}")
    yield Finding("cores", f"{available_workers()}, one process each")
    yield Finding("memory", "not known" if memory is None else f"{memory / 1e9:.3g} GB available")
    yield Finding("scratch", f"{shutil.disk_usage(folder).free / 1e9:.3g} GB free in {folder}")


def _required() -> Iterator[Finding]:
    for name in _requirements()[""]:
        version = _version(name)
        if version is None:
            yield Finding(name, f"not installed: pip install {name}", well=False)
        else:
            yield Finding(name, version)


def _networks() -> Iterator[Finding]:
    """The shipped ones, loaded as finders load them: weights are compared with their cards."""
    from deepfocus.core.errors import DeepFocusError
    from deepfocus.finders.decoras.finder import ROLE, Decoras
    from deepfocus.weights.six import ROLES, load_six

    try:
        six, decoras = load_six(), Decoras().ready().network
    except DeepFocusError as error:
        yield Finding("networks", str(error), well=False)
        return
    for role in (*ROLES, ROLE):
        network = decoras if role == ROLE else getattr(six, role)
        trained = f"{network.parameters} weights, {network.card.epochs} epochs"
        yield Finding(f"network {role}", f"{trained}, sha256 {network.card.sha256[:16]}")


def _extras() -> Iterator[Finding]:
    for extra, enables in ENABLED.items():
        versions = {name: _version(name) for name in _requirements()[extra]}
        if all(versions.values()):
            state = ", ".join(f"{name} {version}" for name, version in versions.items())
        else:
            state = f"not installed: pip install '{PACKAGE}[{extra}]' for {enables}"
        yield Finding(f"extra [{extra}]", state)


def _programs() -> Iterator[Finding]:
    import shutil

    from deepfocus.core.errors import DeepFocusError
    from deepfocus.finders.sofia.finder import Sofia
    from deepfocus.finders.sofia.program import find_program

    try:
        sofia = find_program(Sofia().program)
        yield Finding("SoFiA-2", f"{sofia.version}, {sofia.path}")
    except DeepFocusError as error:
        yield Finding("SoFiA-2", f"{error.came}: no --finder sofia")
    slurm = shutil.which("sbatch")
    yield Finding("Slurm", slurm or "no sbatch on the PATH: no Slurm profile with --cluster")


def _requirements() -> dict[str, list[str]]:
    """Names of packages by extra, '' for those that are always needed."""
    from importlib.metadata import requires

    names: dict[str, list[str]] = {"": [], **{extra: [] for extra in ENABLED}}
    for line in requires(PACKAGE) or ():
        found = NAMED.match(line)
        if found and (extra := found["extra"] or "") in names:
            names[extra].append(found["name"])
    return names


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None
