"""The JSON Schema of a file format, from the models that its reader makes of it.

A file need not have what the reader fills in, and may leave an optional field empty where the reader takes that for not
given. What a schema cannot say (names that an edition or the file itself must have, sums, order) is left to the reader.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel

from cloudplan.inventory.import_rules import RuleFile
from cloudplan.inventory.rule_reading import DISK_FACTS, FACTS, IOPS_PER_GIB, MOST_IOPS_PER_GIB, OWN
from cloudplan.plan.plan import Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.field_notes import NOTES
from cloudplan.prices.book import Discount, PriceBook
from cloudplan.prices.licences import Licence
from cloudplan.sales.terms import Terms
from cloudplan.workload import workload

FileFormat = Literal["workload", "prices", "terms", "rules", "plan", "roadmap"]
"""The formats that have a schema."""

_MODELS: Mapping[FileFormat, type[BaseModel]] = {
    "workload": workload.Workload,
    "prices": PriceBook,
    "terms": Terms,
    "rules": RuleFile,
    "plan": Plan,
    "roadmap": Roadmap,
}
_SAYS: Mapping[FileFormat, str] = {
    "workload": "A workload: what is to run.",
    "prices": "A price book: what one unit costs a month.",
    "terms": "The terms of a quote.",
    "rules": "The rules of an import: what the VMs of an inventory get that no export knows.",
    "plan": "A plan, as `cloudplan size --format json` writes it.",
    "roadmap": "A roadmap, as `cloudplan roadmap --format json` writes it.",
}
_SCHEMAS: Mapping[FileFormat, str] = {"rules": "import-rules"}
"""What formats are called in `schema:`, where it is not their name."""
_IOPS_PER_GIB = {
    "description": "IOPS of the disk by its size in GiB, rounded up.",
    "type": "number",
    "minimum": 0,
    "maximum": MOST_IOPS_PER_GIB,
}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FILLED_IN: Mapping[type[BaseModel], set[str]] = {
    workload.Workload: {"region", "catalog", "sites", "policy"},
    workload.Sites: {"primary"},
    workload.Extra: {"site"},
    workload.Network: {"sites"},
    workload.Horizon: {"step"},
    workload.VmGroup: {"names", "vcpu_per_core", "blades", "site", "backup"},
    workload.Disk: {"used_gib"},
    **{model: {*model.model_fields} for model in (workload.Policy, workload.Standby, workload.BackupPolicy)},
}
"""Fields of a complete workload that its reader completes, and that a file may leave out."""
_NOT_EMPTY = {workload.Protection, workload.DefaultDisk}
"""Models of which a file must give at least one field."""
_NEVER_NULL = {Discount, Licence}
"""Models of files whose fields cannot be left empty."""


def schema_of(name: FileFormat) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a file format as plain values."""
    root = _MODELS[name]
    made = root.model_json_schema(by_alias=True)
    models = {model.__name__: model for model in _models(root)}
    inner = {key: _file_object(part, models[key]) for key, part in made.pop("$defs").items()}
    if name == "workload":
        _name_of_a_policy(inner["VmGroup"]["properties"]["backup"])
    if name == "rules":
        inner = {**schema_of("workload")["$defs"], **inner}
        _set_by_rules(inner, made)
    said = {"title": f"cloudplan/{_SCHEMAS.get(name, name)}/v1", "description": _SAYS[name]}
    return {"$schema": _DIALECT, **_file_object(made, root), **said, "$defs": inner}


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a model and those inside it."""
    yield model
    left = [field.annotation for field in model.model_fields.values()]
    while left:
        part: Any = left.pop()
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield from _models(part)
        else:
            left += getattr(part, "__args__", ())


def _file_object(made: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a model as one of what a file has in its place."""
    filled, notes = _FILLED_IN.get(model, set()), NOTES.get(model, {})
    required = [key for key in made.get("required", []) if key not in filled]
    properties = {}
    for key, part in made["properties"].items():
        plain = {word: value for word, value in part.items() if word != "title" and (word, value) != ("default", None)}
        may_be_empty = key not in required and notes and model not in _NEVER_NULL
        said = {"description": notes[key]} if key in notes else {}
        properties[key] = {**said, **(_or_empty(plain) if may_be_empty else plain)}
    made |= {"properties": properties, "required": required}
    if not required:
        del made["required"]
    return made | ({"minProperties": 1} if model in _NOT_EMPTY else {})


def _or_empty(part: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that allows nothing as well."""
    choices = part["anyOf"] if "anyOf" in part else [{key: part[key] for key in part if key != "default"}]
    others = {key: part[key] for key in ("default",) if key in part}
    return {"anyOf": [*choices, *([] if {"type": "null"} in choices else [{"type": "null"}])], **others}


def _set_by_rules(inner: dict[str, Any], made: dict[str, Any]) -> None:
    """Say, in place, what rules may have of a workload: fields beside its VMs, and what they may set of a group."""
    fields = {key: part for key, part in schema_of("workload")["properties"].items() if key not in OWN}
    made["properties"]["workload"] = _some(fields)
    group = {key: part for key, part in inner.pop("VmGroup")["properties"].items() if key not in FACTS}
    disk = {key: part for key, part in inner.pop("Disk")["properties"].items() if key not in DISK_FACTS}
    disk = {key: _or_empty(part) for key, part in disk.items()} | {IOPS_PER_GIB: _or_empty(_IOPS_PER_GIB)}
    disks = [_some(disk), {"type": "array", "items": {"anyOf": [_some(disk), {"type": "null"}]}, "minItems": 1}]
    group |= {"disks": {"description": NOTES[workload.VmGroup]["disks"], "anyOf": disks}}
    given = _some({key: _or_empty(part) for key, part in group.items()}) | {"minProperties": 1}
    inner["Rule"]["properties"]["set"] |= given
    for unused in ("Workload", "Inventory", "InventoryFile", "LedgerLine", "RuleMet"):
        inner.pop(unused, None)


def _some(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _name_of_a_policy(part: dict[str, Any]) -> None:
    """Allow, in place, the name of a backup policy where the model has the policy itself."""
    part["anyOf"].insert(0, {"type": "string"})
