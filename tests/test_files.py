"""Files are written whole or not at all, and never over another one without being asked to."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from conftest import bad_input

from cloudplan.base import files


def test_every_file_is_written(tmp_path: Path) -> None:
    files.write_all({tmp_path / "a": b"one", tmp_path / "b": b"two"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"one", "b": b"two"}


def test_an_existing_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("a longer text than the new one")
    files.write_all({path: b"new"})
    assert path.read_bytes() == b"new"


def test_written_files_have_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "ordinary").write_text("")
    files.write_all({tmp_path / "a": b"x"})
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_a_relative_path_is_written_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files.write_all({Path("a"): b"x"})
    assert (tmp_path / "a").read_bytes() == b"x"


def test_nothing_is_left_behind_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b").write_bytes(b"old")
    opened, real = [], os.fdopen

    def full(handle: int, mode: str) -> Any:
        opened.append(handle)
        if len(opened) == 2:
            os.close(handle)
            raise OSError(errno.ENOSPC, "No space left on device", "b")
        return real(handle, mode)

    monkeypatch.setattr(os, "fdopen", full)
    with bad_input() as faults:
        files.write_all({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert "No space left" in faults[0].message
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b": b"old"}


def test_nothing_is_left_behind_when_a_folder_is_missing(tmp_path: Path) -> None:
    with bad_input() as faults:
        files.write_all({tmp_path / "a": b"x", tmp_path / "none" / "b": b"x"})
    assert "cannot be written" in faults[0].message
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_behind_when_a_file_cannot_be_moved_into_place(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with bad_input():
        files.write_all({tmp_path / "a": b"x", tmp_path / "folder": b"x"})
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_new_files_may_be_written(tmp_path: Path) -> None:
    files.refuse_existing([tmp_path / "a", tmp_path / "b"], force=False)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_refused_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with bad_input() as faults:
        files.refuse_existing([path], force=False)
    assert [fault.where for fault in faults] == [str(path)]
    assert "--force" in faults[0].message
    files.refuse_existing([path], force=True)
    assert path.read_text() == "old"


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["none/a"], "folder does not exist"),
        (["."], "this is a folder"),
        (["a", "a"], "same name"),
        (["a", "./a"], "same name"),
    ],
)
def test_impossible_targets_are_refused_even_when_forced(
    names: list[str], words: str, *, force: bool, tmp_path: Path
) -> None:
    with bad_input() as faults:
        files.refuse_existing([tmp_path / name for name in names], force=force)
    assert any(words in fault.message for fault in faults)


def test_all_impossible_targets_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with bad_input() as faults:
        files.refuse_existing([tmp_path / "a", tmp_path / "none" / "b"], force=False)
    assert {fault.where for fault in faults} == {str(tmp_path / "a"), str(tmp_path / "none" / "b")}
