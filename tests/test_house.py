"""One rule, one place: outside the room of the rules nobody knows a rule by its id."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import REPOSITORY

from cloudplan.rules.book import ALL

PACKAGE = REPOSITORY / "cloudplan"
FIELDS_TOO = {"policy.blades", "policy.max_clusters"}
"""Ids that are also the paths of fields of a workload, and stand as such in faults, changes and findings."""

IDS = {rule.id for rule in ALL} - FIELDS_TOO
FIGURES_ARE_ADDRESSED = PACKAGE / "catalog" / "edition.py"
"""Where the reader of workloads finds the figures that are defaults of a policy."""

ELSEWHERE = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if not path.is_relative_to(PACKAGE / "rules") and path != FIGURES_ARE_ADDRESSED
]


def texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield the texts of a module that are values: docstrings and other sentences that stand alone are none."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node


def ids_in(source: str) -> list[tuple[int, str]]:
    """Return the ids of rules that stand as texts in a module, with their lines."""
    return [(text.lineno, text.value) for text in texts(ast.parse(source)) if text.value in IDS]


@pytest.mark.parametrize("path", ELSEWHERE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_rule_is_known_by_its_id_outside_the_rules(path: Path) -> None:
    assert ids_in(path.read_text(encoding="utf-8")) == []


def test_an_id_is_found_where_it_stands_as_a_text_but_not_in_words_about_the_code() -> None:
    source = '"""HA-1"""\nrule = "HA-1"\n"""HA-1"""\nwords = {"the rule HA-1": ("MEM-2", "policy.blades")}\n'
    assert ids_in(source) == [(2, "HA-1"), (4, "MEM-2")]


def test_ids_stand_where_they_may() -> None:
    assert ids_in(FIGURES_ARE_ADDRESSED.read_text(encoding="utf-8"))
    assert ids_in((PACKAGE / "rules" / "compute.py").read_text(encoding="utf-8"))
