"""Files are written whole or not at all, and never over another one without being asked to."""

import errno
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import bad_input

from cloudplan.base import files, limits
from cloudplan.base.errors import MachineError


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
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, mode)

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(MachineError) as full_disk:
        files.write_all({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert str(full_disk.value) == f"{tmp_path / 'b'}: cannot be written: no space left on the device"
    assert full_disk.value.exit_status == 1
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


# --- what cannot be replaced -----------------------------------------------------------------------------------------


def reader(path: Path) -> "subprocess.Popen[bytes]":
    """Begin to read a pipe in another process."""
    return subprocess.Popen(["cat", str(path)], stdout=subprocess.PIPE)


@pytest.mark.parametrize("force", [False, True])
def test_a_pipe_is_written_through_and_stays_a_pipe(tmp_path: Path, *, force: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    for path in (pipe, tmp_path / "link"):
        files.refuse_existing([path], force=force)
        with reader(pipe) as other:
            files.write_all({path: b"through"})
            assert other.communicate()[0] == b"through"
        assert pipe.is_fifo()
    assert (tmp_path / "link").is_symlink()


def test_the_null_device_stays_what_it_is() -> None:
    files.refuse_existing([Path(os.devnull)], force=False)
    files.write_all({Path(os.devnull): b"nowhere"})
    assert Path(os.devnull).is_char_device()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="a system without /dev/full")
def test_a_full_device_is_the_machines_fault_and_nothing_else_is_written(tmp_path: Path) -> None:
    with pytest.raises(MachineError) as full:
        files.write_all({tmp_path / "a": b"x", Path("/dev/full"): b"x"})
    assert str(full.value) == "/dev/full: cannot be written: no space left on the device"
    assert list(tmp_path.iterdir()) == []
    assert Path("/dev/full").is_char_device()


def test_a_link_stays_and_what_it_names_is_written(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "link").symlink_to("old")
    (tmp_path / "dangling").symlink_to("new")
    with bad_input() as faults:
        files.refuse_existing([tmp_path / "link"], force=False)
    assert "--force" in faults[0].message
    files.write_all({tmp_path / "link": b"one", tmp_path / "dangling": b"two"})
    assert [(tmp_path / name).read_bytes() for name in ("old", "new")] == [b"one", b"two"]
    assert (tmp_path / "link").is_symlink() and (tmp_path / "dangling").is_symlink()


def test_a_name_that_no_file_can_have_is_bad_input(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 300)
    for write in (lambda: files.refuse_existing([long], force=True), lambda: files.write_all({long: b"x"})):
        with bad_input() as faults:
            write()
        assert str(faults[0]) == f"{long}: cannot be written: File name too long"


def test_the_longest_name_that_a_file_can_have_is_written(tmp_path: Path) -> None:
    files.write_all({tmp_path / ("x" * 255): b"x"})
    assert [len(path.name) for path in tmp_path.iterdir()] == [255]


# --- what is read ----------------------------------------------------------------------------------------------------


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe", tmp_path / "link", Path("/dev/zero")):
        for read in (files.read_bytes, files.read_text):
            with bad_input() as faults:
                read(path, 100)
            assert str(faults[0]) == f"{path}: a device or a pipe; only regular files are read"


def test_no_more_is_read_than_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 3 * limits.MB)
    assert len(files.read_bytes(path, 3 * limits.MB)) == 3 * limits.MB
    with bad_input() as faults:
        files.read_bytes(path, 2 * limits.MB)
    assert str(faults[0]) == f"{path}: too large: more than 2 MB"


def test_a_file_that_says_it_is_empty_is_bounded_too() -> None:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("a system without /proc")
    with bad_input() as faults:
        files.read_bytes(status, 10)
    assert "too large" in faults[0].message
