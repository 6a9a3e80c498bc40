"""What a rule is: an id, a formula in words, the figures it needs from an edition, and the inequalities it makes.

An inequality says that its left side may not exceed its right side. With exact numbers it is a check with a slack; with
the solver's unknowns in it, it is a constraint of the ILP. The arithmetic is written once, for both.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.yamlfile import Document, parse
from cloudplan.catalog.edition import Edition

Linear: TypeAlias = Any
"""An exact number, or a linear expression in the solver's unknowns."""

Kind = Literal["host", "plan", "choice", "finding", "construction"]
KINDS: dict[Kind, str] = {
    "host": "host rule: counted on every loaded host",
    "plan": "plan rule: an inequality over a cluster, a datastore or a site",
    "choice": "choice rule: which blade, class, place or mechanism one VM or disk may have",
    "finding": "finding: never forbids a plan, but the plan says so",
    "construction": "true by construction of every plan",
}
"""The kinds of rules in words."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the book; `figures` are what an edition must give under the rule's id, with how each is read."""

    id: str
    title: str
    formula: str
    kind: Kind
    figures: Mapping[str, Callable[[str], object]] = field(default_factory=dict, hash=False)

    @property
    def anchor(self) -> str:
        """The anchor of the rule in the rule reference."""
        return f"rule-{self.id}".lower().replace(".", "-").replace("_", "-")

    def at_most(self, left: Linear, right: Linear, place: str, unit: str = "") -> "Inequality":
        """Return the inequality left <= right of this rule at a place."""
        return Inequality(self, left, right, place, unit)

    def require(self, holds: bool, place: str, words: str) -> "Inequality":
        """Return a condition of this rule as an inequality: 0 <= 0 when it holds, 1 <= 0 with its words when not."""
        return Inequality(self, 0 if holds else 1, 0, place, words)


@dataclass(frozen=True, slots=True)
class Inequality:
    """left <= right, of a rule, at a place (a cluster, a host, a datastore, a VM), in a unit."""

    rule: Rule
    left: Linear
    right: Linear
    place: str
    unit: str = ""

    @property
    def slack(self) -> Fraction:
        """What is left; negative when the rule is broken. Only for numbers."""
        return Fraction(self.right) - Fraction(self.left)

    @property
    def holds(self) -> bool:
        """Whether the rule is kept. Only for numbers."""
        return bool(self.left <= self.right)


def exact(text: str) -> Fraction:
    """Read a figure that is an exact number."""
    return Fraction(Decimal(text))


def one_of(*words: str) -> Callable[[str], object]:
    """Return how to read a figure that is one of some words."""
    return words.index


def _readable(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except (ValueError, ArithmeticError):
        return False
    return True


def rule_book(rules: Iterable[Rule], edition: Edition) -> Mapping[str, Rule]:
    """Return the rules by id; a figure without a rule, or a rule without its figures, stops the book.

    Raises BadInputError with one fault for each mismatch.
    """
    book = {rule.id: rule for rule in rules}
    faults: list[tuple[str, str, str]] = [
        (name, "", f"figures for an unknown rule {name}") for name in edition.rules if name not in book
    ]
    for name, rule in book.items():
        if name not in edition.rules:
            faults.append((name, "", "the edition says nothing of this rule"))
            continue
        given, needed = edition.rules[name].figures, rule.figures
        faults += [(name, key, f"the figure {key!r} is missing") for key in sorted(needed.keys() - given)]
        faults += [(name, key, f"no rule reads the figure {key!r}") for key in sorted(given.keys() - needed)]
        faults += [
            (name, key, f"the figure {key!r} cannot be read: {given[key]!r}")
            for key in sorted(needed.keys() & given)
            if not _readable(needed[key], given[key])
        ]
    if faults:
        raise BadInputError([_fault(edition, *fault) for fault in faults])
    return book


def _fault(edition: Edition, rule: str, figure: str, message: str) -> Fault:
    """Return a fault of a rule or of one of its figures, with its place in the files of the edition."""
    name = f"edition {edition.edition}"
    document = parse(edition.files["rules.yaml"], f"{name}: rules.yaml") if edition.files else Document(None, name)
    return Fault(message, where=document.at(("rules", rule, "figures", figure), key=True), rule=rule)
