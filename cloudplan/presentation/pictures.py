"""Pictures of the page by themselves, as SVG: what a plan costs, its hosts, its sites."""

from collections.abc import Callable, Mapping
from typing import Any

from cloudplan.base.errors import BadInputError
from cloudplan.base.language import Code, Language, language
from cloudplan.base.schema import unknown
from cloudplan.plan.origin import Made
from cloudplan.plan.plan import language_of
from cloudplan.presentation.cost_panels import CostPanels
from cloudplan.presentation.site_panels import SitePanels, cells
from cloudplan.presentation.svg import EDGE, WIDTH, Drawing
from cloudplan.presentation.tables import plan as plan_tables
from cloudplan.sales.phase_quotes import quote_made
from cloudplan.sales.quote import Quote

HOST, HOST_HEIGHT = 98, 76
"""Room for a host with its label."""
ROW, AMOUNT, BARS = 19, 330, 470
"""Height of a row of costs, where its amounts end and where its bars begin."""
INNER = EDGE + 14
"""Where the content of a panel begins."""


def view(made: Made, name: str, lang: Code | None = None) -> str:
    """Return a picture of a plan, or of the first phase of a roadmap, as the text of an SVG file.

    `lang` is by default that of the customer. Raises BadInputError for a name that there is not, and when the plan
    breaks a rule.
    """
    if name not in PICTURES:
        raise BadInputError([unknown("picture", name, PICTURES)])
    quote = quote_made(made)
    return picture(quote, name, language(lang or language_of(quote.plan)))


def picture(quote: Quote, name: str, spoken: Language) -> str:
    """Return a picture of a quote as the text of an SVG file."""
    costs = CostPanels(quote, spoken)
    drawing = Drawing(f"{quote.name}: {spoken.said(plan_tables.priced(quote.made))}")
    cost = spoken.amount(quote.monthly_net, quote.plan.prices.currency)
    drawing.lines(EDGE, f"{quote.name} — {spoken.text('{cost} a month', cost=cost)}", size=17, bold=True)
    if quote.plan.prices.illustrative:
        drawing.lines(EDGE, spoken.said(plan_tables.ILLUSTRATIVE), size=11, ink="limit", bold=True)
    PICTURES[name](drawing, quote, costs)
    return drawing.svg()


# --- what it costs ---------------------------------------------------------------------------------------------------


def _cost(drawing: Drawing, quote: Quote, costs: CostPanels) -> None:
    """Draw the families of the bill in one bar, then what each application costs."""
    shown, whole = costs.values(), WIDTH - 2 * EDGE
    top, drawing.y = drawing.y + 12, drawing.y + 12 + 26
    for each in shown["families"]:
        drawing.rect(
            EDGE + whole * each["x"] / 100, top, whole * each["width"] / 100, 26, each["colour"], frame="paper"
        )
    entries = [(each["colour"], f"{each['name']} — {each['amount']} ({each['percent']})") for each in shown["families"]]
    drawing.key(EDGE, entries)
    drawing.y += 10
    drawing.lines(EDGE, shown["costs_title"], size=14, bold=True)
    for row in shown["applications"]:
        drawing.y += ROW
        if row.colour:
            drawing.rect(EDGE, drawing.y - 10, 10, 10, row.colour)
            drawing.rect(BARS, drawing.y - 10, row.share * (WIDTH - EDGE - BARS), 10, row.colour)
        drawing.text(EDGE + 16, drawing.y - 1, _short(row.name, 36))
        drawing.text(AMOUNT, drawing.y - 1, row.vms, ink="soft", to="end")
        drawing.text(BARS - 14, drawing.y - 1, row.monthly, to="end")
    drawing.y += ROW
    drawing.text(EDGE + 16, drawing.y, costs.spoken.word("the whole plan"), bold=True)
    drawing.text(BARS - 14, drawing.y, shown["whole"], bold=True, to="end")
    drawing.y += 6


# --- hosts and sites -------------------------------------------------------------------------------------------------


def _hosts(drawing: Drawing, quote: Quote, costs: CostPanels) -> None:
    """Draw every host of every cluster: what applications take of its memory, and its cores; many as cells."""
    drawn = SitePanels(quote, costs.spoken, costs.colours).values()
    _key(drawing, drawn, costs, tones=drawn["heat"], boxes=not drawn["folded"])
    for panel in drawn["panels"]:
        for cluster in panel["clusters"]:
            drawing.y += 8
            drawing.lines(EDGE, cluster["name"], size=13, bold=True)
            drawing.lines(EDGE, cluster["about"], size=11, ink="soft")
            if cluster["heat"]:
                _cells(drawing, EDGE, cluster)
            else:
                _boxes(drawing, cluster, costs.spoken)


