"""Messages that help: kinds of files, right spellings, the nearest blade, errors as JSON, true help texts."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import typer
import yaml
from conftest import EDITION, REPOSITORY, Ran, bad_input, case, price_book, vm, workload

import cloudplan as cp
from cloudplan.base import spelling
from cloudplan.cli import app
from cloudplan.presentation.price_template import as_workbook

pytestmark = pytest.mark.usefixtures("solved_once")

Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, edition: cp.Edition) -> Path:
    """A file of each kind, made once."""
    path = tmp_path_factory.mktemp("files")
    plan = cp.optimise(cp.read_workload(workload(), edition), edition, cp.load_prices())
    (path / "plan").write_text(plan.to_json(), encoding="utf-8")
    (path / "compact").write_text(json.dumps(json.loads(plan.to_json())), encoding="utf-8")
    (path / "workload").write_text("# a comment\n" + yaml.safe_dump(workload(), sort_keys=False), encoding="utf-8")
    (path / "prices").write_text(yaml.safe_dump(price_book(), sort_keys=True), encoding="utf-8")
    (path / "terms").write_text("schema: cloudplan/terms/v1\n", encoding="utf-8")
    (path / "book").write_bytes(as_workbook(edition, cp.load_prices()))
    (path / "list").write_text('"name";vcpus\n"a: b";2\n', encoding="utf-8")
    (path / "commented").write_text("# one, two\n[1, 2]\n", encoding="utf-8")
    (path / "checked").write_text('{\n "schema": "cloudplan/prices-check/v1"\n}\n', encoding="utf-8")
    return path


@pytest.fixture
def folder(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of each kind, under names that say nothing; it is the current one."""
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


MADE = "`cloudplan size WORKLOAD -o plan.json` makes one of it"
GIVEN = "give it with --prices"
READ = "`cloudplan verify`, `quote`, `orders`, `explain` and `diff` take it"


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ("size book", "book: a workbook, not a workload; use `cloudplan import`"),
        ("size list", "list: a table, not a workload; use `cloudplan import`"),
        ("size commented", "commented:2:1: found a list; allowed: a mapping"),
        ("size prices", f"prices:26: a price book, not a workload; {GIVEN}"),
        ("size terms", "terms:1: the terms of a quote, not a workload; give them with `cloudplan quote --terms`"),
        ("size plan", f"plan:2: a plan, not a workload; {READ}"),
        ("size compact", f"compact:1: a plan, not a workload; {READ}"),
        ("size checked", "checked:2: cloudplan/prices-check/v1, not a workload"),
        ("compare prices", f"prices:26: a price book, not a workload; {GIVEN}"),
        ("size workload --prices workload", "workload:2: a workload, not a price book; `cloudplan size` takes it"),
        ("prices check plan", f"plan:2: a plan, not a price book; {READ}"),
        ("quote workload -o out.csv", f"workload:2: a workload, not a plan; {MADE}"),
        ("orders workload", f"workload:2: a workload, not a plan; {MADE}"),
        ("diff plan workload", f"workload:2: a workload, not a plan; {MADE}"),
        ("report prices", f"prices:26: a price book, not a plan; {GIVEN}"),
        ("explain book", "book: a workbook, not a plan"),
        (
            "quote plan --terms workload -o out.csv",
            "workload:2: a workload, not the terms of a quote; `cloudplan size` takes it",
        ),
        ("import workload", "workload:2: a workload, not an inventory; `cloudplan size` takes it"),
        ("import prices", f"prices:26: a price book, not an inventory; {GIVEN}"),
    ],
)
def test_the_wrong_kind_of_file_is_one_line_that_says_what_it_is(
    arguments: str, fault: str, run: Run, folder: Path
) -> None:
    ran = run(*arguments.split())
    assert (ran.status, ran.out) == (2, "")
    assert [re.sub(r":\d+: a price", ":26: a price", line) for line in ran.faults] == [fault]


def test_a_workbook_is_a_price_book_whatever_its_name(run: Run, folder: Path) -> None:
    assert run("size", "workload", "--prices", "book").out == run("size", "workload").out


@pytest.mark.parametrize(
    ("encoding", "likely"),
    [("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"), ("cp1252", "Windows-1252")],
)
@pytest.mark.parametrize("command", ["size {}", "prices check {}", "verify {}"])
def test_another_encoding_is_named(encoding: str, likely: str, command: str, run: Run, folder: Path) -> None:
    Path("text").write_bytes("schema: none\nname: café\n".encode(encoding))
    ran = run(*command.format("text").split())
    assert (ran.status, len(ran.faults)) == (2, 1)
    assert ran.faults[0].startswith("text: not UTF-8 text (byte ")
    assert ran.faults[0].endswith(f"; it looks like {likely}: save it as UTF-8")


# --- the right spelling ----------------------------------------------------------------------------------------------


def number(text: str) -> Decimal:
    """Read a number as documents have it."""
    if not re.fullmatch("[0-9]{1,12}([.][0-9]{1,12})?", text):
        raise ValueError(text)
    return Decimal(text)


