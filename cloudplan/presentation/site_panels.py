"""The map of the sites: a panel for each with its clusters host by host, its storage to scale, and what flows between.

Texts are set by the browser, which wraps them; only hosts, storage and arrows are drawn. Of clusters with many hosts,
and of many clusters, hosts are the cells of a heat map and the clusters are folded.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from cloudplan.analysis import site_map
from cloudplan.analysis.allocation import value_of
from cloudplan.analysis.site_map import DrawnCluster, DrawnSite, Flow
from cloudplan.base.language import Language, known
from cloudplan.base.units import GIB_PER_TIB
from cloudplan.evaluation.utilisation import ClusterUse
from cloudplan.presentation.colours import Colours
from cloudplan.presentation.tables import site_map as words
from cloudplan.sales.quote import Quote

FEW_HOSTS, FEW_CLUSTERS = 16, 12
"""Hosts of a cluster that are drawn one by one, and clusters of a plan that are not folded."""
WIDTH, HEIGHT = 88.0, 40.0
"""Of a host, in units of its drawing."""
CELL, CELL_HEIGHT, STEP = 5.5, 9.0, 7.0
"""Width and height of a cell of the heat map, and from one cell to the next."""
WARM, HOT = 0.6, 0.8
"""Shares of the memory from which a cell has another tone."""


@dataclass(frozen=True)
class SitePanels:
    """The map of a quote, as values for its template."""

    quote: Quote
    spoken: Language
    colours: Colours

    def values(self) -> dict[str, Any]:
        """Return the panels, the first one being the primary site; the flows, numbered; and whether any is folded."""
        drawn = site_map.sites(self.quote.case, self.quote.plan)
        flows = list(enumerate(site_map.flows(self.quote.case, self.quote.plan), start=1))
        between = [(number, flow) for number, flow in flows if flow.source != flow.target]
        most_gib = max((_stored_gib(site) for site in drawn), default=0) or 1
        folded = sum(len(site.clusters) for site in drawn) > FEW_CLUSTERS
        first = drawn[0].name if drawn else ""
        panels = [self._panel(site, most_gib, folded, between, first) for site in drawn]
        return {
            "panels": panels,
            "flows": [(number, self.spoken.said(words.flow(flow))) for number, flow in flows],
            "folded": folded,
            "aside": not any(site.clusters for site in drawn[1:]),
            "heat": any(cluster["heat"] for panel in panels for cluster in panel["clusters"]),
        }

    def _panel(
        self, site: DrawnSite, most_gib: int, folded: bool, flows: Sequence[tuple[int, Flow]], first: str
    ) -> dict[str, Any]:
        case, spoken = self.quote.case, self.spoken
        zone = case.edition.regions[case.workload.region].zones.get(site.name)
        label = f"{site.name.upper()} · {zone.label}" if zone and zone.label.lower() != site.name else site.name.upper()
        amount = self.quote.by_site().get(site.name, Decimal(0))
        lane = [(number, flow) for number, flow in flows if {flow.source, flow.target} == {first, site.name}]
        return {
            "name": site.name,
            "label": label,
            "role": spoken.said(words.roles(site)),
            "amount": spoken.amount(amount, self.quote.plan.prices.currency),
            "clusters": [self._cluster(cluster, folded) for cluster in site.clusters],
            "fleets": self._fleets(site) if folded else [],
            "storage": list(self._storage(site, most_gib)),
            "lane": [(number, flow.target == site.name) for number, flow in lane],
            "beside": [
                (number, flow.target)
                for number, flow in flows
                if flow.source == site.name and first not in (flow.source, flow.target)
            ],
        }

    def _fleets(self, site: DrawnSite) -> list[str]:
        """Return the clusters of a site in short: how many of each blade type and pool, and their hosts."""
        found: dict[tuple[str, str], list[ClusterUse]] = {}
        for each in site.clusters:
            found.setdefault((each.use.cluster.pool, each.use.cluster.blade), []).append(each.use)
        texts = []
        for (pool, blade), uses in found.items():
            count, spare = (sum(getattr(use.cluster, name) for use in uses) for name in ("hosts", "spare_hosts"))
            about = self.spoken.said(words.hosts(count, spare, uses[0].failures))
            texts.append(self.spoken.said(words.fleet(len(uses), blade, pool, about)))
        return texts

    def _cluster(self, drawn: DrawnCluster, folded: bool) -> dict[str, Any]:
        use, text = drawn.use, self.spoken.text
        cluster, heat = use.cluster, folded or use.cluster.hosts > FEW_HOSTS
        shares = [host.memory_gib / use.memory_per_host_gib for host in use.hosts]
        about = f"{cluster.blade} · {self.spoken.said(words.size(drawn))}"
        mean = sum(shares, Fraction(0)) / len(shares) if shares else Fraction(0)
        return {
            "name": cluster.name,
            "about": about,
            "why": self.spoken.said(words.why(drawn)),
            "heat": cells(shares, cluster.hosts) if heat else None,
            "tip": text(
                "{name}: {about}; memory filled {share} on average",
                name=cluster.name,
                about=about,
                share=self.percent(mean),
            ),
            "hosts": [] if heat else [self._host(drawn, number) for number in range(len(use.hosts))],
            "spare": 0 if heat else cluster.hosts - len(use.hosts),
            "ceiling": float(use.ceiling) * WIDTH,
            "use": use,
        }

    def _host(self, drawn: DrawnCluster, number: int) -> dict[str, Any]:
        """Return a host: what applications take of its memory from left to right, and its cores below."""
        use = drawn.use
        host, groups = use.hosts[number], self.quote.case.workload.groups
        taken: dict[str, Fraction] = {}
        for name, memory_gib in drawn.hosts[number].items():
            colour = self.colours.of_group(groups[name])
            taken[colour] = taken.get(colour, Fraction(0)) + memory_gib
        order = {colour: at for at, colour in enumerate(self.colours.classes.values())}
        left, segments = 0.0, []
        for colour, memory_gib in sorted(taken.items(), key=lambda entry: order.get(entry[0], len(order))):
            width = float(memory_gib / use.memory_per_host_gib) * WIDTH
            segments.append((left, width, colour))
            left += width
        memory, cores = host.memory_gib / use.memory_per_host_gib, host.cores / use.cores_per_host
        return {
            "segments": segments,
            "cores": float(cores) * WIDTH,
            "memory": self.percent(memory),
            "tip": self.spoken.text(
                "Host {number}: {what}; {memory_gib:n1} GiB of memory ({memory}), {used:n1} cores ({cores})",
                number=number + 1,
                what=self._what(use.cluster.placement[number]),
                memory_gib=host.memory_gib,
                memory=self.percent(memory),
                used=host.cores,
                cores=self.percent(cores),
            ),
        }

    def _what(self, placed: Mapping[str, int]) -> str:
        counts: Counter[str] = Counter()
        for name, count in placed.items():
            group = self.quote.case.workload.groups[name]
            counts[value_of(group, self.colours.by) or name] += count
        shown = ", ".join(f"{count} {name}" for name, count in counts.most_common(words.MOST_NAMED))
        return shown + (", …" if len(counts) > words.MOST_NAMED else "")

    def _storage(self, site: DrawnSite, most_gib: int) -> Iterator[dict[str, Any]]:
        """Yield what is stored at a site from left to right, in shares of the site that stores most."""
        classes = list(self.quote.case.edition.storage_classes)
        left = 0.0
        parts = [
            (f"s{classes.index(each.storage_class) % 6}", each.size_gib, words.stored(each, self._label(each)))
            for each in site.storage
        ]
        if site.backup_tib:
            parts.append(("sb", site.backup_tib * GIB_PER_TIB, words.kept(site.backup_tib)))
        for colour, size_gib, said in parts:
            width = 100 * size_gib / most_gib
            yield {"x": left, "width": width, "colour": colour, "text": self.spoken.said(said)}
            left += width

    def _label(self, each: site_map.Stored) -> str:
        return self.spoken.said(known(self.quote.case.edition.storage_classes[each.storage_class].label))

    def percent(self, share: Fraction) -> str:
        """Return a share as a percentage without decimals."""
        return self.spoken.percent(Decimal(round(share * 100)) / 100, 0)


def _stored_gib(site: DrawnSite) -> int:
    return sum(each.size_gib for each in site.storage) + site.backup_tib * GIB_PER_TIB


def cells(shares: Sequence[Fraction], hosts: int) -> dict[str, Any]:
    """Return the hosts of a cluster as cells, each filled from below by its memory: a path for each tone."""
    tones: dict[str, list[str]] = {}
    for at, share in enumerate(shares):
        tone = "t2" if share >= HOT else "t1" if share >= WARM else "t0"
        height = CELL_HEIGHT * min(float(share), 1.0)
        tones.setdefault(tone, []).append(
            f"M{_n(at * STEP + 1)} {_n(CELL_HEIGHT + 1)}h{_n(CELL)}v-{_n(height)}h-{_n(CELL)}z"
        )
    frames = [f"M{_n(at * STEP + 1)} 1h{_n(CELL)}v{_n(CELL_HEIGHT)}h-{_n(CELL)}z" for at in range(hosts)]
    return {
        "width": _n(hosts * STEP + 1),
        "height": _n(CELL_HEIGHT + 2),
        "tones": [(tone, "".join(paths)) for tone, paths in tones.items()],
        "loaded": "".join(frames[: len(shares)]),
        "spare": "".join(frames[len(shares) :]),
    }


def _n(value: float) -> str:
    """Return a number of a drawing, as short as it can be."""
    return f"{value:.1f}".removesuffix(".0")
