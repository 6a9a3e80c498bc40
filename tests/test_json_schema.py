"""JSON Schemas: files of ours are valid, and a schema refuses what its reader refuses, as far as it can say it."""

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import EDITION, REPOSITORY, TIMES, Ran, png, price_book, vm, workload
from jsonschema import Draft202012Validator
from pydantic import BaseModel

import cloudplan as cp
from cloudplan.base.errors import BadInputError
from cloudplan.base.schema import decimal_of
from cloudplan.inventory.import_rules import RuleFile
from cloudplan.inventory.rule_reading import read_rules
from cloudplan.presentation.field_notes import NOTES
from cloudplan.presentation.json_schema import FileFormat, schema_of
from cloudplan.presentation.price_template import as_yaml
from cloudplan.presentation.rules_template import rules_text
from cloudplan.presentation.terms_template import terms_starter
from cloudplan.presentation.workload_template import workload_starter
from cloudplan.sales.letterhead import logo_text
from cloudplan.sales.terms import Conditions

pytestmark = pytest.mark.usefixtures("solved_once")

Run = Callable[..., Ran]

FORMATS: list[FileFormat] = ["workload", "prices", "terms", "rules", "plan", "roadmap"]
NAMES: dict[str, FileFormat] = {"import-rules": "rules"}
"""Formats that `schema:` calls otherwise."""


class Loader(yaml.SafeLoader):
    """Reads YAML as editors do that know JSON: a date is a text."""


