"""A requote as a report and as plain values: the totals, the causes, every line that moved, and why."""

from decimal import Decimal
from typing import Any

from cloudplan.analysis.changes import OPTIMISER, SECOND, LineChange, Requote, Step
from cloudplan.analysis.release_notes import compare, in_short
from cloudplan.base.language import ENGLISH, Message, counted, known, message
from cloudplan.plan.plan import BomLine, Plan
from cloudplan.plan.wording import joined
from cloudplan.presentation.phrases import phrase
from cloudplan.presentation.tables.plan import ILLUSTRATIVE, SEVERITIES, about, because, catalog_name, status, told
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table, Text

REQUOTE_SCHEMA = "cloudplan/requote/v1"
DIFF_SCHEMA = "cloudplan/diff/v1"


def diff_report(change: Requote) -> Report:
    """Return the difference of two plans for people."""
    return report(change, title=message("{name}: difference").template)


def diff_values(change: Requote) -> dict[str, Any]:
    """Return the difference of two plans as plain values, amounts as text."""
    return {**{key: value for key, value in values(change).items() if key != "plan"}, "schema": DIFF_SCHEMA}


def report(change: Requote, *, title: str = message("{name}: requote").template) -> Report:
    """Return a requote for people."""
    before, after, currency = change.before, change.after, change.after.prices.currency
    moved = [line for line in change.lines if _moved(line)]
    illustrative = (ILLUSTRATIVE,) if before.prices.illustrative or after.prices.illustrative else ()
    summary = (
        *illustrative,
        message(
            "{before:m} {currency} a month before, {now:m} now: {difference:+} {currency} a month.",
            before=before.monthly,
            now=after.monthly,
            difference=change.difference,
            currency=currency,
        ),
        message("Before: {before}. Now: {now}.", before=status(before), now=status(after)),
        message(
            "The causes were applied in this order, and the plan solved again after each: {causes}; what is left is "
            "the optimiser's.",
            causes=joined(*(phrase(step.name) for step in change.steps[1:]), between=", "),
        )
        if change.solved
        else message("Nothing changed, and this program has proven the plan already: it was not solved again."),
    )
    together = tuple((phrase(step.name), step.because) for step in change.steps if step.because)
    old, new = change.origin.edition, change.renewed.edition
    editions = message("{old:day} → {new:day}", old=old.edition, new=new.edition)
    notes = ((editions, message("{news}.", news=in_short(compare(old, new)))),)
    parts: tuple[Table | Notes, ...] = (
        causes(change),
        *([Notes("Applied together", together)] if together else []),
        *([Notes("The catalogue", notes)] if old != new else []),
        line_table(change, moved),
        *([_reasons(moved, currency)] if moved else []),
        _findings(after),
        _made_with(change),
    )
    return Report(message(title, name=after.workload.name), summary, parts)


def ordered(change: Requote) -> tuple[Step, ...]:
    """Return the steps as they are shown: the causes in their order, then the optimiser."""
    return (*change.steps[1:], change.steps[0])


def causes(change: Requote) -> Table:
    """Return what each cause moved, summing to the difference of the totals."""
    currency = change.after.prices.currency
    rows: list[tuple[Cell, ...]] = [
        (phrase(step.name), _what(change, step), change.moved_by(step)) for step in ordered(change)
    ]
    columns = (Column("Cause"), Column("From what to what"), Column("Difference", "change", currency))
    return Table("Causes", columns, (*rows, (message("total"), "", change.difference)))


def line_table(change: Requote, moved: list[LineChange]) -> Table:
    """Return the lines that moved, by cause; causes that moved none of them have no column."""
    currency = change.after.prices.currency
    names = [step.name for step in ordered(change) if any(line.by_step[step.name] for line in moved)]
    rows: list[tuple[Cell, ...]] = [
        (line.site, known(line.line.label), *(line.by_step[name] for name in names), line.difference) for line in moved
    ]
    sums = (sum((line.by_step[name] for line in moved), Decimal("0.00")) for name in names)
    columns = (
        *(Column("Site"), Column("Item")),
        *(Column(name.capitalize(), "change", currency) for name in names),
        Column("Difference", "change", currency),
    )
    rest = len(change.lines) - len(moved)
    note = counted("{count:n} more line did not move.", "{count:n} more lines did not move.", rest) if rest else ""
    return Table(
        "Line by line", columns, (*rows, (message("total"), "", *sums, change.difference)) if moved else (), note
    )


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
                "what": ENGLISH.said(_what(change, step)),
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
            state = "new: {quantity}" if after else "gone: {quantity}" if before else "in between only: {quantity}"
            texts.append(message(state, quantity=_quantity(line.line)))
        else:
            if before.quantity != after.quantity:
                texts.append(message("{old:n} → {new}", old=before.quantity, new=_quantity(after)))
            if before.unit_price != after.unit_price:
                texts.append(
                    message(
                        "{old:u} → {new:u} {currency} for one {unit:w}",
                        old=before.unit_price,
                        new=after.unit_price,
                        currency=currency,
                        unit=after.unit,
                    )
                )
        if before and not _same_reason(line):
            texts.append(message("before: {because} [{rule}]", because=because(before), rule=before.rule))
        if after:
            texts.append(message("now: {because} [{rule}]", because=because(after), rule=after.rule))
        moves = [
            message("{cause} {difference:+}", cause=phrase(name), difference=value)
            for name, value in line.by_step.items()
            if value
        ]
        values = {"site": line.site, "label": line.line.label, "difference": line.difference, "currency": currency}
        head = message("{site} {label:w}: {difference:+} {currency}", **values)
        if moves:
            head = message("{head} ({split})", head=head, split=joined(*moves, between=", "))
        entries.append((head, joined(*texts, between="; ")))
    return Notes("Why", tuple(entries))


