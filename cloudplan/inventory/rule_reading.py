"""The rules of an import, read strictly: what they may not set, and what a workload would refuse.

What a rule sets is what a VM group of a workload may have: it is read by the reader of workloads, in a workload that
stands for the rules, so that a rule refuses what a workload refuses, at its own line.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cloudplan.base import kinds, yamlfile
from cloudplan.base.errors import BadInputError, Fault, gathered
from cloudplan.base.schema import decimal_of, misfit, unknown, validate
from cloudplan.base.yamlfile import Document, Where, without_nulls
from cloudplan.catalog.edition import Edition
from cloudplan.catalog.loading import editions, load_edition
from cloudplan.inventory.import_rules import NAMED, NAMING, PART, RuleFile
from cloudplan.workload.reading import read_workload

FACTS: Mapping[str, str] = {
    "name": "VMs keep their names",
    "names": "VMs keep their names",
    "count": "identical VMs are counted",
    "vcpus": "the inventory says it",
    "memory_gib": "the inventory says it",
    "powered_on": "the inventory says it; --powered-off decides about VMs that are off",
}
"""Fields of a VM group that no rule sets, and why."""
DISK_FACTS: Mapping[str, str] = {
    "size_gib": "the inventory says it",
    "used_gib": "the inventory says it",
    "by_default": "the program writes it",
}
"""Likewise, fields of a disk."""
OWN = {"schema", "vms", "inventory"}
"""Fields of a workload that stand not under `workload:`."""
IOPS_PER_GIB = "iops_per_gib"
MOST_IOPS_PER_GIB = 10_000
_GROUP = re.compile(r"vms\[(\d+)\](?:\.(.*))?")
_PROBE_GIB = "1000"


@dataclass(frozen=True)
class ImportRules:
    """Rules as read, with their file for the places of faults."""

    file: RuleFile
    document: Document

    @property
    def edition(self) -> str | None:
        """The edition that the rules pin the workload to, if they do."""
        pin = self.file.workload.get("catalog")
        return pin if isinstance(pin, str) else None

    @property
    def columns(self) -> dict[str, str]:
        """The headers of the columns that rules look at, and where they are named."""
        return {
            header: self.document.at(("rules", index, "match", "tags", header), key=True)
            for index, rule in reversed(list(enumerate(self.file.rules)))
            for header in rule.match.tags
        }

    @property
    def titles(self) -> list[str]:
        """What each rule is called: its name, else what it is about."""
        asked = [rule.get("match") for rule in self.document.tree["rules"]]
        return [
            rule.name or " and ".join(_conditions(match)) or "every VM"
            for rule, match in zip(self.file.rules, asked, strict=True)
        ]

    def placed(self, fault: Fault, setters: Callable[[int, str], int | None]) -> Fault:
        """Return a fault of the imported workload at the rule that set the value, where one did.

        `setters` tells which rule set a field of a group, by the number of the group.
        """
        found = _GROUP.match(fault.path)
        rule = setters(int(found[1]), re.split(r"[.\[]", found[2] or "")[0]) if found else None
        if found is None or rule is None:
            return fault
        rest = _of_all_disks(found[2], rule, self.document.tree)
        steps = [int(step) if step.isdigit() else step for step in re.split(r"[.\[\]]+", rest) if step]
        where = self.document.at(("rules", rule, "set", *steps))
        return replace(fault, where=where, path=f"rules[{rule}].set.{rest}")


def _conditions(match: Any) -> Iterator[str]:
    for key, value in (match or {}).items():
        if isinstance(value, dict):
            yield from _conditions(value)
        else:
            text = " or ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield f"{key} {text}"


def pinned(edition: str | None) -> Edition:
    """Return the edition that rules name, if it ships, else the newest."""
    return load_edition(edition if edition in editions() else None)


def read_rules(source: Path | Mapping[str, Any]) -> ImportRules:
    """Read rules from a YAML file or from plain values.

    Raises BadInputError with one fault for each thing that is wrong.
    """
    document = yaml_of(source)
    if not isinstance(document.tree, dict):
        raise BadInputError([document.fault((), misfit(document.tree, "a mapping"))])
    document.tree = _without_blanks(document.tree)
    faults: list[Fault] = []
    file = validate(RuleFile, document, faults)
    faults += _own_faults(document)
    if isinstance(document.tree.get("workload", {}), dict) and isinstance(document.tree.get("rules"), list):
        pin = (document.tree.get("workload") or {}).get("catalog")
        with gathered(faults):
            faults += _probe_faults(document, pinned(pin if isinstance(pin, str) else None))
    if file is None or faults:
        raise BadInputError(sorted(set(faults), key=_place))
    return ImportRules(file, document)


def yaml_of(source: Path | Mapping[str, Any]) -> Document:
    """Return rules as a document; raise BadInputError for a file of another kind."""
    if isinstance(source, Mapping):
        return replace(yamlfile.document_of(source), name="the rules")
    return kinds.document(source, kinds.IMPORT_RULES)


def _place(fault: Fault) -> tuple[int, ...]:
    return tuple(int(step) for step in fault.where.split(":")[-2:] if step.isdigit())


def _without_blanks(tree: dict[str, Any]) -> dict[str, Any]:
    """Return the tree without what has no value, but for what rules set: there it takes a value back."""
    plain: dict[str, Any] = without_nulls(tree)
    for index, (rule, whole) in enumerate(zip(_rules(plain), _rules(tree), strict=True)):
        if isinstance(whole, dict) and isinstance(whole.get("set"), dict):
            plain["rules"][index] = {**rule, "set": whole["set"]}
    return plain


def _rules(tree: Mapping[str, Any]) -> list[Any]:
    rules = tree.get("rules")
    return rules if isinstance(rules, list) else []


def _sets(document: Document) -> Iterator[tuple[int, dict[str, Any]]]:
    for index, rule in enumerate(_rules(document.tree)):
        given = rule.get("set") if isinstance(rule, dict) else None
        if isinstance(given, dict):
            yield index, given


def _disks(given: Mapping[str, Any]) -> Iterator[tuple[Where, dict[str, Any]]]:
    """Yield the mappings of disks that a rule sets, with their paths: one for all disks, or one for each."""
    disks = given.get("disks")
    listed = enumerate(disks) if isinstance(disks, list) else ()
    for where, disk in [(("disks",), disks), *((("disks", index), each) for index, each in listed)]:
        if isinstance(disk, dict):
            yield where, disk


def _own_faults(document: Document) -> Iterator[Fault]:
    """Yield what a workload may have and a rule may not, and what only a rule has."""
    fields = document.tree.get("workload")
    for key in sorted(OWN & (fields.keys() if isinstance(fields, dict) else set())):
        yield document.fault(("workload", key), f"the import writes {key!r}; leave it out", key=True)
    for index, given in _sets(document):
        where: Where = ("rules", index, "set")
        if not given:
            yield document.fault(where, "sets nothing; allowed: fields of a VM group of a workload")
        for key in [key for key in given if key in FACTS]:
            yield document.fault((*where, key), f"no rule sets {key!r}: {FACTS[key]}", key=True)
        for path, disk in _disks(given):
            for key in [key for key in disk if key in DISK_FACTS]:
                yield document.fault((*where, *path, key), f"no rule sets {key!r}: {DISK_FACTS[key]}", key=True)
            rate = decimal_of(disk.get(IOPS_PER_GIB, "0"))
            if disk.get(IOPS_PER_GIB) is not None and (rate is None or not 0 <= rate <= MOST_IOPS_PER_GIB):
                fault = misfit(disk[IOPS_PER_GIB], f"a number >= 0 and <= {MOST_IOPS_PER_GIB}")
                yield document.fault((*where, *path, IOPS_PER_GIB), fault)
        for path, text in _texts(given):
            for part in PART.findall(text):
                if part not in NAMING:
                    yield document.fault((*where, *path), unknown("part", part, NAMING))


def _texts(given: Mapping[str, Any]) -> Iterator[tuple[Where, str]]:
    """Yield the texts that may have parts in braces, with their paths."""
    tags = given.get("tags")
    named: list[tuple[Where, Any]] = [((key,), given.get(key)) for key in NAMED]
    named += [(("tags", key), text) for key, text in (tags.items() if isinstance(tags, dict) else ())]
    yield from ((where, text) for where, text in named if isinstance(text, str))


# --- what is set, as the reader of workloads takes it -------------------------------------------------------------


def _probe_faults(document: Document, edition: Edition) -> Iterator[Fault]:
    """Yield the faults of a workload with one VM for each rule, at their places in the rules.

    What depends on two fields of which a rule sets one (affinity and pool, network and site, standby and protection) is
    left to the workload that the import writes.
    """
    probe = Document(None, document.name)
    fields = {key: value for key, value in (document.tree.get("workload") or {}).items() if key not in OWN}
    groups = [_probe_group(rule, index) for index, rule in enumerate(_rules(document.tree))]
    probe.tree = {"name": "rules", **fields, "schema": "cloudplan/workload/v1", "vms": groups}
    added = {f"rules[{index}].set.protection" for index, given in _sets(document) if _lacks_protection(given)}
    for of, onto in ((document.marks, probe.marks), (document.keys, probe.keys)):
        onto.update({moved: mark for where, mark in of.items() for moved in _moved(where, document.tree)})
    if not groups:
        return
    try:
        read_workload(probe, edition)
    except BadInputError as error:
        for fault in error.faults:
            path = _path_back(fault.path, document.tree)
            if path not in added:
                yield replace(fault, path=path)


def _lacks_protection(given: Mapping[str, Any]) -> bool:
    return "standby" in given and not given.get("protection")


def _probe_group(rule: Any, index: int) -> dict[str, Any]:
    """Return a VM that has what a rule sets."""
    given = rule.get("set") if isinstance(rule, dict) else None
    fields = {key: value for key, value in (given if isinstance(given, dict) else {}).items() if key not in FACTS}
    disks = fields.pop("disks", None)
    listed = disks if isinstance(disks, list) else [disks if disks is not None else {}]
    fields["disks"] = [_probe_disk(disk) for disk in listed] or listed
    if isinstance(fields.get("affinity"), str):
        fields["affinity"] += f" ({index})"
    if _lacks_protection(fields):
        fields["protection"] = {"rpo": "1d"}
    return {**fields, "name": f"rule {index + 1}", "vcpus": "1", "memory_gib": "1"}


def _probe_disk(disk: Any) -> Any:
    if not isinstance(disk, dict | None):
        return disk
    known = {key: value for key, value in (disk or {}).items() if key not in {*DISK_FACTS, IOPS_PER_GIB}}
    return {**known, "size_gib": _PROBE_GIB}


def _moved(where: Where, tree: Mapping[str, Any]) -> Iterator[Where]:
    """Yield where a place of the rules is in the workload that stands for them."""
    match where:
        case ("workload", *rest):
            yield tuple(rest)
        case ("rules", index):
            yield ("vms", index)
        case ("rules", index, "set", "disks", *rest) if isinstance(_set_of(tree, index).get("disks"), dict):
            yield ("vms", index, "disks", 0, *rest)
        case ("rules", index, "set", *rest):
            yield ("vms", index, *rest)


def _set_of(tree: Mapping[str, Any], index: Any) -> dict[str, Any]:
    rules = _rules(tree)
    rule = rules[index] if isinstance(index, int) and index < len(rules) else None
    given = rule.get("set") if isinstance(rule, dict) else None
    return given if isinstance(given, dict) else {}


def _path_back(path: str, tree: Mapping[str, Any]) -> str:
    """Return the path in the rules of one in the workload that stands for them."""
    found = _GROUP.fullmatch(path)
    if not found:
        return f"workload.{path}"
    index = int(found[1])
    rest = _of_all_disks(found[2] or "", index, tree)
    return f"rules[{index}].set" + (f".{rest}" if rest else "")


def _of_all_disks(path: str, rule: int, tree: Mapping[str, Any]) -> str:
    """Return a path in a group as it is in a rule: without the number of a disk where it sets all of them alike."""
    alike = isinstance(_set_of(tree, rule).get("disks"), dict)
    return re.sub(r"^disks\[\d+\]", "disks", path) if alike else path
