"""The workload file, read strictly: every fault at once, every default of the edition filled in.

Names and contradictions are looked for in the raw tree, so that one fault does not hide another; then the defaults are
filled in, and the typed values are made.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from cloudplan.base import kinds, limits, yamlfile
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import decimal_of, misfit, unknown, validate
from cloudplan.base.yamlfile import Document, Where, dotted, without_nulls
from cloudplan.catalog.edition import Edition, Item, in_region
from cloudplan.catalog.loading import editions, load_edition, not_shipped
from cloudplan.workload import default_disk, existing, horizon, networks
from cloudplan.workload.raw import mapping_at, mappings, texts
from cloudplan.workload.workload import MAX_INSTANCES, USED_PLACES, Policy, Sites, Workload

COMPLETED = {"names", "site", "vcpu_per_core", "blades", "backup", "used_gib"}
"""Fields that are filled in from others, and missing only when those are."""


Source = str | Path | Mapping[str, Any] | Document
"""A workload: its file, its plain values, or its file as read."""


def pinned_edition(source: Source) -> str | None:
    """Return the edition that a workload pins with `catalog`, or None."""
    tree = _document(source).tree
    pin = tree.get("catalog") if isinstance(tree, dict) else None
    return pin if isinstance(pin, str) else None


def shipped_pin(source: Source) -> str | None:
    """Return the edition that a workload pins, if it ships; faults are told when the workload is read."""
    with contextlib.suppress(BadInputError):
        pin = pinned_edition(source)
        if pin in editions():
            return pin
    return None


def read_workload(
    source: Source,
    edition: Edition | None = None,
    *,
    term_months: int | None = None,
    obey_pin: bool = True,
) -> Workload:
    """Read a workload from a YAML file or from plain values, and complete it with the defaults of `edition`.

    Without an edition it is the one that the workload names, else the newest that ships. `term_months` overrides the
    commitment of the file; without `obey_pin` the edition that it names is not looked at. Raises BadInputError with one
    fault for all that is wrong.
    """
    document = _document(source)
    edition = edition or load_edition(shipped_pin(document))
    if not isinstance(document.tree, dict):
        raise BadInputError([document.fault((), misfit(document.tree, "a mapping"))])
    written, blanks = document.tree, []
    completed = without_nulls(written)  # a copy
    if completed != written:
        written, blanks = without_nulls(written), _blank_faults(document)
    document.tree = completed

    @cache
    def given() -> set[str]:
        return {dotted(where) for where, _ in _entries(written, ())}

    faults = list(_pin_faults(document.tree, document, edition)) if obey_pin else []
    faults += blanks + list(_name_faults(document.tree, document))
    faults += list(_reference_faults(document.tree, document, edition))
    _complete(document.tree, edition, term_months)
    faults += [fault for fault in _value_faults(document.tree, document, edition) if _is_given(fault, given())]
    placed = {fault.path for fault in faults}
    shape: list[Fault] = []
    workload = validate(Workload, document, shape)
    faults += [fault for fault in shape if fault.path not in placed and _is_given(fault, given())] or (
        [] if faults else shape
    )
    if workload is None or faults:
        raise BadInputError(sorted(faults, key=_place))
    return workload.with_given(_settings(written, term_months))


def as_given(workload: Workload, edition: Edition) -> dict[str, Any]:
    """Return a workload as plain values, without the defaults that `edition` gave it: another's can take their place.

    A value that equals its default counts as not given.
    """
    tree = workload.canonical()
    defaults = Policy.model_validate(_policy_defaults(edition)).model_dump(mode="json")
    policy, backup = tree["policy"], tree["policy"]["backup"]
    for own in (*tree["backup_policies"].values(), *(group["backup"] for group in tree["vms"])):
        _drop(own, backup)
    networks.drop_defaults(tree)
    horizon.drop(tree)
    default_disk.drop(tree)
    for group in tree["vms"]:
        if isinstance(group.get("standby"), dict):
            _drop(group["standby"], policy["standby"])
        for disk in group["disks"]:
            _drop(disk, {"used_gib": disk["size_gib"]})
        names = instance_names({**group, "names": None})
        _drop(group, {"names": names, "blades": policy["blades"], "vcpu_per_core": policy["vcpu_per_core"]})
    for part in ("standby", "backup"):
        _drop(policy[part], defaults[part])
    _drop(policy, defaults)
    del tree["catalog"]
    return tree | ({"existing": workload.existing.canonical()} if workload.existing else {})


def _settings(written: Mapping[str, Any], term_months: int | None) -> set[str]:
    """Return the fields of the policy, and the term, that a file gives or that are given beside it."""
    policy = written.get("policy", {})
    values = dict(_entries({"policy": policy}, ()))
    found = {dotted(where) for where, value in values.items() if where and not isinstance(value, dict)}
    asked = "term_months" in written or term_months is not None
    return {path for path in found if "[" not in path} | ({"term_months"} if asked else set())


def _drop(tree: dict[str, Any], defaults: Mapping[str, Any]) -> None:
    """Take out, in place, the entries that equal their default."""
    for name in [name for name in tree if name in defaults and tree[name] == defaults[name]]:
        del tree[name]


def _entries(value: Any, where: Where) -> Iterator[tuple[Where, Any]]:
    """Yield every value of a tree with its path."""
    yield where, value
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in entries:
        yield from _entries(inner, (*where, step))


def _is_given(fault: Fault, given: set[str]) -> bool:
    """Return whether a fault is of a value that the file gives, not of a default that a faulty value became."""
    parent, _, name = fault.path.rpartition(".")
    if fault.path in given:
        return True
    return fault.message.startswith("required field") and parent in given and name not in COMPLETED


def _pin_faults(tree: dict[str, Any], document: Document, edition: Edition) -> Iterator[Fault]:
    """The edition that a workload names is one that ships, or the one in use; never a path."""
    pin = tree.get("catalog")
    if pin is None or pin == edition.edition:
        return
    if not isinstance(pin, str):
        yield document.fault(("catalog",), misfit(pin, "the name of an edition"))
    elif pin not in editions():
        yield document.fault(("catalog",), not_shipped(pin))


def _document(source: Source) -> Document:
    if isinstance(source, Document):
        return replace(source)
    return yamlfile.document_of(source) if isinstance(source, Mapping) else kinds.document(Path(source), kinds.WORKLOAD)


def _place(fault: Fault) -> tuple[int, ...]:
    return tuple(int(step) for step in fault.where.split(":")[-2:] if step.isdigit())


def _whole(value: Any, default: int) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default


def instance_names(group: Mapping[str, Any]) -> list[str]:
    """Return the names of a group's instances: `names`, else name-1 … name-N, and the bare name for a group of 1."""
    names, count = group.get("names"), _whole(group.get("count"), 1)
    if isinstance(names, list | tuple):
        return [str(name) for name in names]
    name = str(group.get("name"))
    return [name] if count == 1 else [f"{name}-{number}" for number in range(1, min(count, MAX_INSTANCES) + 1)]


