"""A requote as a report and as plain values: the totals, the causes, every line that moved, and why."""

from decimal import Decimal
from typing import Any

from cloudplan.analysis.changes import OPTIMISER, SECOND, LineChange, Requote, Step
from cloudplan.analysis.release_notes import compare, in_short
from cloudplan.base.language import ENGLISH
from cloudplan.base.money import amount
from cloudplan.base.units import number
from cloudplan.plan.plan import BomLine, Plan
from cloudplan.presentation.tables.plan import ILLUSTRATIVE, catalog_name, status
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table, counted, words

REQUOTE_SCHEMA = "cloudplan/requote/v1"
DIFF_SCHEMA = "cloudplan/diff/v1"


def diff_report(change: Requote) -> Report:
    """Return the difference of two plans for people."""
    return report(change, title="difference")


def diff_values(change: Requote) -> dict[str, Any]:
    """Return the difference of two plans as plain values, amounts as text."""
    return {**{key: value for key, value in values(change).items() if key != "plan"}, "schema": DIFF_SCHEMA}


def report(change: Requote, *, title: str = "requote") -> Report:
    """Return a requote for people."""
    before, after, currency = change.before, change.after, change.after.prices.currency
    moved = [line for line in change.lines if _moved(line)]
    illustrative = (ENGLISH.said(ILLUSTRATIVE),) if before.prices.illustrative or after.prices.illustrative else ()
    summary = (
        *illustrative,
        f"{amount(before.monthly)} {currency} a month before, {amount(after.monthly)} now: "
        f"{signed(change.difference)} {currency} a month.",
        f"Before: {ENGLISH.said(status(before))}. Now: {ENGLISH.said(status(after))}.",
        "The causes were applied in this order, and the plan solved again after each: "
        f"{', '.join(step.name for step in change.steps[1:])}; what is left is the optimiser's."
        if change.solved
        else "Nothing changed, and this program has proven the plan already: it was not solved again.",
    )
    joined = tuple((step.name, step.because) for step in change.steps if step.because)
    old, new = change.origin.edition, change.renewed.edition
    notes = ((f"{old.edition} → {new.edition}", f"{in_short(compare(old, new))}."),)
    parts: tuple[Table | Notes, ...] = (
        causes(change),
        *([Notes("Applied together", joined)] if joined else []),
        *([Notes("The catalogue", notes)] if old != new else []),
        line_table(change, moved),
        *([_reasons(moved, currency)] if moved else []),
        _findings(after),
        _made_with(change),
    )
    return Report(f"{after.workload.name}: {title}", summary, parts)


def ordered(change: Requote) -> tuple[Step, ...]:
    """Return the steps as they are shown: the causes in their order, then the optimiser."""
    return (*change.steps[1:], change.steps[0])


def causes(change: Requote) -> Table:
    """Return what each cause moved, summing to the difference of the totals."""
    currency = change.after.prices.currency
    rows: list[tuple[Cell, ...]] = [(step.name, _what(change, step), change.moved_by(step)) for step in ordered(change)]
    columns = (Column("Cause"), Column("From what to what"), Column("Difference", "change", currency))
    return Table("Causes", columns, (*rows, ("total", "", change.difference)))


def line_table(change: Requote, moved: list[LineChange]) -> Table:
    """Return the lines that moved, by cause; causes that moved none of them have no column."""
    currency = change.after.prices.currency
    names = [step.name for step in ordered(change) if any(line.by_step[step.name] for line in moved)]
    rows: list[tuple[Cell, ...]] = [
        (line.site, line.line.label, *(line.by_step[name] for name in names), line.difference) for line in moved
    ]
    sums = (sum((line.by_step[name] for line in moved), Decimal("0.00")) for name in names)
    columns = (
        *(Column("Site"), Column("Item")),
        *(Column(name.capitalize(), "change", currency) for name in names),
        Column("Difference", "change", currency),
    )
    rest = len(change.lines) - len(moved)
    note = f"{counted(rest, 'more line')} did not move." if rest else ""
    return Table("Line by line", columns, (*rows, ("total", "", *sums, change.difference)) if moved else (), note)


def values(change: Requote) -> dict[str, Any]:
    """Return a requote as plain values, amounts as text; the new plan is a part of it."""
    return {
        "schema": REQUOTE_SCHEMA,
        "program": change.after.program,
        "currency": change.after.prices.currency,
        "order": [step.name for step in ordered(change)],
        "before": _reference(change.before),
        "after": _reference(change.after),
        "difference": str(change.difference),
        "causes": [
            {
                "cause": step.name,
                "what": _what(change, step),
                "because": step.because,
                "monthly": str(step.plan.monthly),
                "gap": step.plan.gap,
                "difference": str(change.moved_by(step)),
            }
            for step in ordered(change)
        ],
        "lines": [_line_values(change, line) for line in change.lines],
        "plan": change.after.model_dump(mode="json", by_alias=True),
    }


def signed(value: Decimal) -> str:
    """Return an amount with its sign."""
    return words(value, "change")


def _moved(line: LineChange) -> bool:
    return any(line.by_step.values()) or _figures(line.before) != _figures(line.after)


def _figures(line: BomLine | None) -> tuple[Any, ...]:
    return (line.quantity, line.unit_price) if line else ()


