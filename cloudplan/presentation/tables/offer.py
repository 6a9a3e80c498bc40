"""The offer as it is signed: what is offered in a sentence, lines by site, what is billed once, options, who signs."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from cloudplan.base.language import Message, counted, known, message
from cloudplan.base.units import minutes
from cloudplan.plan.wording import joined
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.tables.table import Cell, Column
from cloudplan.sales.quote import FAMILIES, Quote, QuoteLine
from cloudplan.sales.terms import ExtraLine, Party


@dataclass(frozen=True)
class Row:
    """A line of the offer, its cells in the order of `columns`; an option does not count in the totals."""

    cells: tuple[Cell, ...]
    is_option: bool = False


@dataclass(frozen=True)
class Group:
    """Lines that are added up: a title, the lines, the label of their sum, and the sums of the last columns."""

    title: Message
    rows: tuple[Row, ...]
    total_label: Message
    totals: tuple[Decimal, ...]


def columns(quote: Quote) -> tuple[Column, ...]:
    """Return the columns of the lines; who reads the internal quote sees list, discount and net of each."""
    head = (Column("Description"), Column("Quantity", "quantity"), Column("Unit"))
    inside = (Column("List amount", "money"), Column("Discounts", "money")) if quote.internal else ()
    return (*head, Column("Unit price, net", "price"), *inside, Column("Amount, net", "money"))


def monthly(quote: Quote) -> tuple[Group, ...]:
    """Return what is billed each month: the lines of the plan by site, then those beside it."""
    sites: dict[str, list[QuoteLine]] = {}
    for line in quote.lines:
        sites.setdefault(line.line.site, []).append(line)
    found = [_of_site(quote, site, lines) for site, lines in sites.items()]
    beside = tuple(line for line in quote.included if not line.one_off)
    return (*found, _beside(quote, message("Further services"), beside)) if beside else tuple(found)


def once(quote: Quote) -> tuple[Row, ...]:
    """Return what is billed once."""
    return tuple(_further(quote, line) for line in quote.included if line.one_off)


def options(quote: Quote) -> tuple[Row, ...]:
    """Return options and alternatives, which do not count."""
    return tuple(_further(quote, line) for line in quote.offered)


def site_name(quote: Quote, site: str) -> Message:
    """Return a zone with the provider's name for it, and what it is for in this plan."""
    workload = quote.case.workload
    zone = quote.case.edition.regions[workload.region].zones.get(site)
    name = message("{zone} – {label}", zone=site.upper(), label=zone.label) if zone else message("{zone}", zone=site)
    if site == workload.sites.primary and workload.sites.standby:
        return message("{name} (primary site)", name=name)
    if site == workload.sites.standby:
        return message("{name} (standby site)", name=name)
    return name


def _of_site(quote: Quote, site: str, lines: list[QuoteLine]) -> Group:
    rows = tuple(Row(_plan_cells(quote, line)) for line in lines)
    sums = [sum((getattr(line, name) for line in lines), Decimal("0.00")) for name in _sums(quote)]
    return Group(site_name(quote, site), rows, message("Subtotal {site}", site=site.upper()), tuple(sums))


def _sums(quote: Quote) -> tuple[str, ...]:
    return ("listed", "discounted", "net") if quote.internal else ("net",)


def _plan_cells(quote: Quote, item: QuoteLine) -> tuple[Cell, ...]:
    line = item.line
    inside = (item.listed, item.discounted) if quote.internal else ()
    return (known(line.label), line.quantity, known(line.unit), item.unit_net, *inside, item.net)


def _beside(quote: Quote, title: Message, lines: tuple[ExtraLine, ...]) -> Group:
    total = sum((line.total for line in lines), Decimal("0.00"))
    sums = (total, Decimal("0.00"), total) if quote.internal else (total,)
    return Group(title, tuple(_further(quote, line) for line in lines), message("Subtotal"), sums)


def _further(quote: Quote, line: ExtraLine) -> Row:
    inside = (line.total, Decimal("0.00")) if quote.internal else ()
    cells = (_label(quote, line), line.quantity, tables.unit_of(line), line.unit_price, *inside, line.total)
    return Row(cells, line.kind != "included")


def _label(quote: Quote, line: ExtraLine) -> Message:
    """Return the label of a further line with what sets it apart: not counted, how often billed, at another rate."""
    label, notes = message("{label}", label=line.label), []
    if line.kind == "optional":
        label = message("Option: {label}", label=line.label)
    if line.kind == "alternative":
        label = message("Alternative: {label}", label=line.label)
    if line.kind != "included":
        notes = [message("not in the totals"), message("once") if line.one_off else message("a month")]
    if quote.rate_of(line) != quote.terms.vat_rate:
        notes.append(message("VAT {rate:p}", rate=quote.rate_of(line)))
    return message("{label} ({notes})", label=label, notes=joined(*notes, between=", ")) if notes else label