def _name_faults(tree: dict[str, Any], document: Document) -> Iterator[Fault]:
    """Names of groups and of instances are unique over the whole file."""
    groups: dict[str, int] = {}
    instances: dict[str, int] = {}
    total = 0
    for index, group in mappings(tree.get("vms")):
        name = group.get("name")
        if not isinstance(name, str):
            continue
        count = _whole(group.get("count"), 1)
        total += count if count <= MAX_INSTANCES else 0
        if total > MAX_INSTANCES:
            yield document.fault(("vms",), f"more than {MAX_INSTANCES} instances; allowed: at most {MAX_INSTANCES}")
            return
        if name in groups:
            message = f"the name {name!r} is taken by vms[{groups[name]}]; names are unique"
            yield document.fault(("vms", index, "name"), message)
            continue
        groups[name] = index
        for position, instance in enumerate(instance_names(group)):
            if instance in instances:
                where: Where = ("vms", index, "names", position) if "names" in group else ("vms", index, "name")
                message = f"the instance name {instance!r} is taken by vms[{instances[instance]}]; names are unique"
                yield document.fault(where, message)
                break
            instances[instance] = index


def _reference_faults(tree: dict[str, Any], document: Document, edition: Edition) -> Iterator[Fault]:
    """Yield a fault for each name that nothing bears: regions, zones, blades, classes, policies, SKUs."""
    region = tree.get("region", next(iter(edition.regions)))
    if not isinstance(region, str) or region not in edition.regions:
        yield document.fault(("region",), unknown("region", str(region), edition.regions))
        return
    zones, named = edition.zones(region), mapping_at(tree, "backup_policies")
    policy = mapping_at(tree, "policy")
    wanted: list[tuple[Where, str, Any, Any]] = [
        (("sites", key), "zone", value, zones)
        for key, value in mapping_at(tree, "sites").items()
        if key in Sites.model_fields
    ]
    wanted += _blade_references(policy, ("policy",), edition)
    if "vswp" in policy:
        wanted.append((("policy", "vswp"), "swap policy", policy["vswp"], ("home", "auto", *edition.storage_classes)))
    wanted += networks.zones_named(tree, zones)
    wanted += existing.names(tree, zones, edition)
    certifications = list(edition.certifications or load_edition().certifications)
    wanted += [(("requires", at), "certification", name, certifications) for at, name in texts(tree.get("requires"))]
    wanted += default_disk.class_named(policy, edition)
    for index, extra in mappings(tree.get("extras")):
        wanted.append((("extras", index, "site"), "zone", extra.get("site", zones[0]), zones))
        yield from _extra_faults(extra, ("extras", index, "sku"), document, edition, region)
    for index, group in mappings(tree.get("vms")):
        wanted.append((("vms", index, "site"), "zone", group.get("site", zones[0]), zones))
        wanted += _blade_references(group, ("vms", index), edition)
        wanted += networks.names_used(group, ("vms", index), tree)
        if isinstance(group.get("backup"), str):
            wanted.append((("vms", index, "backup"), "backup policy", group["backup"], named))
        for number, disk in mappings(group.get("disks")):
            if disk.get("class") is not None:
                place = ("vms", index, "disks", number, "class")
                wanted.append((place, "storage class", disk["class"], edition.storage_classes))
    hints = 0
    for where, what, value, choices in wanted:
        if isinstance(value, str) and value not in choices:
            known = choices.items() if isinstance(choices, dict) else ()
            labels = {name: item.label for name, item in known if isinstance(item, Item)}
            hints += 1
            yield document.fault(where, unknown(what, value, choices, labels=labels, hint=hints <= limits.SUGGESTIONS))
    yield from _standby_faults(tree, document, zones[0])
    yield from networks.faults(tree, document, edition, region)


