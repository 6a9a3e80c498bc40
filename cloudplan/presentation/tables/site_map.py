"""What is said beside the map of the sites: what each is for, why a cluster has so many hosts, what flows where."""

from collections.abc import Mapping
from fractions import Fraction

from cloudplan.analysis.site_map import DrawnCluster, DrawnSite, Flow, Kind, Role, Stored, Tight
from cloudplan.base.language import Message, counted, message
from cloudplan.base.units import GIB_PER_TIB
from cloudplan.plan.plan import GLOBAL_MIRROR, VM_REPLICATION
from cloudplan.plan.wording import joined

ROLES: Mapping[Role, Message] = {
    "production": message("production"),
    "standby": message("standby site"),
    "backup": message("backup copies"),
}
FLOWS: Mapping[Kind, Message] = {
    GLOBAL_MIRROR: message("Global Mirror"),
    VM_REPLICATION: message("VM replication"),
    "backup": message("Backup"),
}
MOST_NAMED = 6
"""Applications that the tip of a host names."""
PACKING = message("whole VMs do not fill hosts to the brim")


def roles(site: DrawnSite) -> Message:
    """Return what a site is for."""
    return joined(*(ROLES[role] for role in site.roles), between=" + ")


def size(drawn: DrawnCluster) -> Message:
    """Return the hosts of a cluster."""
    cluster = drawn.use.cluster
    return hosts(cluster.hosts, cluster.spare_hosts, drawn.use.failures)


def hosts(count: int, spare: int, failures: int) -> Message:
    """Return a number of hosts, how many of them are to spare."""
    return counted(
        "{count:n} host, {spare:n} of them spare (N+{failures})",
        "{count:n} hosts, {spare:n} of them spare (N+{failures})",
        count,
        spare=spare,
        failures=failures,
    )


def why(drawn: DrawnCluster) -> Message:
    """Return why a cluster has so many loaded hosts: resources, VMs kept apart, or the packing of whole VMs."""
    needed = [_tight(each, len(drawn.use.hosts)) for each in drawn.tight] or [PACKING]
    if drawn.for_memory > 0:
        one, many = "{count} more for its included memory", "{count} more for their included memory"
        needed.append(counted(one, many, drawn.for_memory))
    return joined(*needed, between=" + ")


def _tight(each: Tight, loaded: int) -> Message:
    if each.label:
        return message("{count} {label} kept apart", count=each.count, label=each.label)
    values = {"used": each.used, "a_host": each.a_host, "unit": each.unit}
    alone, several = _RESOURCES.get(each.unit, _RESOURCES[""])
    return Message((alone if loaded == 1 else several).template, values)


_RESOURCES: Mapping[str, tuple[Message, Message]] = {
    "cores": (
        message("{used:n1} of the {a_host:n1} cores of a host"),
        message("{used:n1} cores, {a_host:n1} a host"),
    ),
    "GiB": (
        message("{used:n1} of the {a_host:n0} GiB of memory of a host"),
        message("{used:n1} GiB of memory, {a_host:n0} a host"),
    ),
    "": (
        message("{used:n1} of the {a_host:n1} {unit:w} of a host"),
        message("{used:n1} {unit:w}, {a_host:n1} a host"),
    ),
}
"""What a resource needs, by its unit: of the one host that is loaded, and of several."""


def flow(each: Flow) -> Message:
    """Return what flows from site to site: what, from where to where, how many VMs, within which RPO and RTO."""
    parts = [
        message("{what}, {source} → {target}", what=FLOWS[each.kind], source=each.source, target=each.target),
        counted("{count:n} VM", "{count:n} VMs", each.vms),
    ]
    parts += [_between(name, span) for name, span in (("RPO", each.rpo), ("RTO", each.rto)) if span]
    if each.stored_gib is not None:
        parts.append(message("{tib:n1} TiB", tib=each.stored_gib / GIB_PER_TIB))
    return joined(*parts, between=" · ")


def _between(name: str, span: tuple[str, str]) -> Message:
    least, most = span
    if least == most:
        return message("{name} {least:d}", name=name, least=least)
    return message("{name} {least:d} to {most:d}", name=name, least=least, most=most)


def fleet(clusters: int, blade: str, pool: str, about: str) -> Message:
    """Return clusters of one blade type and pool in short."""
    one, many = (
        "{count:n} cluster of {blade}, pool {pool}: {about}",
        "{count:n} clusters of {blade}, pool {pool}: {about}",
    )
    return counted(one, many, clusters, blade=blade, pool=pool, about=about)


def stored(each: Stored, label: str) -> Message:
    """Return the datastores of one class in short."""
    about = {"label": label, "tib": Fraction(each.size_gib, GIB_PER_TIB)}
    if each.mirrored:
        return message("{label}, mirrored: {tib:n1} TiB", **about)
    return message("{label}: {tib:n1} TiB", **about)


def kept(tib: int) -> Message:
    """Return the backups of a site in short."""
    return message("Backups: {tib:n} TiB", tib=tib)
