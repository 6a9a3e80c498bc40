"""Inventories for the tests: an estate as RVTools would export it, in every version, spelling and locale."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import openpyxl

Rows = list[list[Any]]

INFO = (
    *("VM", "Powerstate", "Template", "SRM Placeholder", "Config status", "DNS Name", "Connection state", "CPUs"),
    *("Memory", "Active Memory", "NICs", "Disks", "Total disk capacity MiB", "Folder", "Provisioned MiB", "In Use MiB"),
    *("Unshared MiB", "Cluster rule name(s)", "Annotation", "Datacenter", "Cluster", "Host", "VM ID", "SMBIOS UUID"),
    *("VM UUID", "VI SDK Server", "VI SDK UUID"),
)
DISK = (
    *("VM", "Powerstate", "Template", "Disk", "Disk Key", "Disk UUID", "Disk Path", "Capacity MiB", "Raw", "Thin"),
    *("Disk Mode", "Sharing mode", "Shared Bus", "Annotation", "Datacenter", "Cluster", "Host", "VM ID", "VM UUID"),
    *("VI SDK Server", "VI SDK UUID"),
)
DATABASE = {
    **{"VM": "VMName", "CPUs": "CPUs", "Memory": "Memory", "Provisioned MiB": "Provisioned", "In Use MiB": "InUse"},
    **{"Total disk capacity MiB": "TotalDiskCapacityMiB", "Capacity MiB": "CapacityMiB", "VM UUID": "UUID"},
    **{
        "VI SDK UUID": "VISDKUUID",
        "VI SDK Server": "VISDKServer",
        "VM ID": "VMID",
        "SRM Placeholder": "SRMPlaceHolder",
    },
    **{"Datacenter": "DataCenter", "Connection state": "ConnectionState", "Sharing mode": "SharingMode"},
}
"""Headers as the database has them, behind the name of their tab."""


def vm(name: str, **fields: Any) -> dict[str, Any]:
    """Return a VM for the tables below; `disks` has sizes in MiB, or mappings with columns of vDisk."""
    return {"name": name, "vcpus": 2, "memory_mib": 4096, "disks": [20480], **fields}


def tables(vms: Iterable[dict[str, Any]], server: str = "vcenter-1") -> dict[str, Rows]:
    """Return vInfo and vDisk of some VMs, headers first, with values as RVTools types them."""
    info, disk = [list(INFO)], [list(DISK)]
    for number, one in enumerate(vms, start=1):
        sizes = [size if isinstance(size, dict) else {"Capacity MiB": size} for size in one["disks"]]
        total = sum(size["Capacity MiB"] for size in sizes)
        uuid = f"50{number:06d}-{server}"
        both = {
            "VM": one["name"],
            "Powerstate": "poweredOn",
            "Template": "False",
            "VM ID": f"vm-{number}",
            "VM UUID": uuid,
            "VI SDK Server": server,
            "VI SDK UUID": f"sdk-{server}",
            "Datacenter": "DC1",
            "Cluster": "Cluster1",
            "Host": f"esx{number % 7}.secret.example",
        }
        row = {
            **both,
            "SRM Placeholder": "False",
            "Connection state": "connected",
            "DNS Name": f"{one['name']}.secret.example",
            "CPUs": one["vcpus"],
            "Memory": one["memory_mib"],
            "Active Memory": one["memory_mib"] // 10 if one["memory_mib"] else 0,
            "Disks": len(sizes),
            "Total disk capacity MiB": total,
            "Provisioned MiB": total + 1234,
            "In Use MiB": total // 2,
            "Unshared MiB": total // 2,
            "SMBIOS UUID": "always the same",
            **one.get("info", {}),
        }
        info.append([row.get(name, "") for name in INFO])
        for index, size in enumerate(sizes):
            line = {
                **{name: row[name] for name in both},
                "Disk": f"Hard disk {index + 1}",
                "Disk Key": str(2000 + index),
                "Disk UUID": f"6000C29-{uuid}-{index}",
                "Disk Path": f"[datastore1] {one['name']}-{number}/disk_{index}.vmdk",
                "Raw": "False",
                "Disk Mode": "persistent",
                "Sharing mode": "sharingNone",
                "Shared Bus": "noSharing",
                **size,
            }
            disk.append([line.get(name, "") for name in DISK])
    return {"vInfo": info, "vDisk": disk, "vHost": [["Host", "Serial number"], ["esx1.secret.example", "SECRET"]]}


def renamed(sheets: dict[str, Rows], header: Callable[[str, str], str], sheet: str = "{}") -> dict[str, Rows]:
    """Return the tables with other headers, by tab and header, and other names of sheets."""
    return {
        sheet.format(title): [[header(title, cell) for cell in rows[0]], *rows[1:]] for title, rows in sheets.items()
    }


def legacy(sheets: dict[str, Rows]) -> dict[str, Rows]:
    """Return the tables as RVTools 3 had them: MB for MiB, no total of disks, sheets with a prefix."""
    kept = {title: _without(rows, ["Total disk capacity MiB", "SRM Placeholder"]) for title, rows in sheets.items()}
    return renamed(kept, lambda _, cell: cell.replace("MiB", "MB"), "RVTools_tab{}")


def database(sheets: dict[str, Rows]) -> dict[str, Rows]:
    """Return the tables with the headers of a database."""
    return renamed(sheets, lambda title, cell: title + DATABASE.get(cell, cell.replace(" ", "")), "tab{}")


def customised(sheets: dict[str, Rows]) -> dict[str, Rows]:
    """Return the tables with custom attributes between Annotation and Datacenter: doubled, empty, misleading ones."""
    found = {}
    for title, rows in sheets.items():
        if "Annotation" in rows[0]:
            at = rows[0].index("Annotation") + 1
            extra = ["Cluster", "Owner", None, "Memory", "CPUs", "Datacenter"]
            found[title] = [
                [*row[:at], *(extra if not index else ["x", "y", None, 1, 99, "z"]), *row[at:]]
                for index, row in enumerate(rows)
            ]
        else:
            found[title] = rows
    return found


def _without(rows: Rows, names: Sequence[str]) -> Rows:
    keep = [index for index, name in enumerate(rows[0]) if name not in names]
    return [[row[index] for index in keep] for row in rows]


def workbook(path: Path, sheets: dict[str, Rows]) -> Path:
    """Write tables as a workbook; every text stays a text."""
    book = openpyxl.Workbook(write_only=True)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    book.save(path)
    return path


def _cell(sheet: Any, value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("="):
        return value
    cell = openpyxl.cell.WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    return cell


def csv_texts(sheets: dict[str, Rows], delimiter: str, thousands: str) -> dict[str, str]:
    """Return tables as CSV texts by file name, numbers with a thousands mark."""
    texts = {}
    for title, rows in sheets.items():
        file = io.StringIO()
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n")
        for row in rows:
            writer.writerow([f"{cell:,}".replace(",", thousands) if isinstance(cell, int) else cell for cell in row])
        texts[f"RVTools_tab{title}.csv"] = file.getvalue()
    return texts


def csv_folder(path: Path, sheets: dict[str, Rows], delimiter: str, thousands: str, encoding: str) -> Path:
    """Write tables as a folder of CSV files."""
    path.mkdir()
    for name, text in csv_texts(sheets, delimiter, thousands).items():
        (path / name).write_bytes(text.encode(encoding))
    return path


def csv_zip(path: Path, sheets: dict[str, Rows], delimiter: str, thousands: str, encoding: str) -> Path:
    """Write tables as a zip of CSV files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in csv_texts(sheets, delimiter, thousands).items():
            archive.writestr(name, text.encode(encoding))
    return path
