"""The doors of the house: what a newcomer adds goes through the one place that `docs/how-to` names for it.

Each door is opened in a copy of the program: a rule of its own, a rule of the provider, a host dimension, a limit of
LUNs, an edition with a new blade. The copy then sizes, verifies, explains, quotes and orders, also an estate that needs
column generation. What is changed for it is only what the pages name.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import REPOSITORY, price_book, vm, workload

import cloudplan as cp
from cloudplan.catalog.loading import catalog_folder

NEWEST, DRAFT = cp.editions()[-1], "2099-01-01"
NAMED = f'edition: "{NEWEST}"'

Rules = tuple[set[str], set[str]]

DRIVER = """
import json, sys
from cloudplan.cli import main
for arguments in json.loads(sys.stdin.read()):
    sys.argv = ["cloudplan", *arguments]
    try:
        main()
    except SystemExit as end:
        print(json.dumps([arguments[0], int(end.code or 0)]), flush=True)
"""
"""Runs several command lines in one process and prints the status of each."""


@dataclass(frozen=True)
class Copy:
    """A copy of the program, and a folder to work in."""

    root: Path
    folder: Path

    def patch(self, file: str, *changes: tuple[str, str]) -> None:
        """Replace texts of a file of the program, each of which stands there once."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old) == 1, (file, old)
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    def run(self, *commands: Sequence[object]) -> tuple[list[int], str]:
        """Run command lines of the copy; return their statuses, and what they print of faults."""
        ran = subprocess.run(
            [sys.executable, "-c", DRIVER],
            input=json.dumps([[str(part) for part in command] for command in commands]),
            capture_output=True,
            text=True,
            check=True,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.root)},
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        last = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith('["')]
        return [status for _, status in last], ran.stderr

    def write(self, name: str, value: Mapping[str, Any]) -> str:
        """Write a YAML file into the folder; return its name."""
        (self.folder / name).write_text(yaml.safe_dump(dict(value), sort_keys=False), encoding="utf-8")
        return name

    def plan(self, name: str = "plan.json") -> dict[str, Any]:
        """Return a plan that was written."""
        return dict(json.loads((self.folder / name).read_text(encoding="utf-8")))

    def draft(self) -> Path:
        """Return the folder of a new edition, made from the newest one."""
        statuses, told = self.run(["catalog", "new", NEWEST, DRAFT])
        assert statuses == [0], told
        return self.root / "catalog" / DRAFT

    def everything(self, asked: Mapping[str, Any], prices: Mapping[str, Any], large: Mapping[str, Any]) -> Rules:
        """Size, verify, explain, quote and order one workload; size and verify a large one.

        Return the ids of the rules that each of the two plans was verified with.
        """
        small, book, estate = (
            self.write(name, value) for name, value in (("w.yaml", asked), ("p.yaml", prices), ("large.yaml", large))
        )
        sized = ("--prices", book, "--format", "json", "--force", "--output")
        statuses, told = self.run(
            ["size", small, *sized, "plan.json"],
            ["verify", "plan.json", "-o", "verdict.json"],
            ["explain", "plan.json", "-o", "why.json"],
            ["quote", "plan.json", "-o", "quote.xlsx", "--force"],
            ["report", "plan.json", "-o", "page.html", "--force"],
            ["orders", "plan.json"],
            ["size", estate, *sized, "large.json"],
            ["verify", "large.json", "-o", "large-verdict.json"],
        )
        assert statuses == [0] * 8, told
        small_checks, large_checks = (self.plan(name)["checks"] for name in ("verdict.json", "large-verdict.json"))
        return {check["rule"] for check in small_checks}, {check["rule"] for check in large_checks}


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Return a copy of the program as it is, with the bytecode of what is not changed in it."""
    root, folder = tmp_path / "program", tmp_path / "work"
    shutil.copytree(REPOSITORY / "cloudplan", root / "cloudplan")
    shutil.copytree(catalog_folder(), root / "catalog")
    folder.mkdir()
    return Copy(root, folder)


def estate(**fields: Any) -> dict[str, Any]:
    """Return a workload of 300 VMs of so many shapes that column generation is needed."""
    groups = [
        vm(name=f"s{n}", count=5, vcpus=1 + 7 * n % 24, memory_gib=2 + 13 * n % 120, disks=[{"size_gib": 40 + n}])
        for n in range(60)
    ]
    return workload(vms=groups, **fields)


# --- a rule of the program -------------------------------------------------------------------------------------------

NARROW = (
    (
        "RULES = (\n",
        'SMALL_1 = Rule("SMALL-1", "Small VMs", "vCPUs of a VM <= 24.", "choice")\n\n\nRULES = (\n    SMALL_1,\n',
    ),
    (
        "FITS = (\n",
        "def _small(case: Case, item: Instances, blade: str) -> Check:\n"
        '    return SMALL_1.at_most(item.group.vcpus, 24, item.group.name, "vCPUs")\n\n\n'
        "FITS = (\n    Fit(SMALL_1, _small, lambda group: group.vcpus),\n",
    ),
)


def test_a_rule_of_the_program_is_added_in_its_family(copy: Copy) -> None:
    copy.patch("cloudplan/rules/compute.py", *NARROW)
    checked, _ = copy.everything(workload(vms=[vm(vcpus=24, count=3)]), price_book(), estate())
    assert "SMALL-1" in checked
    copy.write("wide.yaml", workload(vms=[vm(vcpus=25)]))
    statuses, told = copy.run(["size", "wide.yaml"], ["catalog", "check"])
    assert statuses == [3, 0]
    assert "25 vCPUs > 24 (SMALL-1)" in told


def test_plans_with_a_catalogue_of_their_own_stay_valid_when_a_rule_is_added(copy: Copy) -> None:
    own = copy.folder / "own"
    shutil.copytree(catalog_folder() / NEWEST, own)
    edition = own / "edition.yaml"
    edition.write_text(edition.read_text(encoding="utf-8").replace(NAMED, 'edition: "ours"'), encoding="utf-8")
    copy.write("w.yaml", {**workload(), "catalog": None})
    size = ["size", "w.yaml", "--catalog", own, "--format", "json", "--output", "plan.json"]
    assert copy.run(size)[0] == [0]
    copy.patch("cloudplan/rules/compute.py", *NARROW)
    copy.patch("cloudplan/rules/storage.py", *FEW_DISKS)
    assert (
        copy.run(["verify", "plan.json"], ["quote", "plan.json", "-o", "q.xlsx"], ["catalog", "check", own])[0]
        == [0] * 3
    )


# --- a rule of the provider ------------------------------------------------------------------------------------------

DATED = (
    (
        "RULES = (\n",
        f'PROV_1 = Rule("PROV-1", "VMs of the provider", "vCPUs of a VM <= most.", "choice", {{"most": int}}, '
        f'since="{DRAFT}")\n\n\nRULES = (\n    PROV_1,\n',
    ),
    (
        "FITS = (\n",
        "def _most(case: Case, item: Instances, blade: str) -> Check:\n"
        '    most = PROV_1.figure(case.edition, "most")\n'
        '    return PROV_1.at_most(item.group.vcpus, most, item.group.name, "vCPUs")\n\n\n'
        "FITS = (\n    Fit(PROV_1, _most, lambda group: group.vcpus),\n",
    ),
)


def rename(own: Path) -> None:
    """Give an edition of one's own a name that none that ships bears."""
    head = own / "edition.yaml"
    tree = yaml.safe_load(head.read_text(encoding="utf-8"))
    head.write_text(yaml.safe_dump({**tree, "edition": "our own"}), encoding="utf-8")


