"""`cloudplan catalog new`: a new edition begins as a copy of another one."""

import errno
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import EDITION, REPOSITORY, Ran, bad_input

import cloudplan as cp
from cloudplan.base import files
from cloudplan.base.errors import MachineError
from cloudplan.catalog.draft import draft
from cloudplan.catalog.loading import FILES, catalog_folder

Run = Callable[..., Ran]

DAY = "2031-02-03"
LAST = cp.editions()[-1]


def changed_lines(folder: Path, origin: Path) -> list[str]:
    """Return the lines of a draft that its origin does not have."""
    return [
        line
        for name in FILES
        for line in (folder / name).read_text(encoding="utf-8").splitlines()
        if line not in (origin / name).read_text(encoding="utf-8").splitlines()
    ]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A copy of an edition in a catalogue of one's own; its name is no date."""
    folder = Path(shutil.copytree(catalog_folder() / EDITION, tmp_path / "catalogue" / "mine"))
    head = folder / "edition.yaml"
    head.write_text(head.read_text(encoding="utf-8").replace(f'"{EDITION}"', "mine"), encoding="utf-8")
    return folder


@pytest.mark.parametrize("origin", cp.editions())
def test_a_draft_has_every_byte_of_its_origin_but_name_title_and_mark(origin: str, tmp_path: Path) -> None:
    folder, made = draft(origin, DAY, tmp_path)
    assert folder == tmp_path / DAY
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    for name in FILES[1:]:
        assert (folder / name).read_bytes() == (catalog_folder() / origin / name).read_bytes()
    mark, name, title = changed_lines(folder, catalog_folder() / origin)
    assert mark.startswith(f"# DRAFT of {DAY}, a copy of {origin}:")
    assert (name, title) == (f'edition: "{DAY}"', f'title: "{made.title}"')
    assert (folder / "edition.yaml").read_text(encoding="utf-8").startswith(mark)
    assert made.title.endswith("catalogue of 3 February 2031")
    assert made == cp.load_edition(folder)


def test_a_draft_sizes_to_the_same_bill(tmp_path: Path) -> None:
    folder, _ = draft(EDITION, DAY, tmp_path)
    plans = []
    for edition in (cp.load_edition(EDITION), cp.load_edition(folder)):
        wanted = cp.read_workload(REPOSITORY / "examples" / "two-zones-dr.yaml", edition, obey_pin=False)
        plans.append(cp.optimise(wanted, edition, cp.load_prices(REPOSITORY / "examples" / "prices.yaml")))
    assert plans[0].bom == plans[1].bom
    assert plans[1].catalog.edition == DAY


