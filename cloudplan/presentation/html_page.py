"""A quote as one HTML page that needs nothing else, and no network; for the eye, print and screen readers.

Everything is there without its script, which sorts and filters tables and shows tips.
"""

import base64
import hashlib
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from cloudplan.base.language import ENGLISH, Code, Language, counted, language
from cloudplan.evaluation import utilisation
from cloudplan.evaluation.utilisation import ClusterUse, DatastoreUse
from cloudplan.plan.origin import Made
from cloudplan.plan.plan import language_of
from cloudplan.presentation.carried import BLOCK, Carried, block_of
from cloudplan.presentation.charts import bars
from cloudplan.presentation.cost_panels import CostPanels
from cloudplan.presentation.listed import by_name, listed
from cloudplan.presentation.site_panels import SitePanels
from cloudplan.presentation.tables import assumptions as resting
from cloudplan.presentation.tables import extension, offer
from cloudplan.presentation.tables import plan as plan_tables
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.tables import service as service_tables
from cloudplan.presentation.tables import whatifs as whatif_tables
from cloudplan.presentation.tables.finding_groups import grouped_findings
from cloudplan.presentation.tables.table import Notes, Report, say, words
from cloudplan.presentation.tables.third_party import beside_quote
from cloudplan.presentation.template import template
from cloudplan.presentation.time_panels import TimePanels
from cloudplan.sales.phase_quotes import quote_made
from cloudplan.sales.priced import Audience
from cloudplan.sales.quote import Quote
from cloudplan.sales.terms import Terms


@dataclass(frozen=True)
class Bar:
    """A share of something, between 0 and 1, with its text."""

    share: float
    text: str
    label: str = ""


def render_page(
    plan: Made, terms: Terms | None = None, *, lang: Code | None = None, audience: Audience = "internal"
) -> str:
    """Return the quote of a plan, or a roadmap, as an HTML page, in a language, by default that of its customer.

    Raises BadInputError when the plan breaks a rule; the same input gives the same page.
    """
    quote = quote_made(plan, terms, audience)
    return render_quote_page(quote, language(lang or language_of(quote.plan)))


def render_quote_page(quote: Quote, spoken: Language) -> str:
    """Return a quote as an HTML page."""
    return template("report.html.j2").render(_Page(quote, spoken).values())


def render_report_page(
    report: Report, *, bars: tuple[str, str], spoken: Language = ENGLISH, picture: Markup | None = None
) -> str:
    """Return a report as an HTML page; the column `bars[0]` of a table is drawn as bars of the numbers in `bars[1]`.

    `picture` stands below the summary.
    """
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
        shown = listed(part, spoken)
        rows = list(zip(shown["rows"], shares, strict=True))
        parts.append({**shown, "title": say(part.title, spoken), "rows": rows})
    summary = [words(text, "text", spoken) for text in report.summary]
    title = say(report.title, spoken)
    return template("tables.html.j2").render(
        lang=spoken.code, title=title, summary=summary, parts=parts, picture=picture
    )


def _script() -> str:
    """Return the script of the page, without what is around it."""
    return files(__package__).joinpath("templates", "page.js").read_text(encoding="utf-8").strip()


def script_hash() -> str:
    """Return by which SHA-256 the policy of the page lets its one script run."""
    return base64.b64encode(hashlib.sha256(_script().encode()).digest()).decode()