@pytest.mark.parametrize(
    ("written", "wanted", "meant"),
    [
        ("16,5", "", "16.5"),
        ("640,00", "", "640.00"),
        ("1 234,56", "", "1234.56"),
        ("1.234,56", "", "1234.56"),
        ("1,234.56", "", "1234.56"),
        ("1'234.5", "", "1234.5"),
        ("1_000", "", "1000"),
        ("1,234", "", None),
        ("1,234,567", "", None),
        ("1.234.567", "", None),
        ("16 GiB", "GiB", "16"),
        ("16Go", "GiB", "16"),
        ("2 TiB", "GiB", "2048"),
        ("0,5 To", "GiB", "512"),
        ("512 MiB", "GiB", "0.5"),
        ("16 MiB", "", None),
        ("85 %", "a share", "0.85"),
        ("12,5%", "a percentage", "12.5"),
        ("12 %", "", None),
        ("600,00 €", "", "600.00"),
        ("-1", "", None),
        ("16", "", None),
        ("many", "", None),
        ("1" * 50 + ",5", "", None),
        (16.5, "", None),
    ],
)
def test_numbers_as_people_write_them(written: object, wanted: str, meant: str | None) -> None:
    assert spelling.respelled(written, number, wanted) == meant


@pytest.mark.parametrize(
    ("old", "new", "meant"),
    [
        ("memory_gib: 8", "memory_gib: '16,5'", "16.5"),
        ("memory_gib: 8", "memory_gib: 16 GiB", "16"),
        ("size_gib: 60", "size_gib: 60,5", "size_gib: 60.5"),
        ("vcpus: 2", "vcpus: 2 vCPU", "2"),
        ("size_gib: 60", "size_gib: 60, class: Standard", "medium"),
        ("size_gib: 60", "size_gib: 60, class: FLASH - Essentiel", "live"),
        ("size_gib: 60", "size_gib: 60, class: archivage", "mass"),
    ],
)
def test_a_workload_is_told_the_right_spelling(old: str, new: str, meant: str, run: Run, tmp_path: Path) -> None:
    text = f"schema: cloudplan/workload/v1\nname: a\ncatalog: '{EDITION}'\n"
    text += "vms: [{name: a, vcpus: 2, memory_gib: 8, disks: [{size_gib: 60}]}]\n"
    path = tmp_path / "w.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    ran = run("size", path)
    assert (ran.status, len(ran.faults)) == (2, 1)
    assert f"did you mean {meant!r}?" in ran.faults[0]
    [fault] = json.loads(run("size", path, "--format", "json").err)["faults"]
    assert fault["suggestion"] == meant
    assert fault["found"]


def test_labels_are_those_of_the_edition(edition: cp.Edition) -> None:
    named = {item.label.split()[-1]: key for key, item in edition.storage_classes.items()}
    for label, key in named.items():
        with bad_input() as faults:
            cp.read_workload(workload(vms=[vm(disks=[{"size_gib": 60, "class": label.upper()}])]), edition)
        assert faults[0].suggestion == key


@pytest.mark.parametrize("pinned", [False, True])
def test_an_edition_is_suggested_by_its_date(edition: cp.Edition, *, pinned: bool) -> None:
    first, second, newest = cp.editions()[0], EDITION, cp.editions()[-1]
    for day, meant in {"2000-01-01": first, second[:-2] + "29": second, "2999-12-31": newest}.items():
        with bad_input() as faults:
            if pinned:
                cp.read_workload(workload(catalog=day), edition)
            else:
                cp.load_edition(day)
        assert faults[0].suggestion == meant
        assert f"did you mean {meant!r}?" in faults[0].message


def test_the_nearest_blade_comes_first() -> None:
    large = case(vms=[vm(memory_gib=5000)])
    with pytest.raises(cp.NoPlanError) as none:
        cp.optimise(large.workload, large.edition, large.prices.book)
    [fault] = none.value.faults
    largest = max(cp.load_edition(EDITION).blades.items(), key=lambda item: item[1].ram_gib)[0]
    assert fault.message.startswith(f"VM fits on no blade at az05; nearest {largest}: 5 000 GiB > ")
    others = fault.message.partition("; reduce the VM to that, raise the limit that fails, or allow another blade (")[2]
    assert others.count("5 000 GiB > ") == len(cp.load_edition(EDITION).blades) - 1


# --- errors as JSON --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelled", [["--format", "json"], ["--format=json"]])
def test_errors_are_json_with_format_json(spelled: list[str], run: Run, folder: Path) -> None:
    ran = run("size", "workload", "--term", "0", *spelled)
    assert ran.status == 2
    allowed = "a whole number from 1 to 1200"
    fault = {"message": f"found '0'; allowed: {allowed}", "rule": None, "where": "--term", "path": None}
    fault |= {"found": "0", "allowed": allowed, "suggestion": None}
    assert json.loads(ran.err) == {"status": 2, "faults": [fault]}