def test_a_rule_of_the_provider_stands_from_its_first_edition_on(copy: Copy) -> None:
    draft = copy.draft()
    copy.patch("cloudplan/rules/compute.py", *DATED)
    statuses, told = copy.run(["catalog", "check"])
    assert (statuses, "PROV-1" in told) == ([2], True)
    first = (draft / "rules.yaml").read_text(encoding="utf-8").splitlines()
    entry = '  PROV-1: {figures: {most: 24}, source: {document: concepts, section: "Compute"}}'
    (draft / "rules.yaml").write_text("\n".join([*first, entry, ""]), encoding="utf-8")
    new = {"catalog": DRAFT}
    checked, _ = copy.everything(workload(vms=[vm(vcpus=24)], **new), price_book(), estate(**new))
    assert "PROV-1" in checked
    for name in (NEWEST, DRAFT):
        copy.write(f"{name}.yaml", workload(vms=[vm(vcpus=25)], catalog=name))
    own, ruled = copy.folder / "own", copy.folder / "ruled"
    shutil.copytree(catalog_folder() / NEWEST, own)
    shutil.copytree(own, ruled)
    rules = ruled / "rules.yaml"
    rules.write_text(f"{rules.read_text(encoding='utf-8')}{entry}\n", encoding="utf-8")
    rename(ruled)
    wide = ["size", f"{DRAFT}.yaml"]
    statuses, told = copy.run(
        ["size", f"{NEWEST}.yaml"],
        *(["catalog", "check", own], [*wide, "--catalog", own]),
        *(["catalog", "check", ruled], ["catalog", "check"]),
    )
    assert (statuses, "PROV-1" in told) == ([0] * 5, False)
    for command in (wide, [*wide, "--catalog", ruled]):
        statuses, told = copy.run(command)
        assert (statuses, "PROV-1" in told) == ([3], True)


