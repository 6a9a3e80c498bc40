"""A release is refused when what names its version does not agree; CI rehearses the rest."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import REPOSITORY

VERSION = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
NAMED = (".ci/release", "CITATION.cff", "CHANGELOG.md", "pyproject.toml")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with the files that name a version, and the Python of the tests."""
    for name in NAMED:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    return tmp_path


def refused(checkout: Path, tag: str) -> str:
    """Return why a release is refused, before anything is made."""
    ran = subprocess.run(
        ["bash", checkout / ".ci" / "release", tag], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 1 and not (checkout / "dist").exists()
    return ran.stderr.strip()


def test_a_release_of_another_tag_is_refused(checkout: Path) -> None:
    assert refused(checkout, "v9.9.9") == f"release: the tag v9.9.9 is not v{VERSION} of pyproject.toml"


@pytest.mark.parametrize(
    ("name", "pattern", "instead", "said"),
    [
        ("CITATION.cff", r"^version: .*", "version: 9.9.9", f"CITATION.cff has another version than {VERSION}"),
        ("CHANGELOG.md", rf"^## {re.escape(VERSION)}, .*", "## 9.9.9, 2027-01-01", f"no part for {VERSION}"),
        ("CHANGELOG.md", rf"^## {re.escape(VERSION)}, .*", f"## {VERSION}, soon", f"no date for {VERSION}"),
    ],
)
def test_files_that_name_another_version_are_refused(
    checkout: Path, name: str, pattern: str, instead: str, said: str
) -> None:
    file = checkout / name
    changed, times = re.subn(pattern, instead, file.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
    assert times == 1
    file.write_text(changed, encoding="utf-8")
    assert said in refused(checkout, f"v{VERSION}")