def test_what_is_printed_works(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("with blanks").mkdir()
    ran = run("catalog", "new", EDITION, DAY, "--output", "with blanks")
    assert (ran.status, ran.err) == (0, "")
    folder = f"with blanks/{DAY}"
    assert f"  cloudplan catalog check '{folder}'\n" in ran.out
    assert f"  cloudplan catalog diff {EDITION} '{folder}'\n" in ran.out
    assert "No fault." in run("catalog", "check", folder).out
    assert "0 changes to plans and bills" in run("catalog", "diff", EDITION, folder).out
    [line] = re.findall('^  ("20.*)$', ran.out, re.MULTILINE)
    assert yaml.safe_load(line) == {DAY: cp.load_edition(folder).sha256}
    assert cp.load_edition(folder).sha256 in run("catalog", "show", folder).out


def test_in_the_catalogue_the_draft_is_the_default_and_the_printed_line_locks_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = Path(shutil.copytree(catalog_folder(), tmp_path / "shipped"))
    monkeypatch.setattr(sys.modules["cloudplan.catalog.loading"], "catalog_folder", lambda: shipped)
    ran = run("catalog", "new", LAST, DAY)
    assert (ran.status, ran.err) == (0, "")
    assert (shipped / DAY).is_dir()
    assert re.search(f"{DAY} +draft, default", run("catalog", "list").out)
    assert re.search("1 draft, [0-9]+ published", run("catalog", "check").out)
    with (shipped / "published.yaml").open("a", encoding="utf-8") as published:
        published.write(ran.out.splitlines()[-1] + "\n")
    assert re.search(f"{DAY} +published, default", run("catalog", "list").out)
    blades = shipped / DAY / "blades.yaml"
    blades.write_text(blades.read_text(encoding="utf-8") + "# later\n", encoding="utf-8")
    sys.modules["cloudplan.catalog.loading"]._shipped.cache_clear()
    assert f"edition {DAY} was changed after it was published" in run("catalog", "list").err


def test_a_folder_of_ones_own_is_copied_beside_itself(run: Run, own: Path) -> None:
    assert run("catalog", "new", own, "2000-01-01").status == 0
    made = cp.load_edition(own.parent / "2000-01-01")
    assert (made.edition, made.title) == (
        "2000-01-01",
        "Dedicated VMware IaaS, catalogue of 17 January 2025, 2000-01-01",
    )
    again, later = draft(own.parent / "2000-01-01", "2000-01-02")
    assert again == own.resolve().parent / "2000-01-02"
    assert later.title == "Dedicated VMware IaaS, catalogue of 17 January 2025, 2000-01-02"


def test_an_edition_is_copied_from_within_its_folder(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own)
    folder, _ = draft(".", DAY)
    assert folder == own.resolve().parent / DAY


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_ends_comments_and_texts_of_several_lines_stay(ending: str, own: Path) -> None:
    head = own / "edition.yaml"
    text = head.read_text(encoding="utf-8")
    text = text.replace("edition: mine", "edition: 'mine' # really").replace("title: ", "title: >-\n  A\n  ", 1)
    head.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", ending).encode())
    folder, made = draft(own, DAY)
    written = (folder / "edition.yaml").read_bytes()
    assert f'edition: "{DAY}" # really{ending}'.encode() in written
    assert f'catalogue of 17 January 2025, {DAY}"{ending}provider: Cloud Temple{ending}'.encode() in written
    assert made.title == f"A Dedicated VMware IaaS, catalogue of 17 January 2025, {DAY}"


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([EDITION, "2031-02-30"], "found '2031-02-30'; allowed: a date, YYYY-MM-DD"),
        ([EDITION, "20310203"], "found '20310203'; allowed: a date, YYYY-MM-DD"),
        ([EDITION, "../2031-02-03"], "found '../2031-02-03'; allowed: a date, YYYY-MM-DD"),
        ([EDITION, "next"], "found 'next'; allowed: a date, YYYY-MM-DD"),
        ([EDITION, EDITION], f"found {EDITION}; allowed: a date after {EDITION}"),
        ([EDITION, "2025-01-16"], f"found 2025-01-16; allowed: a date after {EDITION}"),
        (["2025-01-18", DAY], "unknown edition '2025-01-18'; did you mean '2025-01-17'?"),
        ([EDITION, DAY, "--output", "none"], f"none/{DAY}: cannot be written: No such file or directory"),
        ([EDITION, DAY, "--output", "file"], f"file/{DAY}: cannot be written: Not a directory"),
        ([EDITION, "2031-01-01"], "2031-01-01: exists already"),
        ([EDITION, "2031-01-02"], "2031-01-02: exists already"),
        ([EDITION, "2031-01-03"], "2031-01-03: exists already"),
    ],
)
def test_a_draft_that_cannot_be_is_refused_and_leaves_nothing(
    arguments: list[str], words: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    Path("2031-01-01").mkdir()
    Path("2031-01-02").write_text("")
    Path("2031-01-03").symlink_to("nowhere")
    before = sorted(tmp_path.rglob("*"))
    ran = run("catalog", "new", *arguments, *([] if "--output" in arguments else ["--output", "."]))
    assert (ran.status, ran.out, len(ran.faults)) == (2, "", 1)
    assert words in ran.faults[0]
    assert sorted(tmp_path.rglob("*")) == before


def test_an_origin_with_faults_is_refused(own: Path) -> None:
    (own / "blades.yaml").write_text("blades: {}\n", encoding="utf-8")
    with bad_input() as faults:
        draft(own, DAY)
    assert "blades" in faults[0].path
    assert [path.name for path in own.parent.iterdir()] == ["mine"]


def test_an_origin_that_has_its_name_elsewhere_is_refused(own: Path) -> None:
    head, blades = own / "edition.yaml", own / "blades.yaml"
    head.write_text(head.read_text(encoding="utf-8").replace("edition: mine\n", ""), encoding="utf-8")
    blades.write_text(blades.read_text(encoding="utf-8") + "edition: mine\n", encoding="utf-8")
    assert cp.load_edition(own).edition == "mine"
    with bad_input() as faults:
        draft(own, DAY)
    assert faults[0].message == "the draft needs the name and the title of its origin in edition.yaml, as YAML"
    assert faults[0].where == str(own / "edition.yaml")


def test_nothing_is_left_behind_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, written = Path.write_bytes, []

    def full(path: Path, data: bytes) -> int:
        written.append(path)
        if len(written) == 3:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(MachineError) as full_disk:
        files.write_folder(tmp_path / "new", dict.fromkeys(FILES, b"x"))
    assert str(full_disk.value) == f"{tmp_path / 'new'}: cannot be written: no space left on the device"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").mkdir()
    (tmp_path / "usual" / "a").write_text("")
    files.write_folder(tmp_path / "new", {"a": b""})
    for name in ("", "a"):
        assert (tmp_path / "new" / name).stat().st_mode == (tmp_path / "usual" / name).stat().st_mode
