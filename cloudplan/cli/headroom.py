"""`cloudplan explain --headroom` and `--fit`: how long what stands lasts, and how many more VMs fit."""

import re
from decimal import Decimal
from typing import Any

import typer

from cloudplan.analysis.headroom import Fit, Resource, fit, headroom
from cloudplan.base.schema import decimal_of, misfit
from cloudplan.cli.options import Target
from cloudplan.cli.searching import one_after_the_other
from cloudplan.plan.origin import Origin, origin_of
from cloudplan.plan.plan import Plan
from cloudplan.presentation.tables import headroom as tables
from cloudplan.questions.explain import LEAST_DISK_GIB, refuse_place
from cloudplan.workload.workload import Growth

SHAPE = re.compile(r"(?P<vcpus>[1-9]\d{0,4})x(?P<memory>\d{1,6}(\.\d{1,6})?)(x(?P<disk>\d{1,6}(\.\d{1,6})?))?")
MOST_GROWTH = 10


def shape(text: str) -> str:
    """Read a shape, VCPUSxMEMORY or VCPUSxMEMORYxDISK in GiB."""
    found = SHAPE.fullmatch(text)
    if not found or not float(found["memory"]) or (found["disk"] and not float(found["disk"])):
        raise typer.BadParameter(misfit(text, "VCPUSxMEMORY or VCPUSxMEMORYxDISK in GiB, such as 4x16x100").message)
    return text


def growth(text: str) -> Growth:
    """Read growth a year, such as vms=0.1,storage=0.2."""
    rates: dict[str, Decimal] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        rate = decimal_of(value)
        if name not in Growth.model_fields or name in rates or rate is None or not 0 <= rate <= MOST_GROWTH:
            allowed = f"vms=SHARE, storage=SHARE, or both with a comma; shares a year from 0 to {MOST_GROWTH}"
            raise typer.BadParameter(misfit(text, allowed).message)
        rates[name] = rate
    return Growth.model_validate({name: str(rate) for name, rate in rates.items()})


def show(
    to: Target,
    plan: Plan,
    name: str,
    month: str | None,
    rates: Growth | None,
    wanted: str | None,
    place: dict[str, str],
) -> None:
    """Show what runs out when, by growth from a month on, and how many VMs of a shape fit at a place.

    `name` stands for the plan in messages.
    """
    origin = origin_of(plan, name)
    solve = one_after_the_other()
    resources: tuple[Resource, ...] = ()
    if rates is not None and month is not None:
        resources = headroom(origin, plan, rates, month, solve)
    found = _fit(origin, plan, wanted, place, solve) if wanted else None
    told = (str(rates.vms), str(rates.storage), month or "") if rates else ("", "", "")
    to.show(tables.report(plan, resources, told, found), tables.values(resources, found))


def _fit(origin: Origin, plan: Any, wanted: str, place: dict[str, str], solve: Any) -> Fit:
    read = SHAPE.fullmatch(wanted)
    assert read is not None
    refuse_place(origin, plan, place)
    fields = {"vcpus": read["vcpus"], "memory_gib": read["memory"], "disk_gib": read["disk"] or str(LEAST_DISK_GIB)}
    return fit(origin, plan, fields, wanted, {"site": origin.workload.sites.primary, **place}, solve)