def by_family(quote: Quote) -> tuple[tuple[Message, Decimal, Decimal], ...]:
    """Return the families with their monthly amounts and shares of the plan, in the order of `FAMILIES`."""
    total = quote.monthly
    found = quote.by_family()
    return tuple(
        (known(name), found[name], found[name] / total if total else Decimal(0)) for name in FAMILIES if name in found
    )


# --- who, and what in a sentence ----------------------------------------------------------------------------------


def identity(who: Party) -> tuple[Message, ...]:
    """Return who somebody is, the name first, then what the law asks of letters, on few lines."""
    contact = who.contact
    lines: tuple[tuple[Cell, ...], ...] = (
        (who.name, tables.legal_form(who)) if who.legal_form or who.capital else (who.name,),
        (who.address,),
        tuple(tables.registrations(who)),
        (contact.name, contact.email, contact.phone) if contact else (),
    )
    return tuple(_listed(line) for line in lines if any(line))


def _listed(texts: tuple[Cell, ...]) -> Message:
    said = [text if isinstance(text, Message) else message("{text}", text=text) for text in texts if text]
    return joined(*said, between=" · ")


def subject(quote: Quote) -> Message:
    """Return what is offered, in a sentence: of the terms, or from the plan, with its size."""
    workload = quote.case.workload
    if quote.terms.subject:
        what = message("{text}", text=quote.terms.subject)
    elif workload.requires:
        labels = [quote.case.edition.certifications[name].label for name in workload.requires]
        text = "dedicated VMware IaaS hosting ({labels:w}) of the platform “{name}”"
        what = message(text, labels=labels, name=quote.name)
    else:
        what = message("dedicated VMware IaaS hosting of the platform “{name}”", name=quote.name)
    return message("{what}: {size}.", what=what, size=joined(*_size(quote), between=", "))


def _size(quote: Quote) -> Iterator[Message]:
    workload, plan = quote.case.workload, quote.plan
    vms = sum(group.count for group in workload.vms)
    hosts, zones = sum(item.hosts for item in plan.clusters), len({item.site for item in plan.clusters})
    yield counted("{count:n} VM", "{count:n} VMs", vms)
    if hosts:
        yield message(
            "{blades} in {zones}",
            blades=counted("{count:n} blade", "{count:n} blades", hosts),
            zones=counted("{count:n} availability zone", "{count:n} availability zones", zones),
        )
        failures = workload.policy.host_failures
        one, many = "{count} host of each cluster may fail", "{count} hosts of each cluster may fail"
        if failures:
            yield counted(one, many, failures)
    yield from _recovery(quote)
    if any(source.site != target.site for target in plan.backup for source in target.sources):
        yield message("backups in another zone")
    elif plan.backup:
        yield message("backups")


def _recovery(quote: Quote) -> Iterator[Message]:
    """Yield what disaster recovery promises, when there is any: the recovery points that were asked for."""
    wishes = [quote.case.workload.groups[name].protection for name in quote.plan.protection]
    points = sorted({wish.rpo for wish in wishes if wish and wish.rpo}, key=minutes)
    if len(points) > 1:
        yield message("disaster recovery (RPO {least:d} to {most:d})", least=points[0], most=points[-1])
    elif points:
        yield message("disaster recovery (RPO {point:d})", point=points[0])
    elif wishes:
        yield message("disaster recovery")


def monthly_title(quote: Quote) -> Message:
    """Return what stands above the lines: of a roadmap they are those of the first order."""
    if quote.over_time:
        return message("Monthly subscription, order of {month:month}", month=quote.over_time.roadmap.start)
    return message("Monthly subscription")


def totals_title(quote: Quote) -> Message:
    """Return what stands above the totals, which are those of the lines."""
    if quote.over_time:
        return message("Totals of the order of {month:month}", month=quote.over_time.roadmap.start)
    return message("Totals")


def commitment(quote: Quote) -> Message:
    """Return how long the offer binds."""
    return counted("Commitment: {count} month.", "Commitment: {count} months.", quote.months)


def boxes(quote: Quote) -> tuple[tuple[Message, Message], ...]:
    """Return the boxes to sign, title and text; a public buyer orders by its own papers, and writes no agreement."""
    issuer = (message("For the issuer"), message("Date, name, capacity, signature"))
    if quote.customer.is_public:
        text = message("Ordered by purchase order or by notification of the contract. Date, name, capacity, signature.")
        return issuer, (message("For the buyer"), text)
    agreed = message("Handwritten “Agreed”, date, name, capacity, signature and stamp")
    return issuer, (message("Agreed – the customer"), agreed)
