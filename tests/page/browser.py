# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium, driven over a pipe with its own DevTools protocol: no driver program, no port, no library.

Messages are JSON, each ended by a zero octet; with ``--remote-debugging-pipe`` Chromium reads them from descriptor 3
and writes to 4.
"""

from __future__ import annotations

import base64
import json
import os
import selectors
import shutil
import subprocess
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
PATIENCE = 120.0  # seconds that the browser may say nothing while something is expected of it


def program() -> str | None:
    """The path of an installed Chromium, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """One browser with one page; ``folder`` keeps its profile."""

    def __init__(self, folder: Path) -> None:
        to_browser, our_writing = os.pipe()
        our_reading, from_browser = os.pipe()
        command = [str(program()), *OPTIONS, f"--user-data-dir={folder}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "bash", *command],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder)},
        )
        os.close(to_browser)
        os.close(from_browser)
        self._out = os.fdopen(our_writing, "wb", buffering=0)
        self._in = our_reading
        self._got = bytearray()
        self._ready = selectors.DefaultSelector()
        self._ready.register(our_reading, selectors.EVENT_READ)
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """A command's result; events that come meanwhile are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        while True:
            got = self._receive()
            if got.get("id") == self._number:
                assert "error" not in got, f"{method}: {got['error']}"
                return dict(got["result"])

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._got:
            assert self._ready.select(PATIENCE), f"the browser says nothing; its status is {self._process.poll()}"
            octets = os.read(self._in, 1 << 16)
            assert octets, f"the browser is gone with status {self._process.poll()}"
            self._got += octets
        text, _unused, self._got = self._got.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self.events.append(message)
        return message

    def open(self, page: Path, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Open a file and wait until it is loaded; events of earlier pages are forgotten."""
        self.events.clear()
        self.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        loader = self.call("Page.navigate", url=page.as_uri())["loaderId"]
        while not any(_loaded(event, loader) for event in self.events):
            self._receive()

    def resize(self, width: int, height: int = 900) -> None:
        """Give the page a width and height in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def script(self, enabled: bool) -> None:
        """Whether pages may run scripts of their own."""
        self.call("Emulation.setScriptExecutionDisabled", value=not enabled)

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def click(self, selector: str) -> None:
        """A real click on the middle of the first element that the selector finds."""
        found = json.dumps(selector)
        self.ask(f"document.querySelector({found}).scrollIntoView({{block: 'center'}})")
        box = self.ask(f"JSON.parse(JSON.stringify(document.querySelector({found}).getBoundingClientRect()))")
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def requests(self) -> list[str]:
        """Addresses that the page asked for."""
        sent = (event for event in self.events if event["method"] == "Network.requestWillBeSent")
        return [event["params"]["request"]["url"] for event in sent]

    def complaints(self) -> list[str]:
        """What the browser logged as an error, and exceptions."""
        logged = [event["params"]["entry"]["text"] for event in self.events if event["method"] == "Log.entryAdded"]
        return logged + [str(event["params"]) for event in self.events if event["method"] == "Runtime.exceptionThrown"]

    def picture(self, path: Path) -> None:
        """A screenshot of the whole page."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        """End it."""
        self._session = None
        self._out.write(b'{"id": 0, "method": "Browser.close"}\0')
        try:
            self._process.wait(timeout=60)
        finally:
            self._process.kill()
            self._process.wait()
            self._ready.close()
            self._out.close()
            os.close(self._in)


def _loaded(event: dict[str, Any], loader: str) -> bool:
    """Whether an event says that what ``loader`` loads is there; the page before may still have something to say."""
    params = event["params"]
    return event["method"] == "Page.lifecycleEvent" and (params["loaderId"], params["name"]) == (loader, "load")
