"""Pseudonyms in place of everything that someone named: the same for the same key."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from cloudplan.inventory.machines import Machine
from cloudplan.inventory.rightsize import Change


def pseudonym(key: str, kind: str, name: str) -> str:
    """Return the pseudonym of a name: the same for the same key, and without the key it cannot be guessed back."""
    return f"{kind}-{hmac.new(key.encode(), f'{kind}:{name}'.encode(), hashlib.sha256).hexdigest()[:10]}"


def anonymous(machines: Sequence[Machine], changes: Sequence[Change], key: str) -> tuple[list[Machine], list[Change]]:
    """Return VMs and changes with pseudonyms for everything that someone named."""

    def of(kind: str, name: str) -> str:
        return pseudonym(key, kind, name) if name else ""

    return [
        replace(
            machine,
            name=of("vm", machine.name),
            cluster=of("cluster", machine.cluster),
            datacenter=of("datacenter", machine.datacenter),
            folder=of("folder", machine.folder),
            rules=of("rule", machine.rules),
            fields=_anonymous_fields(machine, of),
        )
        for machine in machines
    ], [replace(change, name=of("vm", change.name)) for change in changes]


def _anonymous_fields(machine: Machine, of: Callable[[str, str], str]) -> dict[str, Any]:
    """Return the further fields of a VM, with pseudonyms for the texts that its inventory has; rules keep theirs."""
    own = {key: value for key, value in machine.fields.items() if key not in machine.set_by}
    hidden: dict[str, Any] = {key: of(key, own[key]) for key in ("pool", "os") if key in own}
    if "tags" in own:
        hidden["tags"] = {name: of("tag", text) for name, text in own["tags"].items()}
    return {**machine.fields, **hidden}
