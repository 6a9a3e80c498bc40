"""A quote as one HTML page that needs nothing else, no network and no script; for the eye, print and screen readers."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cloudplan.base.foreign_text import clean
from cloudplan.base.language import ENGLISH, Code, Language, counted, language
from cloudplan.evaluation import utilisation
from cloudplan.evaluation.utilisation import ClusterUse, DatastoreUse
from cloudplan.plan.plan import Mechanism, Plan, language_of
from cloudplan.presentation.tables import assumptions as resting
from cloudplan.presentation.tables import plan as plan_tables
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.tables import service as service_tables
from cloudplan.presentation.tables.table import Notes, Report, Table, say, words
from cloudplan.sales.quote import Audience, Quote
from cloudplan.sales.quote import quote as quoted
from cloudplan.sales.terms import Terms

BAR, GAP, HEIGHT = 9, 5, 56
"""Width of the bar of a resource, space between hosts, height of a full host, in the strip of a cluster."""


@dataclass(frozen=True)
class Bar:
    """A share of something, between 0 and 1, with its text."""

    share: float
    text: str
    label: str = ""


def render_page(
    plan: Plan, terms: Terms | None = None, *, lang: Code | None = None, audience: Audience = "internal"
) -> str:
    """Return the quote of a plan as an HTML page, in a language, by default that of its customer.

    Raises BadInputError when the plan breaks a rule; the same input gives the same page.
    """
    quote = quoted(plan, terms, audience)
    return render_quote_page(quote, language(lang or language_of(quote.plan)))


def render_quote_page(quote: Quote, spoken: Language) -> str:
    """Return a quote as an HTML page."""
    return _environment().get_template("report.html.j2").render(_Page(quote, spoken).values())


def render_report_page(report: Report, *, bars: tuple[str, str], spoken: Language = ENGLISH) -> str:
    """Return a report as an HTML page; the column `bars[0]` of a table is drawn as bars of the numbers in `bars[1]`."""
    parts: list[dict[str, Any]] = []
    for part in report.parts:
        if isinstance(part, Notes):
            notes = [tuple(words(text, "text", spoken) for text in entry) for entry in part.entries]
            parts.append({"title": say(part.title, spoken), "notes": notes})
            continue
        names = [column.name for column in part.columns]
        shares: list[float | None] = [None] * len(part.rows)
        if set(bars) <= set(names):
            numbers = [value if isinstance(value, Decimal) else None for value in part.values(bars[1])]
            most = max((value for value in numbers if value), default=Decimal(1))
            shares = [None if value is None else float(value / most) for value in numbers]
            part = part.without(bars[0])  # noqa: PLW2901 - the bars stand apart
        shown = _shown(part, spoken)
        rows = list(zip(shown["rows"], shares, strict=True))
        parts.append({**shown, "title": say(part.title, spoken), "rows": rows})
    template = _environment().get_template("tables.html.j2")
    summary = [words(text, "text", spoken) for text in report.summary]
    return template.render(lang=spoken.code, title=say(report.title, spoken), summary=summary, parts=parts)


def _shown(table: Table, spoken: Language) -> dict[str, Any]:
    """Return a table as texts, its columns with what they hold."""
    kinds = ["text" if column.is_text else "number" for column in table.columns]
    columns = list(zip(table.headers(spoken), kinds, strict=True))
    return {"columns": columns, "rows": table.texts(spoken), "note": say(table.note, spoken)}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cloudplan.presentation"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["clean"] = clean
    return environment


class _Page:
    """What the page shows, as texts and shares."""

    def __init__(self, quote: Quote, spoken: Language):
        self.quote, self.plan, self.spoken = quote, quote.plan, spoken

    def values(self) -> dict[str, Any]:
        """Return the values of the template."""
        plan, quote, spoken = self.plan, self.quote, self.spoken
        conditions = service_tables.table(quote.case.edition)
        return {
            "t": spoken.text,
            "lang": spoken.code,
            "name": plan.workload.name,
            "mark": spoken.said(plan_tables.ILLUSTRATIVE) if plan.prices.illustrative else "",
            "cost": spoken.amount(quote.monthly_net, plan.prices.currency),
            "in_short": spoken.said(plan_tables.in_short(plan, quote.case.workload)),
            **self._proof(),
            **self._terms(),
            "families": self._amounts(tables.by_family(quote)),
            "sites": self._amounts(tables.by_site(quote)),
            "clusters": [self._cluster(use) for use in utilisation.clusters(quote.case, plan)],
            "datastores": [self._datastore(use) for use in utilisation.datastores(quote.case, plan)],
            "headroom": spoken.number(Fraction(quote.case.workload.policy.snapshot_headroom) * 100),
            "picture": self._picture(),
            "protection": _shown(tables.protection(quote), spoken),
            "backup": _shown(tables.backup(quote), spoken),
            "rests_on": spoken.said(resting.head(plan, internal=quote.internal)),
            "resting": [spoken.said(each) for each in resting.in_short(plan, internal=quote.internal)],
            "assumptions": _shown(resting.table(plan, internal=quote.internal), spoken),
            "findings": self._findings(),
            "service": _shown(conditions, spoken) if conditions else None,
            "bill": _shown(tables.bill(quote).without("Line", "Family"), spoken),
            "bill_totals": [(spoken.said(text), spoken.amount(value)) for text, value in tables.list_totals(quote)],
            "bill_total": spoken.amount(quote.monthly, plan.prices.currency),
            "made_with": _shown(plan_tables.made_with(plan), spoken),
        }

    def _proof(self) -> dict[str, Any]:
        """Return what is proven, of the plan's own bill: nothing for the customer."""
        if not self.quote.internal:
            return {"status": "", "bound": "", "own": ""}
        plan, spoken = self.plan, self.spoken
        own = spoken.amount(plan.monthly, plan.prices.currency) if self.quote.monthly_net != plan.monthly else ""
        bound = spoken.amount(plan.lower_bound, plan.prices.currency)
        return {"status": spoken.said(plan_tables.status(plan)), "bound": bound, "own": own}

    def _terms(self) -> dict[str, Any]:
        """Return what the terms say: number, parties, dates, further lines and totals."""
        quote, terms, spoken = self.quote, self.quote.terms, self.spoken
        parties = [
            (spoken.word(title), [words(line, "text", spoken) for line in tables.party(who) if line])
            for title, who in (("Issuer", terms.issuer), ("Customer", quote.customer))
        ]
        return {
            "number": spoken.text("Quote {number}", number=terms.number) if terms.number else "",
            "parties": [(title, lines) for title, lines in parties if lines],
            "particulars": [spoken.said(each) for each in tables.particulars(quote, spoken)],
            "mentions": terms.mentions,
            "revised": [
                {**_shown(table, spoken), "title": say(table.title, spoken)} for table in tables.revised(quote, spoken)
            ],
            "further": _shown(tables.extra_lines(quote), spoken),
            "total_heads": [spoken.said(head) for head in tables.total_heads(quote)],
            "totals": [
                (spoken.said(label), [spoken.amount(value) for value in amounts])
                for label, amounts in tables.totals(quote, spoken)
            ],
        }

    def _percent(self, share: Fraction) -> str:
        space = "\u202f" if self.spoken.code == "fr" else " "
        return f"{self.spoken.number(share * 100, 1)}{space}%"

    def _bar(self, used: Fraction, whole: Fraction | int, unit: str, label: str = "") -> Bar:
        share = Fraction(used) / whole if whole else Fraction(0)
        of = self.spoken.text(
            "{percent}: {used:n1} of {whole:n1} {unit:w}",
            percent=self._percent(share),
            used=used,
            whole=whole,
            unit=unit,
        )
        return Bar(float(min(share, Fraction(1))), of, label)

    def _cluster(self, use: ClusterUse) -> dict[str, Any]:
        cluster, text = use.cluster, self.spoken.text
        lost = use.failures
        return {
            "name": cluster.name,
            "about": text(
                "{blade} at {site}, pool {pool}: {hosts} hosts, {spare} of them spare; {memory_gib:n} GiB activated.",
                **{"blade": cluster.blade, "site": cluster.site, "pool": cluster.pool, "hosts": cluster.hosts},
                **{"spare": cluster.spare_hosts, "memory_gib": cluster.memory_gib},
            ),
            "bars": [
                self._bar(use.memory_gib, use.cluster.memory_gib, "GiB", text("Memory, of what is activated")),
                self._bar(use.memory_gib, use.physical_gib_left(0), "GiB", text("Memory, of what is built in")),
                self._bar(use.memory_gib, use.physical_gib_left(lost), "GiB", text("Memory, after the failure")),
                self._bar(use.cores, use.cores_left(0), "cores", text("Cores")),
                self._bar(use.cores, use.cores_left(lost), "cores", text("Cores, after the failure")),
            ],
            "ceiling": float(use.ceiling),
            "failure": self.spoken.said(
                counted(
                    "The failure: {count} host is lost. The ceiling: {ceiling} of the memory.",
                    "The failure: {count} hosts are lost. The ceiling: {ceiling} of the memory.",
                    lost,
                    ceiling=self._percent(use.ceiling),
                )
            ),
            "strip": self._strip(use),
            "hosts": [
                {
                    "number": number,
                    "vms": host.instances,
                    "memory": self._bar(host.memory_gib, use.memory_per_host_gib, "GiB"),
                    "cores": self._bar(host.cores, use.cores_per_host, "cores"),
                }
                for number, host in enumerate(use.hosts, start=1)
            ],
        }

    def _strip(self, use: ClusterUse) -> dict[str, Any]:
        """Return the strip of a cluster: for each host a bar of memory and one of cores, spare hosts empty."""
        bars = []
        for number in range(use.cluster.hosts):
            host = use.hosts[number] if number < len(use.hosts) else None
            left = number * (2 * BAR + GAP)
            memory = float(host.memory_gib / use.memory_per_host_gib) if host else 0.0
            cores = float(host.cores / use.cores_per_host) if host else 0.0
            bars.append({"x": left, "memory": HEIGHT * min(memory, 1.0), "cores": HEIGHT * min(cores, 1.0)})
        width = use.cluster.hosts * (2 * BAR + GAP)
        label = self.spoken.text(
            "{name}: memory and cores of each host; the line is the memory ceiling", name=use.cluster.name
        )
        return {"bars": bars, "width": width, "height": HEIGHT, "bar": BAR, "label": label}

    def _datastore(self, use: DatastoreUse) -> dict[str, Any]:
        store, size = use.store, use.store.size_gib
        return {
            "name": store.name,
            "class": self.spoken.word(self.quote.case.edition.storage_classes[store.storage_class].label),
            "size": self.spoken.text("{size_gib:n} GiB", size_gib=size),
            "peer": store.peer,
            "disks": float(use.disks_gib / size),
            "swap": float(use.swap_gib / size),
            "disks_text": self.spoken.number(use.disks_gib, 0),
            "swap_text": self.spoken.number(use.swap_gib, 0),
            "free_text": f"{self.spoken.number(use.free_gib, 0)} ({self._percent(use.free_gib / size)})",
            "sized_by": self.spoken.word(use.sized_by.title),
            "iops_text": f"{self.spoken.number(use.iops, 0)} / {self.spoken.number(use.iops_offered, 0)}",
        }

    def _amounts(self, table: Table) -> list[Bar]:
        amounts = [Decimal(value) for value in table.values("Monthly") if isinstance(value, Decimal)]
        most = max(amounts, default=Decimal(1)) or Decimal(1)
        labels = [words(cell, "text", self.spoken) for cell in table.values(table.columns[0].name)]
        return [
            Bar(float(amount / most), self.spoken.amount(amount), label)
            for label, amount in zip(labels, amounts, strict=True)
        ]

    def _picture(self) -> list[dict[str, Any]]:
        """Return the sites from left to right, with what stands there and what goes from it to others."""
        plan, case, text = self.plan, self.quote.case, self.spoken.text
        found = []
        for site in case.sites:
            clusters = [item for item in plan.clusters if item.site == site]
            stores = [item for item in plan.datastores if item.site == site]
            copies = [item for item in plan.backup if item.site == site]
            if not (clusters or stores or copies):
                continue
            lines = []
            if clusters:
                hosts, spare = (sum(getattr(item, name) for item in clusters) for name in ("hosts", "spare_hosts"))
                lines.append(text("{hosts:n} hosts, {spare:n} of them spare", hosts=hosts, spare=spare))
            if stores:
                size_gib = sum(item.size_gib for item in stores)
                lines.append(text("{count:n} datastores, {size_gib:n} GiB", count=len(stores), size_gib=size_gib))
            lines += [text("{tib:n} TiB of backups", tib=item.tib) for item in copies]
            found.append({"site": site, "lines": lines, "flows": list(self._flows(site))})
        return found

    def _flows(self, site: str) -> Iterator[str]:
        """Yield what goes from a site to others: replicas by mechanism, backups."""
        workload = self.quote.case.workload
        vms: dict[tuple[Mechanism, str], int] = {}
        for name, mechanism in self.plan.protection.items():
            group = workload.groups[name]
            if group.site == site:
                other = workload.other_site(group) or ""
                vms[mechanism, other] = vms.get((mechanism, other), 0) + group.count
        for (mechanism, other), count in sorted(vms.items()):
            how = plan_tables.MECHANISMS[mechanism]
            yield self.spoken.text("{how}: {count:n} VMs to {site}", how=how, count=count, site=other)
        for target in self.plan.backup:
            count = sum(source.vms for source in target.sources if source.site == site)
            if count:
                yield self.spoken.text("Backup: {count:n} VMs to {site}", count=count, site=target.site)

    def _findings(self) -> list[tuple[str, ...]]:
        """Return the severity of each finding as the plan has it, and its texts."""
        told = tables.findings(self.quote)
        rows = plan_tables.findings(told).only("Severity", "Subject", "Message").texts(self.spoken)
        return [(finding.severity, *row) for finding, row in zip(told, rows, strict=True)]
