"""How the assumptions of a case are found: the value, where it comes from, and what it might be instead.

What might be instead is what another source says; where none does, it is a round figure to ask with, not a claim.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, get_args

from cloudplan.plan.plan import GLOBAL_MIRROR, Basis, Choice
from cloudplan.rules import compute, storage
from cloudplan.rules.backup import is_backed_up
from cloudplan.workload.case import Case
from cloudplan.workload.workload import Disk, Policy

RESERVE_GIB, DATASTORES = 16, 2
"""What the order form says of the memory that a host keeps (before ORD-3), and of the datastores of a site."""
LESS_CEILING, MORE_HEADROOM, MORE_CHANGE, LESS_REDUCTION = map(Decimal, ("0.05", "0.10", "0.02", "0.5"))
RETENTION = {"daily": 30, "weekly": 4, "monthly": 0, "yearly": 0}
HALF = Decimal("0.5")
"""What is tried instead where no source says what else it might be."""

MODELS = {"base128_plus_memory": "what a blade includes, more is billed", "included_full": "all that is built in"}


@dataclass(frozen=True)
class Change:
    """How inputs change when an assumption does not hold: fields of the workload by path, prices by a factor."""

    workload: Mapping[str, Any] = field(default_factory=dict)
    prices: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What a case has of a kind: the values of its texts, where they come from, and the change."""

    values: Mapping[str, Any]
    origin: Basis
    change: Change
    place: str = ""
    """The fields that give it."""


def _origin(case: Case, *paths: str, as_default: bool) -> Basis:
    """Return whether any of some fields was given; where nobody knows, whether it is the default."""
    given = case.workload.given
    chosen = not as_default if given is None else any(path in given for path in paths)
    return "given" if chosen else "default"


def setting(
    name: str, usual: Callable[[Any], Any], default: Any = None, *, percent: bool = False
) -> Callable[[Case, Choice], Found | None]:
    """Return how a setting of the policy is found: instead of its default the usual other one, else the default.

    `default` is that of the program, where the edition has none.
    """

    def find(case: Case, _: Choice) -> Found | None:
        value = getattr(case.workload.policy, name)
        normal = default if default is not None else type(value)(case.edition.default(name))
        other = usual(value) if value == normal else normal
        if other == value:
            return None
        shown = {"value": value, "other": other}
        return Found(
            {key: _plain(each * 100 if percent else each) for key, each in shown.items()},
            _origin(case, f"policy.{name}", as_default=value == normal),
            Change({f"policy.{name}": _plain(other)}),
            f"policy.{name}",
        )

    return find


def host_reserve(case: Case, choice: Choice) -> Found | None:
    """The memory of a blade that VMs cannot have: none on the concepts page, some on the order form (ORD-3)."""
    stands = storage.ORD_3.stands_in(case.edition)
    form_gib = storage.ORD_3.figure(case.edition, "memory_reserve_gib") if stands else RESERVE_GIB
    found = setting("host_memory_reserve_gib", lambda gib: form_gib if gib < form_gib else 0)(case, choice)
    return found and replace(found, values={**found.values, "form": form_gib})


def _plain(value: Any) -> Any:
    """Return a value as JSON has it, a decimal as text without trailing noughts."""
    if not isinstance(value, Decimal):
        return value
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def memory_model(case: Case, _: Choice) -> Found | None:
    """The memory that a blade has active at delivery: two pages of the provider say two things."""
    model = case.workload.policy.memory_model
    other = next(each for each in get_args(Policy.model_fields["memory_model"].annotation) if each != model)
    usual = case.edition.default("memory_model")
    contradicted = compute.MEM_4.figure(case.edition, "contradicted") == "true"
    origin = _origin(case, "policy.memory_model", as_default=model == usual)
    values = {"model": model, "value": MODELS[model], "other_model": other, "other": MODELS[other]}
    change = Change({"policy.memory_model": other})
    return Found(values, "contradicted" if contradicted else origin, change, "policy.memory_model")


def _disks(case: Case) -> Sequence[tuple[int, int, Disk, int]]:
    """Return every disk of every group with both numbers, and how many there are of it."""
    groups = case.workload.vms
    return case.once(
        _disks,
        lambda: [
            (at, number, disk, group.count)
            for at, group in enumerate(groups)
            for number, disk in enumerate(group.disks)
        ],
    )


def no_iops(case: Case, choice: Choice) -> Found | None:
    """Disks that say neither what they must do nor where they stand: each one class further up."""
    ladder = [name for name in case.edition.flash_classes if name in case.classes]
    upwards = dict(itertools.pairwise(ladder))
    stands = {(disk.vm, disk.disk): store.storage_class for store in choice.datastores for disk in store.disks}
    edits: dict[str, str] = {}
    counts: dict[str, int] = {}
    for at, number, disk, count in _disks(case):
        taken = stands.get((case.workload.vms[at].name, number), "")
        if disk.storage_class is None and not disk.iops and taken in upwards:
            edits[f"vms[{at}].disks[{number}].class"] = upwards[taken]
            counts[taken] = counts.get(taken, 0) + count
    if not edits:
        return None
    classes = [name for name in ladder if name in counts]
    values = {
        **{"disks": sum(counts.values()), "all": sum(count for *_, count in _disks(case))},
        **{"classes": ", ".join(classes), "others": ", ".join(upwards[name] for name in classes)},
    }
    return Found(values, "default", Change(edits))


