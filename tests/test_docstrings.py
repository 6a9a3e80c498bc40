"""Public functions that raise say so: their docstrings name each error of the program that their code raises."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import typer
from conftest import REPOSITORY

from cloudplan.base import errors
from cloudplan.cli import app

PACKAGE = REPOSITORY / "cloudplan"
ERRORS = {
    name for name, item in vars(errors).items() if isinstance(item, type) and issubclass(item, errors.CloudplanError)
}

MODULES = sorted(PACKAGE.rglob("*.py"))

Function = ast.FunctionDef | ast.AsyncFunctionDef


def commands(of: typer.Typer) -> Iterator[tuple[str, str]]:
    """Yield the commands of the command line, by file and function: their docstrings are help texts."""
    for command in of.registered_commands:
        assert command.callback
        function = inspect.unwrap(command.callback)
        yield function.__code__.co_filename, function.__name__
    for group in of.registered_groups:
        assert group.typer_instance
        yield from commands(group.typer_instance)


HELP = set(commands(app))


class Silent(NamedTuple):
    """A public function, and the errors that it raises and does not name."""

    name: str
    line: int
    errors: list[str]


def functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Yield the functions of a module and the methods of its classes, with their qualified names."""
    for node in tree.body:
        if isinstance(node, Function):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{inner.name}", inner) for inner in node.body if isinstance(inner, Function))


def own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in the body of a function, without the functions defined inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.Lambda):
            yield child
            yield from own(child)


def raised(function: Function) -> set[str]:
    """Return the errors of the program that the body of a function raises."""
    statements = [node.exc for node in own(function) if isinstance(node, ast.Raise)]
    called = [node.func if isinstance(node, ast.Call) else node for node in statements]
    return {name for node in called if (name := getattr(node, "id", getattr(node, "attr", ""))) in ERRORS}


def private_calls(function: Function) -> set[str]:
    """Return the names of the private functions that a body calls, by name or as a method of its own class."""
    called = [node.func for node in own(function) if isinstance(node, ast.Call)]
    names = {node.id for node in called if isinstance(node, ast.Name)}
    names |= {
        node.attr
        for node in called
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
    }
    return {name for name in names if name.startswith("_")}


def silent(source: str) -> list[Silent]:
    """Return the public functions of a module that do not name what they, or a private helper of theirs, raise."""
    every = list(functions(ast.parse(source)))
    helpers: dict[str, set[str]] = {}
    for _, function in every:
        helpers.setdefault(function.name, set()).update(raised(function))
    found = []
    for name, function in every:
        if any(part.startswith("_") for part in name.split(".")):
            continue
        errors_of = raised(function).union(*(helpers.get(helper, set()) for helper in private_calls(function)))
        said = re.search(r"\b[Rr]aises?\b.*", ast.get_docstring(function) or "", re.DOTALL)
        unsaid = sorted(error for error in errors_of if not said or not re.search(rf"\b{error}\b", said[0]))
        if unsaid:
            found.append(Silent(name, function.lineno, unsaid))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_public_functions_say_what_they_raise(path: Path) -> None:
    found = silent(path.read_text(encoding="utf-8"))
    assert [each for each in found if (str(path), each.name) not in HELP] == []


def test_the_errors_are_those_of_the_program() -> None:
    assert {"CloudplanError", "BadInputError", "NoPlanError", "InternalError", "TimeLimitError"} <= ERRORS


RAISING = """
def _helper():
    raise BadInputError("x")

def {name}():
    '''{docstring}'''
    {body}

class Thing:
    def _own(self):
        raise errors.NoPlanError("x")

    def act(self):
        '''Act; raises NoPlanError.'''
        self._own()
"""


@pytest.mark.parametrize(
    ("docstring", "body", "unsaid"),
    [
        ("Do.", "raise InternalError('x')", ["InternalError"]),
        ("Do.", "raise InternalError", ["InternalError"]),
        ("Do, or raise InternalError.", "raise InternalError('x')", []),
        ("Raises BadInputError.", "raise InternalError('x')", ["InternalError"]),
        ("BadInputError is told.", "return _helper()", ["BadInputError"]),
        ("Raises BadInputError when wrong.", "return _helper()", []),
        ("Do.", "raise ValueError('x')", []),
        ("Do.", "raise", []),
        ("Do.", "return lambda: _helper()", []),
    ],
)
def test_a_silent_function_is_found(docstring: str, body: str, unsaid: list[str]) -> None:
    source = RAISING.format(name="act", docstring=docstring, body=body)
    assert [found.errors for found in silent(source)] == ([unsaid] if unsaid else [])
    assert silent(RAISING.format(name="_act", docstring=docstring, body=body)) == []


def test_a_silent_method_is_found() -> None:
    source = RAISING.replace("; raises NoPlanError", "").format(name="_act", docstring="", body="pass")
    assert silent(source) == [Silent("Thing.act", 13, ["NoPlanError"])]
