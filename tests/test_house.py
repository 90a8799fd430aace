"""The house rules that a machine can check: who imports whom, sizes, docstrings, versions.

The table of rooms also stands in docs/index.md; an arrow that is not in it fails here. Imports
inside functions count, imports for type checking alone do not.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import deepfocus
from deepfocus.core.catalogue import BASE_COLUMNS
from deepfocus.core.flags import REASONS, Flag

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "deepfocus"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAX_LINES = 400


@dataclass(frozen=True)
class Room:
    """What lives in a folder of the package, and which other rooms it may import."""

    lives: str
    imports: tuple[str, ...] = ()


ROOMS: dict[str, Room] = {
    "core": Room("Grid, Cube, Catalogue, units, errors, settings"),
    "ops": Room("array functions that training and detection share", ("core",)),
    "jobs": Room("workers here and on clusters, claims of output folders, progress", ("core",)),
    "io": Room("files -> Cube and Catalogue, and back", ("core",)),
    "sky": Room("sources, populations, spectra", ("core", "ops")),
    "instrument": Room("antennas, uv tracks, beams, weights, noise", ("core", "ops")),
    "forward": Room("a cube's own response: its beams, its noise", ("core", "ops")),
    "search": Room("noise, filters, false alarms, peaks", ("core", "ops", "forward")),
    "fit": Room("components in a cube, their errors, their groups", ("core", "ops", "forward")),
    "imaging": Room(
        "measurement set -> dirty cube -> cleaned cube",
        ("core", "ops", "io", "instrument", "forward"),
    ),
    "simulation": Room(
        "seed + settings -> Cube + truth; data sets; injection",
        ("core", "ops", "io", "jobs", "sky", "instrument", "forward", "imaging"),
    ),
    "nets": Room("torch modules, each under its config; losses"),
    "weights": Room("shipped weights, each with its card; inference sessions", ("core", "ops")),
    "finders": Room(
        "the contract, the kinds, one folder a finder",
        ("core", "ops", "jobs", "weights", "forward", "search", "fit"),
    ),
    "train": Room(
        "the loop, the recipes, export of weights",
        ("core", "ops", "jobs", "simulation", "nets", "weights", "finders"),
    ),
    "evaluation": Room(
        "matching, metrics, campaigns of finders over known cubes",
        ("core", "ops", "io", "jobs", "forward", "simulation", "finders"),
    ),
    "report": Room(
        "figures from results, what was understood of a cube",
        ("core", "ops", "forward", "search", "evaluation", "finders"),
    ),
}
ROOMS["cli"] = Room("parse, call, write", tuple(ROOMS))

OUTSIDE: dict[str, set[str]] = {
    "torch": {"nets", "train"},
    "onnx": {"train"},
    "onnxruntime": {"weights"},
}
"""Packages that only these rooms may import: detection runs where torch is not installed."""

PICKLES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
TORCH_PICKLES = {"torch.load", "torch.save"}
NETS_IMPORT = sys.stdlib_module_names | {"torch"}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def room_of(path: Path) -> str | None:
    """The room a module lives in; None for the modules of the package itself."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else None


def is_for_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """(absolute dotted name, line) of every import of a module that happens when it runs."""
    package = ["deepfocus", *path.relative_to(PACKAGE).parts[:-1]]
    yield from _imports_in(tree_of(path), package)


def _imports_in(node: ast.AST, package: list[str]) -> Iterator[tuple[str, int]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name, node.lineno
    elif isinstance(node, ast.ImportFrom):
        above = package[: len(package) - node.level + 1] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        for alias in node.names:
            yield f"{base}.{alias.name}", node.lineno
    elif isinstance(node, ast.If) and is_for_typing(node):
        for branch in node.orelse:
            yield from _imports_in(branch, package)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _imports_in(child, package)


def wrong_arrows(path: Path) -> list[str]:
    room = room_of(path)
    wrong = []
    for name, line in imports_of(path):
        top, *rest = name.split(".")
        where = f"{path.relative_to(ROOT)}:{line}"
        if top == "deepfocus" and rest and rest[0] in ROOMS and room is not None:
            if rest[0] != room and rest[0] not in ROOMS[room].imports:
                wrong.append(f"{where}: {room} may not import {rest[0]}")
        elif top in OUTSIDE and room not in OUTSIDE[top]:
            wrong.append(f"{where}: only {sorted(OUTSIDE[top])} may import {top}")
        elif room == "nets" and top not in NETS_IMPORT and rest[:1] != ["nets"]:
            wrong.append(f"{where}: nets imports torch and itself only, not {name}")
    return wrong


def test_rooms_import_only_what_the_table_allows() -> None:
    wrong = [line for path in MODULES for line in wrong_arrows(path)]
    assert not wrong, "\n".join(wrong)


def test_table_has_no_cycle() -> None:
    done: set[str] = set()
    while len(done) < len(ROOMS):
        ready = {room for room in set(ROOMS) - done if set(ROOMS[room].imports) <= done}
        assert ready, f"rooms in a cycle: {sorted(set(ROOMS) - done)}"
        done |= ready


def test_every_folder_is_a_room() -> None:
    assert {room for path in MODULES if (room := room_of(path))} <= set(ROOMS)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import deepfocus.sky", ["deepfocus.sky"]),
        ("from deepfocus import sky", ["deepfocus.sky"]),
        ("from ..sky import x", ["deepfocus.sky.x"]),
        ("from . import x", ["deepfocus.ops.x"]),
        ("def f():\n    import torch", ["torch"]),
        ("if TYPE_CHECKING:\n    import torch\nelse:\n    import onnx", ["onnx"]),
    ],
)
def test_imports_are_seen(source: str, found: list[str]) -> None:
    names = [name for name, _ in _imports_in(ast.parse(source), ["deepfocus", "ops"])]
    assert names == found


