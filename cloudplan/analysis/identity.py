"""Which program this is: its version, its code, its catalogue and its solver, to be compared with another machine's.

Where all of them are equal, the same inputs give the same bytes.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from cloudplan.base.program import program
from cloudplan.catalog.loading import catalog_folder

LIBRARIES = ("highspy", "pulp", "numpy")
"""What a plan depends on beside the program; each version may choose another one among plans of equal cost."""


@cache
def identity() -> Mapping[str, str]:
    """Return what this program is: its name and version, the SHA-256 of code and catalogue, versions of libraries."""
    package = Path(__file__).resolve().parents[1]
    code = [path for path in package.rglob("*") if path.suffix in (".py", ".po", ".j2", ".js")]
    return {
        "program": program(),
        "code": _sha256_of(package, code),
        "catalogue": _sha256_of(catalog_folder(), list(catalog_folder().rglob("*.yaml"))),
        **{name: version(name) for name in LIBRARIES},
    }


def differences(found: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """Return in words what a program has otherwise than another one: ``highspy 1.15.1 instead of 1.16.0``."""
    return [
        f"{name} {_short(found.get(name, 'none'))} instead of {_short(value)}"
        for name, value in wanted.items()
        if found.get(name) != value
    ]


def _short(text: str) -> str:
    return text[:12] if len(text) == hashlib.sha256().digest_size * 2 else text


def _sha256_of(folder: Path, paths: list[Path]) -> str:
    """Return the SHA-256 of files, with their names below a folder."""
    digest = hashlib.sha256()
    for name, path in sorted((path.relative_to(folder).as_posix(), path) for path in paths):
        data = path.read_bytes()
        digest.update(f"{name}\n{len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()
