"""Chromium without a window, driven by WebDriver (W3C) over HTTP."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""By which WebDriver names an element."""
OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
    "--disable-background-networking", "--force-device-scale-factor=1", "--disable-dev-shm-usage",
)  # fmt: skip


@dataclass(frozen=True)
class Browser:
    """One session. address : of it"""

    address: str

    def open(self, page: Path) -> None:
        self.post("url", url=page.as_uri())

    def script(self, text: str, *arguments: Any) -> Any:
        """What a function with that body returns."""
        return self.post("execute/sync", script=text, args=list(arguments))

    def wait_for(self, text: str) -> Any:
        """What a function with that body gives to its last argument, a callback."""
        return self.post("execute/async", script=text, args=[])

    def click(self, selector: str) -> None:
        found = self.post("element", using="css selector", value=selector)
        self.post(f"element/{found[ELEMENT]}/click")

    def type(self, selector: str, text: str) -> None:
        found = self.post("element", using="css selector", value=selector)
        self.post(f"element/{found[ELEMENT]}/value", text=text)

    def resize(self, width: int, height: int) -> None:
        """Of the page, in CSS pixels; narrower than a window can be, too."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 500,
        )  # fmt: skip

    def command(self, name: str, **parameters: Any) -> Any:
        """Of the DevTools protocol."""
        return self.post("goog/cdp/execute", cmd=name, params=parameters)

    @property
    def requests(self) -> list[str]:
        """All that was asked for since the last look."""
        entries = self.post("se/log", type="performance")
        messages = [json.loads(each["message"])["message"] for each in entries]
        return [
            each["params"]["request"]["url"]
            for each in messages
            if each["method"] == "Network.requestWillBeSent"
        ]

    @property
    def complaints(self) -> list[str]:
        """Of the page's scripts and policy since the last look."""
        return [each["message"] for each in self.post("se/log", type="browser")]

    def post(self, path: str, **body: Any) -> Any:
        return asked(f"{self.address}/{path}", body)


def asked(url: str, body: dict[str, Any] | None = None, method: str = "POST") -> Any:
    """The value that WebDriver answers."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urlopen(request, timeout=60) as answer:
        return json.load(answer)["value"]


class NoBrowser(Exception):
    """Chromium does not start here."""


@contextmanager
def chromium(driver: str) -> Iterator[Browser]:
    """A session, which ends with the block. driver : path of chromedriver

    Raises `NoBrowser`.
    """
    with subprocess.Popen(
        [driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            session = _session(process.stdout)
            try:
                yield Browser(session)
            finally:
                asked(session, method="DELETE")
        finally:
            process.terminate()


def _session(said: Iterable[str]) -> str:
    """Address of a new session of the driver that says so."""
    started = (re.search(r"successfully on port (\d+)", line) for line in said)
    port = next((found[1] for found in started if found), None)
    if port is None:
        raise NoBrowser("chromedriver does not start")
    address = f"http://127.0.0.1:{port}/session"
    wanted = {
        "goog:chromeOptions": {"args": list(OPTIONS)},
        "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
    }
    try:
        made = asked(address, {"capabilities": {"alwaysMatch": wanted}})
    except OSError as error:
        raise NoBrowser(f"Chromium does not start: {error}") from error
    return f"{address}/{made['sessionId']}"
