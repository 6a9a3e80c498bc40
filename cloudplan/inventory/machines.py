"""A virtual machine as an inventory tells of it, and the closed lists of words that exports use for states.

An unknown word is refused, never guessed: whether a VM is on changes the price.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

from cloudplan.base.brief import Brief

Power = Literal["on", "off", "suspended"]

POWERS: dict[str, Power] = {
    **dict.fromkeys(("poweredon", "on", "true", "1", "yes", "running", "soustension", "allumée", "allumé"), "on"),
    **dict.fromkeys(("eingeschaltet", "wahr", "vrai", "oui", "ja"), "on"),
    **dict.fromkeys(("poweredoff", "off", "false", "0", "no", "stopped", "horstension", "éteinte", "éteint"), "off"),
    **dict.fromkeys(("ausgeschaltet", "falsch", "faux", "non", "nein"), "off"),
    **dict.fromkeys(("suspended", "suspendue", "suspendu", "interrompue", "angehalten"), "suspended"),
}
"""Words for the power state, in lower case without blanks, hyphens and underscores."""

FLAGS = {
    **dict.fromkeys(("true", "yes", "1", "vrai", "oui", "wahr", "ja"), True),
    **dict.fromkeys(("false", "no", "0", "faux", "non", "falsch", "nein"), False),
}
"""Words for true and false."""

CONNECTED = {
    "connected": True,
    **dict.fromkeys(("disconnected", "inaccessible", "invalid", "orphaned", "notresponding"), False),
}
"""Words for the state of the connection."""


@dataclass(frozen=True, slots=True, repr=False)
class VirtualDisk(Brief):
    """A disk: its size in whole MiB, whether it is a raw device mapping, and what it is shared by (empty: not)."""

    size_mib: int
    raw: bool = False
    shared: str = ""
    iops: Decimal = Decimal(0)
    used_mib: int | None = None
    """What is written on it, in whole MiB; None where nothing tells it."""
    thin: bool = False
    key: str = ""
    """Its key among the disks of its VM; empty when the export has none."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of a disk of a workload, as a file has them."""


@dataclass(frozen=True, slots=True, repr=False)
class Machine(Brief):
    """A VM of an inventory; None where the export says nothing. `where` is the address of its row."""

    where: str
    name: str
    power: Power
    vcpus: int | None
    memory_mib: int | None
    disks: tuple[VirtualDisk, ...]
    gpus: int = 0
    template: bool = False
    placeholder: bool = False
    connected: bool = True
    datacenter: str = ""
    cluster: str = ""
    folder: str = ""
    rules: str = ""
    """Names of its DRS rules; whether they bind together or keep apart is not told."""
    server: str = ""
    """The vCenter: its UUID, or its name; the file where that is not told."""
    id: str = ""
    """The VM's UUID or id in that vCenter; empty when the export has neither."""
    uuid: str = ""
    """The VM's UUID, the same in every vCenter."""
    taken: str = ""
    """When the export was made, as far as it says, in a form that sorts."""
    damaged: str = ""
    """Why the row cannot be relied on, with the cell; empty for a sound one."""
    used_from: str = ""
    """Where the used space comes from."""
    held_swap_mib: int = 0
    """The swap file that the size of its disk looks as if it held."""
    resource_pool: str = ""
    os: str = ""
    annotation: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Values of further columns that rules look at, by their headers."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of a group of a workload, as a file has them."""
    set_by: Mapping[str, int] = field(default_factory=dict)
    """The rule that set a field, by its name."""
    met: tuple[int, ...] = ()
    """The rules that the VM met."""

    def alike(self, other: "Machine") -> bool:
        """Return whether two rows say the same of a VM: wherever they stand, whatever was noted about it."""
        return self._itself() == other._itself()

    def _itself(self) -> "Machine":
        return replace(
            self,
            where="",
            taken="",
            disks=(),
            damaged="",
            used_from="",
            held_swap_mib=0,
            resource_pool="",
            os="",
            annotation="",
            columns={},
            fields={},
        )


@dataclass
class Reading:
    """What was read of one source: its VMs, and what a reader must be told."""

    machines: list[Machine] = field(default_factory=list)
    blank: int = 0
    repeated: int = 0
    warnings: list[str] = field(default_factory=list)
    candidates: dict[str, int] = field(default_factory=dict)
    """The disk size of all VMs in MiB, as each column that knows one has it."""
    basis: dict[str, int] = field(default_factory=dict)
    """Where disk sizes come from, and for how many VMs."""

    def add_basis(self, label: str) -> None:
        """Count a VM whose disk sizes come from a column."""
        self.basis[label] = self.basis.get(label, 0) + 1

    def add_candidate(self, label: str, sizes_mib: Sequence[int | None]) -> None:
        """Add sizes to what a column says that all disks come to."""
        if sizes_mib:
            self.candidates[label] = self.candidates.get(label, 0) + sum(size or 0 for size in sizes_mib)


@dataclass(frozen=True)
class Amount:
    """What a step of an import is about: rows (a VM is one), vCPUs, memory and disks in MiB."""

    rows: int = 0
    vcpus: int = 0
    memory_mib: int = 0
    disks: int = 0
    disk_mib: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        """Return both together."""
        return Amount(*(mine + its for mine, its in zip(self.figures, other.figures, strict=True)))

    def __sub__(self, other: "Amount") -> "Amount":
        """Return the difference."""
        return Amount(*(mine - its for mine, its in zip(self.figures, other.figures, strict=True)))

    @property
    def figures(self) -> tuple[int, int, int, int, int]:
        """The five figures, rows first."""
        return self.rows, self.vcpus, self.memory_mib, self.disks, self.disk_mib

    @classmethod
    def of(cls, machines: Iterable[Machine]) -> "Amount":
        """Return what some VMs come to; a figure that the export does not give counts as 0."""
        return sum((cls(*figures) for figures in _figures(machines)), cls())


def _figures(machines: Iterable[Machine]) -> Iterator[tuple[int, int, int, int, int]]:
    for machine in machines:
        sizes = [disk.size_mib for disk in machine.disks]
        yield 1, machine.vcpus or 0, machine.memory_mib or 0, len(sizes), sum(sizes)
