"""Write a random estate as a workload and a price book: seeded, so that everyone measures the same instance.

    python benchmarks/estates.py --vms 1000 --shapes 120 --family memory --folder /tmp/estate

`memory`: 4 vCPUs a core and the example prices, so that memory decides and one blade type wins most of it. `cpu`: 2
vCPUs a core, vCPU-heavy VMs and contested prices, so that three or four blade types compete. Sizes are 1 to 32 vCPUs
and 1 to 768 GiB, a third of them odd; a few VMs have a GPU. Each VM is an entry of its own, with `--groups` each shape
is one group with a count.

The other families are `memory` with something that makes packing hard: `gpu` (a GPU for every fifth shape), `apart`
(anti-affinity groups of four), `spare` (two host failures), `allowed` (allow-lists for a third of the shapes), `pools`
(four of them), `giants` (VMs that fill most of a host).
"""

import argparse
import copy
import random
from pathlib import Path
from typing import Any

import yaml

from cloudplan.catalog.loading import catalog_folder

EDITION = "2025-01-17"
FAMILIES = ("memory", "cpu", "gpu", "apart", "spare", "allowed", "pools", "giants")
VCPUS = {"memory": [1, 2, 2, 4, 4, 4, 8, 8, 12, 16, 24, 32], "cpu": [2, 4, 4, 6, 8, 8, 10, 12, 16, 20, 24, 32]}
GIB_PER_VCPU = {"memory": [2, 4, 4, 8, 8, 12, 16, 24], "cpu": [2, 4, 4, 8, 8, 10, 12, 16]}
VCPU_PER_CORE = {"memory": 4, "cpu": 2}
CONTESTED = {"eco:v3": "760.00", "perf2:v3": "1290.00"}
DISKS_GIB = [40, 60, 80, 100, 150, 200, 300, 500]
LARGEST_GIB, LEAST_GIB_OF_GIANT, MOST_GIB_OF_GPU_VM = 768, 300, 256
APART, POOLS, SMALL_GIB, SMALL_VCPUS = 4, 4, 128, 12
ALLOWED = (["eco:v3", "perf3:v3"], ["standard:v3", "perf3:v3"], ["advance:v3", "perf2:v3"])


def estate(vms: int, shapes: int, family: str, seed: int = 1, *, groups: bool = False) -> dict[str, Any]:
    """Return a workload with this many VMs in this many shapes."""
    dice, base = random.Random(f"{family} {vms} {shapes} {seed}"), "cpu" if family == "cpu" else "memory"
    sizes: dict[tuple[int, float, int], None] = {}
    while len(sizes) < shapes:
        vcpus = dice.choice(VCPUS[base])
        memory = min(LARGEST_GIB, max(1, vcpus * dice.choice(GIB_PER_VCPU[base])))
        if family == "giants":
            memory = dice.randint(LEAST_GIB_OF_GIANT, LARGEST_GIB)
        if dice.random() < 1 / 3:
            memory = round(memory * dice.uniform(0.8, 1.0) * 1024) / 1024
        every = 5 if family == "gpu" else 60
        gpus = int(len(sizes) % every == every - 1 and memory <= MOST_GIB_OF_GPU_VM)
        sizes[vcpus, memory, gpus] = None
    counts = [1] * shapes
    common = [number for number, (_, _, gpus) in enumerate(sizes) if not gpus]
    for _ in range(vms - shapes):
        counts[common[min(int(dice.expovariate(3 / len(common))), len(common) - 1)]] += 1
    entries = []
    for number, ((vcpus, memory, gpus), count) in enumerate(zip(sizes, counts, strict=True)):
        fields = {"vcpus": vcpus, "memory_gib": memory} | ({"gpus": gpus} if gpus else {})
        if family == "pools":
            fields["pool"] = f"pool{number % POOLS}"
        if family == "allowed" and vcpus <= SMALL_VCPUS and memory <= SMALL_GIB and not gpus:
            fields["blades"] = list(ALLOWED[number % len(ALLOWED)])
        size_gib = dice.choice(DISKS_GIB)
        if groups:
            named = [{"name": f"s{number}", "count": count}]
        else:
            named = [{"name": f"s{number}-{vm}"} for vm in range(1, count + 1)]
        if family == "apart":
            named = [{**name, "anti_affinity": f"s{number}-{vm // APART}"} for vm, name in enumerate(named)]
        entries += [copy.deepcopy({**name, **fields, "disks": [{"size_gib": size_gib}]}) for name in named]
    return {
        "schema": "cloudplan/workload/v1",
        "name": f"{family}-{vms}-{shapes}-{seed}",
        "catalog": EDITION,
        "policy": {"vcpu_per_core": VCPU_PER_CORE[base]} | ({"host_failures": 2} if family == "spare" else {}),
        "vms": entries,
    }


def prices(family: str) -> dict[str, Any]:
    """Return the price book of a family: the example, contested where CPU decides."""
    book = yaml.safe_load((catalog_folder() / "prices" / "example-eur.yaml").read_text(encoding="utf-8"))
    if family == "cpu":
        book["name"] = "example-contested"
        book["items"] |= {f"csp:(region):iaas:vmware:{blade}": price for blade, price in CONTESTED.items()}
    return dict(book)


def write(folder: Path, workload: dict[str, Any], family: str) -> tuple[Path, Path]:
    """Write a workload and the price book of its family into a folder; return both files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = folder / "workload.yaml", folder / "prices.yaml"
    for path, content in zip(files, (workload, prices(family)), strict=True):
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return files


def main() -> None:
    """Write workload.yaml and prices.yaml into a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vms", type=int, default=1000)
    parser.add_argument("--shapes", type=int, default=120)
    parser.add_argument("--family", choices=FAMILIES, default="memory")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--groups", action="store_true")
    parser.add_argument("--folder", type=Path, required=True)
    asked = parser.parse_args()
    workload = estate(asked.vms, asked.shapes, asked.family, asked.seed, groups=asked.groups)
    write(asked.folder, workload, asked.family)


if __name__ == "__main__":
    main()
