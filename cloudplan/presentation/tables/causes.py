"""What differs between two plans, or two roadmaps, by cause: the causes in words, and what each moved line by line."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from cloudplan.analysis.changes import OPTIMISER, SECOND, Item, LineChange, MadeT, Requote, Step, cost_of
from cloudplan.analysis.release_notes import compare, in_short
from cloudplan.base.language import ENGLISH, Message, counted, known, message
from cloudplan.plan.origin import Made
from cloudplan.plan.plan import BomLine
from cloudplan.plan.roadmap import Roadmap
from cloudplan.plan.wording import joined
from cloudplan.presentation.phrases import phrase
from cloudplan.presentation.tables.plan import ILLUSTRATIVE, SEVERITIES, about, catalog_name, status, told
from cloudplan.presentation.tables.table import Cell, Column, Notes, Table, Text

SIDE_BY_SIDE = 3
"""Causes that have a column each: what 80 columns of a terminal hold; what more of them moved is told below."""


def illustrative(change: Requote[MadeT]) -> tuple[Text, ...]:
    """Return that amounts are invented, where they are."""
    return (ILLUSTRATIVE,) if change.before.prices.illustrative or change.after.prices.illustrative else ()


def proofs(change: Requote[MadeT]) -> Iterator[Message]:
    """Yield what is proven of both, and how the difference was split."""
    yield message("Before: {before}. Now: {now}.", before=status(change.before), now=status(change.after))
    if not change.solved:
        yield message("Nothing changed, and this program has proven the plan already: it was not solved again.")
        return
    yield message(
        "The causes were applied in this order, and the plan solved again after each: {causes}; what is left is "
        "the optimiser's.",
        causes=joined(*(phrase(step.name) for step in change.steps[1:]), between=", "),
    )


def beside_causes(change: Requote[MadeT]) -> Iterator[Notes]:
    """Yield what the causes need to be understood: which were applied together, and what is new in the catalogue."""
    together = tuple((phrase(step.name), step.because) for step in change.steps if step.because)
    if together:
        yield Notes("Applied together", together)
    old, new = change.origin.edition, change.renewed.edition
    if old != new:
        editions = message("{old:day} → {new:day}", old=old.edition, new=new.edition)
        yield Notes("The catalogue", ((editions, message("{news}.", news=in_short(compare(old, new)))),))


def ordered(change: Requote[MadeT]) -> tuple[Step[MadeT], ...]:
    """Return the steps as they are shown: the causes in their order, then the optimiser."""
    return (*change.steps[1:], change.steps[0])


def causes(change: Requote[MadeT]) -> Table:
    """Return what each cause moved, summing to the difference of the totals."""
    currency = change.after.prices.currency
    rows: list[tuple[Cell, ...]] = [
        (phrase(step.name), what(change, step), change.moved_by(step)) for step in ordered(change)
    ]
    columns = (Column("Cause"), Column("From what to what"), Column("Difference", "change", currency))
    return Table("Causes", columns, (*rows, (message("total"), "", change.difference)))


def line_table(change: Requote[MadeT], moved: list[LineChange]) -> Table:
    """Return the lines that moved, by cause; causes that moved none of them have no column, nor more than fit."""
    currency = change.after.prices.currency
    names = [step.name for step in ordered(change) if any(line.by_step[step.name] for line in moved)]
    names = names if len(names) <= SIDE_BY_SIDE else []
    rows: list[tuple[Cell, ...]] = [
        (line.site, label(line.item), *(line.by_step[name] for name in names), line.difference) for line in moved
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


def moved_lines(change: Requote[MadeT]) -> list[LineChange]:
    """Return the lines that moved: in money, or in quantity or price."""
    return [
        line for line in change.lines if any(line.by_step.values()) or _figures(line.before) != _figures(line.after)
    ]


def _figures(item: Item | None) -> tuple[Any, ...]:
    return (item.course, item.line.unit_price) if item else ()


def head(line: LineChange, currency: str) -> Message:
    """Return a line with what it moved by, and which causes did."""
    moves = [
        message("{cause} {difference:+}", cause=phrase(name), difference=value)
        for name, value in line.by_step.items()
        if value
    ]
    shown = message(
        "{site} {label:w}: {difference:+} {currency}",
        site=line.site,
        label=label(line.item),
        difference=line.difference,
        currency=currency,
    )
    return message("{head} ({split})", head=shown, split=joined(*moves, between=", ")) if moves else shown


def price_moved(line: LineChange, currency: str) -> Iterator[Message]:
    """Yield the unit price before and now, where it is another."""
    before, after = line.before, line.after
    if before and after and before.line.unit_price != after.line.unit_price:
        yield message(
            "{old:u} → {new:u} {currency} for one {unit:w}",
            old=before.line.unit_price,
            new=after.line.unit_price,
            currency=currency,
            unit=after.line.unit,
        )


def label(item: Item) -> Message:
    """Return what an item is called; a licence of others by its name."""
    if isinstance(item.line, BomLine):
        return known(item.line.label)
    return message("licence {name}", name=item.line.label)


def line_named(line: LineChange) -> dict[str, Any]:
    """Return what a line is, as plain values; a licence of others has `licence` in place of `sku`."""
    billed = line.item.line
    name = {"sku": line.sku} if isinstance(billed, BomLine) else {"licence": billed.licence}
    return {"site": line.site, **name, "label": billed.label, "unit": billed.unit}


def difference_values(change: Requote[MadeT], kept: set[str], amount: str) -> dict[str, Any]:
    """Return what both were, the difference and its causes, as plain values.

    `kept` are the fields that are told of each, `amount` what the JSON calls the cost of each step.
    """
    return {
        "program": change.after.program,
        "currency": change.after.prices.currency,
        "order": [step.name for step in ordered(change)],
        "before": change.before.model_dump(mode="json", include=kept),
        "after": change.after.model_dump(mode="json", include=kept),
        "difference": str(change.difference),
        "causes": [
            {
                "cause": step.name,
                "what": ENGLISH.said(what(change, step)),
                "because": step.because,
                amount: str(cost_of(step.made)),
                "gap": step.made.gap,
                "difference": str(change.moved_by(step)),
            }
            for step in ordered(change)
        ],
    }


def what(change: Requote[MadeT], step: Step[MadeT]) -> Message:
    """Return what a step changed of the inputs, in words."""
    old, new = change.previous(step), step.made
    if step.causes == (SECOND,):
        return message("the second plan beside the cheapest of its own inputs")
    if step.causes == (OPTIMISER,):
        if new is old:
            return message("not solved again")
        if old.program == new.program:
            return message("the same inputs solved again")
        return message("the same inputs solved again, {old} → {new}", old=old.program, new=new.program)
    texts = [text for cause in step.causes if (text := WORDS[cause](old, new)) is not None]
    return joined(*texts, between="; ") if texts else message("unchanged")


def _workload(old: Made, new: Made) -> Message | None:
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
    fields = [key for key in {**before, **after} if key not in _TOLD and before.get(key) != after.get(key)]
    if fields:
        texts.append(message("changed: {fields}", fields=", ".join(fields)))
    return joined(*texts, between=", ") if texts else None


_TOLD = ("vms", "term_months", "policy", "horizon", "catalog")
"""Fields of a workload that are told apart, or are causes of their own."""


def _growth(old: Made, new: Made) -> Message | None:
    texts = []
    rates = {"vms": message("VMs {old:p} → {new:p} a year"), "storage": message("storage {old:p} → {new:p} a year")}
    for name, text in rates.items():
        before, after = (Decimal(made.inputs.workload["horizon"]["growth"][name]) for made in (old, new))
        if before != after:
            texts.append(message(text.template, old=before, new=after))
    return joined(*texts, between=", ") if texts else None


def _horizon(old: Made, new: Made) -> Message | None:
    before, after = (made.inputs.workload["horizon"] for made in (old, new))
    fields = [key for key in {**before, **after} if key != "growth" and before.get(key) != after.get(key)]
    texts = [message("{key} {old} → {new}", key=key, old=before.get(key), new=after.get(key)) for key in fields]
    return joined(*texts, between=", ") if texts else None


def _existing(old: Made, new: Made) -> Message | None:
    before, after = old.inputs.existing, new.inputs.existing
    if before == after:
        return None
    shown = [_standing(each) for each in (before, after)]
    if shown[0] == shown[1]:
        return message("{old}, some changed", old=shown[0])
    return message("{old} → {new}", old=shown[0], new=shown[1])


def _standing(existing: Mapping[str, Any] | None) -> Message:
    """Return what stood already, in short."""
    if existing is None:
        return message("nothing stood")
    hosts = sum(cluster["hosts"] for cluster in existing["clusters"])
    stores = message("{gib:n} GiB", gib=sum(store["size_gib"] for store in existing["datastores"]))
    return joined(counted("{count:n} host", "{count:n} hosts", hosts), stores, between=", ")


def _policy(old: Made, new: Made) -> Message | None:
    before, after = old.inputs.workload["policy"], new.inputs.workload["policy"]
    fields = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    texts = [
        message("{key} changed", key=key)
        if isinstance(after.get(key), (dict, list))
        else message("{key} {old} → {new}", key=key, old=before.get(key), new=after.get(key))
        for key in fields
    ]
    return joined(*texts, between=", ") if texts else None


def _catalogue(old: Made, new: Made) -> Message | None:
    return _named(old.catalog.edition, old.catalog.sha256, new.catalog.edition, new.catalog.sha256)


def _prices(old: Made, new: Made) -> Message | None:
    return _named(old.prices.name, old.prices.sha256, new.prices.name, new.prices.sha256)


def _licence_prices(old: Made, new: Made) -> Message | None:
    """Return which licences of others cost something else or count otherwise."""
    before, after = (made.inputs.prices.get("licences", {}) for made in (old, new))
    texts = []
    for name in [name for name in {**before, **after} if before.get(name) != after.get(name)]:
        one, other = before.get(name), after.get(name)
        if one and other and one["price"] != other["price"]:
            texts.append(message("{name} {old:u} → {new:u}", name=name, old=one["price"], new=other["price"]))
        else:
            changed = message("{key} changed", key=name)
            texts.append(changed if one and other else _come_or_gone(name, gone=one is not None))
    return joined(*texts, between=", ") if texts else None


def _come_or_gone(name: str, *, gone: bool) -> Message:
    return message("{name} gone", name=name) if gone else message("{name} new", name=name)


def _named(old: str, old_sha: str, new: str, new_sha: str) -> Message | None:
    if old_sha == new_sha:
        return None
    return message("{old:day} → {new:day}", old=old, new=new) if old != new else message("{new:day}, changed", new=new)


WORDS: Mapping[str, Callable[[Made, Made], Message | None]] = {
    "workload": _workload,
    "growth": _growth,
    "horizon": _horizon,
    "existing": _existing,
    "policy": _policy,
    "catalogue": _catalogue,
    "prices": _prices,
    "licence prices": _licence_prices,
}
"""What each cause changed, in words."""


def findings(made: Made) -> Notes:
    """Return what the reader of the new plan or roadmap must know."""
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
        for item in made.findings
    ]
    if isinstance(made, Roadmap):
        return Notes("Findings of the new roadmap", tuple(heads))
    return Notes("Findings of the new plan", tuple(heads))


def made_with(change: Requote[MadeT]) -> Notes:
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