def test_no_long_files() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in MODULES
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert not long, f"over {MAX_LINES} lines; is there a second job inside? {long}"


def test_every_package_and_module_says_what_lives_there() -> None:
    silent = [path for path in MODULES if not ast.get_docstring(tree_of(path))]
    packages = {path.parent for path in MODULES}
    silent += [folder for folder in packages if not (folder / "__init__.py").is_file()]
    assert not silent


def test_nothing_is_pickled() -> None:
    wrong = []
    for path in MODULES:
        names = {name for name, _ in imports_of(path)}
        wrong += [f"{path}: {name}" for name in names if name.split(".")[0] in PICKLES]
        wrong += [f"{path}: {name}" for name in names & TORCH_PICKLES]
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in TORCH_PICKLES:
                wrong.append(f"{path}:{node.lineno}: {ast.unparse(node)}")
            if isinstance(node, ast.keyword) and ast.unparse(node) == "allow_pickle=True":
                wrong.append(f"{path}:{node.lineno}: allow_pickle")
    assert not wrong, "\n".join(wrong)


def test_versions_agree() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    citation = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.M)
    releases = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert deepfocus.__version__ == version
    assert citation is not None
    assert citation[1] == version
    assert releases[0] == version


def test_constraints_pin_every_dependency() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    pinned = {canonicalize_name(name): version for name, version in pins.items()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    for text in [*project["dependencies"], *(line for extra in extras for line in extra)]:
        need = Requirement(text)
        if need.name == project["name"]:
            continue
        assert canonicalize_name(need.name) in pinned, f"{need.name} is not in constraints.txt"
        assert need.specifier.contains(pinned[canonicalize_name(need.name)])


def flags_table() -> list[str]:
    rows = ["| bit | name | reason |", "|---|---|---|", "| 0 | `ACCEPTED` | an accepted source |"]
    return rows + [f"| {int(bit)} | `{bit.name}` | {REASONS[bit]} |" for bit in Flag if bit]


def columns_table() -> list[str]:
    rows = ["| column | unit | UCD | meaning |", "|---|---|---|---|"]
    for column in BASE_COLUMNS:
        name = f"`{column.name}`" + (" ±" if column.measured else "")
        rows.append(f"| {name} | {column.unit or ''} | `{column.ucd}` | {column.meaning} |")
    return rows


def rooms_table() -> list[str]:
    rows = ["| room | lives there | may import |", "|---|---|---|"]
    for name, room in ROOMS.items():
        imports = "all" if name == "cli" else ", ".join(room.imports) or "-"
        rows.append(f"| `{name}` | {room.lives} | {imports} |")
    return rows


@pytest.mark.parametrize(
    ("page", "table"),
    [
        ("conventions.md", flags_table()),
        ("conventions.md", columns_table()),
        ("index.md", rooms_table()),
    ],
    ids=["flags", "columns", "rooms"],
)
def test_pages_state_the_tables_of_the_code(page: str, table: list[str]) -> None:
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    start = lines.index(table[0])
    stop = next(i for i in range(start, len(lines) + 1) if not "".join(lines[i : i + 1]))
    expected = "\n".join(table)
    assert lines[start:stop] == table, f"docs/{page} should have:\n{expected}"


def test_every_flag_has_a_reason() -> None:
    assert set(REASONS) == {bit for bit in Flag if bit}


def test_links_between_documents_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    broken = []
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert not broken, "\n".join(broken)
