"""What a start imports: what is used, and nothing of what is slow to import beside it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import REPOSITORY

import cloudplan as cp

DOCUMENTS = {"jinja2", "leather", "xlsxwriter", "openpyxl", "python_calamine", "babel", "weasyprint", "pypdf"}
"""What reads and writes workbooks, pages and PDF."""
SOLVER = {"numpy", "pulp", "highspy"}
HEAVY = DOCUMENTS | SOLVER | {"pydantic", "yaml", "tabulate"}

WEB_SHOP = REPOSITORY / "examples" / "web-shop.yaml"
PLAN = "plan.json"
COMMAND = "import sys; from cloudplan.cli import main; sys.argv[0] = 'cloudplan'; main()"
WATCHED = "import atexit, sys; atexit.register(lambda: sys.stderr.write(' '.join(sys.modules)))\n"


def imported(program: str, *arguments: object) -> set[str]:
    """Return the packages that a program imports in a process of its own."""
    command = [sys.executable, "-c", WATCHED + program, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in ran.stderr.split()}


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("startup") / PLAN
    path.write_text(cp.size(cp.read_workload(WEB_SHOP)).to_json(), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("program", "arguments", "left_out"),
    [
        ("import cloudplan; dir(cloudplan)", [], HEAVY | {"typer"}),
        (COMMAND, ["--help"], HEAVY),
        (COMMAND, ["size", WEB_SHOP], DOCUMENTS),
        (COMMAND, ["verify", PLAN], DOCUMENTS | SOLVER),
        (COMMAND, ["explain", PLAN], DOCUMENTS | SOLVER),
        (COMMAND, ["report", PLAN], DOCUMENTS - {"jinja2", "leather"} | SOLVER),
        (COMMAND, ["quote", PLAN, "--format", "csv", "-o", "-"], DOCUMENTS | SOLVER),
    ],
    ids=["import", "help", "size", "verify", "explain", "report", "quote"],
)
def test_a_start_leaves_out_what_it_does_not_use(
    program: str, arguments: list[object], left_out: set[str], plan: Path
) -> None:
    found = imported(program, *(plan if each == PLAN else each for each in arguments))
    assert "cloudplan" in found and found & left_out == set()


def homes(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the public names that the type checker sees, with the modules that make them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("cloudplan."):
            yield from ((each.name, str(node.module)) for each in node.names)


def test_a_name_comes_from_where_the_type_checker_looks_for_it() -> None:
    seen = dict(homes(ast.parse(Path(cp.__file__).read_text(encoding="utf-8"))))
    assert seen.keys() == set(cp.__all__) - {"size", "roadmap"} | {"plan_over_time"}
    for name, module in seen.items():
        assert getattr(cp, name) is getattr(sys.modules[module], name)
    assert cp.size is cp.optimise and cp.roadmap is cp.plan_over_time


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'cloudplan' has no attribute 'siez'"):
        cp.siez  # type: ignore[attr-defined]  # noqa: B018
    assert set(cp.__all__) < set(dir(cp))
