"""A page of HTML as a test reads it: elements with their attributes and text."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "img", "input", "link", "br", "hr"}


@dataclass
class Element:
    """text : all that stands in it, in elements inside it too"""

    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """Raises `AssertionError` for an element that is not closed where it was opened."""

    html: str
    elements: list[Element] = field(default_factory=list)
    open_ones: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)
        self.close()
        assert not self.open_ones, [each.tag for each in self.open_ones]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open_ones.append(self.elements[-1])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open_ones.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for each in self.open_ones:
            each.text += data

    def all(self, tag: str) -> list[Element]:
        """In the order of the page."""
        return [each for each in self.elements if each.tag == tag]

    def at(self, name: str) -> Element:
        """The one with that id."""
        (found,) = [each for each in self.elements if each.attributes.get("id") == name]
        return found