def _standby_faults(tree: dict[str, Any], document: Document, first_zone: str) -> Iterator[Fault]:
    """A protected VM at the primary site needs a standby site (DR-1)."""
    sites = mapping_at(tree, "sites")
    primary = sites.get("primary", first_zone)
    for index, group in mappings(tree.get("vms")):
        if group.get("protection") and group.get("site", primary) == primary and not sites.get("standby"):
            message = "the VM is protected, but there is no standby site; add sites.standby"
            yield document.fault(("vms", index, "protection"), message)
        if "standby" in group and "protection" not in group:
            message = "the VM is not protected and holds nothing at another site; leave standby out or add protection"
            yield document.fault(("vms", index, "standby"), message)


def _blade_references(tree: dict[str, Any], where: Where, edition: Edition) -> list[tuple[Where, str, Any, Any]]:
    blades = tree.get("blades")
    listed = blades if isinstance(blades, list) else []
    return [
        ((*where, "blades", index), "blade", name, edition.blades)
        for index, name in enumerate(listed)
        if isinstance(name, str) and name not in edition.blades
    ]


def _extra_faults(
    extra: dict[str, Any], where: Where, document: Document, edition: Edition, region: str
) -> Iterator[Fault]:
    sku = extra.get("sku")
    if not isinstance(sku, str):
        return
    orderable = {spelling for item in edition.extras.values() for spelling in _spellings(item, region)}
    if in_region(sku, region) in computed_skus(edition, region):
        yield document.fault(where, f"the plan itself computes the quantity of {sku!r}; leave it out of extras")
    elif in_region(sku, region) not in orderable:
        yield document.fault(where, unknown("SKU", sku, [item.sku for item in edition.extras.values()]))


