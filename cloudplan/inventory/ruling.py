"""Rules put to the VMs of an inventory: what each gets, which rules it met, and which rule each value is from."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import Any

from cloudplan.base.units import MIB_PER_GIB, number
from cloudplan.inventory.import_rules import NAMED, filled, has_parts, matcher
from cloudplan.inventory.ledger import Ledger
from cloudplan.inventory.machines import Machine, VirtualDisk
from cloudplan.inventory.rule_reading import IOPS_PER_GIB, ImportRules

SHOWN = 10
"""Names of VMs that no rule met which a warning lists."""
_LABELS = ("anti_affinity", "affinity")
"""Fields that say nothing of a VM alone."""


@dataclass
class _Given:
    """What a VM has got so far; `by` is the rule of each field, `made` the labels that were made from its own names."""

    fields: dict[str, Any]
    disks: list[dict[str, Any]]
    by: dict[str, int]
    met: list[int]
    made: set[str]


def apply_rules(
    machines: Sequence[Machine], rules: ImportRules, flash: Collection[str], labelled: Callable[[str], str]
) -> list[Machine]:
    """Return the VMs with what the rules set: in their order, a later one wins field by field.

    `flash` has the storage classes on which disks draw IOPS; `labelled` returns what stands for a text that was made
    from a VM's names.
    """
    given = []
    matchers = [matcher(rule.match) for rule in rules.file.rules]
    for machine in machines:
        own = _Given(dict(machine.fields), [{} for _ in machine.disks], {}, [], set())
        for index, (rule, meets) in enumerate(zip(rules.file.rules, matchers, strict=True)):
            if meets(machine):
                _set(own, rule.given, index, machine, labelled)
        given.append(own)
    _drop_lone_labels(given)
    return [_ruled(machine, own, flash) for machine, own in zip(machines, given, strict=True)]


def tell(machines: Sequence[Machine], rules: ImportRules, ledger: Ledger, *, anonymous: bool) -> None:
    """Enter how many VMs each rule met, and warn of rules that met none and of VMs that no rule met."""
    met = Counter(rule for machine in machines for rule in machine.met)
    count = len(rules.file.rules)
    titles = [f"rule {index + 1}" for index in range(count)] if anonymous else rules.titles
    ledger.rules = [(titles[index], met[index]) for index in range(count)]
    unmet = [index for index in range(count) if not met[index]]
    idle = [titles[index] if anonymous else f"{index + 1} ({titles[index]})" for index in unmet]
    if idle:
        ledger.warn(f"rules that met no VM: {', '.join(idle)}")
    missed = [machine.name for machine in machines if not machine.met]
    if missed:
        more = f" and {number(len(missed) - SHOWN)} more" if len(missed) > SHOWN else ""
        ledger.warn(f"{number(len(missed))} VMs met no rule: {', '.join(missed[:SHOWN])}{more}")


def _set(own: _Given, given: Mapping[str, Any], rule: int, machine: Machine, labelled: Callable[[str], str]) -> None:
    """Set what a rule gives, in place."""
    own.met.append(rule)
    for key, value in given.items():
        own.by[key] = rule
        if key == "disks":
            _set_disks(own.disks, value)
        elif key == "tags" and isinstance(value, dict):
            tags = dict(own.fields.get("tags") or {})
            tags |= {name: _filled(text, machine, labelled) for name, text in value.items()}
            own.fields["tags"] = {name: text for name, text in tags.items() if text}
        else:
            own.made.discard(key)
            if key in NAMED and isinstance(value, str) and has_parts(value):
                own.made.add(key)
            own.fields[key] = _filled(value, machine, labelled) if key in NAMED else value


def _filled(text: Any, machine: Machine, labelled: Callable[[str], str]) -> Any:
    if not isinstance(text, str) or not has_parts(text):
        return text
    made = filled(text, machine).strip()
    return labelled(made) if made else ""


def _set_disks(disks: list[dict[str, Any]], value: Any) -> None:
    """Set what a rule gives disks: a mapping is for all, a list for disk 0, 1, …; further entries are for no disk."""
    for index, disk in enumerate(disks):
        own = value if isinstance(value, dict) else value[index] if index < len(value) else None
        for key, one in (own or {}).items():
            if key in ("iops", IOPS_PER_GIB):
                disk.pop("iops", None)
                disk.pop(IOPS_PER_GIB, None)
            disk[key] = one


def _drop_lone_labels(given: Sequence[_Given]) -> None:
    """Take away, in place, each label that was made from names and that one VM alone has got."""
    for field in _LABELS:
        bearers = Counter(str(own.fields.get(field)) for own in given)
        for own in given:
            if field in own.made and bearers[str(own.fields[field])] == 1:
                del own.fields[field]


def _ruled(machine: Machine, own: _Given, flash: Collection[str]) -> Machine:
    fields = {key: value for key, value in own.fields.items() if value not in (None, "", {})}
    disks = tuple(_disk(disk, given, flash) for disk, given in zip(machine.disks, own.disks, strict=True))
    return replace(machine, fields=fields, disks=disks, set_by=own.by, met=tuple(own.met))


def _disk(disk: VirtualDisk, given: Mapping[str, Any], flash: Collection[str]) -> VirtualDisk:
    """Return a disk with what it got: IOPS from its size are rounded up, and none where a class has none."""
    fields = {**disk.fields, **given}
    rate, iops = fields.pop(IOPS_PER_GIB, None), disk.iops
    if rate is not None:
        on_mass = fields.get("class") is not None and fields["class"] not in flash
        drawn = Decimal(disk.size_mib) * Decimal(rate) / MIB_PER_GIB
        iops = Decimal(0) if on_mass else drawn.to_integral_value(ROUND_CEILING)
    elif "iops" in fields:
        iops = Decimal(fields.pop("iops") or 0)
    return replace(disk, iops=iops, fields={key: value for key, value in fields.items() if value is not None})
