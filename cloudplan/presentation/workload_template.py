"""A workload to start from: what is asked, and the commented file that the answers make."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cloudplan.base import yamlfile
from cloudplan.base.errors import BadInputError
from cloudplan.base.schema import misfit
from cloudplan.catalog.edition import Edition
from cloudplan.presentation.starter import Answers, Layout, Question, Starter, commented, number, refuse_odd
from cloudplan.workload.reading import read_workload
from cloudplan.workload.workload import Workload

NAME, GROUP = "my-workload", "4x2x8x100"
MANY_NAMES = 8
"""Names of a group that are shown in one line."""
RETENTION = ("daily", "weekly", "monthly", "yearly")
PROTECTION: Mapping[str, Any] = {"rpo": "1h", "rto": "4h"}
EXAMPLES: Mapping[str, Any] = {
    "customer": {
        "organization": "ACME",
        "tenant": "acme-prod",
        "contact": {"name": "Camille Martin", "email": "camille.martin@example.org", "phone": "+33 1 99 00 12 34"},
    },
    "backup_policies": {"gold": {"daily": 30, "weekly": 8, "monthly": 12, "yearly": 5}},
    "policy": {"max_clusters": 3, "default_disk": {"class": "medium", "iops_per_gib": 1.5}},
    "horizon": {"start": "2027-01", "months": 36, "step": 12, "growth": {"vms": 0.1, "storage": 0.2}, "shrink": False},
    "networks": [{"name": "prod"}],
}


def workload_starter(edition: Edition) -> Starter:
    """Return the questions about a workload of an edition, and what makes its file; the file is pinned to the edition.

    Answers that `cloudplan size` would refuse as bad input are not allowed.
    """
    return Starter(
        _questions(edition), lambda answers: _read(answers, edition), lambda answers: _text(answers, edition)
    )


def _questions(edition: Edition) -> tuple[Question, ...]:
    zones = ", ".join(zone for region in edition.regions for zone in edition.zones(region))
    kept = " ".join(edition.backup_default[kind] for kind in RETENTION)
    return (
        Question("name", "Name of the workload", NAME),
        Question("customer", "Organisation of the customer", "left out"),
        Question("lang", "Language of quotes, fr or en", "en"),
        Question(
            "region",
            f"Region: {', '.join(edition.regions)}",
            next(iter(edition.regions)),
            asked=len(edition.regions) > 1,
        ),
        Question("sites", f"Zone, or two with the standby site second, of {zones}", "the first of the region"),
        Question(
            "vms",
            "VMs, as NAME=COUNTxVCPUSxMEMORYxDISK with GiB of one VM on average, such as web=4x2x8x100",
            GROUP,
            many=True,
        ),
        Question("recovery", "Recovery targets as RPO/RTO, such as 1h/4h; or none", "none"),
        Question("backup", "Backups kept: daily, weekly, monthly, yearly; or none", kept),
        Question("vcpu-per-core", "vCPUs on one physical core", edition.default("vcpu_per_core")),
        Question(
            "host-failures", "Hosts of a cluster that may fail at once; 1 is N+1", edition.default("host_failures")
        ),
        Question("term", "Commitment in months", "1"),
    )


def _read(answers: Answers, edition: Edition) -> tuple[dict[str, Any], Workload]:
    """Return the values that answers make, and the workload; raise BadInputError for answers that are not allowed."""
    refuse_odd(answers)
    tree = _tree(answers, edition)
    return tree, read_workload(tree, edition)


def _text(answers: Answers, edition: Edition) -> str:
    """Return the file; raise BadInputError for answers that are not allowed."""
    tree, read = _read(answers, edition)
    heading = (
        f"A workload for cloudplan: what is to run. Sizes are in GiB; prices are in a price book. Edition of the "
        f"catalogue: {edition.edition}.",
        "Size it with: cloudplan size FILE",
    )
    text = commented(heading, Workload, _layout(tree, read, answers, edition))
    if read_workload(yamlfile.parse(text, "the workload"), edition).sha256 != read.sha256:
        raise BadInputError("YAML cannot hold these answers: a text is too long or has odd characters")
    return text


# --- from answers to values --------------------------------------------------------------------------------------


def _tree(answers: Answers, edition: Edition) -> dict[str, Any]:
    """Return the workload that the answers make, every question's field in it."""

    def answered(name: str, default: str, read: Callable[[str], Any] = str) -> Any:
        return read(str(answers.get(name, default)))

    region = answered("region", next(iter(edition.regions)))
    protection = answered("recovery", "none", _recovery)
    backup = answered("backup", " ".join(edition.backup_default[kind] for kind in RETENTION), _backup)
    groups = answers.get("vms") or [GROUP]
    organization = {"organization": answers["customer"]} if "customer" in answers else {}
    return {
        "schema": "cloudplan/workload/v1",
        "name": answered("name", NAME),
        "customer": {**organization, "lang": answered("lang", "en")},
        "region": region,
        "catalog": edition.edition,
        "term_months": answered("term", "1", number),
        "sites": _sites(answers, _zones(edition, region), wanted=2 if protection else 1),
        "policy": {
            "vcpu_per_core": answered("vcpu-per-core", edition.default("vcpu_per_core"), number),
            "host_failures": answered("host-failures", edition.default("host_failures"), number),
            **({"backup": backup} if backup else {}),
        },
        "vms": [_group(text, place, protection, stored=bool(backup)) for place, text in enumerate(groups, start=1)],
    }


