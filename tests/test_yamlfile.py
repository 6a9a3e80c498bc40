"""Strict YAML: scalars stay text, nothing is lost or guessed, every value knows its line and column."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import bad_input
from hypothesis import given
from hypothesis import strategies as st

from cloudplan import BadInputError
from cloudplan.base import yamlfile

LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if hasattr(yaml, "CSafeLoader") else [])]
PYTHON_TAG = "!!python/name:os.system x"
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126))


def parse(text: str) -> Any:
    return yamlfile.parse(text, "file.yaml").tree


@pytest.mark.parametrize(
    "scalar",
    ["no", "yes", "on", "true", "12:30", "1.10", "0.085", "1e3", "0o17", "007", "2026-01-01", ".inf", "=", "1_000"],
)
def test_a_scalar_stays_the_text_that_was_written(scalar: str) -> None:
    assert parse(f"value: {scalar}") == {"value": scalar}


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("written", ["", "~", "null"])
def test_nothing_is_nothing_whatever_loader_is_installed(
    written: str, loader: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yamlfile, "_LOADER", loader)
    assert parse(f"value: {written}") == {"value": None}


@pytest.mark.parametrize("quoted", ["''", '""', "'~'", "'null'", '"no"'])
def test_quoted_text_is_never_nothing(quoted: str) -> None:
    assert parse(f"value: {quoted}") == {"value": quoted[1:-1]}


def test_json_is_read_too() -> None:
    tree = {"vms": [{"name": "a", "disks": [{"size_gib": "60"}]}], "text": 'é "quoted" \\ / \n line'}
    assert parse(json.dumps(tree, indent="\t")) == tree


def test_json_with_an_escaped_character_outside_the_basic_plane_is_read() -> None:
    assert parse(json.dumps({"name": "\N{ROCKET}"})) == {"name": "\N{ROCKET}"}


@given(st.recursive(PRINTABLE, lambda inner: st.lists(inner) | st.dictionaries(PRINTABLE, inner), max_leaves=8))
def test_a_tree_of_text_survives_a_round_trip(tree: Any) -> None:
    assert parse(json.dumps({"root": tree})) == {"root": tree}


@pytest.mark.parametrize(
    ("text", "where", "path", "first"),
    [
        ("b: 1\na: 2\na: 3", "file.yaml:3:1", "a", 2),
        ("a: {b: 1, b: 2}", "file.yaml:1:11", "a.b", 1),
        ("- x: 1\n  y: 2\n  x: 3", "file.yaml:3:3", "[0].x", 1),
        ('{"a": 1, "a": 2}', "file.yaml:1:10", "a", 1),
    ],
)
def test_a_key_given_twice_is_a_fault_at_the_second(text: str, where: str, path: str, first: int) -> None:
    with bad_input() as faults:
        parse(text)
    assert [(fault.where, fault.path) for fault in faults] == [(where, path)]
    assert "given twice" in faults[0].message
    assert f"first on line {first}" in faults[0].message


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: &x 1\nb: *x", "file.yaml:1:4"),
        ("a: &x {c: 1}\nb: *x", "file.yaml:1:4"),
        ("a: &x [1, *x]", "file.yaml:1:4"),
        ("{a: &x foo, *x : 1}", "file.yaml:1:5"),
    ],
)
def test_anchors_and_aliases_are_refused(text: str, where: str) -> None:
    with bad_input() as faults:
        parse(text)
    assert faults[0].where == where
    assert "anchors" in faults[0].message


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(30))
    with pytest.raises(BadInputError):
        parse(bomb)


@pytest.mark.parametrize(
    "value",
    ["!local 1", "!!binary aGk=", "!!set {b, c}", PYTHON_TAG, "!<tag:x> 1"],
)
def test_tags_are_refused(value: str) -> None:
    with bad_input() as faults:
        parse(f"value: {value}")
    assert "tag" in faults[0].message
    assert faults[0].where == "file.yaml:1:8"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[a]: 1", "file.yaml:1:1"),
        ("x: 1\n? {b: c}\n: 1", "file.yaml:2:3"),
    ],
)
def test_a_key_is_plain_text(text: str, where: str) -> None:
    with bad_input() as faults:
        parse(text)
    assert [(fault.where, fault.message) for fault in faults] == [(where, "a key must be plain text")]


@pytest.mark.parametrize("depth", [1, 15])
def test_moderate_nesting_is_read(depth: int) -> None:
    tree = parse("[" * depth + "x" + "]" * depth)
    for _ in range(depth):
        [tree] = tree
    assert tree == "x"


@pytest.mark.parametrize("depth", [30, 400, 3000])
def test_absurd_nesting_is_a_fault_and_no_crash(depth: int) -> None:
    with bad_input() as faults:
        parse("[" * depth + "]" * depth)
    assert "nested too deeply" in faults[0].message or "not valid YAML" in faults[0].message


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "\ufeff"])
def test_an_empty_file_is_a_fault(text: str, tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text(text, encoding="utf-8")
    with bad_input() as faults:
        yamlfile.read(path)
    assert [str(fault) for fault in faults] == [f"{path}: the file is empty"]


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1, 2\nb: 3", 2), ("a: 1\n b: 2", 2), ("a: 'x\n\n", 3), ("a:\n\t- 1", 2), ("---\na: 1\n---\nb: 2", 3)],
)
def test_what_is_not_yaml_is_one_fault_on_its_line(text: str, line: int) -> None:
    with bad_input() as faults:
        parse(text)
    assert len(faults) == 1
    assert "not valid YAML" in faults[0].message
    assert faults[0].where.startswith(f"file.yaml:{line}:")


def test_a_control_character_is_one_fault_on_one_line() -> None:
    with bad_input() as faults:
        parse("a: \x07")
    assert len(str(faults[0]).splitlines()) == len(faults) == 1
    assert "not valid YAML" in faults[0].message


def test_a_byte_order_mark_is_not_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: caf\xc3\xa9\n")
    document = yamlfile.read(path)
    assert document.tree == {"name": "café"}
    assert document.at(("name",), key=True) == f"{path}:1:1"


@pytest.mark.parametrize("data", [b"name: caf\xe9\n", "name: café\n".encode("utf-16"), b"\xff\xfe\x00"])
def test_a_file_that_is_not_utf_8_is_a_fault(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(data)
    with bad_input() as faults:
        yamlfile.read(path)
    assert [fault.where for fault in faults] == [str(path)]
    assert "not UTF-8" in faults[0].message


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with bad_input() as faults:
        yamlfile.read(tmp_path / "none.yaml")
    assert [str(fault) for fault in faults] == [f"{tmp_path / 'none.yaml'}: no such file"]


def test_a_folder_is_a_fault(tmp_path: Path) -> None:
    with bad_input() as faults:
        yamlfile.read(tmp_path)
    assert "folder" in faults[0].message


@given(data=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_give_a_tree_or_a_fault(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(data)
    try:
        yamlfile.read(path)
    except BadInputError as error:
        assert all(str(path) in fault.where for fault in error.faults)


BLOCK = """\
# a comment
name: x
vms:
  - name: a
    disks:
      - {size_gib: 60}
      - size_gib: 80
        class:   live
