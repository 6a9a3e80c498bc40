"""The certifications that a workload requires: every item that a plan takes has each of them."""

from collections.abc import Iterable, Iterator

from cloudplan.rules.rule import Condition, Rule
from cloudplan.workload.case import Case

CRT_1 = Rule(
    "CRT-1",
    "Certifications required",
    "Every item of the bill has each certification in requires, as the edition says it; an edition that carries no "
    "certifications has no such plan.",
    "choice",
)

RULES = (CRT_1,)


def certified(case: Case, key: str, place: str) -> Condition:
    """Return that an item, by its key as in `Edition.keyed_items`, has all that the workload requires (CRT-1)."""
    lacking = case.edition.lacking(key, case.workload.requires)
    labels = ", ".join(case.edition.certifications[name].label for name in lacking)
    label = case.once(certified, lambda: {name: item.label for name, item in case.edition.keyed_items()})[key]
    return CRT_1.require(not lacking, place, f"{label} lacks what the workload requires: {labels}")


def carried(case: Case) -> Condition:
    """Return that the edition says what is certified, where that is required (CRT-1)."""
    says = f"edition {case.edition.edition} carries no certifications; take one that does, or leave requires out"
    return CRT_1.require(bool(case.edition.certifications or not case.workload.requires), "requires", says)


def all_certified(case: Case, keys: Iterable[str]) -> Iterator[Condition]:
    """Yield that the edition says what is certified, and that each item has it; nothing where nothing is required."""
    if case.workload.requires:
        yield carried(case)
        for key in dict.fromkeys(keys):
            yield certified(case, key, key)
