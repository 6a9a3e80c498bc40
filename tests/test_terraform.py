"""VMs for Terraform: what is written adds up to the plan, and the module asks the provider for what it documents."""

import json
import math
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import hcl2
import pytest
from conftest import REPOSITORY, Ran, vm
from test_orders import EXAMPLES, golden_plan
from test_quote import dr_plan, planned  # noqa: F401 - a fixture

from cloudplan.plan.plan import Plan
from cloudplan.sales.quote import quote
from cloudplan.sales.terraform import machines, unsaid

pytestmark = pytest.mark.usefixtures("solved_once")

MODULE = REPOSITORY / "examples" / "terraform"
META = {"for_each", "count", "lifecycle", "depends_on", "provider"}
RESOURCES: dict[str, tuple[set[str], set[str]]] = {
    "cloudtemple_compute_virtual_machine": (
        {"name", "datacenter_id", "host_cluster_id"},
        {
            *("backup_sla_policies", "boot_options", "clone_virtual_machine_id", "cloud_init", "content_library_id"),
            *("content_library_item_id", "cpu", "cpu_hot_add_enabled", "cpu_hot_remove_enabled", "customize"),
            *("datastore_cluster_id", "datastore_id", "deploy_options", "disks_provisioning_type", "extra_config"),
            *("guest_operating_system_moref", "host_id", "marketplace_item_id", "memory", "memory_hot_add_enabled"),
            *("memory_reservation", "num_cores_per_socket", "os_disk", "os_network_adapter", "power_state", "tags"),
            *("allow_vm_restart", "expose_hardware_virtualization"),
        },
    ),
    "cloudtemple_compute_virtual_disk": (
        {"capacity", "disk_mode", "provisioning_type", "virtual_machine_id"},
        {"backup_sla_policies", "controller_id", "datastore_cluster_id", "datastore_id"},
    ),
    "cloudtemple_compute_virtual_controller": (
        {"type", "virtual_machine_id"},
        {"connected", "content_library_item_id", "iso_path", "mounted", "sub_type"},
    ),
    "cloudtemple_compute_network_adapter": (
        {"network_id", "type", "virtual_machine_id"},
        {"auto_connect", "connected", "ip_address", "mac_address"},
    ),
}
"""What version 1.10.0 of the provider documents: the arguments that a resource requires, and those that it may have."""
SOURCES: dict[str, set[str]] = {
    "cloudtemple_compute_machine_manager": {"id", "name"},
    "cloudtemple_compute_virtual_datacenter": {"id", "name", "machine_manager_id"},
    "cloudtemple_compute_host_cluster": {
        *("id", "name", "datacenter_id", "datastore_cluster_id", "datastore_id", "machine_manager_id"),
    },
    "cloudtemple_compute_datastore": {
        *("id", "name", "datacenter_id", "datastore_cluster_id", "host_cluster_id", "host_id", "machine_manager_id"),
    },
    "cloudtemple_compute_network": {
        *("id", "name", "datacenter_id", "folder_id", "host_cluster_id", "host_id", "machine_manager_id", "type"),
        *("virtual_machine_id", "virtual_switch_id"),
    },
    "cloudtemple_backup_sla_policy": {"id", "name"},
    "cloudtemple_compute_content_library": {"id", "name", "machine_manager_id"},
    "cloudtemple_compute_content_library_item": {"id", "name", "content_library_id"},
}
"""What the data sources may be asked by."""
VALUES = {
    ("cloudtemple_compute_virtual_disk", "disk_mode"): {"persistent"},
    ("cloudtemple_compute_virtual_controller", "type"): {"USB2", "USB3", "SCSI", "CD/DVD", "NVME"},
    ("cloudtemple_compute_virtual_controller", "sub_type"): {"BusLogic", "LSILogic", "LSILogicSAS", "ParaVirtual"},
    ("cloudtemple_compute_network_adapter", "type"): {"E1000", "VMXNET3"},
}


# --- the module -------------------------------------------------------------------------------------------------------


def module() -> dict[str, list[Any]]:
    """Return the blocks of the module by their kind."""
    blocks: dict[str, list[Any]] = {}
    for path in sorted(MODULE.glob("*.tf")):
        with path.open(encoding="utf-8") as file:
            for kind, found in hcl2.load(file).items():
                blocks.setdefault(kind, []).extend(found)
    return blocks