"""


@pytest.mark.parametrize(
    ("where", "value", "key"),
    [
        (("name",), "2:7", "2:1"),
        (("vms",), "4:3", "3:1"),
        (("vms", 0), "4:5", "4:5"),
        (("vms", 0, "name"), "4:11", "4:5"),
        (("vms", 0, "disks", 0, "size_gib"), "6:20", "6:10"),
        (("vms", 0, "disks", 1, "class"), "8:18", "8:9"),
    ],
)
def test_every_value_and_key_knows_its_line_and_column(where: yamlfile.Where, value: str, key: str) -> None:
    document = yamlfile.parse(BLOCK, "file.yaml")
    assert (document.at(where), document.at(where, key=True)) == (f"file.yaml:{value}", f"file.yaml:{key}")


def test_what_is_absent_is_placed_at_its_nearest_parent() -> None:
    document = yamlfile.parse(BLOCK, "file.yaml")
    assert document.at(("vms", 0, "disks", 1, "iops")) == "file.yaml:7:9"
    assert document.at(("policy", "blades")) == "file.yaml:2:1"


@pytest.mark.parametrize(
    ("where", "text"),
    [((), ""), (("vms", 2, "disks", 0, "size_gib"), "vms[2].disks[0].size_gib"), ((0, "x"), "[0].x")],
)
def test_paths_are_printed_with_dots_and_brackets(where: yamlfile.Where, text: str) -> None:
    assert yamlfile.dotted(where) == text


def test_plain_values_are_a_document_of_text_without_places() -> None:
    document = yamlfile.document_of({"vms": ({"name": "a", "count": 2},), 5: "x"})
    assert document.tree == {"vms": [{"name": "a", "count": "2"}], "5": "x"}
    assert document.at(("vms", 0)) == ""


@pytest.mark.parametrize(
    ("number", "text"), [(1e-5, "0.00001"), (0.085, "0.085"), (1e22, "1" + "0" * 22), (2.0, "2.0")]
)
def test_a_binary_number_is_its_shortest_decimal_text(number: float, text: str) -> None:
    assert yamlfile.document_of({"value": number}).tree == {"value": text}


def test_a_place_may_be_a_cell() -> None:
    document = yamlfile.Document(
        {}, "prices.xlsx", marks={("items", "x"): "Prices!E7"}, keys={("items", "x"): "Prices!B7"}
    )
    assert document.at(("items", "x")) == "prices.xlsx:Prices!E7"
    assert document.at(("items", "x"), key=True) == "prices.xlsx:Prices!B7"
    assert str(document.fault(("items", "x"), "wrong")) == "prices.xlsx:Prices!E7: items.x: wrong"


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("# c\na: 1 # why\nb: {a: 2}\n", '# c\na: "x" # why\nb: {a: 2}\n'),
        ("a: 'it''s'\n", 'a: "x"\n'),
        ("a: >-\n  one\n  two\nb: 2\n", 'a: "x"\nb: 2\n'),
        ("{a: 1, b: 2}", '{a: "x", b: 2}'),
        ("é: 1\r\na: 1\r\n", 'é: 1\r\na: "x"\r\n'),
    ],
)
def test_a_value_is_replaced_in_its_text(text: str, changed: str) -> None:
    assert yamlfile.with_values(text, {"a": "x"}) == changed


def test_several_values_are_replaced_and_read_back() -> None:
    text = yamlfile.with_values("b: 1\na: 2\n", {"a": 'é "q" \\', "b": "2031-02-03"})
    assert yamlfile.parse(text, "f").tree == {"a": 'é "q" \\', "b": "2031-02-03"}


@pytest.mark.parametrize("text", ["b: 1\n", "- a\n", "a: [", ""])
def test_a_value_that_is_not_there_is_not_replaced(text: str) -> None:
    with pytest.raises(ValueError):
        yamlfile.with_values(text, {"a": "x"})