def _boxes(drawing: Drawing, cluster: Mapping[str, Any], spoken: Language) -> None:
    """Draw hosts one by one."""
    left, top = float(EDGE), drawing.y + 6
    for host in (*cluster["hosts"], *[None] * cluster["spare"]):
        if left + HOST > WIDTH - EDGE + 10:
            left, top = float(EDGE), top + HOST_HEIGHT
        drawing.rect(left, top + 4, 88, 40, "", frame="edge" if host else "edge dashed")
        label = spoken.word("spare") if host is None else spoken.text("{share} mem.", share=host["memory"])
        if host:
            for x, width, colour in host["segments"]:
                drawing.rect(left + x, top + 5, width, 38, colour, frame="paper")
            drawing.rect(left, top + 47, host["cores"], 5, "cores")
            drawing.rect(left + cluster["ceiling"] - 0.75, top, 1.5, 48, "limit")
        drawing.text(left + 44, top + 66, label, size=10.5, ink="soft", to="middle")
        left += HOST
    drawing.y = top + HOST_HEIGHT


def _cells(drawing: Drawing, x: float, cluster: Mapping[str, Any]) -> None:
    """Draw the hosts of a cluster as cells, filled from below by their memory, on as many rows as they need."""
    use = cluster["use"]
    shares = [host.memory_gib / use.memory_per_host_gib for host in use.hosts]
    most = int((WIDTH - 2 * INNER) / 14)
    for begin in range(0, use.cluster.hosts, most):
        end = min(begin + most, use.cluster.hosts)
        drawn = cells(shares[begin:end], end - begin)
        scale = "scale(2)"
        for tone, path in drawn["tones"]:
            drawing.path(path, tone, x=x, y=drawing.y + 6, by=scale)
        drawing.path(drawn["loaded"], "", x=x, y=drawing.y + 6, frame="edge", by=scale)
        if drawn["spare"]:
            drawing.path(drawn["spare"], "", x=x, y=drawing.y + 6, frame="edge dashed", by=scale)
        drawing.y += 30


def _sites(drawing: Drawing, quote: Quote, costs: CostPanels) -> None:
    """Draw a panel for each site with its clusters and its storage to scale, and what flows between them."""
    spoken = costs.spoken
    drawn = SitePanels(quote, spoken, costs.colours).values()
    _key(drawing, drawn, costs, tones=True, boxes=False)
    for number, panel in enumerate(drawn["panels"]):
        if number and panel["lane"]:
            _lane(drawing, panel["lane"])
        drawing.y += 10
        mark, top = drawing.mark(), drawing.y
        drawing.y += 5
        drawing.lines(INNER, f"{panel['label']} — {panel['role']}", size=13, bold=True)
        drawing.text(WIDTH - INNER, drawing.y - 4.5, panel["amount"], to="end")
        for text in panel["fleets"]:
            drawing.lines(INNER, text, size=11)
        for cluster in panel["clusters"]:
            drawing.y += 4
            drawing.lines(INNER, f"{cluster['name']} · {cluster['about']}", size=11.5)
            if not panel["fleets"]:
                drawing.lines(INNER, cluster["why"], size=10.5, ink="soft")
            _cells(drawing, INNER, cluster)
        _storage(drawing, panel["storage"])
        for mark_number, target in panel["beside"]:
            drawing.lines(INNER, f"({mark_number}) → {target}", size=11)
        drawing.y += 8
        drawing.rect(EDGE, top, WIDTH - 2 * EDGE, drawing.y - top, "panel", frame="line", at=mark)
    drawing.y += 6
    for number, text in drawn["flows"]:
        drawing.lines(EDGE, f"({number}) {text}", size=11.5)


def _storage(drawing: Drawing, parts: list[Mapping[str, Any]]) -> None:
    """Draw what is stored at a site, in shares of the site that stores most."""
    if not parts:
        return
    whole, top = WIDTH - 2 * INNER, drawing.y + 8
    for part in parts:
        drawing.rect(
            INNER + whole * part["x"] / 100, top, whole * part["width"] / 100, 18, part["colour"], frame="panel"
        )
    drawing.y = top + 18
    drawing.key(INNER, [(part["colour"], part["text"]) for part in parts], size=10.5)


def _lane(drawing: Drawing, lane: list[tuple[int, bool]]) -> None:
    """Draw the arrows between the first site and the one below: down to it, or up from it."""
    top = drawing.y + 4
    for at, (number, down) in enumerate(lane):
        x = EDGE + 60 + at * 90
        arrow = "M-4 0h8v16h5l-9 12l-9 -12h5z" if down else "M-4 28h8v-16h5l-9 -12l-9 12h5z"
        drawing.path(arrow, "cores", x=x, y=top)
        drawing.text(x + 16, top + 19, f"({number})", size=11, bold=True)
    drawing.y = top + 28


def _key(drawing: Drawing, drawn: Mapping[str, Any], costs: CostPanels, *, tones: bool, boxes: bool) -> None:
    """Write what the colours of hosts mean."""
    text, entries = costs.spoken.word, []
    if boxes:
        shown = costs.values()
        entries += [*shown["legend"], *([("others", text("others"))] if shown["has_others"] else [])]
        entries += [("cores", text("cores")), ("limit", text("memory ceiling"))]
    if tones:
        entries += [("t0", text("memory below 60 %")), ("t1", text("60 to 80 %")), ("t2", text("from 80 %"))]
    drawing.key(EDGE, [*entries, ("spare", text("spare host"))])


def _short(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


PICTURES: Mapping[str, Callable[[Drawing, Quote, CostPanels], None]] = {
    "sites": _sites,
    "hosts": _hosts,
    "cost": _cost,
}
