"""Texts on a terminal: as wide as it is, figures whole, colours where there are any; and where there is none."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest
import yaml
from conftest import REPOSITORY, Ran, vm, workload

import cloudplan as cp
from cloudplan.base.language import ENGLISH
from cloudplan.presentation.grid import grid
from cloudplan.presentation.tables.table import Column

pytestmark = pytest.mark.usefixtures("solved_once")

COLOUR = re.compile(r"\x1b\[\d*m")
LONG = "a-name-that-goes-on-and-on-for-a-long-while-and-is-not-done-yet"


Run = Callable[..., Ran]
Shown = Callable[..., str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, edition: cp.Edition) -> Path:
    """A folder with a workload of long names and its plan."""
    path = tmp_path_factory.mktemp("screen")
    vms = [vm(name=f"{LONG}-{at}", pool=f"pool-{LONG}", count=2, disks=[{"size_gib": 3000}]) for at in range(3)]
    fields = workload(name=f"estate {LONG} {LONG}", vms=vms, sites={"standby": "az06"})
    (path / "workload.yaml").write_text(yaml.safe_dump(fields, sort_keys=False), encoding="utf-8")
    plan = cp.size(cp.read_workload(fields, edition), edition, cp.load_prices())
    (path / "plan.json").write_text(plan.to_json(), encoding="utf-8")
    return path


@contextmanager
def terminal(columns: int) -> Iterator[tuple[TextIO, Callable[[], str]]]:
    """Open a terminal that is so wide: what a program writes to, and what closes that and tells all that was shown."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    with ThreadPoolExecutor(1) as reading, open(theirs, "w", encoding="utf-8") as stream:  # noqa: PTH123
        found = reading.submit(_all_shown, ours)

        def shown() -> str:
            stream.close()
            return found.result().decode().replace("\r\n", "\n")

        yield stream, shown


def _all_shown(ours: int) -> bytes:
    shown = bytearray()
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return bytes(shown)


@pytest.fixture
def on_terminal(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Return what a command, in this process, shows on a terminal, without the line of its progress."""

    def show(arguments: str, columns: int, **environment: str) -> str:
        with terminal(columns) as (stream, shown), monkeypatch.context() as patch:
            patch.chdir(folder)
            for name in ("NO_COLOR", "COLUMNS"):
                patch.delenv(name, raising=False)
            for name, value in {"TERM": "xterm", **environment}.items():
                patch.setenv(name, value)
            for name in ("stdout", "stderr", "__stdout__"):  # Python asks the last one how wide it is
                patch.setattr(sys, name, stream)
            status = run(*arguments.split(), "--quiet").status
            assert status == 0, shown()
            return shown()

    return show


def started_on_terminal(folder: Path, arguments: str, columns: int) -> str:
    """Return what a command shows on a terminal that is all it knows of, without the line of its progress."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "TERM")}
    command = [sys.executable, "-m", "cloudplan", *arguments.split(), "--quiet"]
    environment = {**kept, "TERM": "xterm", "PYTHONPATH": str(REPOSITORY)}
    with terminal(columns) as (stream, shown):
        subprocess.run(command, stdin=stream, stdout=stream, stderr=stream, cwd=folder, env=environment, check=True)
        return shown()


@pytest.fixture(scope="module")
def piped(folder: Path) -> str:
    """What a command writes into a pipe, whatever the environment says of a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "cloudplan", "size", "workload.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "60", "TERM": "xterm"},
    ).stdout


def widest(text: str) -> int:
    return max(len(line) for line in COLOUR.sub("", text).splitlines())


COMMANDS = (
    *("size workload.yaml", "size workload.yaml --lang fr", "verify plan.json", "explain plan.json"),
    *(
        "diff plan.json --term 36",
        "compare workload.yaml --vary policy.host_failures=1,2",
        "catalog diff 2025-01-17 2026-04-30",
    ),
    "orders plan.json --format table",
)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_text_is_no_wider_than_the_smallest_terminal(arguments: str, on_terminal: Shown) -> None:
    assert widest(on_terminal(arguments, 80)) <= 80


def test_a_text_is_as_wide_as_the_terminal_within_bounds(on_terminal: Shown, folder: Path) -> None:
    shown = {columns: on_terminal("size workload.yaml", columns) for columns in (40, 80, 150, 300)}
    assert [widest(text) for text in shown.values()] == [80, 80, 150, 200]
    assert shown[150] == started_on_terminal(folder, "size workload.yaml", 150)


def test_figures_are_whole_on_the_smallest_terminal(on_terminal: Shown, folder: Path) -> None:
    shown = on_terminal("size workload.yaml", 80)
    plan = cp.read_plan(folder / "plan.json")
    for line in plan.bom:
        assert ENGLISH.amount(line.monthly) in shown and ENGLISH.number(line.quantity) in shown
    assert ENGLISH.amount(plan.monthly) in shown


def test_a_pipe_has_100_columns_and_no_colours_whatever_the_environment_says(piped: str) -> None:
    assert widest(piped) == 100 and "\x1b" not in piped


def test_colours_are_on_a_terminal_only_and_say_nothing_that_words_do_not(on_terminal: Shown, piped: str) -> None:
    coloured = on_terminal("size workload.yaml", 100)
    plain = on_terminal("size workload.yaml", 100, NO_COLOR="1")
    assert COLOUR.search(coloured) and not COLOUR.search(plain)
    assert COLOUR.sub("", coloured) == plain == on_terminal("size workload.yaml", 100, TERM="dumb")
    assert plain == piped


def test_a_file_has_100_columns_also_from_a_terminal(on_terminal: Shown, folder: Path, piped: str) -> None:
    on_terminal("size workload.yaml -o plan.txt", 150)
    assert (folder / "plan.txt").read_text(encoding="utf-8") == piped


def test_names_give_way_before_figures_and_then_the_table_is_on_its_side() -> None:
    columns = (Column("Name"), Column("Cost of all of it", "money"))
    rows = [["word " * 10, "123 456.00"]]
    fits = grid(columns, rows, ENGLISH, 40, folded=True)
    assert max(map(len, fits.lines)) <= 40 and any(line.endswith("Cost of all of it") for line in fits.top)
    narrow = grid(columns, rows, ENGLISH, 24, folded=True)
    assert max(map(len, narrow.lines)) <= 24 and "123 456.00" in "\n".join(narrow.lines)
    side = grid(columns, rows, ENGLISH, 14, folded=True)
    assert side.top == [] and "Name: word" in side.lines[0] and max(map(len, side.lines)) <= 14
