"""The notebook among the examples: its cells run in order, and show what is stored in it."""

import ast
import contextlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY

pytestmark = pytest.mark.usefixtures("solved_once")
NOTEBOOKS = sorted((REPOSITORY / "examples").glob("*.ipynb"))


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def shown(value: Any) -> dict[str, list[str]]:
    """Return a value as a notebook keeps it: as text, and as HTML if it has any."""
    html = getattr(value, "_repr_html_", lambda: None)()
    return {**({"text/html": lines(html)} if html else {}), "text/plain": lines(repr(value))}


def outputs(source: str, number: int, names: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what a cell puts out: what it prints, and the value of its last line where that is an expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    value = None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, f"cell {number}", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), names)
    if text := printed.getvalue():
        yield {"name": "stdout", "output_type": "stream", "text": lines(text)}
    if value is not None:
        data = shown(value)
        yield {"data": data, "execution_count": number, "metadata": {}, "output_type": "execute_result"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_and_shows_what_it_keeps(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    shutil.copytree(path.parent, tmp_path / "examples")
    monkeypatch.chdir(tmp_path / "examples")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    ran = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(ran, start=1):
        found = {"execution_count": number, "outputs": list(outputs("".join(cell["source"]), number, names))}
        if request.config.getoption("--update-golden"):
            cell.update(found)
        assert {name: cell[name] for name in found} == found
    if request.config.getoption("--update-golden"):
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert len(ran) > 5


def test_there_is_a_notebook() -> None:
    assert [path.name for path in NOTEBOOKS] == ["library.ipynb"]