# --- a host dimension ------------------------------------------------------------------------------------------------

FEW_VMS = (
    (
        "RULES = (\n",
        'VMS_1 = Rule("VMS-1", "VMs of a host", "On one host, VMs <= 60.", "host")\n\n\nRULES = (\n    VMS_1,\n',
    ),
    (
        "DIMENSIONS = (CORES, MEMORY, GPUS)\n",
        'VMS = Dimension(VMS_1, "VMs", lambda item: Fraction(1), lambda case, blade: Fraction(60))\n'
        "DIMENSIONS = (CORES, MEMORY, GPUS, VMS)\n",
    ),
)


@pytest.mark.parametrize("binding", [False, True], ids=["slack", "binding"])
def test_a_host_dimension_is_a_line_in_the_rules_of_compute(copy: Copy, *, binding: bool) -> None:
    copy.patch("cloudplan/rules/compute.py", *FEW_VMS)
    policy = {"vcpu_per_core": 8}
    tiny = workload(policy=policy, vms=[vm(count=150, vcpus=1, memory_gib=1, disks=[{"size_gib": 1}])])
    groups = estate()["vms"]
    if binding:
        groups = [{**group, "vcpus": 1 + n % 3, "memory_gib": f"1.{n:02}"} for n, group in enumerate(groups)]
    checked = copy.everything(tiny, price_book(), estate(policy=policy) | {"vms": groups})
    for plan, rules in zip(("plan.json", "large.json"), checked, strict=True):
        assert "VMS-1" in rules
        hosts = [sum(host.values()) for cluster in copy.plan(plan)["clusters"] for host in cluster["placement"]]
        assert max(hosts) <= 60
    assert sorted(hosts for hosts in [len(cluster["placement"]) for cluster in copy.plan()["clusters"]]) == [3]
    if binding:
        large = copy.plan("large.json")
        assert sum(len(cluster["placement"]) for cluster in large["clusters"]) == 5
        assert large["gap"] < 1e-3
    assert "VMS-1" in (copy.folder / "why.json").read_text(encoding="utf-8")


# --- a limit of LUNs -------------------------------------------------------------------------------------------------

