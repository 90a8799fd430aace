"""How the pages are built: `make docs`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from deepfocus import __version__

ROOT = Path(__file__).resolve().parents[1]
project = "DeepFocus"
author = copyright = "The DeepFocus developers"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = f"DeepFocus {__version__}"
root_doc = "contents"
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 4
autodoc_typehints = "description"
autodoc_member_order = "bysource"
nitpicky = False

PAGES = {
    "readme": "README.md",
    "changelog": "CHANGELOG.md",
    "contributing": "CONTRIBUTING.md",
    "examples": "examples/README.md",
}
"""Files of the repository that are pages here, too."""
LINK = re.compile(r"(\]\()(?!\w+:|#)([^)#\s]+)")
"""The relative target of a link or an image."""
MATH = re.compile(r"\$`([^`]+)`\$")
"""A formula in a line as GitHub also takes it, where Markdown would read it."""
FIELD = re.compile(r"^(\w+(?:, \w+)*|\(.*\)) : (.*)$")
"""`name : what it is`, as docstrings say it."""


def _with_pages_of_the_repository(app: Any, name: str, source: list[str]) -> None:
    """Files of the repository become pages, and links to them lead to these."""
    file = ROOT / PAGES[name] if name in PAGES else ROOT / "docs" / f"{name}.md"
    text = file.read_text(encoding="utf-8") if name in PAGES else source[0]
    here = (ROOT / "docs" / name).parent

    def moved(found: re.Match[str]) -> str:
        target = (file.parent / found[2]).resolve()
        for page, path in PAGES.items():
            if target == ROOT / path:
                target = ROOT / "docs" / f"{page}.md"
        return found[1] + os.path.relpath(target, here)

    source[0] = MATH.sub(r"$\1$", LINK.sub(moved, text))


def _as_fields(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Lines `name : what it is` become a list, whose items may go on indented; code is shown."""
    out: list[str] = []
    in_fields = False
    for line in lines:
        found = FIELD.match(line)
        if found:
            if not in_fields:
                out.append("")
            out.append(f"- **{found[1]}**: {found[2]}")
            in_fields = True
        elif in_fields and line.startswith(" "):
            out.append("  " + line.strip())
        else:
            if in_fields and line.strip():
                out.append("")
            in_fields = in_fields and not line.strip()
            if line.startswith("    ") and (not out or not out[-1].strip()):
                out += ["::", ""]
            out.append(line)
    lines[:] = out


def setup(app: Any) -> None:
    app.connect("source-read", _with_pages_of_the_repository)
    app.connect("autodoc-process-docstring", _as_fields)