def named(blocks: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the type and the body of resources or data sources."""
    for block in blocks:
        for kind, labelled in block.items():
            for body in labelled.values():
                yield kind.strip('"'), {key: value for key, value in body.items() if not key.startswith("__")}


def arguments(body: dict[str, Any]) -> set[str]:
    """Return the arguments and blocks of a body, dynamic ones by their names."""
    dynamic = {name.strip('"') for block in body.get("dynamic", ()) for name in block if not name.startswith("__")}
    return (body.keys() | dynamic) - META - {"dynamic"}


def test_the_module_gives_each_resource_what_the_provider_documents() -> None:
    found = list(named(module()["resource"]))
    assert {kind for kind, _ in found} == RESOURCES.keys()
    for kind, body in found:
        required, optional = RESOURCES[kind]
        given = arguments(body)
        assert required <= given, (kind, required - given)
        assert given <= required | optional, (kind, given - required - optional)
        for name in given:
            if (kind, name) in VALUES:
                assert body[name].strip('"') in VALUES[kind, name]
    disk = next(body for kind, body in found if kind == "cloudtemple_compute_virtual_disk")
    assert disk["lifecycle"][0]["ignore_changes"] == ["datastore_id", "controller_id"]  # else it is replaced


def test_the_module_finds_by_name_what_was_ordered() -> None:
    found = dict(named(module()["data"]))
    assert found.keys() == SOURCES.keys()
    for kind, body in found.items():
        assert "name" in arguments(body) <= SOURCES[kind], kind


def test_what_the_module_refers_to_is_there() -> None:
    blocks, text = module(), "".join(path.read_text(encoding="utf-8") for path in MODULE.glob("*.tf"))
    variables = {name.strip('"') for block in blocks["variable"] for name in block}
    assert set(re.findall(r"var\.(\w+)", text)) == variables
    assert set(re.findall(r"data\.(\w+)\.this", text)) == SOURCES.keys()
    assert set(re.findall(r"local\.(\w+)", text)) == {
        name for block in blocks["locals"] for name in block if not name.startswith("__")
    }


def test_the_module_has_no_secret() -> None:
    for path in MODULE.glob("*.tf"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(client_id|secret_id|password|token)\s*=", text), path


def fields_of(variable: str) -> dict[str, str]:
    """Return the fields of the objects of a variable, with their types."""
    kinds = {name.strip('"'): body["type"] for block in module()["variable"] for name, body in block.items()}
    inside = re.sub(r"list\(object\({.*?}\)\)", "list", kinds[variable].partition("object({")[2])
    return dict(re.findall(r"(\w+) = (\w+)", inside))


def test_the_file_has_the_fields_that_the_module_asks_for() -> None:
    plan = golden_plan("two-zones-dr")
    types = {"string": str, "number": int, "bool": bool, "list": list, "map": dict, "optional": str}
    wanted = fields_of("vms")
    for machine in vms_of(plan).values():
        assert machine.keys() == wanted.keys()
        assert all(isinstance(machine[name], types[kind]) for name, kind in wanted.items())
        assert all(disk.keys() == {"size_bytes", "datastore"} for disk in machine["disks"])


# --- what is written --------------------------------------------------------------------------------------------------


def vms_of(plan: Plan) -> dict[str, Any]:
    made = quote(plan)
    return machines(made.case, made.plan.choice)


def whole_mib(gib: str) -> int:
    """Return GiB in MiB, rounded up: sizes of a workload are whole MiB."""
    return math.ceil(Decimal(gib) * 1024)


def adds_up(plan: Plan, vms: dict[str, Any]) -> None:
    """Assert that VMs, vCPUs and bytes are those of the workload, and that places are those of the plan."""
    standing = {item.site for item in plan.clusters}
    groups = [group for group in plan.inputs.workload["vms"] if group["site"] in standing]
    assert list(vms) == [name for group in groups for name in group["names"]]
    assert sum(each["vcpus"] for each in vms.values()) == sum(group["vcpus"] * group["count"] for group in groups)
    memory = sum(whole_mib(group["memory_gib"]) * group["count"] for group in groups)
    assert sum(each["memory_bytes"] for each in vms.values()) == memory * 1024**2
    sizes = sum(whole_mib(disk["size_gib"]) * group["count"] for group in groups for disk in group["disks"])
    assert sum(disk["size_bytes"] for each in vms.values() for disk in each["disks"]) == sizes * 1024**2
    sites = {item.name: item.site for item in (*plan.clusters, *plan.datastores)}
    for each in vms.values():
        assert {sites[each["cluster"]], *(sites[disk["datastore"]] for disk in each["disks"])} == {each["site"]}
        assert each["datastore"] == each["disks"][0]["datastore"]
    for store in plan.datastores:
        disks = [disk for each in vms.values() for disk in each["disks"] if disk["datastore"] == store.name]
        at_home = [
            disk.count for disk in store.disks if any(g["name"] == disk.vm and g["site"] == store.site for g in groups)
        ]
        assert len(disks) == sum(at_home)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_vms_of_an_example_add_up_to_its_plan(name: str) -> None:
    plan = golden_plan(name)
    adds_up(plan, vms_of(plan))


def test_a_vm_has_its_policy_networks_tags_and_system() -> None:
    web = vm(name="web", count=2, networks=["prod"], tags={"application": "shop"}, os="windows-2022", backup="gold")
    off = vm(name="off", powered_on=False, site="az06")
    plan = planned(
        sites={"primary": "az05", "standby": "az06", "backup": "az07"},
        backup_policies={"gold": {"daily": 30}},
        networks=[{"name": "prod", "sites": ["az05"]}],
        vms=[web, off, vm(name="b", site="az06", backup="gold")],
    )
    vms = vms_of(plan)
    adds_up(plan, vms)
    assert vms["web-1"] == vms["web-2"] | {"datastore": vms["web-1"]["datastore"]}
    assert vms["web-1"]["networks"] == ["prod"] and vms["web-1"]["os"] == "windows-2022"
    assert vms["web-1"]["tags"] == {"application": "shop"} and vms["web-1"]["backup_policies"] == ["gold-az05"]
    assert vms["b"]["backup_policies"] == ["gold-az06"] and vms["off"]["backup_policies"] == ["default"]
    assert not vms["off"]["powered_on"] and vms["off"]["os"] == ""


def test_a_thousand_vms() -> None:
    plan = planned(vms=[vm(name="a", count=1000, disks=[{"size_gib": 40}, {"size_gib": "100.0001"}])])
    vms = vms_of(plan)
    adds_up(plan, vms)
    assert len(vms) == 1000


def test_keys_are_stable_when_a_vm_is_removed() -> None:
    names = [f"a-{number}" for number in range(6)]
    before = vms_of(planned(vms=[vm(count=6, names=names)]))
    del names[2]
    after = vms_of(planned(vms=[vm(count=5, names=names)]))
    assert list(after) == names and all(after[name] == before[name] for name in names)


HOSTILE = ["${path.module}", "%{ if true }", 'a"b', "a\\b", "$${x}", "é/0", '["a","b"]', "x y", "a//b", "#c"]


def test_names_hostile_to_hcl_come_through_as_they_are() -> None:
    """A tfvars file in JSON has no expressions: every text in it is taken as it stands."""
    group = vm(count=len(HOSTILE), names=HOSTILE, tags={HOSTILE[0]: HOSTILE[1]}, os=HOSTILE[0])
    vms = json.loads(json.dumps(vms_of(planned(vms=[group]))))
    assert list(vms) == HOSTILE
    assert all(each["tags"] == {HOSTILE[0]: HOSTILE[1]} and each["os"] == HOSTILE[0] for each in vms.values())


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_writes_the_vms_and_what_terraform_cannot_say(
    dr_plan: Plan,  # noqa: F811
    tmp_path: Path,
    run: Callable[..., Ran],
) -> None:
    plan, folder = tmp_path / "plan.json", tmp_path / "vms"
    plan.write_text(golden_plan("two-zones-dr").to_json())
    ran = run("orders", plan, "--tfvars", folder)
    assert ran.status == 0 and ran.out == "" and "vms.tfvars.json" in ran.err
    assert {path.name for path in folder.iterdir()} == {"vms.tfvars.json", "beside-terraform.md"}
    written = json.loads((folder / "vms.tfvars.json").read_text())
    assert written == {"vms": vms_of(golden_plan("two-zones-dr"))}
    beside = (folder / "beside-terraform.md").read_text()
    for words in ("anti-affinity", "replication by global-mirror", "replication by vm-replication", "not backed up: 2"):
        assert words in beside
    text = (folder / "vms.tfvars.json").read_text()
    assert not re.search(r"Camille|example\.org|monthly|price|secret|password", text)
    assert run("orders", plan, "--tfvars", folder).status == 2
    assert run("orders", plan, "--tfvars", folder, "--force", "-o", tmp_path / "orders.md").status == 0
    assert (tmp_path / "orders.md").read_text().startswith("# two-zones-dr: orders")


def test_swap_files_elsewhere_than_disk_0_are_told() -> None:
    plan = golden_plan("gpu-and-databases")
    made = quote(plan)
    told = {item.about for item in unsaid(made.case, made.plan.choice) if "swap" in item.what.template}
    groups = {item["name"]: item["names"] for item in plan.inputs.workload["vms"]}
    home = {disk.vm: store.name for store in plan.datastores for disk in store.disks if disk.disk == 0}
    apart = [name for store in plan.datastores for name in store.vswp if home[name] != store.name]
    assert sorted(", ".join(told).split(", ")) == sorted(vm for name in apart for vm in groups[name]) != []


def test_nothing_is_left_of_a_folder_when_it_fails(tmp_path: Path, run: Callable[..., Ran]) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(golden_plan("web-shop").to_json())
    assert run("orders", plan, "--tfvars", tmp_path / "vms", "-o", tmp_path / "none" / "o.md").status == 2
    assert run("orders", plan, "--tfvars", plan).status == run("orders", plan, "--tfvars", "-").status == 2
    assert run("orders", plan, "--tfvars", tmp_path / "none" / "vms").status == 2
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]