def computed_skus(edition: Edition, region: str) -> set[str]:
    """Return the SKUs of a region, in all spellings, whose quantity a plan computes itself: they cannot be extras."""
    return {spelling for item in edition.computed_items() for spelling in _spellings(item, region)}


def _spellings(item: Item, region: str) -> set[str]:
    return {in_region(sku, region) for sku in item.skus}


def _complete(tree: dict[str, Any], edition: Edition, term_months: int | None) -> None:
    """Fill in, in place, every default: of the edition, of the policy, of the group. Odd shapes are left alone."""
    tree.setdefault("region", next(iter(edition.regions)))
    tree["catalog"] = edition.edition
    if term_months is not None:
        tree["term_months"] = term_months
    region = str(tree["region"])
    zones = edition.zones(region) if region in edition.regions else ("",)
    sites = _default(tree, "sites", {"primary": zones[0]})
    primary = sites.get("primary")
    defaults = _policy_defaults(edition)
    policy = _default(tree, "policy", defaults)
    _default(policy, "standby", defaults["standby"])
    backup = _default(policy, "backup", defaults["backup"])
    named = _default(tree, "backup_policies", {})
    for own in named.values():
        _default({"": own}, "", backup)
    for _, extra in mappings(tree.get("extras")):
        extra.setdefault("site", primary)
    for _, group in mappings(tree.get("vms")):
        _complete_group(group, primary, policy, named, backup)
        default_disk.fill_in(group, policy, edition)
    networks.fill_in(tree)
    horizon.fill_in(tree)


def _policy_defaults(edition: Edition) -> dict[str, Any]:
    """Return the policy of a workload that gives none."""
    return {
        "vcpu_per_core": edition.default("vcpu_per_core"),
        "memory_ceiling": edition.default("memory_ceiling"),
        "memory_model": edition.default("memory_model"),
        "host_memory_reserve_gib": edition.default("host_memory_reserve_gib"),
        "host_failures": edition.default("host_failures"),
        "blades": list(edition.blades),
        "snapshot_headroom": edition.default("snapshot_headroom"),
        "datastore_max_gib": edition.default("datastore_max_gib"),
        "standby": edition.standby_default,
        "backup": edition.backup_default,
    }


def _complete_group(
    group: dict[str, Any], primary: Any, policy: dict[str, Any], named: dict[str, Any], backup: dict[str, Any]
) -> None:
    group.setdefault("site", primary)
    group.setdefault("vcpu_per_core", policy.get("vcpu_per_core"))
    group.setdefault("blades", policy.get("blades"))
    if "name" in group and "names" not in group:
        group["names"] = instance_names(group)
    if isinstance(group.get("standby"), dict):
        group["standby"] = {**mapping_at(policy, "standby"), **group["standby"]}
    own = group.get("backup", backup)
    if isinstance(own, str):
        chosen = named.get(own)
        group["backup"] = dict(chosen if isinstance(chosen, dict) else backup)
    elif isinstance(own, dict):
        group["backup"] = {**backup, **own}
    for _, disk in mappings(group.get("disks")):
        size = disk.get("size_gib")
        disk.setdefault("used_gib", size if decimal_of(size) is not None else "0")


