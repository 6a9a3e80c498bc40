"""Texts on a terminal: as wide as it is, figures whole, colours where there are any; and where there is none."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY, vm, workload

import cloudplan as cp
from cloudplan.base.language import ENGLISH
from cloudplan.presentation.grid import grid
from cloudplan.presentation.tables.table import Column

COLOUR = re.compile(r"\x1b\[\d*m")
LONG = "a-name-that-goes-on-and-on-for-a-long-while-and-is-not-done-yet"


@pytest.fixture
def folder(tmp_path: Path, edition: cp.Edition) -> Path:
    """A folder with a workload of long names and its plan."""
    vms = [vm(name=f"{LONG}-{at}", pool=f"pool-{LONG}", count=2, disks=[{"size_gib": 3000}]) for at in range(3)]
    fields = workload(name=f"estate {LONG} {LONG}", vms=vms, sites={"standby": "az06"})
    (tmp_path / "workload.yaml").write_text(yaml.safe_dump(fields, sort_keys=False), encoding="utf-8")
    plan = cp.size(cp.read_workload(fields, edition), edition, cp.load_prices())
    (tmp_path / "plan.json").write_text(plan.to_json(), encoding="utf-8")
    return tmp_path


def on_terminal(folder: Path, arguments: str, columns: int, **environment: str) -> str:
    """Return what a command shows on a terminal, without the line of its progress."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "TERM")}
    with subprocess.Popen(
        [sys.executable, "-m", "cloudplan", *arguments.split(), "--quiet"],
        **{"stdin": theirs, "stdout": theirs, "stderr": theirs, "cwd": folder},
        env={**kept, "TERM": "xterm", "PYTHONPATH": str(REPOSITORY), **environment},
    ) as process:
        os.close(theirs)
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
    assert process.returncode == 0, shown
    return shown.decode().replace("\r\n", "\n")


def piped(folder: Path, arguments: str, **environment: str) -> str:
    """Return what a command writes into a pipe."""
    return subprocess.run(
        [sys.executable, "-m", "cloudplan", *arguments.split()],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
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
def test_a_text_is_no_wider_than_the_smallest_terminal(arguments: str, folder: Path) -> None:
    assert widest(on_terminal(folder, arguments, 80)) <= 80


def test_a_text_is_as_wide_as_the_terminal_within_bounds(folder: Path) -> None:
    found = [widest(on_terminal(folder, "size workload.yaml", columns)) for columns in (40, 80, 150, 300)]
    assert found == [80, 80, 150, 200]


def test_figures_are_whole_on_the_smallest_terminal(folder: Path, edition: cp.Edition) -> None:
    shown = on_terminal(folder, "size workload.yaml", 80)
    plan = cp.read_plan(folder / "plan.json")
    for line in plan.bom:
        assert ENGLISH.amount(line.monthly) in shown and ENGLISH.number(line.quantity) in shown
    assert ENGLISH.amount(plan.monthly) in shown


def test_a_pipe_has_100_columns_and_no_colours_whatever_the_environment_says(folder: Path) -> None:
    shown = piped(folder, "size workload.yaml", COLUMNS="60", TERM="xterm")
    assert widest(shown) == 100 and "\x1b" not in shown


def test_colours_are_on_a_terminal_only_and_say_nothing_that_words_do_not(folder: Path) -> None:
    coloured = on_terminal(folder, "size workload.yaml", 100)
    plain = on_terminal(folder, "size workload.yaml", 100, NO_COLOR="1")
    assert COLOUR.search(coloured) and not COLOUR.search(plain)
    assert COLOUR.sub("", coloured) == plain == on_terminal(folder, "size workload.yaml", 100, TERM="dumb")
    assert plain == piped(folder, "size workload.yaml")


def test_a_file_has_100_columns_also_from_a_terminal(folder: Path) -> None:
    on_terminal(folder, "size workload.yaml -o plan.txt", 150)
    assert (folder / "plan.txt").read_text(encoding="utf-8") == piped(folder, "size workload.yaml")


def test_names_give_way_before_figures_and_then_the_table_is_on_its_side() -> None:
    columns = (Column("Name"), Column("Cost of all of it", "money"))
    rows = [["word " * 10, "123 456.00"]]
    fits = grid(columns, rows, ENGLISH, 40, folded=True)
    assert max(map(len, fits.lines)) <= 40 and any(line.endswith("Cost of all of it") for line in fits.top)
    narrow = grid(columns, rows, ENGLISH, 24, folded=True)
    assert max(map(len, narrow.lines)) <= 24 and "123 456.00" in "\n".join(narrow.lines)
    side = grid(columns, rows, ENGLISH, 14, folded=True)
    assert side.top == [] and "Name: word" in side.lines[0] and max(map(len, side.lines)) <= 14
