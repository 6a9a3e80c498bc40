"""What `import cloudplan` gives, and that no name stands in front of a module."""

import importlib
import pkgutil
from pathlib import Path

import cloudplan as cp

PACKAGES = ["cloudplan", *(found.name for found in pkgutil.walk_packages(cp.__path__, "cloudplan.") if found.ispkg)]


def test_no_public_name_is_that_of_a_module() -> None:
    modules = {found.name.rpartition(".")[2] for found in pkgutil.iter_modules(cp.__path__, "cloudplan.")}
    assert {"sales", "cli", "__main__"} <= modules
    assert not modules & set(cp.__all__)


def test_every_module_is_found_where_it_stands() -> None:
    for name in PACKAGES:
        package = importlib.import_module(name)
        for found in pkgutil.iter_modules(package.__path__, f"{name}."):
            if not found.name.endswith("__main__"):
                module = importlib.import_module(found.name)
                assert getattr(package, found.name.rpartition(".")[2]) is module


def test_the_top_of_the_package_is_small() -> None:
    (folder,) = cp.__path__
    assert len([path for path in Path(folder).iterdir() if path.name not in ("__pycache__", "_catalog")]) <= 19


def test_every_public_name_is_there() -> None:
    assert sorted(cp.__all__) == cp.__all__
    assert all(hasattr(cp, name) for name in cp.__all__)
