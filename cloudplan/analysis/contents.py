"""What is in a file that is no plan: a workload, a price book, terms, an edition or an inventory, read strictly."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from cloudplan.analysis import catalog_check
from cloudplan.base import files, kinds
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.hashing import canonical_sha256
from cloudplan.base.units import MIB_PER_GIB, number
from cloudplan.catalog.loading import editions, editions_in, load_edition
from cloudplan.inventory.importing import import_inventory
from cloudplan.inventory.rule_reading import read_rules
from cloudplan.prices.book import load_prices
from cloudplan.sales.terms import read_terms
from cloudplan.workload.phases import phases
from cloudplan.workload.reading import pinned_edition, read_workload
from cloudplan.workload.workload import VmGroup


@dataclass(frozen=True)
class Contents:
    """What a file is and holds: its kind, its name, figures and names by what they are, and SHA-256 by of what."""

    kind: str
    name: str
    facts: Mapping[str, str]
    hashes: Mapping[str, str]


def contents(path: Path, kind: str, catalog: str | None) -> Contents:
    """Return what is in a file of a kind; raise BadInputError with all that is wrong in it, and for another kind.

    `catalog` is the edition to read a workload or a price book with: by default that of the workload, else the newest.
    """
    makers: dict[str, Callable[[], Contents]] = {
        kinds.WORKLOAD: lambda: _workload(path, catalog),
        kinds.PRICES: lambda: _prices(path, catalog),
        kinds.TERMS: lambda: _terms(path),
        kinds.IMPORT_RULES: lambda: _rules(path),
        kinds.EDITION: lambda: _edition(path),
        kinds.INVENTORY: lambda: _inventory(path),
    }
    if kind not in makers:
        allowed = "a plan, a workload, a price book, terms, the rules of an import, an edition or an inventory"
        message = f"says not what it is; allowed: {allowed}"
        raise BadInputError([Fault(message, where=str(path), path="schema")])
    return makers[kind]()


def _workload(path: Path, catalog: str | None) -> Contents:
    document = kinds.document(path, kinds.WORKLOAD)
    pin = pinned_edition(document)
    edition = load_edition(catalog or (pin if pin in editions() else None))
    read = read_workload(document, edition, obey_pin=catalog is None)
    facts = {
        "Catalogue edition": read.catalog,
        "Region and sites": f"{read.region}: {', '.join(filter(None, (read.sites.primary, read.sites.standby)))}",
        "Commitment (months)": number(read.term_months),
        "VM groups": number(len(read.vms)),
        "VMs": number(sum(group.count for group in read.vms)),
        "vCPUs": number(sum(group.count * group.vcpus for group in read.vms)),
        "Memory (GiB)": number(Fraction(sum(group.count * group.memory_mib for group in read.vms), MIB_PER_GIB)),
        "Disks (GiB)": number(Fraction(sum(_disks_mib(read.vms)), MIB_PER_GIB)),
        "Protected VM groups": number(sum(group.protection is not None for group in read.vms)),
    }
    if read.horizon:
        times = phases(read, edition)
        facts |= {"Horizon": f"{times[0].start} – {times[-1].last}", "Phases": number(len(times))}
    return Contents(kinds.WORKLOAD, read.name, facts, {"Workload": read.sha256, "Catalogue edition": edition.sha256})


def _disks_mib(groups: Iterable[VmGroup]) -> Iterable[int]:
    return (group.count * disk.size_mib for group in groups for disk in group.disks)


def _prices(path: Path, catalog: str | None) -> Contents:
    book = load_prices(path, load_edition(catalog))
    facts = {
        "Currency": book.currency,
        "Illustrative": "yes" if book.illustrative else "no",
        "Valid from": str(book.valid_from or "no date"),
        "Valid until": str(book.valid_until or "no date"),
        "Prices": number(len(book.items)),
        "Discounts": number(len(book.discounts)),
        **({"Licences": number(len(book.licences))} if book.licences else {}),
    }
    return Contents(kinds.PRICES, book.name, facts, {"Price book": book.sha256})


def _terms(path: Path) -> Contents:
    terms = read_terms(path)
    customer = terms.customer.name if terms.customer else None
    facts = {
        "Issuer": terms.issuer.name or "none",
        "Customer": customer or "none",
        "Revision": number(terms.revision),
        "Issued": str(terms.issued or "no date"),
        "Valid until": str(terms.valid_until or "no date"),
        "Discount": f"{number(terms.discount * 100, 12)} %",
        "VAT rate": f"{number(terms.vat_rate * 100, 12)} %",
        "Further lines": number(len(terms.lines)),
    }
    tree = terms.model_dump(mode="json", by_alias=True, exclude_none=True)
    return Contents(kinds.TERMS, terms.number or "without a number", facts, {"Terms": canonical_sha256(tree)})


def _rules(path: Path) -> Contents:
    rules = read_rules(path)
    facts = {
        "Rules": number(len(rules.file.rules)),
        **{f"Rule {index}": title for index, title in enumerate(rules.titles, start=1)},
        "Fields of the workload": ", ".join(rules.file.workload) or "none",
    }
    return Contents(kinds.IMPORT_RULES, path.stem, facts, {"Rules": canonical_sha256(rules.document.tree)})


def _edition(path: Path) -> Contents:
    if not files.is_folder(path):
        raise BadInputError([Fault("a file of an edition; allowed: its folder, which is read whole", where=str(path))])
    inside = editions_in(path)
    read = [load_edition(folder) for folder in inside]
    facts = {
        each.edition: f"{each.state}: {number(each.facts)} facts, {number(each.skus)} SKUs, {number(each.rules)} rules"
        for each in catalog_check.check(inside)
    }
    name = read[0].edition if len(read) == 1 else str(path)
    return Contents(kinds.EDITION, name, facts, {edition.edition: edition.sha256 for edition in read})


def _inventory(path: Path) -> Contents:
    imported = import_inventory([path])
    entries = imported.ledger.entries
    facts = {
        "VMs read": number(sum(entry.touched for entry in entries if entry.step == "read")),
        "VMs imported": number(sum(entry.touched for entry in entries if entry.step == "imported")),
        "VM groups": number(len(imported.workload.vms)),
        "Warnings": number(len(imported.ledger.warnings)),
    }
    return Contents(kinds.INVENTORY, imported.workload.name, facts, imported.ledger.files)
