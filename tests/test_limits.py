"""Limits of every kind of input: what is beyond them is one clear fault, soon."""

import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import EDITION, REPOSITORY, Ran, bad_input, price_book, vm, workload

import cloudplan as cp
from cloudplan.base import limits, yamlfile
from cloudplan.catalog.loading import catalog_folder

pytestmark = pytest.mark.usefixtures("solved_once")

Run = Callable[..., Ran]


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The commands that read a file of each kind; its name is `given`, and the good ones stand beside it."""
    monkeypatch.chdir(tmp_path)
    Path("w.yaml").write_text(yaml.safe_dump(workload()), encoding="utf-8")
    Path("edition").mkdir()
    for file in (catalog_folder() / cp.editions()[0]).glob("*.yaml"):
        (Path("edition") / file.name).write_bytes(file.read_bytes())
    edition = cp.load_edition(EDITION)
    plan = cp.optimise(cp.read_workload(workload(), edition), edition, cp.load_prices())
    Path("plan.json").write_text(plan.to_json(), encoding="utf-8")
    return {
        "given.yaml": ["size", "given.yaml"],
        "given.prices": ["size", "w.yaml", "--prices", "given.prices"],
        "given.xlsx": ["prices", "check", "given.xlsx"],
        "given.json": ["verify", "given.json"],
        "given.terms": ["quote", "plan.json", "--terms", "given.terms", "--csv", "out.csv"],
        "edition/blades.yaml": ["catalog", "show", "edition"],
        "given.csv": ["import", "given.csv"],
        "given.zip": ["import", "given.zip"],
        "folder/given.csv": ["import", "folder"],
    }


def test_a_device_as_any_input_is_refused_at_once(inputs: dict[str, list[str]], run: Run) -> None:
    Path("folder").mkdir()
    for name, command in inputs.items():
        Path(name).unlink(missing_ok=True)
        Path(name).symlink_to("/dev/zero")
        ran = run(*command)
        assert (ran.status, ran.out) == (2, ""), name
        assert len(ran.faults) == 1, ran.err
        assert ran.faults[0].endswith(f"{name}: a device or a pipe; only regular files are read")


def test_a_pipe_as_any_input_is_refused_at_once(inputs: dict[str, list[str]], run: Run) -> None:
    Path("folder").mkdir()
    for name, command in inputs.items():
        Path(name).unlink(missing_ok=True)
        os.mkfifo(name)
        ran = run(*command)
        assert (ran.status, ran.out, len(ran.faults)) == (2, "", 1), ran.err
        assert "only regular files are read" in ran.faults[0]


BYTES = {
    "given.yaml": "TEXT_BYTES",
    "given.prices": "TEXT_BYTES",
    "given.xlsx": "PRICE_BOOK_BYTES",
    "given.json": "PLAN_BYTES",
    "given.terms": "TEXT_BYTES",
    "edition/blades.yaml": "TEXT_BYTES",
    "given.csv": "INVENTORY_BYTES",
    "given.zip": "INVENTORY_BYTES",
    "folder/given.csv": "INVENTORY_BYTES",
}


def test_a_file_beyond_its_bytes_is_refused_unread(inputs: dict[str, list[str]], run: Run) -> None:
    assert BYTES.keys() == inputs.keys()
    Path("folder").mkdir()
    for name, command in inputs.items():
        most = getattr(limits, BYTES[name])
        with Path(name).open("wb") as file:
            file.truncate(most + 1)  # a hole: it takes no space
        ran = run(*command)
        assert (ran.status, ran.out, len(ran.faults)) == (2, "", 1), ran.err
        assert ran.faults[0].endswith(f"{name}: too large: more than {most // limits.MB} MB")
        Path(name).unlink()


def test_values_of_a_yaml_file_are_counted() -> None:
    text = "schema: cloudplan/workload/v1\nnames: [" + "1," * 2_000_000 + "1]\n"
    assert len(text) < limits.TEXT_BYTES
    start = time.process_time()
    with bad_input() as faults:
        yamlfile.parse(text, "w.yaml")
    assert str(faults[0]) == "w.yaml: too large: more than 2 million lines and values"
    assert time.process_time() - start < 5


def test_a_million_names_are_read() -> None:
    """The largest workload that is read: one line for each instance."""
    from cloudplan.workload.workload import MAX_INSTANCES  # noqa: PLC0415

    assert ("- vm\n" * MAX_INSTANCES).count("\n") < limits.TEXT_VALUES


def sheet_of(path: Path, rows: str) -> Path:
    """Write the workbook of a price book whose prices have these rows, in XML."""
    from cloudplan.presentation.price_template import as_workbook  # noqa: PLC0415

    path.write_bytes(as_workbook(cp.load_edition(EDITION), cp.load_prices()))
    parts = {info.filename: zipfile.ZipFile(path).read(info) for info in zipfile.ZipFile(path).infolist()}
    sheet = "xl/worksheets/sheet2.xml"
    parts[sheet] = parts[sheet].replace(b"</sheetData>", rows.encode() + b"</sheetData>")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("far", [False, True], ids=["cells", "blanks before a cell"])
def test_a_price_book_with_a_million_cells_is_refused_soon(tmp_path: Path, *, far: bool) -> None:
    if far:
        rows = "".join(f'<row r="{row}"><c r="XFD{row}"><v>1</v></c></row>' for row in range(500, 580))
    else:
        rows = "".join(f'<row r="{row}">{"<c><v>1</v></c>" * 1000}</row>' for row in range(500, 1800))
    path = sheet_of(tmp_path / "prices.xlsx", rows)
    start = time.process_time()
    with bad_input() as faults:
        cp.load_prices(path)
    assert [fault.message for fault in faults] == [f"too large: more than {limits.PRICE_BOOK_CELLS} cells"]
    assert time.process_time() - start < 30


def test_only_the_first_unknown_skus_have_a_suggestion_and_none_is_lost() -> None:
    skus = {f"csp:(region):iaas:vmware:eco:v{number}": "1" for number in range(1000, 6000)}
    start = time.process_time()
    with bad_input() as faults:
        cp.load_prices(price_book(items=skus))
    assert time.process_time() - start < 30
    assert len(faults) == len(skus)
    assert sum("did you mean" in fault.message for fault in faults) == limits.SUGGESTIONS
    assert all(fault.suggestion for fault in faults[: limits.SUGGESTIONS])


def test_likewise_of_unknown_names_and_fields(edition: cp.Edition) -> None:
    groups = [vm(name=f"a{at}", **{f"memorygib{at}": 1}, blades=[f"eco:v{at + 10}"]) for at in range(100)]
    with bad_input() as faults:
        cp.read_workload(workload(vms=groups), edition)
    for kind in ("unknown blade", "unknown field"):
        mine = [fault for fault in faults if kind in fault.message]
        assert len(mine) == 100
        assert sum("did you mean" in fault.message for fault in mine) <= limits.SUGGESTIONS


def test_a_folder_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setattr(limits, "INVENTORY_FILES", 3)
    for number in range(4):
        (tmp_path / f"{number}.csv").write_text("name\n")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for number in range(4):
            archive.writestr(f"{number}.csv", "name\n")
    for path in (tmp_path, tmp_path / "all.zip"):
        ran = run("import", path)
        assert (ran.status, ran.faults) == (2, [f"{path}: found 4 CSV files; allowed: at most 3"])


def test_rows_of_an_inventory_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setattr(limits, "ROWS", 3)
    path = tmp_path / "a.csv"
    path.write_text("name,vcpus,memory_gib,disk_gib\n" + "a,2,8,60\n" * 3)
    ran = run("import", path)
    assert (ran.status, ran.faults) == (2, [f"{path}: too large: more than 3 rows"])


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "../" * 2000], ids=["long", "null", "steps"])
def test_a_name_of_an_edition_that_no_file_can_have_is_unknown(name: str, edition: cp.Edition) -> None:
    with bad_input() as faults:
        cp.read_workload(workload(catalog=name), edition)
    assert faults[0].message.startswith("unknown edition")
    assert len(str(faults[0])) < 600
    with bad_input() as faults:
        cp.load_edition(name)
    assert faults[0].message.startswith("unknown edition")


def test_every_limit_is_in_the_documentation() -> None:
    page = (REPOSITORY / "docs" / "reference" / "limits.md").read_text(encoding="utf-8")
    named = {name: value for name, value in vars(limits).items() if name.isupper() and name != "MB"}
    for name, value in named.items():
        shown = f"{value // limits.MB} MB" if name.endswith("BYTES") else f"{value:,}".replace(",", " ")
        assert f"| `{name}` | {shown} |" in page, name
    assert page.count("\n| `") == len(named)
