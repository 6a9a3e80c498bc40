"""What became of every row: read, left out, repaired, imported. What went in equals what came out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from cloudplan.base.brief import Brief
from cloudplan.base.errors import InternalError
from cloudplan.inventory.machines import Amount, Machine

Step = Literal["read", "left out", "repaired", "imported"]


@dataclass(frozen=True, repr=False)
class Entry(Brief):
    """One line: a step with its reason, what it is about, and how many VMs or disks it touched.

    What is repaired may add (a disk that was missing) or take away (right-sizing).
    """

    step: Step
    reason: str
    touched: int
    amount: Amount
    names: tuple[str, ...] = ()
    """The VMs that were left out."""
    notes: tuple[str, ...] = ()
    """What is wrong with each of them, where their rows are damaged."""


@dataclass(repr=False)
class Ledger(Brief):
    """The lines of an import, the files they are about, and what the reader of a quote must know."""

    files: dict[str, str]
    """SHA-256 of each file, by name."""
    entries: list[Entry] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    rules: list[tuple[str, int]] = field(default_factory=list)
    """What each rule is about, and how many VMs it met."""

    totals: bool = False
    """Whether the VMs are averages of totals."""

    def note(self, step: Step, reason: str, touched: int, amount: Amount) -> None:
        """Add a line, unless it is about nothing."""
        if touched or amount != Amount():
            self.entries.append(Entry(step, reason, touched, amount))

    def leave_out(self, reason: str, machines: Sequence[Machine]) -> None:
        """Add the line of VMs that are left out."""
        if machines:
            names = tuple(machine.name for machine in machines)
            notes = tuple(machine.damaged for machine in machines) if any(m.damaged for m in machines) else ()
            self.entries.append(Entry("left out", reason, len(machines), Amount.of(machines), names, notes))

    def warn(self, text: str) -> None:
        """Add a warning, as a sentence."""
        self.warnings.append(f"{text[:1].upper()}{text[1:]}.")

    def anonymise(self, pseudonym: Callable[[str, str], str]) -> None:
        """Put pseudonyms, by kind and name, in place of the names of files and VMs; filters lose what they match."""
        self.files = {pseudonym("file", name): sha256 for name, sha256 in self.files.items()}
        self.entries = [
            replace(
                entry,
                reason=entry.reason.partition("=")[0] if entry.reason.startswith("--") else entry.reason,
                names=tuple(pseudonym("vm", name) for name in entry.names),
                notes=(),
            )
            for entry in self.entries
        ]

    def total(self, step: Step) -> Amount:
        """Return what all lines of a step come to."""
        return sum((entry.amount for entry in self.entries if entry.step == step), Amount())

    def close(self, written: Amount) -> None:
        """Raise InternalError unless what was read, less what was left out, is what the workload holds."""
        expected = self.total("read") - self.total("left out") + self.total("repaired")
        if not expected == self.total("imported") == written:
            raise InternalError(f"the ledger does not add up: {expected} expected, {written} written")

    def canonical(self) -> dict[str, Any]:
        """Return the ledger as the plain values that a workload carries."""
        return {
            "files": [{"name": name, "sha256": sha256} for name, sha256 in self.files.items()],
            "ledger": list(self._rows()),
            "totals": self.totals,
            "warnings": self.warnings,
            "rules": [{"rule": title, "vms": met} for title, met in self.rules],
        }

    def _rows(self) -> Iterator[dict[str, Any]]:
        for entry in self.entries:
            rows, vcpus, memory_mib, disks, disk_mib = entry.amount.figures
            sums = {"rows": rows, "vcpus": vcpus, "memory_mib": memory_mib, "disks": disks, "disk_mib": disk_mib}
            yield {"step": entry.step, "reason": entry.reason, "touched": entry.touched, **sums}