def _reasons(moved: list[LineChange], currency: str) -> Notes:
    """Return what moved in each line: quantity, unit price, and the reasons of both plans."""
    entries = []
    for line in moved:
        before, after = line.before, line.after
        texts = []
        if before is None or after is None:
            state = "new" if after else "gone" if before else "in between only"
            texts.append(f"{state}: {_quantity(line.line)}")
        else:
            if before.quantity != after.quantity:
                texts.append(f"{number(before.quantity)} → {_quantity(after)}")
            if before.unit_price != after.unit_price:
                prices = [words(item.unit_price, "price") for item in (before, after)]
                texts.append(f"{prices[0]} → {prices[1]} {currency} for one {after.unit}")
        texts += [f"before: {before.because} [{before.rule}]"] if before and not _same_reason(line) else []
        texts += [f"now: {after.because} [{after.rule}]"] if after else []
        split = ", ".join(f"{name} {signed(value)}" for name, value in line.by_step.items() if value)
        head = f"{line.site} {line.line.label}: {signed(line.difference)} {currency}"
        entries.append((f"{head} ({split})" if split else head, "; ".join(texts)))
    return Notes("Why", tuple(entries))


def _quantity(line: BomLine) -> str:
    """Return a quantity with its unit: 7 blades, 3 485 GiB."""
    countable = line.unit.isalpha() and not line.unit.endswith("iB")
    return counted(line.quantity, line.unit) if countable else f"{number(line.quantity)} {line.unit}"


def _same_reason(line: LineChange) -> bool:
    return bool(line.before and line.after and line.before.because == line.after.because)


def _what(change: Requote, step: Step) -> str:
    """Return what a step changed of the inputs, in words."""
    old, new = change.previous(step), step.plan
    if step.causes == (SECOND,):
        return "the second plan beside the cheapest of its own inputs"
    if step.causes == (OPTIMISER,):
        again = "" if old.program == new.program else f", {old.program} → {new.program}"
        return f"the same inputs solved again{again}" if new is not old else "not solved again"
    texts = [text for cause in step.causes if (text := _WORDS[cause](old, new))]
    return "; ".join(texts) or "unchanged"


def _workload(old: Plan, new: Plan) -> str:
    before, after = old.inputs.workload, new.inputs.workload
    texts = []
    if before["vms"] != after["vms"]:
        counts = [(sum(int(vm["count"]) for vm in tree["vms"]), len(tree["vms"])) for tree in (before, after)]
        shown = [f"{counted(vms, 'VM')} in {counted(groups, 'group')}" for vms, groups in counts]
        texts.append(" → ".join(shown) if shown[0] != shown[1] else f"{shown[0]}, some changed")
    if before["term_months"] != after["term_months"]:
        texts.append(f"term {before['term_months']} → {after['term_months']} months")
    fields = [key for key in ("name", "customer", "region", "sites", "extras") if before.get(key) != after.get(key)]
    return ", ".join([*texts, *([f"changed: {', '.join(fields)}"] if fields else [])])


def _policy(old: Plan, new: Plan) -> str:
    before, after = old.inputs.workload["policy"], new.inputs.workload["policy"]
    fields = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return ", ".join(
        f"{key} changed" if isinstance(after.get(key), (dict, list)) else f"{key} {before.get(key)} → {after.get(key)}"
        for key in fields
    )


def _catalogue(old: Plan, new: Plan) -> str:
    return _named(old.catalog.edition, old.catalog.sha256, new.catalog.edition, new.catalog.sha256)


def _prices(old: Plan, new: Plan) -> str:
    return _named(old.prices.name, old.prices.sha256, new.prices.name, new.prices.sha256)


def _named(old: str, old_sha: str, new: str, new_sha: str) -> str:
    if old_sha == new_sha:
        return ""
    return f"{old} → {new}" if old != new else f"{new}, changed"


_WORDS = {"workload": _workload, "policy": _policy, "catalogue": _catalogue, "prices": _prices}


def _findings(plan: Plan) -> Notes:
    heads = ((f"{item.severity}: {item.code}, {item.subject}", item.message) for item in plan.findings)
    return Notes("Findings of the new plan", tuple(heads))


def _made_with(change: Requote) -> Notes:
    """Return what both plans were made from, with whole hashes."""
    pairs = {
        "Catalogue edition": [
            (words(catalog_name(plan), "text"), plan.catalog.sha256) for plan in (change.before, change.after)
        ],
        "Price book": [(plan.prices.name, plan.prices.sha256) for plan in (change.before, change.after)],
        "Workload": [(plan.workload.name, plan.workload.sha256) for plan in (change.before, change.after)],
    }
    entries = []
    for what, ((old, old_sha), (new, new_sha)) in pairs.items():
        if (old, old_sha) == (new, new_sha):
            entries.append((f"{what}: {new}, as before", new_sha))
        else:
            entries.append((f"{what} before: {old}", old_sha))
            entries.append((f"{what} now: {new}", new_sha))
    programs = dict.fromkeys((change.before.program, change.after.program))
    return Notes("Made with", (*entries, (f"Program: {' → '.join(programs)}", "")))


def _reference(plan: Plan) -> dict[str, Any]:
    kept = {"program", "workload", "catalog", "prices", "status", "monthly", "lower_bound", "gap"}
    return plan.model_dump(mode="json", include=kept)


def _line_values(change: Requote, line: LineChange) -> dict[str, Any]:
    both = {"before": line.before, "after": line.after}
    kept = {"quantity", "unit_price", "monthly", "rule", "because"}
    return {
        "site": line.site,
        "sku": line.sku,
        "label": line.line.label,
        "unit": line.line.unit,
        **{name: item.model_dump(mode="json", include=kept) if item else None for name, item in both.items()},
        "difference": str(line.difference),
        "by_cause": {step.name: str(line.by_step[step.name]) for step in ordered(change)},
    }
