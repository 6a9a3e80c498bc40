"""Plans, roadmaps, comparisons, differences and quotes as tables of data: Arrow, with money as exact decimals."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import singledispatch
from typing import Any, Literal

from cloudplan.analysis.changes import Item, Requote, cost_of
from cloudplan.analysis.compare import Alternative, Comparison
from cloudplan.analysis.options import Options
from cloudplan.base import money
from cloudplan.base.errors import BadInputError, Fault, MachineError
from cloudplan.base.language import ENGLISH
from cloudplan.base.schema import unknown
from cloudplan.evaluation import utilisation
from cloudplan.plan.origin import origin_of
from cloudplan.plan.plan import Change, Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.tables.table import Report, Table, say, words
from cloudplan.sales.quote import Quote
from cloudplan.workload.case import Case

Kind = Literal["text", "whole", "money", "exact", "real", "flag"]
"""What a column holds: money and exact numbers are decimals, real numbers binary."""
Rows = Iterable[Sequence[Any]]
MOST_DIGITS, CENTS = 38, 2
"""Digits of a decimal of Arrow, and the least places of money."""
_MISSING = "a frame needs the extra cloudplan[frames]: pip install 'cloudplan[frames]'; found: {error}"


@dataclass(frozen=True)
class Frame:
    """A table of a name: its columns with what they hold, and what makes its rows."""

    columns: Mapping[str, Kind]
    rows: Callable[[], Rows]

    def with_first(self, name: str, rows: Callable[[], Rows]) -> "Frame":
        """Return it with a column of texts before the others, and other rows."""
        return Frame({name: "text", **self.columns}, rows)


Frames = Mapping[str, Frame]


def view(value: Any, name: str) -> Any:
    """Return the table of a value with a name as a `pyarrow.Table`.

    Raises BadInputError for a name that the value does not have, and MachineError without pyarrow.
    """
    known = frames_of(value)
    if name not in known:
        raise BadInputError([unknown("frame", name, known)])
    return _arrow(known[name])


@singledispatch
def frames_of(value: Any) -> Frames:
    """Return the tables that a value has, by name."""
    raise TypeError(f"{type(value).__name__} has no frames")


# --- a plan ----------------------------------------------------------------------------------------------------------


@frames_of.register
def _of_plan(plan: Plan) -> Frames:
    return {
        "bom": Frame(
            {
                **{"site": "text", "sku": "text", "label": "text", "unit": "text", "quantity": "whole"},
                **{"list_price": "money", "discount": "exact", "unit_price": "money", "monthly": "money"},
                **{"rule": "text", "because": "text"},
            },
            lambda: [
                _fields(line, "site sku label unit quantity list_price discount unit_price monthly rule because")
                for line in plan.bom
            ],
        ),
        "licences": Frame(
            {
                **{"licence": "text", "label": "text", "site": "text", "cluster": "text", "hosts": "whole"},
                **{"quantity": "whole", "unit": "text", "unit_price": "money", "monthly": "money"},
            },
            lambda: [
                _fields(line, "licence label site cluster hosts quantity unit unit_price monthly")
                for line in (plan.third_party.lines if plan.third_party else ())
            ],
        ),
        "hosts": Frame(
            {
                **{"site": "text", "pool": "text", "cluster": "text", "blade": "text", "host": "whole"},
                **{"spare": "flag", "vms": "whole", "cores_used": "real", "cores": "whole"},
                **{"memory_gib_used": "real", "memory_gib": "whole"},
            },
            lambda: _hosts(plan),
        ),
        "placement": Frame(
            {
                **{"vm": "text", "group": "text", "site": "text", "standby": "flag", "cluster": "text"},
                **{"host": "whole", "swap": "text"},
            },
            lambda: _placement(plan),
        ),
        "datastores": Frame(
            {
                **{"site": "text", "datastore": "text", "class": "text", "size_gib": "whole", "disks_gib": "real"},
                **{"swap_gib": "real", "free_gib": "real", "iops": "real", "iops_offered": "real"},
                **{"replication": "text", "peer": "text"},
            },
            lambda: _datastores(plan),
        ),
        "disks": Frame(
            {
                **{"vm": "text", "group": "text", "site": "text", "disk": "whole", "datastore": "text"},
                **{"class": "text", "size_gib": "exact"},
            },
            lambda: _disks(plan),
        ),
        "backup": Frame(
            {"site": "text", "tib": "whole", "from_site": "text", "vms": "whole", "stored_gib": "exact"},
            lambda: [
                (each.site, each.tib, source.site, source.vms, source.stored_gib)
                for each in plan.backup
                for source in each.sources
            ],
        ),
        "findings": Frame(
            {"severity": "text", "code": "text", "subject": "text", "rule": "text", "message": "text"},
            lambda: [_fields(each, "severity code subject rule message") for each in plan.findings],
        ),
        "assumptions": Frame(
            {
                **{"code": "text", "what": "text", "value": "text", "origin": "text", "source": "text"},
                **{"otherwise": "text", "monthly_otherwise": "money"},
            },
            lambda: [
                _fields(each, "code what value origin source otherwise monthly_otherwise") for each in plan.assumptions
            ],
        ),
    }


def _case(plan: Plan) -> Case:
    origin = origin_of(plan)
    return Case.of(origin.workload, origin.edition, origin.prices)


def _hosts(plan: Plan) -> Iterator[Sequence[Any]]:
    for use in utilisation.clusters(_case(plan), plan):
        cluster = use.cluster
        place = (cluster.site, cluster.pool, cluster.name, cluster.blade)
        each = (use.cores_per_host, use.memory_per_host_gib)
        for number in range(1, cluster.hosts + 1):
            host = use.hosts[number - 1] if number <= len(use.hosts) else None
            used = (host.instances, host.cores, host.memory_gib) if host else (0, 0, 0)
            yield (*place, number, host is None, *used[:2], each[0], used[2], each[1])


def _placement(plan: Plan) -> Iterator[Sequence[Any]]:
    case = _case(plan)
    for each in utilisation.placements(case, plan):
        standby = each.site != case.workload.groups[each.group].site
        yield each.vm, each.group, each.site, standby, each.cluster or None, each.host, each.swap or None


def _datastores(plan: Plan) -> Iterator[Sequence[Any]]:
    for use in utilisation.datastores(_case(plan), plan):
        store = use.store
        room = (use.disks_gib, use.swap_gib, use.free_gib, use.iops, use.iops_offered)
        yield store.site, store.name, store.storage_class, store.size_gib, *room, store.replication, store.peer


def _disks(plan: Plan) -> Iterator[Sequence[Any]]:
    case = _case(plan)
    classes = {store.name: store.storage_class for store in plan.datastores}
    for each in utilisation.placements(case, plan):
        disks = case.workload.groups[each.group].disks
        for number, (disk, store) in enumerate(zip(disks, each.disks, strict=True)):
            if store:
                yield each.vm, each.group, each.site, number, store, classes[store], disk.size_gib


# --- what holds several plans ----------------------------------------------------------------------------------------


@frames_of.register
def _of_roadmap(roadmap: Roadmap) -> Frames:
    own = {
        "phases": Frame(
            {
                **{"from": "text", "last": "text", "months": "whole", "monthly": "money", "cost": "money"},
                **{"hosts": "whole", "moved": "whole", "owed_after": "money"},
            },
            lambda: [
                (
                    each.from_,
                    each.last,
                    each.months,
                    each.plan.cost,
                    each.cost,
                    sum(cluster.hosts for cluster in each.plan.clusters),
                    each.moved,
                    each.owed_after,
                )
                for each in roadmap.phases
            ],
        ),
        "changes": Frame(
            {"from": "text", **_CHANGE},
            lambda: [(phase.from_, *_change(each)) for phase in roadmap.phases for each in phase.changes],
        ),
    }
    of_phases = [(phase.from_, _of_plan(phase.plan)) for phase in roadmap.phases]

    def rows(name: str) -> Callable[[], Rows]:
        return lambda: [(month, *row) for month, found in of_phases for row in found[name].rows()]

    return own | {name: frame.with_first("from", rows(name)) for name, frame in of_phases[0][1].items()}


_CHANGE: dict[str, Kind] = {
    **{"site": "text", "sku": "text", "licence": "text", "label": "text", "unit": "text"},
    **{"before": "whole", "after": "whole"},
}


def _change(change: Change) -> Sequence[Any]:
    return _fields(change, "site sku licence label unit before after")


_ALTERNATIVE: dict[str, Kind] = {
    **{"theme": "text", "name": "text", "monthly": "money", "difference": "money", "lower_bound": "money"},
    **{"gap": "real", "status": "text", "hosts": "whole", "spare_hosts": "whole", "clusters": "whole"},
    **{"gives_up": "text", "why": "text"},
}


def _alternative(each: Alternative, optimum: Alternative) -> Sequence[Any]:
    plan, base = each.plan, optimum.plan
    if plan is None or base is None:
        figures: Sequence[Any] = [None] * 8
    else:
        figures = (plan.cost, each.difference(base), plan.lower_bound, plan.gap, plan.status)
        figures = (*figures, each.hosts, each.spare, len(plan.clusters))
    return each.theme or None, each.name, *figures, "; ".join(each.gives_up) or None, each.why or None


@frames_of.register
def _of_comparison(found: Comparison) -> Frames:
    every = (found.optimum, *found.alternatives)
    return {"alternatives": Frame(_ALTERNATIVE, lambda: [_alternative(each, found.optimum) for each in every])}


@frames_of.register
def _of_options(found: Options) -> Frames:
    axes: dict[str, Kind] = {axis.field: "exact" for axis in found.axes}
    left: dict[str, Kind] = {"dominated_by": "whole", "may_fail": "whole", "cores_left": "whole"}
    return {
        "options": Frame(
            {**axes, **_ALTERNATIVE, **left},
            lambda: [
                (
                    *each.values,
                    *_alternative(each.alternative, found.optimum),
                    each.dominated_by,
                    each.may_fail,
                    each.cores,
                )
                for each in found.options
            ],
        ),
        "steps": Frame(
            {
                "field": "text",
                "low": "exact",
                "high": "exact",
                "cost": "money",
                "proven": "flag",
                "least": "money",
                "most": "money",
            },
            lambda: [_fields(each, "field low high cost proven least most") for each in found.steps],
        ),
    }


@frames_of.register
def _of_requote(found: Requote) -> Frames:  # type: ignore[type-arg]  # singledispatch reads the class
    causes = [step.name for step in found.steps]
    moved: dict[str, Kind] = {f"by {name}": "money" for name in causes}
    return {
        "lines": Frame(
            {
                **{"site": "text", "sku": "text", "label": "text", "before": "whole", "after": "whole"},
                **{"amount_before": "money", "amount_after": "money", "difference": "money"},
                **moved,
            },
            lambda: [
                (
                    each.site,
                    each.sku,
                    each.item.line.label,
                    *_told(each.before, each.after),
                    each.difference,
                    *(each.by_step[name] for name in causes),
                )
                for each in found.lines
            ],
        ),
        "causes": Frame(
            {"cause": "text", "difference": "money", "total": "money"},
            lambda: [(step.name, found.moved_by(step), cost_of(step.made)) for step in found.steps],
        ),
    }


def _told(before: Item | None, after: Item | None) -> Sequence[Any]:
    both = (before, after)
    return *(each and each.quantity for each in both), *(each and each.amount for each in both)


@frames_of.register
def _of_quote(quote: Quote) -> Frames:
    return {
        "lines": Frame(
            {
                **{"site": "text", "family": "text", "sku": "text", "label": "text", "unit": "text"},
                **{"quantity": "whole", "unit_net": "money", "net": "money"},
            },
            lambda: [
                (each.line.site, each.family, *_fields(each.line, "sku label unit quantity"), each.unit_net, each.net)
                for each in quote.lines
            ],
        )
    }


_OF_TABLES: Mapping[str, Kind] = {
    **{"whole": "whole", "money": "money", "price": "money", "change": "money", "decimal": "exact"},
    **{"quantity": "exact", "share": "exact", "discount": "exact"},
}


@frames_of.register
def _of_report(report: Report) -> Frames:
    return {say(part.title, ENGLISH): _of_table(part) for part in report.parts if isinstance(part, Table)}


def _of_table(table: Table) -> Frame:
    kinds = {column.header(): _OF_TABLES.get(column.kind, "text") for column in table.columns}
    told = {
        name: any(isinstance(cell, int | Decimal) for cell in table.values(column.name))
        for name, column in zip(kinds, table.columns, strict=True)
    }
    held: dict[str, Kind] = {name: kind if told[name] else "text" for name, kind in kinds.items()}

    def cell(value: Any, kind: Kind) -> Any:
        if kind == "text":
            return None if value is None else words(value, "text")
        return value if isinstance(value, int | Decimal) else None

    return Frame(
        held,
        lambda: [[cell(value, kind) for value, kind in zip(row, held.values(), strict=True)] for row in table.rows],
    )


# --- Arrow -----------------------------------------------------------------------------------------------------------


def _fields(value: Any, names: str) -> Sequence[Any]:
    return [getattr(value, name) for name in names.split()]


def _arrow(frame: Frame) -> Any:
    """Return a table of Arrow; raise MachineError without pyarrow."""
    try:
        import pyarrow  # noqa: PLC0415 - slow to import, and an extra
    except ImportError as error:
        raise MachineError([Fault(_MISSING.format(error=error))]) from None
    rows = [tuple(row) for row in frame.rows()]
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in frame.columns]
    made = {}
    for (name, kind), values in zip(frame.columns.items(), columns, strict=True):
        if kind in ("money", "exact"):
            exact = [None if value is None else Decimal(value) for value in values]
            made[name] = pyarrow.array(exact, pyarrow.decimal128(MOST_DIGITS, _places(exact, kind)))
        else:
            held = {"text": pyarrow.string(), "whole": pyarrow.int64(), "real": pyarrow.float64()}
            shown = [None if value is None or kind != "real" else float(value) for value in values]
            made[name] = pyarrow.array(shown if kind == "real" else list(values), held.get(kind, pyarrow.bool_()))
    return pyarrow.table(made)


def _places(values: Iterable[Decimal | None], kind: Kind) -> int:
    """Return the decimal places that hold all values exactly; those of money are two at least."""
    least = CENTS if kind == "money" else 0
    return max([least, *(-int(value.normalize(money.EXACT).as_tuple().exponent) for value in values if value)])