def _default(tree: dict[str, Any], key: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the mapping `tree[key]` with defaults and return it; a value of another shape is left alone."""
    value = tree.setdefault(key, {})
    if not isinstance(value, dict):
        return dict(defaults)
    for name, default in defaults.items():
        value.setdefault(name, default)
    return value


def _value_faults(tree: dict[str, Any], document: Document, edition: Edition) -> Iterator[Fault]:
    """Yield values outside the edition's limits, and fields that contradict each other, in the completed tree."""
    policy, sites = mapping_at(tree, "policy"), mapping_at(tree, "sites")
    limits: list[tuple[str, str, Decimal]] = [
        ("memory_ceiling", "<=", Decimal(edition.default("memory_ceiling"))),
        ("snapshot_headroom", ">=", Decimal(edition.default("snapshot_headroom"))),
        ("datastore_max_gib", "<=", Decimal(edition.default("datastore_max_gib"))),
        ("datastore_max_gib", ">=", Decimal(edition.default("datastore_min_gib"))),
        ("host_failures", "<=", Decimal(edition.default("hosts_max")) - 1),
    ]
    for name, sign, limit in limits:
        value = decimal_of(policy.get(name))
        if value is not None and ((value > limit) if sign == "<=" else (value < limit)):
            message = f"found {value}; allowed: {sign} {float(limit):g}, the catalogue's limit"
            yield document.fault(("policy", name), message)
    if sites.get("standby") is not None and sites.get("standby") == sites.get("primary"):
        message = f"found {sites['standby']!r}, the primary site; allowed: another zone"
        yield document.fault(("sites", "standby"), message)
    if policy.get("blades") == []:
        yield document.fault(("policy", "blades"), "found an empty list; allowed: at least one blade")
    yield from default_disk.faults(tree, document, edition)
    yield from horizon.faults(tree, document)
    yield from existing.faults(tree, document, edition)
    pools: dict[str, str] = {}
    for index, group in mappings(tree.get("vms")):
        yield from _group_faults(group, ("vms", index), document, edition)
        label, pool = group.get("affinity"), str(group.get("pool", "default"))
        if isinstance(label, str) and pools.setdefault(label, pool) != pool:
            message = f"affinity {label!r} spans the pools {pools[label]!r} and {pool!r}; allowed: one pool"
            yield document.fault(("vms", index, "affinity"), message)


def _group_faults(group: dict[str, Any], where: Where, document: Document, edition: Edition) -> Iterator[Fault]:
    names, count = group.get("names"), _whole(group.get("count"), 1)
    if isinstance(names, list) and len(names) != count:
        yield document.fault((*where, "names"), f"found {len(names)} names; allowed: {count}, the count of the group")
    if group.get("blades") == []:
        yield document.fault((*where, "blades"), "found an empty list; allowed: at least one blade")
    if group.get("encrypted") == "true" and edition.services.encryption is None:
        message = f"edition {edition.edition} does not sell VM encryption; allowed: false"
        yield document.fault((*where, "encrypted"), message)
    for index, disk in mappings(group.get("disks")):
        used, size = decimal_of(disk.get("used_gib"), USED_PLACES), decimal_of(disk.get("size_gib"))
        if used is not None and size is not None and used > size > 0:
            message = f"found {used}; allowed: <= {size}, the size of the disk"
            yield document.fault((*where, "disks", index, "used_gib"), message)
        if group.get("protection") and index == 0 and disk.get("replicated") == "false":
            message = "disk 0 is the home of the VM and is always replicated; allowed: true"
            yield document.fault((*where, "disks", 0, "replicated"), message)
    wish = group.get("protection")
    if wish == {}:
        yield document.fault((*where, "protection"), "found nothing; allowed: at least one of rpo, rto, mechanism")


def _blank_faults(document: Document) -> list[Fault]:
    """Return the faults of unknown fields without a value, which are about to be taken away."""
    blank = {dotted(where) for where, value in _entries(document.tree, ()) if value is None}
    shape: list[Fault] = []
    if blank:
        validate(Workload, document, shape)
    return [fault for fault in shape if fault.path in blank and fault.message.startswith("unknown field")]