def _quantity(line: BomLine) -> Message:
    """Return a quantity with its unit: 7 blades, 3 485 GiB."""
    countable = line.unit.isalpha() and not line.unit.endswith("iB")
    unit = f"{line.unit}s" if countable and line.quantity != 1 else line.unit
    return message("{count:n} {unit:w}", count=line.quantity, unit=unit)


def _same_reason(line: LineChange) -> bool:
    return bool(line.before and line.after and line.before.because == line.after.because)


def _what(change: Requote, step: Step) -> Message:
    """Return what a step changed of the inputs, in words."""
    old, new = change.previous(step), step.plan
    if step.causes == (SECOND,):
        return message("the second plan beside the cheapest of its own inputs")
    if step.causes == (OPTIMISER,):
        if new is old:
            return message("not solved again")
        if old.program == new.program:
            return message("the same inputs solved again")
        return message("the same inputs solved again, {old} → {new}", old=old.program, new=new.program)
    texts = [text for cause in step.causes if (text := _WORDS[cause](old, new)) is not None]
    return joined(*texts, between="; ") if texts else message("unchanged")


def _workload(old: Plan, new: Plan) -> Message | None:
    before, after = old.inputs.workload, new.inputs.workload
    texts = []
    if before["vms"] != after["vms"]:
        counts = [(sum(int(vm["count"]) for vm in tree["vms"]), len(tree["vms"])) for tree in (before, after)]
        shown = [
            message(
                "{vms} in {groups}",
                vms=counted("{count:n} VM", "{count:n} VMs", vms),
                groups=counted("{count:n} group", "{count:n} groups", groups),
            )
            for vms, groups in counts
        ]
        changed = counts[0] != counts[1]
        texts.append(
            message("{old} → {new}", old=shown[0], new=shown[1])
            if changed
            else message("{old}, some changed", old=shown[0])
        )
    if before["term_months"] != after["term_months"]:
        terms = {"old": before["term_months"], "new": after["term_months"]}
        texts.append(message("term {old} → {new} months", **terms))
    fields = [key for key in ("name", "customer", "region", "sites", "extras") if before.get(key) != after.get(key)]
    if fields:
        texts.append(message("changed: {fields}", fields=", ".join(fields)))
    return joined(*texts, between=", ") if texts else None


def _policy(old: Plan, new: Plan) -> Message | None:
    before, after = old.inputs.workload["policy"], new.inputs.workload["policy"]
    fields = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    texts = [
        message("{key} changed", key=key)
        if isinstance(after.get(key), (dict, list))
        else message("{key} {old} → {new}", key=key, old=before.get(key), new=after.get(key))
        for key in fields
    ]
    return joined(*texts, between=", ") if texts else None


def _catalogue(old: Plan, new: Plan) -> Message | None:
    return _named(old.catalog.edition, old.catalog.sha256, new.catalog.edition, new.catalog.sha256)


def _prices(old: Plan, new: Plan) -> Message | None:
    return _named(old.prices.name, old.prices.sha256, new.prices.name, new.prices.sha256)


def _named(old: str, old_sha: str, new: str, new_sha: str) -> Message | None:
    if old_sha == new_sha:
        return None
    return message("{old:day} → {new:day}", old=old, new=new) if old != new else message("{new:day}, changed", new=new)


_WORDS = {"workload": _workload, "policy": _policy, "catalogue": _catalogue, "prices": _prices}


def _findings(plan: Plan) -> Notes:
    heads = [
        (
            message(
                "{severity}: {code}, {subject}",
                severity=SEVERITIES[item.severity],
                code=item.code,
                subject=about(item),
            ),
            told(item),
        )
        for item in plan.findings
    ]
    return Notes("Findings of the new plan", tuple(heads))


def _made_with(change: Requote) -> Notes:
    """Return what both plans were made from, with whole hashes."""
    pairs: dict[str, list[tuple[Cell, str]]] = {
        "Catalogue edition": [(catalog_name(plan), plan.catalog.sha256) for plan in (change.before, change.after)],
        "Price book": [(plan.prices.name, plan.prices.sha256) for plan in (change.before, change.after)],
        "Workload": [(plan.workload.name, plan.workload.sha256) for plan in (change.before, change.after)],
    }
    entries: list[tuple[Text, Text]] = []
    for what, ((old, old_sha), (new, new_sha)) in pairs.items():
        if (old, old_sha) == (new, new_sha):
            entries.append((message("{what:w}: {name}, as before", what=what, name=new), new_sha))
        else:
            entries.append((message("{what:w} before: {name}", what=what, name=old), old_sha))
            entries.append((message("{what:w} now: {name}", what=what, name=new), new_sha))
    programs = dict.fromkeys((change.before.program, change.after.program))
    return Notes("Made with", (*entries, (message("Program: {names}", names=" → ".join(programs)), "")))


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