def as_full(case: Case, _: Choice) -> Found | None:
    """Disks that are backed up as if every GiB of them were written."""
    full = [entry for entry in _disks(case) if is_backed_up(entry[2]) and entry[2].used_gib == entry[2].size_gib]
    edits = {f"vms[{at}].disks[{number}].used_gib": _plain(disk.size_gib * HALF) for at, number, disk, _ in full}
    values = {
        **{"disks": sum(count for *_, count in full), "all": sum(count for *_, count in _disks(case))},
        "size_gib": _plain(sum((disk.size_gib * count for *_, disk, count in full), Decimal(0))),
    }
    return Found(values, "default", Change(edits)) if full else None


def as_used(case: Case, _: Choice) -> Found | None:
    """Disks that are backed up at less than their size."""
    partly = [entry for entry in _disks(case) if is_backed_up(entry[2]) and entry[2].used_gib < entry[2].size_gib]
    edits = {f"vms[{at}].disks[{number}].used_gib": _plain(disk.size_gib) for at, number, disk, _ in partly}
    values = {
        "used_gib": _plain(sum((disk.used_gib * count for *_, disk, count in partly), Decimal(0))),
        "size_gib": _plain(sum((disk.size_gib * count for *_, disk, count in partly), Decimal(0))),
    }
    return Found(values, _imported(case), Change(edits), "vms.disks.used_gib") if partly else None


def _imported(case: Case) -> Basis:
    return "export" if case.workload.inventory else "given"


def powered_off(case: Case, _: Choice) -> Found | None:
    """VMs that are off, and so hold nothing of a host."""
    off = {at: group.count for at, group in enumerate(case.workload.vms) if not group.powered_on}
    values = {"vms": sum(off.values()), "all": sum(group.count for group in case.workload.vms)}
    change = Change({f"vms[{at}].powered_on": True for at in off})
    return Found(values, _imported(case), change, "vms.powered_on") if off else None


def retention(case: Case, _: Choice) -> Found | None:
    """The points of backup that are kept."""
    policy, usual = case.workload.policy.backup, case.edition.backup_default
    kept = {name: getattr(policy, name) for name in RETENTION}
    normal = {name: int(usual[name]) for name in RETENTION}
    others = RETENTION if kept == normal else normal
    paths = [f"policy.backup.{name}" for name in RETENTION]
    values = {**kept, **{f"other_{name}": value for name, value in others.items()}}
    change = Change(dict(zip(paths, others.values(), strict=True)))
    origin = _origin(case, *paths, as_default=kept == normal)
    return Found(values, origin, change, "policy.backup") if kept != others else None


def of_backup(name: str, usual: Callable[[Decimal], Decimal], *, percent: bool = False) -> Callable[..., Found | None]:
    """Return how a figure of the backup policy is found (see `setting`)."""

    def find(case: Case, _: Choice) -> Found | None:
        value = getattr(case.workload.policy.backup, name)
        normal = Decimal(case.edition.backup_default[name])
        other = usual(value) if value == normal else normal
        if other == value:
            return None
        path, factor = f"policy.backup.{name}", 100 if percent else 1
        values = {"value": _plain(value * factor), "other": _plain(other * factor)}
        return Found(values, _origin(case, path, as_default=value == normal), Change({path: _plain(other)}), path)

    return find


def standby(case: Case, choice: Choice) -> Found | None:
    """Shares of the demand that are held at the other site, where anything protected has no share of its own."""
    if not any(group.protection and group.powered_on and group.standby is None for group in case.workload.vms):
        return None
    names = ("vcpu_share", "memory_share")
    kept = {name: getattr(case.workload.policy.standby, name) for name in names}
    normal = {name: Decimal(case.edition.standby_default[name]) for name in names}
    others = {name: value * HALF for name, value in kept.items()} if kept == normal else normal
    values = {name: _plain(value * 100) for name, value in kept.items()}
    values |= {f"other_{name}": _plain(value * 100) for name, value in others.items()}
    paths = [f"policy.standby.{name}" for name in names]
    change = Change({path: _plain(value) for path, value in zip(paths, others.values(), strict=True)})
    return Found(values, _origin(case, *paths, as_default=kept == normal), change, "policy.standby")


def mirror_licence(case: Case, choice: Choice) -> Found | None:
    """The licence of Global Mirror, counted once: the provider does not say whether both sides owe it."""
    if GLOBAL_MIRROR not in choice.protection.values():
        return None
    spelled = case.prices.spelled(case.edition.services.global_mirror)
    return Found({}, "default", Change(prices=dict.fromkeys(spelled, 2))) if spelled else None


def term(case: Case, _: Choice) -> Found | None:
    """The commitment, where the price book has discounts for a longer one."""
    term = case.workload.term_months
    longer = max((each.min_term_months for each in case.prices.book.discounts), default=0)
    if longer <= term:
        return None
    values = {"value": term, "other": longer}
    return Found(
        values, _origin(case, "term_months", as_default=term == 1), Change({"term_months": longer}), "term_months"
    )