def test_no_plan_as_json_names_rule_and_vm(run: Run, folder: Path) -> None:
    Path("large").write_text(yaml.safe_dump(workload(vms=[vm(memory_gib=5000)])), encoding="utf-8")
    ran = run("size", "large", "--format", "json")
    told = json.loads(ran.err)
    assert (ran.status, told["status"], len(told["faults"])) == (3, 3, 1)
    assert (told["faults"][0]["rule"], told["faults"][0]["path"]) == ("MEM-3", "a")


def test_a_value_is_told_apart(run: Run, folder: Path) -> None:
    Path("bad").write_text(yaml.safe_dump(workload(vms=[vm(vcpus=-4), vm(nmae="b")])), encoding="utf-8")
    faults = json.loads(run("size", "bad", "--format", "json").err)["faults"]
    by_path = {fault["path"]: fault for fault in faults}
    assert by_path["vms[0].vcpus"]["found"] == "-4"
    assert by_path["vms[0].vcpus"]["allowed"] == "a whole number from 1 to 100000"
    assert by_path["vms[1].nmae"]["suggestion"] == "name"


# --- stdout ----------------------------------------------------------------------------------------------------------


def shell(script: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a script of the shell in which `cloudplan` is this program."""
    command = f'cloudplan() {{ "{sys.executable}" -m cloudplan "$@"; }}\n{script}'
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
    )


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="a system without /dev/full")
@pytest.mark.parametrize(
    ("command", "unbuffered"),
    [("size workload", ""), ("size workload", "1"), ("--version", ""), ("size --help", "1"), ("verify plan", "")],
)
def test_a_full_stdout_is_told(command: str, unbuffered: str, folder: Path) -> None:
    ran = shell(f"cloudplan {command} > /dev/full", folder, PYTHONUNBUFFERED=unbuffered)
    assert ran.returncode == 1
    assert ran.stderr == (
        "cloudplan: the machine cannot do it\n  stdout: cannot be written: no space left on the device\n"
    )


@pytest.mark.parametrize("command", ["size workload", "size --help"])
def test_a_closed_stdout_is_told(command: str, folder: Path) -> None:
    ran = shell(f"cloudplan {command} >&-", folder)
    assert (ran.returncode, ran.stderr.splitlines()[1:]) == (1, ["  stdout: cannot be written: it is closed"])


def test_a_closed_stdout_that_nothing_is_printed_to_does_not_matter(folder: Path) -> None:
    ran = shell("cloudplan size workload --output out.txt >&-", folder)
    assert (ran.returncode, ran.stderr) == (0, "Written: out.txt\n")
    assert (folder / "out.txt").stat().st_size > 1000


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_ends_it_quietly(unbuffered: str, folder: Path) -> None:
    script = 'cloudplan size workload | true; echo "${PIPESTATUS[0]}"'
    ran = shell(script, folder, PYTHONUNBUFFERED=unbuffered)
    assert (ran.stdout, ran.stderr) == ("1\n", "")


def test_stdout_as_an_output_is_appended_to(folder: Path, run: Run) -> None:
    ran = shell("echo first > log; cloudplan size workload --output /dev/stdout >> log", folder)
    assert (ran.returncode, ran.stderr) == (0, "Written: /dev/stdout\n")
    text = (folder / "log").read_text(encoding="utf-8")
    assert text.startswith("first\n")
    assert text.endswith(run("size", "workload").out)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="a system without /dev/full")
def test_the_status_stays_when_stderr_is_full(folder: Path) -> None:
    assert shell("cloudplan size none 2> /dev/full", folder).returncode == 2


# --- help texts ------------------------------------------------------------------------------------------------------

PINNED = ["size", "compare", "explain", "relax"]
DEFAULTS = dict.fromkeys(PINNED, "that of the workload, else the newest") | {"verify": "that of the file"}


@pytest.mark.parametrize(("command", "default"), DEFAULTS.items())
def test_help_names_the_default_edition(command: str, default: str) -> None:
    options = {option.name: option for option in typer.main.get_command(app).commands[command].params}  # type: ignore[attr-defined]
    assert options["catalog"].help.endswith(f"; default: {default}.")


def test_the_documentation_names_the_same_default() -> None:
    page = (REPOSITORY / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    size, rest = page.split("\n## quote\n")[0], page.split("\n## verify\n")[1]
    assert "| `--catalog EDITION` | the workload's `catalog`, else the newest edition |" in size
    assert "check it for other inputs than the plan's" in " ".join(rest.split("\n## ")[0].split())


def test_and_it_is_the_default(run: Run, folder: Path) -> None:
    oldest, newest = cp.editions()[0], cp.editions()[-1]
    pinned, free = workload(catalog=oldest), workload()
    del free["catalog"]
    for name, fields in {"pinned": pinned, "free": free}.items():
        Path(name).write_text(yaml.safe_dump(fields), encoding="utf-8")
    for name, edition in {"pinned": oldest, "free": newest}.items():
        plan = run("size", name, "--format", "json").out
        assert json.loads(plan)["catalog"]["edition"] == edition
        Path(f"{name}.json").write_text(plan, encoding="utf-8")
        ran = run("verify", f"{name}.json")
        assert (ran.status, "was made" in ran.out) == (0, False)
