"""Chromium, driven by its own protocol over two pipes: pages are opened, clicked and read as by somebody who looks."""

import base64
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium")
WANTED = bool(CHROMIUM) or bool(os.environ.get("CLOUDPLAN_NO_SKIP"))
BARE = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe"),
)


class Page:
    """A tab of a browser."""

    def __init__(self, browser: "Browser", session: str):
        self._browser, self._session = browser, session
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        return self._browser.call(method, values, self._session)

    def open(self, url: str) -> None:
        """Open an address and wait until it is loaded."""
        self.call("Page.navigate", url=url)
        self.loaded()

    def loaded(self, seconds: float = 30.0) -> None:
        """Wait until the page is there and nothing of it is still loading."""
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'", seconds)

    def value(self, script: str) -> Any:
        """Return what a script comes to in the page."""
        told = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, script: str, seconds: float = 60.0) -> None:
        """Wait until a script comes to something true; the page may be another one by then."""
        end = time.monotonic() + seconds
        while True:
            told = self._browser.ask(
                "Runtime.evaluate",
                {"expression": f"Boolean({script})", "returnByValue": True, "awaitPromise": True},
                self._session,
            )
            if told.get("result", {}).get("result", {}).get("value"):
                return
            assert time.monotonic() < end, f"{script}\n{self.text()}"
            time.sleep(0.15)

    def text(self) -> str:
        """Return what the page reads."""
        return str(self.value("document.body.innerText"))

    def click(self, words: str, within: str = "body") -> None:
        """Press the button or the link with these words, and wait for the page that it leads to."""
        self.value("window.before = true")
        found = self.value(
            f"(() => {{ const all = [...document.querySelectorAll({json.dumps(within)})].flatMap(part => "
            f"[...part.querySelectorAll('button, a, summary')]);"
            f"const one = all.find(each => each.textContent.trim() === {json.dumps(words)});"
            f"if (one) one.click(); return Boolean(one); }})()"
        )
        assert found, f"{words!r} is not on this page:\n{self.text()}"

    def follow(self, words: str, within: str = "body") -> None:
        """Press what leads to another page, and wait for that."""
        self.click(words, within)
        self.until("!window.before && document.readyState === 'complete'")

    def choose(self, selector: str, *paths: Path) -> None:
        """Choose files, as in the window for it."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path) for path in paths], nodeId=node)

    def look(self, width: int, *, dark: bool = False) -> None:
        """Look at the page at a width, in light or dark."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path: Path) -> None:
        """Write a picture of the whole page, as a PNG."""
        self.loaded()
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 6000), "scale": 1}
        told = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(told["data"]))

    def faults(self) -> list[str]:
        """Return what the browser complained of: scripts that failed or were refused, files that could not be had."""
        return self._browser.complaints(self._session)

    def requests(self) -> set[str]:
        """Return the addresses that pages of this tab asked for."""
        return {
            str(event["params"]["request"]["url"])
            for event in self._browser.events
            if event["method"] == "Network.requestWillBeSent" and event.get("sessionId") == self._session
        }


class Browser:
    """A browser without a window."""

    def __init__(self, into: int, out: int):
        self._into, self._out = into, out
        self._numbers = itertools.count(1)
        self._left = b""
        self.events: list[dict[str, Any]] = []

    def tab(self) -> Page:
        """Open a tab."""
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        return Page(self, self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"])

    def call(self, method: str, values: dict[str, Any], session: str = "") -> dict[str, Any]:
        """Call a method and return its result."""
        told = self.ask(method, values, session)
        assert "error" not in told, (method, told["error"])
        result: dict[str, Any] = told["result"]
        return result

    def ask(self, method: str, values: dict[str, Any], session: str = "") -> dict[str, Any]:
        """Call a method and return the answer, be it an error."""
        number = next(self._numbers)
        asked = {"id": number, "method": method, "params": values, **({"sessionId": session} if session else {})}
        os.write(self._into, json.dumps(asked).encode() + b"\0")
        for told in self._messages():
            if told.get("id") == number:
                return told
            if "method" in told:
                self.events.append(told)
        raise AssertionError("the browser is gone")

    def _messages(self) -> Iterator[dict[str, Any]]:
        while True:
            while b"\0" not in self._left:
                more = os.read(self._out, 1 << 20)
                if not more:
                    return
                self._left += more
            message, _, self._left = self._left.partition(b"\0")
            yield json.loads(message)

    def complaints(self, session: str) -> list[str]:
        """Return what was complained of in a tab."""
        found = []
        for event in self.events:
            if event.get("sessionId") != session:
                continue
            if event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] in ("error", "warning"):
                found.append(event["params"]["entry"]["text"])
            if event["method"] == "Runtime.exceptionThrown":
                found.append(str(event["params"]["exceptionDetails"]))
        return found


@contextmanager
def browser(profile: Path, options: Sequence[str] = ()) -> Iterator[Browser]:
    """Have a browser with a profile of its own."""
    assert CHROMIUM
    theirs_in, into = os.pipe()
    out, theirs_out = os.pipe()

    shell = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'  # where the browser reads, and where it writes
    command = [CHROMIUM, *BARE, f"--user-data-dir={profile}", *options, "about:blank"]
    process = subprocess.Popen(
        ["bash", "-c", shell, "bash", *command],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(theirs_in, theirs_out),
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        one = Browser(into, out)
        yield one
        one.ask("Browser.close", {})
    finally:
        os.close(into)
        process.terminate()
        process.wait(timeout=20)
        os.close(out)