Loader.yaml_implicit_resolvers = {
    key: [(tag, pattern) for tag, pattern in pairs if not tag.endswith("timestamp")]
    for key, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def as_editors_see(text: str) -> Any:
    """Return the values of a file as programs see them that validate it."""
    return yaml.load(text, Loader)


def models(model: type[BaseModel]) -> list[type[BaseModel]]:
    """Return a model and those inside it."""
    found, left = [model], [field.annotation for field in model.model_fields.values()]
    while left:
        part: Any = left.pop()
        if isinstance(part, type) and issubclass(part, BaseModel):
            found += models(part)
        else:
            left += getattr(part, "__args__", ())
    return list(dict.fromkeys(found))


def errors(name: FileFormat, tree: Any) -> list[str]:
    """Return what is wrong with a file by its schema."""
    return [f"{list(error.path)} {error.message}" for error in Draft202012Validator(schema_of(name)).iter_errors(tree)]


@pytest.mark.parametrize("name", FORMATS)
def test_a_schema_is_one_and_is_printed(name: FileFormat, run: Run, tmp_path: Path) -> None:
    ran = run("init", "--schema", name)
    assert (ran.status, ran.err) == (0, "")
    assert json.loads(ran.out) == schema_of(name)
    Draft202012Validator.check_schema(json.loads(ran.out))
    assert run("init", "--schema", name, "-o", tmp_path / "s.json").status == 0
    assert (tmp_path / "s.json").read_text(encoding="utf-8") == ran.out


@pytest.mark.parametrize(
    "model",
    [*models(cp.Workload), *models(cp.PriceBook), *models(cp.Terms), *models(RuleFile)],
    ids=lambda m: m.__name__,
)
def test_every_field_of_a_file_has_a_note(model: type[BaseModel]) -> None:
    assert {field.alias or name for name, field in model.model_fields.items()} == NOTES[model].keys()


@pytest.mark.parametrize(
    "path",
    [*(REPOSITORY / "examples").glob("*.yaml"), *(REPOSITORY / "catalog" / "prices").glob("*.yaml")],
    ids=lambda path: path.name,
)
def test_every_file_of_ours_is_valid(path: Path) -> None:
    tree = as_editors_see(path.read_text(encoding="utf-8"))
    said = tree["schema"].split("/")[1]
    assert errors(NAMES.get(said, said), tree) == []


@pytest.mark.parametrize("name", ["web-shop", "two-zones-dr"])
def test_a_plan_is_valid_and_so_is_what_it_carries(name: str, run: Run) -> None:
    plan = json.loads(run("size", REPOSITORY / "examples" / f"{name}.yaml", "--format", "json", "--gap", "0.05").out)
    assert errors("plan", plan) == []
    assert errors("workload", plan["inputs"]["workload"]) == []
    assert errors("prices", plan["inputs"]["prices"]) == []
    for where, value in ((("status",), "good"), (("bom", 0, "quantity"), 1.5), (("clusters",), {}), (("gap",), ...)):
        assert errors("plan", changed(plan, where, value)), where


def test_what_is_begun_is_valid(example_prices: cp.PriceBook) -> None:
    edition = cp.load_edition()
    assert errors("workload", as_editors_see(workload_starter(edition).text({"recovery": "1h/4h"}))) == []
    assert errors("rules", as_editors_see(rules_text(edition))) == []
    assert errors("terms", as_editors_see(terms_starter().text({"issued": "2026-02-01"}))) == []
    assert errors("prices", as_editors_see(as_yaml(edition, example_prices))) == []


FULL_WORKLOAD = workload(
    existing={
        "keep": True,
        "clusters": [
            {"name": "c", "site": "az05", "pool": "p", "blade": "eco:v3", "hosts": 2, "memory_gib": 256},
        ],
        "datastores": [{"site": "az05", "class": "live", "size_gib": 500, "replication": "source"}],
        "backup": [{"site": "az06", "tib": 2}],
        "bill": [
            {"site": "az05", "sku": "csp:tenant:v1", "quantity": 1},
            {"site": "az05", "licence": "x", "quantity": 1},
        ],
    },
    horizon={"start": "2027-01", "months": 36, "step": 12, "growth": {"vms": 0.1, "storage": 0.2}, "shrink": True},
    customer={"organization": "x", "tenant": "y", "lang": "fr", "contact": {"name": "x", "email": "y", "phone": "z"}},
    region="fr1",
    term_months=12,
    sites={"primary": "az05", "standby": "az06", "backup": "az07"},
    policy={
        "vcpu_per_core": 4,
        "memory_ceiling": 0.8,
        "memory_model": "included_full",
        "host_memory_reserve_gib": 16,
        "host_failures": 1,
        "blades": ["eco:v3"],
        "max_clusters": 3,
        "snapshot_headroom": 0.2,
        "datastore_max_gib": 8192,
        "min_datastores": 1,
        "default_disk": {"class": "live", "iops_per_gib": 1.5},
        "vswp": "auto",
        "standby": {"vcpu_share": 0.5, "memory_share": 0.5},
        "backup": {"daily": 7, "weekly": 4, "monthly": 0, "yearly": 0, "change_rate": 0.03, "reduction": 2},
    },
    backup_policies={"gold": {"daily": 30}},
    extras=[{"sku": "csp:tenant:v1", "quantity": 1, "site": "az05"}],
    networks=[{"name": "prod", "sites": ["az05"]}],
    requires=["hds"],
    vms=[
        vm(
            count=1,
            names=["a"],
            gpus=0,
            min_ghz=2.4,
            vcpu_per_core=2,
            blades=["eco:v3"],
            site="az05",
            pool="p",
            anti_affinity="l",
            affinity="m",
            powered_on=True,
            encrypted=False,
            protection={"rpo": "1h", "rto": "4h", "mechanism": "global-mirror"},
            standby={"vcpu_share": 0.5, "memory_share": 0.5},
            networks=["prod"],
            licences=["db"],
            tags={"application": "erp"},
            os="windows-2022",
            **{"from": "2027-04", "until": "2028-09", "growth": {"vms": 0, "storage": 0.5}},
            backup={"daily": 1},
            disks=[
                {
                    "size_gib": 60,
                    "class": "live",
                    "iops": 1,
                    "mbps": 1,
                    "used_gib": 6,
                    "replicated": True,
                    "constant_writes": False,
                    "backup": True,
                    "by_default": ["class"],
                    "thin": True,
                }
            ],
        )
    ],
    inventory={
        "files": [{"name": "x", "sha256": "y"}],
        "ledger": [
            {
                "step": "read",
                "reason": "x",
                **dict.fromkeys(("touched", "rows", "vcpus", "memory_mib", "disks", "disk_mib"), 1),
            }
        ],
        "warnings": ["x"],
        "rules": [{"rule": "x", "vms": 1}],
        "totals": True,
    },
)
PARTY = {
    **{"name": "x", "legal_form": "SAS", "capital": "1 €", "address": "x", "trade_register": "RCS Paris"},
    **{"registration": "1", "vat_number": "2", "contact": {"name": "x"}},
}
BUYER = {**PARTY, "kind": "public", "payment_days": 50, "commitment": "x", "service_code": "x"}
FULL_TERMS = {
    "schema": "cloudplan/terms/v1",
    **dict.fromkeys(("number", "reference", "subject", "billing", "payment"), "x"),
    **{"revision": 1, "issued": "2026-01-01", "valid_until": "2026-02-01", "issuer": PARTY, "customer": BUYER},
    **{"discount": 0.1, "vat_rate": 0.2, "mentions": ["x"]},
    "letterhead": {"logo": logo_text(png()), "colour": "#0b4a3a", "accent": "#7a1f3d"},
    "conditions": dict.fromkeys(Conditions.model_fields, "x"),
    "lines": [
        {"label": "x", "kind": "optional", "one_off": True, "quantity": 1, "unit": "x", "unit_price": "9.5"},
    ],
}
FULL_PRICES = price_book(
    discounts=[{"match": "csp:*", "percent": "5", "min_term_months": 12}],
    valid_until="2027-01-01",
    licences={
        "db": {
            **{"label": "x", "per": "core", "price": "1.5", "factor": 0.5, "minimum": 16, "scope": "site"},
            **{"standby": False, "source": "y"},
        },
    },
)
FULL_PRICES["items"] = dict(list(FULL_PRICES["items"].items())[:2])
TEXTS = ("name", "folder", "cluster", "datacenter", "resource_pool", "os", "annotation")
FULL_RULES: dict[str, Any] = {
    "schema": "cloudplan/import-rules/v1",
    "workload": {"sites": {"primary": "az05", "standby": "az06"}, "backup_policies": {"gold": {"daily": 30}}},
    "rules": [
        {
            "name": "x",
            "match": {
                **dict.fromkeys(TEXTS, "x*"),
                **{"tags": {"owner": "x"}, "vcpus": 4, "memory_gib": ">=4", "disk_gib": "1..2", "power": ["on"]},
            },
            "set": {
                "protection": {"rpo": "1h", "rto": "4h"},
                **{"backup": "gold", "site": "az05", "blades": ["eco:v3"], "vcpu_per_core": 2, "pool": "{name}"},
                "disks": [{"class": "live", "iops_per_gib": 2, "backup": False}],
            },
        },
    ],
}
FILES: list[tuple[FileFormat, dict[str, Any], Callable[[Any], Any]]] = [
    ("workload", FULL_WORKLOAD, lambda tree: cp.read_workload(tree, cp.load_edition(EDITION))),
    ("terms", FULL_TERMS, cp.read_terms),
    ("prices", FULL_PRICES, cp.load_prices),
    ("rules", FULL_RULES, read_rules),
]
ODD: list[Any] = [
    None, True, "true", "", " ", "x", "4", "15m", "0m", "2026-01-01", "2026-13-01", "EUR", "fr",
    -1, 0, 1, 31, 32, 100, 101, 1000, 1001, 1200, 1201, 10**6, 10**6 + 1, 10**9, 10**9 + 1, 10**12,
    -0.5, 0.5, 0.995, 1.5, [], ["x"], {}, {"x": 1}, "0.0000001", "1e3",
]  # fmt: skip


EVERY = max(1, 4 // TIMES)
"""A quarter of them is tried at each place, each of them at a quarter of the places; more when more is asked for."""


def test_the_full_files_have_every_field_that_may_be_given() -> None:
    for (_, tree, _), model in zip(FILES, (cp.Workload, cp.Terms, cp.PriceBook, RuleFile), strict=True):
        given = {where[-1] for where in places(tree)}
        assert {key for inner in models(model) for key in NOTES[inner]} - given - {"email", "phone"} == set(), model


def places(tree: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value of a file but the whole."""
    if where:
        yield where
    for step, inner in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        yield from places(inner, (*where, step))


def accepted(reader: Callable[[Any], Any], tree: Any) -> str:
    """Return an empty text when a reader takes a file, else why it does not."""
    try:
        reader(pickle.loads(pickle.dumps(tree)))  # a copy, made faster than by copy.deepcopy
    except BadInputError as error:
        return str(error)
    return ""


def changed(tree: Any, where: tuple[Any, ...], value: Any) -> Any:
    """Return a file with another value at a place; without it when the value is `...`. The rest is the file's own."""
    made = inside = copy.copy(tree)
    for step in where[:-1]:
        inside[step] = copy.copy(inside[step])
        inside = inside[step]
    if value is ...:
        del inside[where[-1]]
    else:
        inside[where[-1]] = value
    return made


def spelled_otherwise(value: Any) -> bool:
    """Return whether the reader may take a value that stands for another one: every scalar of YAML is a text to it."""
    return value is None or isinstance(value, bool | int | float | str)


BEYOND = ("catalogue's limit", "unknown edition", "unknown zone", "unknown region", "unknown blade", "unknown SKU")
BEYOND += ("unknown storage class", "unknown swap policy", "unknown backup policy", "no edition knows", "does not sell")
BEYOND += ("names; allowed:", "the size of the disk", "the primary site", "is always replicated", "no standby site")
BEYOND += (
    "unknown network",
    "unknown certification",
    "the VM is not protected",
    "policy.default_disk does not give",
    "before valid_from",
    "the day of issue",
    "2026-13-01",
    "there is no horizon for it",
    "a whole number from 1 to 36, months",
    "a whole number from 1 to 1, months",
    "allowed: one of sku and licence",
    "allowed only with kind: public",
    "letterhead.logo",
)
"""Words of refusals whose ground no schema can have: what an edition sells, what other fields say, the calendar."""


@pytest.mark.parametrize(("name", "tree", "reader"), FILES, ids=[name for name, *_ in FILES])
def test_a_schema_and_its_reader_refuse_the_same(
    name: FileFormat, tree: dict[str, Any], reader: Callable[[Any], Any]
) -> None:
    assert errors(name, tree) == []
    assert accepted(reader, tree) == ""
    validator = Draft202012Validator(schema_of(name))
    looser, stricter = [], []
    for number, where in enumerate(places(tree)):
        for value in (..., *ODD[number % EVERY :: EVERY]):
            made = changed(tree, where, value)
            valid, refusal = validator.is_valid(made), accepted(reader, made)
            is_text_of_number = isinstance(value, str) and decimal_of(value) is not None
            if valid and refusal and not is_text_of_number and not any(words in refusal for words in BEYOND):
                looser.append((where, value, refusal))
            if not valid and not refusal and not spelled_otherwise(value):
                stricter.append((where, value))
    assert "\n".join(map(str, looser)) == ""
    assert "\n".join(map(str, stricter)) == ""


OPEN = (
    ("items",),
    ("licences",),
    ("backup_policies",),
    ("workload", "backup_policies"),
    ("rules", 0, "match", "tags"),
    ("vms", 0, "tags"),
)
"""Mappings whose keys are names of the user's own."""


@pytest.mark.parametrize(("name", "tree", "reader"), FILES, ids=[name for name, *_ in FILES])
def test_an_unknown_field_is_refused_by_both(
    name: FileFormat, tree: dict[str, Any], reader: Callable[[Any], Any]
) -> None:
    for where in places(tree):
        inside: Any = tree
        for step in where:
            inside = inside[step]
        if isinstance(inside, dict) and where not in OPEN:
            made = changed(tree, (*where, "nonsense"), 1)
            assert errors(name, made), where
            assert "unknown field" in accepted(reader, made), where
