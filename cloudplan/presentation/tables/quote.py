"""The tables of a quote: what procurement reads, for the customer or with all that is internal.

The customer's tables are made without discounts and list prices; nothing is hidden, it is not there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from cloudplan.base.language import Language, Message, counted, known, message
from cloudplan.base.units import MIB_PER_GIB
from cloudplan.catalog.edition import StorageClass
from cloudplan.evaluation import utilisation
from cloudplan.evaluation.findings import sorted_findings
from cloudplan.plan.plan import Finding
from cloudplan.plan.wording import joined
from cloudplan.presentation.tables import plan as plan_tables
from cloudplan.presentation.tables.table import Cell, Column, Table
from cloudplan.rules.backup import BKP_3
from cloudplan.rules.book import rule_book
from cloudplan.sales.quote import Quote
from cloudplan.sales.revision import Move
from cloudplan.sales.terms import ExtraLine, Party
from cloudplan.workload.reading import as_given

INTERNAL = ("List price", "Discount", "List amount", "Discount amount")
"""Columns of the bill that the customer does not get."""
SIRET_DIGITS = 14
KINDS = {
    "included": message("included"),
    "optional": message("optional, not in the totals"),
    "alternative": message("alternative, not in the totals"),
}
CAUSES = {
    "workload": message("what is asked for"),
    "existing": message("what stands already"),
    "policy": message("rules of sizing"),
    "catalogue": message("catalogue"),
    "prices": message("prices"),
    "licence prices": message("prices of licences"),
    "optimiser": message("sized again"),
    "the second optimiser": message("another choice"),
}
"""The causes as `diff` names them, for readers of a quote."""


# --- the quote and its bill ---------------------------------------------------------------------------------------


def bill(quote: Quote) -> Table:
    """Return the lines of the bill; for the customer with net prices only, else also list and discount."""
    rows = tuple(
        (
            *(number, known(item.family), *plan_tables.bill_row(item.line, item.unit_net, item.net)),
            *(item.listed, item.discounted),
        )
        for number, item in enumerate(quote.lines, start=1)
    )
    currency = quote.plan.prices.currency
    whole = Table(
        "Bill of materials",
        (
            *(Column("Line", "whole"), Column("Family"), *plan_tables.bill_columns(quote.plan)),
            *(Column("List amount", "money", currency), Column("Discount amount", "money", currency)),
        ),
        rows,
    )
    head = ("Line", "Family", "Site", "Item", "SKU", "Quantity", "Unit")
    inside = (*INTERNAL[:2], "Unit price", *INTERNAL[2:], "Monthly")
    return whole.only(*head, *(inside if quote.internal else ("Unit price", "Monthly")), "Rule", "Why")


def extra_lines(quote: Quote) -> Table:
    """Return the lines beside the plan."""
    currency = quote.plan.prices.currency
    columns = (
        *(Column("Item"), Column("In the totals"), Column("Billed"), Column("Quantity", "quantity"), Column("Unit")),
        *(Column("Unit price", "price", currency), Column("Amount", "money", currency), Column("VAT rate", "discount")),
    )
    return Table("Further lines", columns, tuple(_extra_row(quote, line) for line in quote.terms.lines))


def unit_of(line: ExtraLine) -> Cell:
    """Return the unit of a further line: a text of the terms, but for the default, which is a word of the program."""
    return message("unit") if line.unit == "unit" else line.unit


def _extra_row(quote: Quote, line: ExtraLine) -> tuple[Cell, ...]:
    billed = message("once") if line.one_off else message("a month")
    figures = (line.quantity, unit_of(line), line.unit_price, line.total, quote.rate_of(line))
    return (line.label, KINDS[line.kind], billed, *figures)


def extra_labels(quote: Quote) -> tuple[Message, ...]:
    """Return what each line beside the plan is, when it is billed, whether it counts, and at which other rate."""
    found = []
    for line in quote.terms.lines:
        notes = [message("once") if line.one_off else message("a month")]
        if line.kind != "included":
            notes.append(KINDS[line.kind])
        if quote.rate_of(line) != quote.terms.vat_rate:
            notes.append(message("VAT {rate:p}", rate=quote.rate_of(line)))
        found.append(message("{label} ({notes})", label=line.label, notes=joined(*notes, between=", ")))
    return tuple(found)


def total_heads(quote: Quote) -> tuple[Message, Message, Message]:
    """Return what stands above the totals."""
    return message("A month"), message("Once"), over(quote.months)


def over(months: int) -> Message:
    """Return what stands above the total over a term."""
    return counted("Over {count} month", "Over {count} months", months)


def totals(quote: Quote, spoken: Language) -> tuple[tuple[Message, tuple[Decimal, Decimal, Decimal]], ...]:
    """Return net, tax by rate and gross: a month, once, and over the term."""
    taxes = (
        (message("VAT {percent} %", percent=spoken.number(each.rate * 100, 4)), each.taxes) for each in quote.invoiced
    )
    return (
        (message("Net, without tax"), quote.nets),
        *taxes,
        (message("Gross, with tax"), quote.grosses),
    )


def list_totals(quote: Quote) -> tuple[tuple[Message, Decimal], ...]:
    """Return what the lines of the plan come to a month at list, what is taken off, and net; not for the customer."""
    if not quote.internal:
        return ()
    return (
        (message("List, a month"), sum((line.listed for line in quote.lines), Decimal(0))),
        (message("Discounts, a month"), sum((line.discounted for line in quote.lines), Decimal(0))),
        (message("Net, a month"), quote.monthly),
    )


def particulars(quote: Quote, spoken: Language) -> tuple[Message, ...]:
    """Return number, dates and conditions, those that are known, in sentences."""
    terms = quote.terms
    texts = (
        message("Billing: {text}", text=terms.billing) if terms.billing else None,
        message("Payment: {text}", text=terms.payment) if terms.payment else None,
        message("Prices in {currency}, without tax unless stated.", currency=quote.plan.prices.currency),
        fingerprint(quote),
    )
    return *dates(quote, spoken), *(text for text in texts if text)


def dates(quote: Quote, spoken: Language) -> tuple[Message, ...]:
    """Return when a quote was issued, until when it stands, its revision and reference, those that are known."""
    terms = quote.terms
    texts = (
        message("Issued on {day}", day=spoken.date(terms.issued)) if terms.issued else None,
        message("Valid until {day}", day=spoken.date(terms.valid_until)) if terms.valid_until else None,
        message("Revision {number}", number=terms.revision) if terms.revision else None,
        message("Reference: {text}", text=terms.reference) if terms.reference else None,
    )
    return tuple(text for text in texts if text)


def fingerprint(quote: Quote) -> Message:
    """Return the fingerprint of the document that the quote carries."""
    return message("Fingerprint: {fingerprint}", fingerprint=quote.priced.fingerprint)


def findings(quote: Quote) -> tuple[Finding, ...]:
    """Return the findings that the reader of a quote is told: of the plan, and of a roadmap as a whole."""
    whole = quote.over_time.roadmap.findings if quote.over_time else ()
    told = {(each.code, each.subject, each.message) for each in quote.plan.findings}
    more = [each for each in whole if (each.code, each.subject, each.message) not in told]
    return sorted_findings([*more, *quote.plan.findings])


def about(quote: Quote) -> Message:
    """Return whose quote it is, of what, for whom: what stands above its name."""
    of = message("Cloud Temple · dedicated VMware IaaS")
    return message("{of} · {name}", of=of, name=quote.customer.name) if quote.customer.name else of


def revised(quote: Quote, spoken: Language) -> tuple[Table, ...]:
    """Return what a quote changes of the one before, by cause and line by line; nothing where none was given."""
    if quote.revision is None:
        return ()
    moved, currency = quote.revision, quote.plan.prices.currency
    number = quote.terms.revision
    title = message("Changes since revision {number}", number=number - 1) if number else message("Changes")
    note = message(
        "The plan a month: {before} before, {after} now; both at the terms of this quote, without tax.",
        before=spoken.amount(moved.before, currency),
        after=spoken.amount(moved.after, currency),
    )
    causes = Table(
        title,
        (Column("Cause"), Column("Difference", "change", currency)),
        (
            *(
                (joined(*(CAUSES[name] for name in cause.names), between=", "), cause.difference)
                for cause in moved.causes
            ),
            (message("Total"), moved.difference),
        ),
        note,
    )
    columns = (
        *(Column("Site"), Column("Item"), Column("Unit"), Column("Quantity before", "whole")),
        *(Column("Quantity now", "whole"), Column("Unit price before", "price", currency)),
        *(Column("Unit price now", "price", currency), Column("Difference", "change", currency), Column("Through")),
    )
    lines = Table("Line by line", columns, tuple(_moved(line) for line in moved.lines))
    return (causes, lines) if lines.rows else (causes,)


def _causes(names: tuple[str, ...]) -> Message:
    return joined(*(CAUSES[name] for name in names), between=", ")


def _moved(line: Move) -> tuple[Cell, ...]:
    before, after = line.before, line.after
    return (
        *(line.site, line.label, known(line.unit), before.quantity if before else None),
        *(after.quantity if after else None, before.unit_net if before else None),
        *(after.unit_net if after else None, line.difference, _causes(line.causes)),
    )


def by_family(quote: Quote) -> Table:
    """Return the monthly cost of each family."""
    columns = (Column("Family"), Column("Monthly", "money", quote.plan.prices.currency))
    return Table(
        "The plan by family", columns, tuple((known(name), amount) for name, amount in quote.by_family().items())
    )


def by_site(quote: Quote) -> Table:
    """Return the monthly cost of each site."""
    columns = (Column("Site"), Column("Monthly", "money", quote.plan.prices.currency))
    return Table("The plan by site", columns, tuple(quote.by_site().items()))


def party(who: Party) -> Iterator[Cell]:
    """Yield the lines that say who somebody is."""
    contact = who.contact
    yield who.name
    if who.legal_form or who.capital:
        yield legal_form(who)
    yield who.address
    yield from registrations(who)
    if contact:
        yield from (contact.name, contact.email, contact.phone)


def legal_form(who: Party) -> Message:
    """Return the legal form and the capital of a company, as its letters name them."""
    form = message("{text}", text=who.legal_form) if who.legal_form else message("company")
    return message("{form} with a capital of {capital}", form=form, capital=who.capital) if who.capital else form


def registrations(who: Party) -> Iterator[Message]:
    """Yield the numbers under which somebody is registered; one that is part of another is not told twice."""
    number = who.registration
    if who.trade_register:
        yield message("{text}", text=who.trade_register)
    if number and _digits(number) not in _digits(who.trade_register or ""):
        is_siret = len(_digits(number)) == SIRET_DIGITS
        yield message("SIRET {number}", number=number) if is_siret else message("SIREN {number}", number=number)
    if who.vat_number:
        yield message("VAT number {number}", number=who.vat_number)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text)) or text


def assumptions_in_short(quote: Quote) -> tuple[Message, ...]:
    """Return in a few lines what the figures of a quote rest on."""
    policy = quote.case.workload.policy
    return (
        message(
            "{ratio:n} vCPUs for each physical core; VMs use at most {ceiling:n} % of the memory.",
            ratio=policy.vcpu_per_core,
            ceiling=Fraction(policy.memory_ceiling) * 100,
        ),
        counted(
            "{count} host of each cluster may fail: every VM still has its place.",
            "{count} hosts of each cluster may fail: every VM still has its place.",
            policy.host_failures,
        ),
        message(
            "{headroom:n} % of each datastore stays free for snapshots, and swap files have their place.",
            headroom=Fraction(policy.snapshot_headroom) * 100,
        ),
        message(
            "Catalogue of {edition}; prices of {book}.",
            edition=plan_tables.catalog_name(quote.plan),
            book=quote.plan.prices.name,
        ),
        *plan_tables.own_catalog(quote.plan),
        *([message("Sizing: {status}.", status=plan_tables.status(quote.made))] if quote.internal else []),
    )


def prices(quote: Quote) -> Table:
    """Return every price that the quote uses, once; for the customer the net price only."""
    currency = quote.plan.prices.currency
    rows: dict[str, tuple[Cell, ...]] = {}
    for item in quote.lines:
        line = item.line
        rows[line.sku] = (line.sku, known(line.label), known(line.unit), line.list_price, line.discount, item.unit_net)
    columns = (
        *(Column("SKU"), Column("Item"), Column("Unit"), Column("List price", "price", currency)),
        *(Column("Discount", "discount"), Column("Net price", "price", currency)),
    )
    table = Table("Price book", columns, tuple(rows.values()), _book(quote))
    return table if quote.internal else table.without("List price", "Discount")


def _book(quote: Quote) -> Message:
    book = quote.case.prices.book
    name, start, end = book.name, book.valid_from, book.valid_until
    if start and end:
        return message("{name}, valid from {start} until {end}.", name=name, start=start, end=end)
    if start or end:
        limit = "{name}, valid from {day}." if start else "{name}, valid until {day}."
        return message(limit, name=name, day=start or end)
    return message("{name}.", name=name)


# --- the capacity -------------------------------------------------------------------------------------------------


def clusters(quote: Quote) -> Table:
    """Return the clusters: memory and cores used of what there is, before and after the host failures provided for."""
    rows = []
    for use in utilisation.clusters(quote.case, quote.plan):
        cluster = use.cluster
        memory, cores = _decimal(use.memory_gib), _decimal(use.cores)
        physical, left = use.physical_gib_left(0), use.physical_gib_left(use.failures)
        before, after = use.cores_left(0), use.cores_left(use.failures)
        rows.append(
            (
                *(*plan_tables.cluster_head(cluster), cluster.memory_gib, _decimal(use.most_memory_gib), memory),
                *(memory / cluster.memory_gib, memory / physical, memory / left if left else None),
                *(Decimal(before), cores, cores / before, cores / after if after else None),
            )
        )
    columns = (
        *(*plan_tables.CLUSTER_HEAD, Column("Memory activated", "whole", "GiB")),
        *(Column("Memory ceiling", "decimal", "GiB"), Column("Memory used", "decimal", "GiB")),
        *(Column("Of activated", "share"), Column("Of physical", "share"), Column("Physical after failure", "share")),
        *(Column("Cores", "decimal"), Column("Cores used", "decimal")),
        *(Column("Cores filled", "share"), Column("Cores after failure", "share")),
    )
    failures = quote.case.workload.policy.host_failures
    one = "After failure: when {count} host of the cluster is lost."
    many = "After failure: when {count} hosts of the cluster are lost."
    return Table("Capacity", columns, tuple(rows), counted(one, many, failures))


def datastores(quote: Quote) -> Table:
    """Return the datastores LUN by LUN: what stands there, what is free, IOPS needed and offered."""
    rows = []
    for use in utilisation.datastores(quote.case, quote.plan):
        store = use.store
        free = _decimal(use.free_gib)
        rows.append(
            (
                *(store.name, store.site, _label(quote, store.storage_class), store.size_gib),
                *(_decimal(use.disks_gib), _decimal(use.swap_gib), free, free / store.size_gib),
                *(_decimal(use.iops), _decimal(use.iops_offered), known(use.sized_by.title)),
                *plan_tables.mirror(store),
            )
        )
    columns = (
        *plan_tables.DATASTORE_HEAD,
        *(Column("Disks", "decimal", "GiB"), Column("Swap files", "decimal", "GiB"), Column("Free", "decimal", "GiB")),
        *(Column("Free share", "share"), Column("IOPS needed", "decimal"), Column("IOPS offered", "decimal")),
        Column("Sized by"),
        *plan_tables.MIRROR,
    )
    headroom = Fraction(quote.case.workload.policy.snapshot_headroom) * 100
    note = message("At least {headroom:n} % of each datastore stays free for snapshots.", headroom=headroom)
    return Table("Storage", columns, tuple(rows), note)


def _label(quote: Quote, name: str) -> Message:
    item: StorageClass = quote.case.edition.storage_classes[name]
    return known(item.label)


def backup(quote: Quote) -> Table:
    """Return the backup storage by site, with how the stored size comes about."""
    formula = quote.case.edition.rules[BKP_3.id].source
    note = message("Formula: rule BKP-3 ({document}).", document=formula.document)
    return replace(plan_tables.backup(quote.plan), note=note)


def policies(quote: Quote) -> Table:
    """Return the backup policies in use: retention points, change rate and reduction, and for how many VMs."""
    counts: dict[tuple[object, ...], int] = {}
    for group in quote.case.workload.vms:
        kept = group.backup
        key = (kept.daily, kept.weekly, kept.monthly, kept.yearly, kept.change_rate, kept.reduction)
        counts[key] = counts.get(key, 0) + group.count
    rows = tuple((*key, vms) for key, vms in sorted(counts.items(), key=str))
    columns = (
        *(Column("Daily", "whole"), Column("Weekly", "whole"), Column("Monthly points", "whole")),
        *(Column("Yearly", "whole"), Column("Change rate", "share"), Column("Reduction", "decimal")),
        Column("VMs", "whole"),
    )
    return Table("Retention", columns, rows)  # type: ignore[arg-type]


def protection(quote: Quote) -> Table:
    """Return the replicated VM groups: from where, to where, by which mechanism, and what was asked for."""
    workload = quote.case.workload
    listed = plan_tables.protection(quote.plan, workload)
    wishes = [workload.groups[name].protection for name in quote.plan.protection]
    rows = tuple(
        (*row, _duration(wish.rpo if wish else None), _duration(wish.rto if wish else None))
        for row, wish in zip(listed.rows, wishes, strict=True)
    )
    columns = (*listed.columns, Column("RPO"), Column("RTO"))
    return Table("Disaster recovery", columns, rows, "" if rows else plan_tables.NOT_REPLICATED)


def _duration(text: str | None) -> Message | None:
    return message("{text:d}", text=text) if text else None


def placement(quote: Quote) -> Table:
    """Return where every VM stands: one row for each VM and site."""
    groups, rows = quote.case.workload.groups, []
    for placed in utilisation.placements(quote.case, quote.plan):
        group = groups[placed.group]
        stores = ", ".join(dict.fromkeys(name for name in placed.disks if name))
        away = message("data only") if group.data_only else message("standby")
        role = message("active") if placed.site == group.site else away
        state = role if group.powered_on else message("powered off")
        rows.append(
            (
                *(placed.vm, placed.group, placed.site, state, placed.cluster or None, placed.host),
                *(group.vcpus, Decimal(group.memory_mib) / MIB_PER_GIB, stores or None, placed.swap or None),
            )
        )
    columns = (
        *(Column("VM"), Column("Group"), Column("Site"), Column("State"), Column("Cluster"), Column("Host", "whole")),
        *(Column("vCPUs", "whole"), Column("Memory", "decimal", "GiB"), Column("Datastores"), Column("Swap file")),
    )
    note = message("One placement that fits, of many; DRS may move VMs between the hosts of a cluster.")
    return Table("Placement", columns, tuple(rows), note)


# --- what it rests on ---------------------------------------------------------------------------------------------


def rules(quote: Quote) -> Table:
    """Return the rules that the edition cites, with their figures and sources."""
    edition, rows = quote.case.edition, []
    for name, rule in rule_book(edition).items():
        facts = edition.rules.get(name)
        if facts is None:
            continue
        figures = plan_tables.figures(facts.figures)
        source = edition.documents[facts.source.document]
        rows.append((name, known(rule.title), known(rule.formula), figures, known(source.title)))
    columns = (Column("Rule"), Column("Title"), Column("Formula"), Column("Figures"), Column("Source"))
    return Table("Rules", columns, tuple(rows))


def overridden(quote: Quote) -> Table:
    """Return the settings of the policy that differ from the edition's defaults."""
    given = as_given(quote.case.workload, quote.case.edition).get("policy", {})
    rows = tuple((known(name), _flat(value)) for name, value in given.items() if value not in ({}, None))
    note = "" if rows else message("Every setting is the default of the catalogue.")
    return Table("Settings that were chosen", (Column("Setting"), Column("Value")), rows, note)


def _flat(value: object) -> Cell:
    if isinstance(value, Mapping):
        return plan_tables.figures(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else message("{value}", value=str(value))


def _decimal(value: Fraction) -> Decimal:
    """Return an exact number as a decimal, exact for what memory and disks can be."""
    return Decimal(value.numerator) / Decimal(value.denominator)
