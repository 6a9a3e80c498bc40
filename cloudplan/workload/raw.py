"""The raw tree of a workload: its mappings, whatever else stands in their place. Odd shapes are faults elsewhere."""

from collections.abc import Iterator
from typing import Any


def mappings(value: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the mappings of a list with their index; whatever has another shape is a fault of its own elsewhere."""
    for index, entry in enumerate(value if isinstance(value, list) else []):
        if isinstance(entry, dict):
            yield index, entry


def mapping_at(tree: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the mapping at a key, empty where there is none."""
    value = tree.get(key)
    return value if isinstance(value, dict) else {}


def texts(value: Any) -> Iterator[tuple[int, str]]:
    """Yield the texts of a list with their index."""
    for index, entry in enumerate(value if isinstance(value, list) else []):
        if isinstance(entry, str):
            yield index, entry