def _zones(edition: Edition, region: str) -> tuple[str, ...]:
    """Return the zones of a region; none for one that is not there, which the reader refuses."""
    return edition.zones(region) if region in edition.regions else ()


def _sites(answers: Answers, zones: Sequence[str], wanted: int) -> dict[str, str]:
    """Return the sites: those that were answered, else as many of the first as are needed."""
    named = list(zones[:wanted])
    if "sites" in answers:
        named = _words(str(answers["sites"]))
        if not 0 < len(named) <= 2:
            raise BadInputError([misfit(answers["sites"], "one zone, or two with the standby site second")])
        if len(named) < wanted:
            raise BadInputError("recovery targets need two zones, the second for the standby site")
    return dict(zip(("primary", "standby"), named, strict=False))


def _recovery(text: str) -> dict[str, str]:
    """Return what is needed when a site is lost; nothing for none."""
    rpo, slash, rto = (part.strip() for part in text.partition("/"))
    if text.strip() == "none":
        return {}
    if not slash or not (rpo or rto):
        raise BadInputError([misfit(text, "RPO/RTO such as 1h/4h, one of them such as 1h/ or /4h, or none")])
    return {name: value for name, value in (("rpo", rpo), ("rto", rto)) if value}


def _backup(text: str) -> dict[str, Any]:
    """Return how many points of each kind are kept; nothing for no backup."""
    counts = _words(text)
    if counts == ["none"]:
        return {}
    if len(counts) != len(RETENTION):
        raise BadInputError([misfit(text, f"{len(RETENTION)} whole numbers ({', '.join(RETENTION)}), or none")])
    return dict(zip(RETENTION, map(number, counts), strict=True))


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _group(text: str, place: int, protection: Mapping[str, str], *, stored: bool) -> dict[str, Any]:
    """Return a group of VMs with one disk."""
    name, _, figures = text.rpartition("=")
    numbers = [number(part) for part in re.split("[xX×]", figures)]
    if len(numbers) != 4:
        allowed = "NAME=COUNTxVCPUSxMEMORYxDISK such as web=4x2x8x100; the name may be left out"
        raise BadInputError([misfit(text, allowed)])
    count, vcpus, memory, disk = numbers
    return {
        "name": name.strip() or f"group-{place}",
        "count": count,
        "vcpus": vcpus,
        "memory_gib": memory,
        "disks": [{"size_gib": disk, **({} if stored else {"backup": False})}],
        **({"protection": dict(protection)} if protection else {}),
    }


# --- from values to the file -------------------------------------------------------------------------------------

_FIELDS = {
    "name": ("name",),
    "customer": ("customer.organization",),
    "lang": ("customer.lang",),
    "region": ("region",),
    "sites": ("sites.primary", "sites.standby"),
    "vms": ("vms.count", "vms.vcpus", "vms.memory_gib", "vms.disks.size_gib"),
    "recovery": ("vms.protection",),
    "backup": tuple(f"policy.backup.{kind}" for kind in RETENTION),
    "vcpu-per-core": ("policy.vcpu_per_core",),
    "host-failures": ("policy.host_failures",),
    "term": ("term_months",),
}
"""The fields that each question decides."""


def _layout(tree: dict[str, Any], read: Workload, answers: Answers, edition: Edition) -> Layout:
    """Return what the file shows: the values, and for what is left out its default or an example."""
    usual = read_workload({**tree, "policy": {}, "vms": [_group("1x1x1x1", 1, {}, stored=True)]}, edition)
    first = read.vms[0]
    primary, standby, flash = read.sites.primary, read.sites.standby, edition.flash_classes[0]
    others = [zone for zone in _zones(edition, read.region) if zone != primary]
    extra = next(iter(edition.extras.values()), None)
    group: dict[str, Any] = {"anti_affinity": first.name, "affinity": first.name}
    group |= {"licences": ["oracle-ee"], "tags": {"application": "erp"}, "os": "windows-2022"}
    group |= {"protection": PROTECTION} if standby else {}
    group |= {"standby": {"vcpu_share": 0.5, "memory_share": 0.5}} if first.protection else {}
    group |= {"names": first.names} if first.count <= MANY_NAMES else {}
    own = {"vcpu_per_core": first.vcpu_per_core, "blades": first.blades, "site": first.site}
    return Layout(
        values=tree,
        examples={
            **EXAMPLES,
            "sites": {"standby": others[0], "backup": others[-1]} if others else {},
            "extras": [{"sku": extra.sku, "quantity": 1}] if extra else None,
            "existing": {
                "keep": True,
                "datastores": [{"site": primary, "class": edition.flash_classes[0], "size_gib": 500}],
            },
            "requires": list(edition.certifications)[:1] or None,
            "vms": [{**group, "disks": [{"class": flash, "used_gib": first.disks[0].size_gib}]}],
        },
        defaults={"policy": usual.policy.model_dump(), "vms": [{**own, "backup": first.backup.model_dump()}]},
        unanswered=frozenset(path for name, paths in _FIELDS.items() if name not in answers for path in paths),
    )