class _Page:
    """What the page shows, as texts and shares."""

    def __init__(self, quote: Quote, spoken: Language):
        self.quote, self.plan, self.spoken = quote, quote.plan, spoken

    def values(self) -> dict[str, Any]:
        """Return the values of the template."""
        plan, quote, spoken = self.plan, self.quote, self.spoken
        conditions = service_tables.table(quote.case.edition)
        costs = CostPanels(quote, spoken)
        return {
            "t": spoken.text,
            "lang": spoken.code,
            "name": quote.name,
            "over": spoken.said(tables.about(quote)),
            "mark": spoken.said(plan_tables.ILLUSTRATIVE) if plan.prices.illustrative else "",
            "cost": spoken.amount(quote.monthly_net, plan.prices.currency),
            **self._proof(),
            **self._terms(),
            **costs.values(),
            "time": TimePanels(quote, spoken).values(),
            "whatifs": self._whatifs(),
            "map": self._map(SitePanels(quote, spoken, costs.colours)),
            "datastores": [self._datastore(use) for use in utilisation.datastores(quote.case, plan)],
            "headroom": spoken.number(Fraction(quote.case.workload.policy.snapshot_headroom) * 100),
            "protection": listed(tables.protection(quote), spoken),
            "backup": listed(tables.backup(quote), spoken),
            "rests_on": spoken.said(resting.head(plan)),
            "resting": [spoken.said(each) for each in resting.in_short(plan, internal=quote.internal)],
            "assumptions": listed(resting.table(plan, internal=quote.internal), spoken),
            "findings": [
                (each.severity, spoken.said(each.word), [tuple(map(spoken.said, told)) for told in each.told])
                for each in grouped_findings(quote)
            ],
            "service": listed(conditions, spoken) if conditions else None,
            "bill": self._bill(),
            "bill_totals": [(spoken.said(text), spoken.amount(value)) for text, value in tables.list_totals(quote)],
            "bill_total": spoken.amount(quote.monthly, plan.prices.currency),
            "licences": [{**listed(each, spoken), "title": say(each.title, spoken)} for each in beside_quote(quote)],
            "made_with": listed(plan_tables.made_with(quote.made), spoken),
            "script": Markup(_script()),
            "script_hash": script_hash(),
            "block": BLOCK,
            "carried": Markup(block_of(Carried.of(quote.priced, "page", spoken.code))),
        }

    def _proof(self) -> dict[str, Any]:
        """Return what is proven, of the plan's own bill: nothing for the customer, nor here of a roadmap."""
        if not self.quote.internal or self.quote.over_time:
            return {"status": "", "bound": "", "own": ""}
        plan, spoken = self.plan, self.spoken
        own = ""
        if plan.owed:
            cost = spoken.amount(plan.cost, plan.prices.currency)
            own = spoken.text("The plan's own bill with licences of third parties: {own} a month.", own=cost)
        elif self.quote.monthly_net != plan.monthly:
            cost = spoken.amount(plan.monthly, plan.prices.currency)
            own = spoken.text("The plan's own bill: {own} a month.", own=cost)
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
                {**listed(table, spoken), "title": say(table.title, spoken)} for table in tables.revised(quote, spoken)
            ],
            "parts": [listed(table, spoken) for table in extension.in_short(quote)],
            "parts_title": spoken.word(extension.TITLE),
            "further": listed(tables.extra_lines(quote), spoken),
            "totals_title": spoken.said(offer.totals_title(quote)),
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

    def _whatifs(self) -> dict[str, Any] | None:
        """Return what else there was to choose, where that was given."""
        quote, spoken, found = self.quote, self.spoken, self.quote.whatifs
        if found is None:
            return None
        same = whatif_tables.unmoved(found)
        own = quote.internal and quote.monthly_net != self.plan.cost
        return {
            "table": listed(whatif_tables.table(quote, found), spoken),
            "unmoved": spoken.said(same) if same else "",
            "none": [(spoken.said(name), spoken.said(why)) for name, why in whatif_tables.without_plan(found)],
            "note": spoken.text("Amounts are those of the plan's own bill, before the commercial discount.")
            if own
            else "",
            "chart": bars(
                [(spoken.said(name), change, lost) for name, change, lost in whatif_tables.changes(found)],
                spoken.word("Change of the total"),
                spoken,
            ),
            "growth": spoken.said(whatif_tables.growth(found)),
        }

    def _map(self, panels: SitePanels) -> dict[str, Any]:
        """Return the map of the sites, each cluster with how full it is."""
        drawn = panels.values()
        for panel in drawn["panels"]:
            for cluster in panel["clusters"]:
                cluster.update(self._filled(cluster.pop("use")))
        return drawn

    def _filled(self, use: ClusterUse) -> dict[str, Any]:
        text, lost = self.spoken.text, use.failures
        cluster = use.cluster
        return {
            "activated": text("{memory_gib:n} GiB activated", memory_gib=cluster.memory_gib),
            "bars": [
                self._bar(use.memory_gib, cluster.memory_gib, "GiB", text("Memory, of what is activated")),
                self._bar(use.memory_gib, use.physical_gib_left(0), "GiB", text("Memory, of what is built in")),
                self._bar(use.memory_gib, use.physical_gib_left(lost), "GiB", text("Memory, after the failure")),
                self._bar(use.cores, use.cores_left(0), "cores", text("Cores")),
                self._bar(use.cores, use.cores_left(lost), "cores", text("Cores, after the failure")),
            ],
            "limit": float(use.ceiling),
            "failure": self.spoken.said(
                counted(
                    "The failure: {count} host is lost. The ceiling: {ceiling} of the memory.",
                    "The failure: {count} hosts are lost. The ceiling: {ceiling} of the memory.",
                    lost,
                    ceiling=self._percent(use.ceiling),
                )
            ),
            "rows": [
                (
                    number,
                    host.instances,
                    self._bar(host.memory_gib, use.memory_per_host_gib, "GiB").text,
                    self._bar(host.cores, use.cores_per_host, "cores").text,
                )
                for number, host in enumerate(use.hosts, start=1)
            ],
        }

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
            "iops": float(min(use.iops / use.iops_offered, Fraction(1))) if use.iops_offered else 0.0,
            "iops_text": f"{self.spoken.number(use.iops, 0)} / {self.spoken.number(use.iops_offered, 0)}",
        }

    def _bill(self) -> dict[str, Any]:
        """Return the bill by site: each line with its item and SKU, figures and reason."""
        table = tables.bill(self.quote)
        heads = dict(zip((column.name for column in table.columns), table.headers(self.spoken), strict=True))
        beside = ("Site", "Item", "SKU", "Quantity", "Unit", "Line", "Family", "Rule", "Why")
        figures = [name for name in heads if name not in beside]
        sites: dict[str, list[dict[str, str]]] = {}
        for row in by_name(table, self.spoken):
            sites.setdefault(row["Site"], []).append(row)
        totals = self.quote.by_site()
        return {
            "heads": heads,
            "figures": figures,
            "sites": [(site, rows, self.spoken.amount(totals[site])) for site, rows in sites.items()],
        }