FEW_DISKS = (
    (
        "RULES = (",
        'LUN_4 = Rule("LUN-4", "Disks of a LUN", "Disks of a datastore <= 64.", "plan")\n\nRULES = (LUN_4, ',
    ),
    (
        "LUN_DIMENSIONS = (SPACE, IOPS, BANDWIDTH)\n",
        "DISKS = LunDimension(\n"
        '    LUN_4, "disks", lambda disk: 1, lambda memory_mib: 0, lambda case, item: None, lambda case, item: 64\n'
        ")\n"
        "LUN_DIMENSIONS = (SPACE, IOPS, BANDWIDTH, DISKS)\n",
    ),
)


def test_a_limit_of_luns_is_a_line_in_the_rules_of_storage(copy: Copy) -> None:
    copy.patch("cloudplan/rules/storage.py", *FEW_DISKS)
    many = workload(vms=[vm(count=150, vcpus=1, memory_gib=1, disks=[{"size_gib": 1, "class": "live"}])])
    checked = copy.everything(many, price_book(), estate())
    for plan, rules in zip(("plan.json", "large.json"), checked, strict=True):
        assert "LUN-4" in rules
        held = [sum(disk["count"] for disk in store["disks"]) for store in copy.plan(plan)["datastores"]]
        assert max(held) <= 64
    assert len(copy.plan()["datastores"]) == 3


# --- an edition ------------------------------------------------------------------------------------------------------

BLADE = """
  tiny:v9:
    label: TINY blade v9
    sku: csp:(region):iaas:vmware:tiny:v9
    ram_gib: 512
    base_ghz: 3.0
    turbo_ghz: 4.0
    cpu: Some CPU
    cores: 48
    threads: 96
    connectivity: 2 x 25 Gbit/s
    source: {document: concepts, section: "Compute"}
"""


def test_an_edition_with_a_new_blade_is_a_folder(copy: Copy) -> None:
    blades = copy.draft() / "blades.yaml"
    blades.write_text(blades.read_text(encoding="utf-8").rstrip() + BLADE, encoding="utf-8")
    book = price_book(items={"csp:(region):iaas:vmware:tiny:v9": "1.00"})
    new = {"catalog": DRAFT}
    copy.everything(workload(**new), book, estate(**new))
    assert {cluster["blade"] for cluster in copy.plan("large.json")["clusters"]} == {"tiny:v9"}
    assert (
        copy.run(["catalog", "check"], ["catalog", "diff", NEWEST, DRAFT], ["prices", "check", "p.yaml"])[0] == [0] * 3
    )


def test_an_edition_of_ones_own_without_withdrawn_items_never_crashes(copy: Copy) -> None:
    own = copy.folder / "own"
    shutil.copytree(catalog_folder() / NEWEST, own)
    services = own / "services.yaml"
    tree = yaml.safe_load(services.read_text(encoding="utf-8"))
    services.write_text(yaml.safe_dump({**tree, "withdrawn": {}}), encoding="utf-8")
    rename(own)
    copy.write("w.yaml", workload(sites={"standby": "az06"}, vms=[vm(protection={"rpo": "1h"})]))
    metro = vm(protection={"mechanism": "metro-mirror"})
    copy.write("metro.yaml", workload(sites={"standby": "az06"}, vms=[metro]))
    ours = ("--catalog", own)
    statuses, told = copy.run(
        ["catalog", "check", own],
        ["size", "w.yaml", *ours, "--format", "json", "--output", "plan.json"],
        *(["verify", "plan.json"], ["explain", "plan.json"], ["quote", "plan.json", "-o", "q.xlsx"]),
        *(["report", "plan.json", "-o", "p.html"], ["orders", "plan.json"]),
        ["size", "metro.yaml", *ours],
    )
    assert statuses == [0] * 7 + [3], told
    assert "Metro Mirror is not sold; use global-mirror or vm-replication (MM-1)" in told or "[MM-1]" in told
