"""Measure `cloudplan import` on a large RVTools export, and on damaged ones; print a Markdown table.

    python benchmarks/inventories.py --vms 20000
    python benchmarks/inventories.py --fuzz 2000

The export has the tabs vInfo, vDisk, vMemory and vCPU, as wide as RVTools 4.7 writes them. Damaged files are small
exports with bytes of the container, or of the XML in it, changed at random: each must be refused or imported.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import xlsxwriter

from cloudplan import BadInputError
from cloudplan.inventory.importing import import_inventory

KEYS = ["VM", "Powerstate", "Template", "SRM Placeholder"]
TAIL = ["Annotation", "Datacenter", "Cluster", "Host", "Folder", "VM ID", "VM UUID", "VI SDK Server", "VI SDK UUID"]
TABS = {
    "vInfo": ["CPUs", "Memory", "Total disk capacity MiB", "Provisioned MiB", "In Use MiB", "Connection state"],
    "vDisk": ["Disk", "Disk Key", "Disk UUID", "Disk Path", "Capacity MiB", "Raw", "Disk Mode", "Sharing mode"],
    "vMemory": ["Size MiB", "Consumed", "Active", "Swapped", "Ballooned"],
    "vCPU": ["CPUs", "Max", "Overall"],
}
WIDTHS = {"vInfo": 92, "vDisk": 42, "vMemory": 36, "vCPU": 32}
DISKS = 3


def write(path: Path, vms: int, seed: int = 1) -> None:
    """Write an export with so many VMs, three disks each; columns that nobody reads hold short texts."""
    dice = random.Random(seed)
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sizes = [(2 ** dice.randint(0, 5), 1024 * 2 ** dice.randint(1, 7)) for _ in range(vms)]
    for tab, columns in TABS.items():
        others = [f"Other {number}" for number in range(WIDTHS[tab] - len(KEYS) - len(columns) - len(TAIL))]
        sheet = book.add_worksheet(tab)
        sheet.write_row(0, 0, [*KEYS, *columns, *others, *TAIL])
        row = 0
        for vm, (vcpus, memory_mib) in enumerate(sizes):
            tail = ["", "DC", f"Cluster{vm % 9}", f"esx{vm % 300}", f"/{vm % 50}", f"vm-{vm}", f"50-{vm}", "vc", "sdk"]
            for disk in range(DISKS if tab == "vDisk" else 1):
                row += 1
                values = {
                    "vInfo": [vcpus, memory_mib, 40960 * DISKS, 40960 * DISKS, 20480 * DISKS, "connected"],
                    "vDisk": [
                        f"Hard disk {disk}",
                        "2000",
                        f"{vm}-{disk}",
                        f"[ds] {vm}/{disk}",
                        40960,
                        "False",
                        "persistent",
                        "sharingNone",
                    ],
                    "vMemory": [memory_mib, memory_mib // 2, memory_mib // 4, 0, 0],
                    "vCPU": [vcpus, 3000 * vcpus, 500 * vcpus],
                }[tab]
                keys = [f"vm{vm:05}", "poweredOn" if vm % 20 else "poweredOff", "False", "False"]
                sheet.write_row(row, 0, [*keys, *values, *("text" for _ in others), *tail])
    book.close()


def measured(command: list[str]) -> tuple[float, float]:
    """Run a command; return its wall seconds and its peak memory in MiB."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")
    return time.monotonic() - start, usage.ru_maxrss / 1024


def damage(source: Path, target: Path, dice: random.Random) -> None:
    """Write a workbook with some bytes changed: of the container, or of the parts in it."""
    if dice.random() < 0.5:
        data = bytearray(source.read_bytes())
        for _ in range(dice.randint(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        target.write_bytes(data[: dice.randint(1, len(data))] if dice.random() < 0.3 else data)
        return
    archive = zipfile.ZipFile(source)
    with zipfile.ZipFile(target, "w") as written:
        for info in archive.infolist():
            content = bytearray(archive.read(info))
            for _ in range(dice.randint(0, 3) if content else 0):
                content[dice.randrange(len(content))] = dice.randrange(32, 127)
            written.writestr(info.filename, bytes(content))


def fuzzed(count: int, folder: Path) -> tuple[Counter[str], float]:
    """Import damaged files; return how they ended, and the seconds of the slowest."""
    write(folder / "whole.xlsx", 20)
    ends, slowest, dice = Counter[str](), 0.0, random.Random(1)
    for _ in range(count):
        damage(folder / "whole.xlsx", folder / "damaged.xlsx", dice)
        start = time.monotonic()
        try:
            import_inventory([folder / "damaged.xlsx"])
        except BadInputError:
            ends["refused"] += 1
        else:
            ends["imported"] += 1
        slowest = max(slowest, time.monotonic() - start)
    return ends, slowest


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vms", type=int, nargs="*", default=[])
    parser.add_argument("--fuzz", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for vms in asked.vms:
            write(folder / "export.xlsx", vms)
            command = [sys.executable, "-m", "cloudplan", "import", str(folder / "export.xlsx"), "--force", "-o"]
            seconds, peak_mib = measured([*command, str(folder / "workload.yaml")])
            size_mb = (folder / "export.xlsx").stat().st_size / 1e6
            print(f"| {vms} VMs, {DISKS * vms} disks, {size_mb:.0f} MB | {seconds:.1f} s | {peak_mib:.0f} MiB |")
        if asked.fuzz:
            ends, slowest = fuzzed(asked.fuzz, folder)
            print(f"| {asked.fuzz} damaged workbooks | {dict(ends)} | slowest {slowest:.1f} s |")


if __name__ == "__main__":
    main()
