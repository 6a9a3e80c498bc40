"""What a rule is: an id, a formula in words, the figures it needs from an edition, and the checks it makes.

An inequality says that its left side may not exceed its right side. With exact numbers it is a check with a slack; with
the solver's unknowns in it, it is a constraint of the ILP. The arithmetic is written once, for both. A condition holds
or not, with a sentence that says what is wrong when not.

A rule of the provider is dated: it stands in the editions from the first one on that states it, with figures and a
citation under its id. A rule of the program stands in all of them and needs no entry.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from cloudplan.base.brief import Brief
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import decimal_of
from cloudplan.base.units import for_people
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

FIRST = "2025-01-16"
"""The oldest edition that ships: the provider's rules that it states are in every edition."""


@dataclass(frozen=True, slots=True, repr=False)
class Rule(Brief):
    """A rule of the book; `figures` are what an edition must give under the rule's id, with how each is read.

    `since` is the first edition that states a rule of the provider; None for a rule of the program's own, which has no
    figures.
    """

    id: str
    title: str
    formula: str
    kind: Kind
    figures: Mapping[str, Callable[[str], Any]] = field(default_factory=dict, hash=False)
    since: str | None = None

    @property
    def anchor(self) -> str:
        """The anchor of the rule in the rule reference."""
        return f"rule-{self.id}".lower().replace(".", "-").replace("_", "-")

    def stands_in(self, edition: Edition) -> bool:
        """Return whether the rule exists in an edition.

        In one's own, whose name is free text, a rule newer than the oldest edition that ships exists when it is there.
        """
        if self.since is None or self.since <= FIRST:
            return True
        return self.since <= edition.edition if edition.shipped else self.id in edition.rules

    def figure(self, edition: Edition, name: str) -> Any:
        """Return a figure of this rule in an edition, read as the rule reads it."""
        return _read(self.figures[name], edition.figure(self.id, name))

    def at_most(self, left: Linear, right: Linear, place: str, unit: str = "") -> "Inequality":
        """Return the inequality left <= right of this rule at a place."""
        return Inequality(self, left, right, place, unit)

    def require(self, holds: bool, place: str, words: str) -> "Condition":
        """Return a condition of this rule at a place; `words` say what is wrong when it does not hold."""
        return Condition(self, holds, place, words)


@dataclass(frozen=True, slots=True, repr=False)
class Inequality(Brief):
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

    @property
    def words(self) -> str:
        """What is wrong when it does not hold. Only for numbers."""
        left, right, unit = self.shown
        return f"{float(left):g} > {float(right):g} {unit}"

    @property
    def shown(self) -> tuple[Fraction, Fraction, str]:
        """Both sides and their unit, as people read them. Only for numbers."""
        (left, unit), (right, _) = for_people(self.left, self.unit), for_people(self.right, self.unit)
        return left, right, unit


@dataclass(frozen=True, slots=True, repr=False)
class Condition(Brief):
    """What holds or not, of a rule, at a place, with the sentence that says what is wrong when not."""

    rule: Rule
    holds: bool
    place: str
    words: str

    @property
    def shown(self) -> tuple[Fraction, Fraction, str]:
        """Two sides, 0 <= 0 when it holds and 1 <= 0 when not, with its words: for lists of checks of both kinds."""
        return Fraction(not self.holds), Fraction(0), self.words


Check: TypeAlias = Inequality | Condition


@lru_cache(maxsize=1000)
def _read(read: Callable[[str], Any], text: str) -> Any:
    return read(text)


def whole(least: int) -> Callable[[str], int]:
    """Return how to read a figure that is a whole number from `least` on."""

    def read(text: str) -> int:
        number = _number(text)
        if number < least or number.denominator != 1:
            raise ValueError(text)
        return int(number)

    return read


COUNT = whole(1)
COUNT_OR_ZERO = whole(0)


def exact(text: str) -> Fraction:
    """Read a figure that is an exact number above 0."""
    number = _number(text)
    if number <= 0:
        raise ValueError(text)
    return number


def share(text: str) -> Fraction:
    """Read a figure that is a part of 1, or 0."""
    number = _number(text)
    if not 0 <= number <= 1:
        raise ValueError(text)
    return number


def _number(text: str) -> Fraction:
    found = decimal_of(text)
    if found is None:
        raise ValueError(text)
    return Fraction(found)


def one_of(*words: str) -> Callable[[str], str]:
    """Return how to read a figure that is one of some words."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return read


def names(text: str) -> tuple[str, ...]:
    """Read a figure that is a list of names, apart by blanks; it may be empty."""
    return tuple(text.split())


def _readable(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except (ValueError, ArithmeticError):
        return False
    return True


def rule_book(rules: Iterable[Rule], edition: Edition) -> Mapping[str, Rule]:
    """Return the rules that stand in an edition, by id.

    Raises BadInputError with one fault for each figure without a rule, and for each rule without its figures.
    """
    known = {rule.id: rule for rule in rules}
    book = {name: rule for name, rule in known.items() if rule.stands_in(edition)}
    faults: list[tuple[str, str, str]] = []
    for name in edition.rules:
        if name not in known:
            faults.append((name, "", f"figures for an unknown rule {name}"))
        elif name not in book:
            faults.append((name, "", f"the rule is newer than this edition: it stands from {known[name].since} on"))
    for name, rule in book.items():
        if name not in edition.rules:
            if rule.since is not None:
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
