"""The documentation tells the truth: its commands, its Python, its links, its tables, its examples."""

import ast
import contextlib
import importlib
import importlib.util
import io
import pkgutil
import re
import shlex
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import typer
import yaml
from conftest import REPOSITORY, Ran, book_beside
from pydantic import BaseModel

import cloudplan as cp
from cloudplan.cli import app
from cloudplan.plan import plan, roadmap
from cloudplan.plan.wording import FINDINGS
from cloudplan.prices import book
from cloudplan.sales import terms
from cloudplan.workload import reading, workload

pytestmark = pytest.mark.usefixtures("solved_once")

PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
DOORS = [REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs" / "how-to").glob("*.md"))]
SESSIONS = [page for page in PAGES if "```console\n" in page.read_text(encoding="utf-8")]
EXAMPLES = sorted(
    path
    for path in (REPOSITORY / "examples").glob("*.yaml")
    if "cloudplan/workload/" in path.read_text(encoding="utf-8")
)
FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
OMITTED = "…"


class Block(NamedTuple):
    """A fenced block of a page: its language, the file it is to be saved as, its text, the block right after it."""

    language: str
    title: str
    body: str
    output: str | None


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page; a `text` block with nothing between is the output of the one before."""
    text = page.read_text(encoding="utf-8")
    found = list(FENCE.finditer(text))
    for match, after in zip(found, [*found, None][1:], strict=True):
        language, _, rest = match["info"].strip().partition(" ")
        follows = (
            after is not None and after["info"].strip() == "text" and not text[match.end() : after.start()].strip()
        )
        yield Block(language, rest.removeprefix("title="), match["body"], after["body"] if after and follows else None)


def lines(text: str) -> list[str]:
    """Return the lines that say something, with one blank between words and short rules."""
    return [re.sub("-{2,}", "--", " ".join(line.split())) for line in text.splitlines() if line.strip()]


def assert_shows(shown: str, printed: str) -> None:
    """Assert that lines were printed as they are shown; a line with … alone stands for any number of lines."""
    wanted, found, position = lines(shown), lines(printed), 0
    free = False
    for line in wanted:
        if line == OMITTED:
            free = True
            continue
        places = range(position, len(found)) if free else range(position, min(position + 1, len(found)))
        match = next((place for place in places if found[place] == line), None)
        assert match is not None, f"not printed: {line!r}\nprinted instead: {found[position : position + 3]}"
        position, free = match + 1, False
    assert free or position == len(found), f"not shown: {found[position : position + 3]}"


def session_of(block: Block) -> Iterator[tuple[str, str]]:
    """Yield the commands of a console block with what is shown below each."""
    for part in re.split(r"^\$ ", block.body, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the `cloudplan` commands of a page, as words."""
    for block in blocks(page):
        if block.language in ("sh", "console"):
            for part in re.split(r"&&|\||;|\n", block.body):
                words = shlex.split(part.removeprefix("$ "), comments=True) if "cloudplan " in part else []
                if words and words[0].endswith("cloudplan"):
                    yield words


@pytest.fixture
def generator() -> ModuleType:
    """The script that writes the rule reference."""
    spec = importlib.util.spec_from_file_location("generate_rules", REPOSITORY / "docs" / "generate_rules.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- the rule reference ----------------------------------------------------------------------------------------------


def test_the_rule_reference_is_fresh(generator: ModuleType) -> None:
    assert generator.main(["--check"]) == 0, "run: python docs/generate_rules.py"


def test_a_stale_rule_reference_is_noticed_and_written_anew(
    generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator, "TARGET", tmp_path / "rules.md")
    assert generator.main(["--check"]) == 1
    assert not (tmp_path / "rules.md").exists()
    assert generator.main([]) == 0
    assert generator.main(["--check"]) == 0
    assert generator.main(["--chekc"]) == 2


# --- what is shown is what happens -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(b.language == "python" for b in blocks(page))], ids=name_of
)
def test_python_blocks_run_and_print_what_is_shown(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    namespace: dict[str, Any] = {}
    for block in blocks(page):
        if block.language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(block.body, name_of(page), "exec"), namespace)
            if block.output is not None:
                assert_shows(block.output, printed.getvalue())


@pytest.mark.parametrize("page", SESSIONS, ids=name_of)
def test_console_sessions_print_what_is_shown(
    page: Path, run: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    ran = Ran(0, "", "")
    for block in blocks(page):
        if block.title:
            Path(block.title).write_text(block.body, encoding="utf-8")
        for command, shown in session_of(block) if block.language == "console" else ():
            if command == "echo $?":
                assert_shows(shown, str(ran.status))
                continue
            program, *words = shlex.split(command)
            assert program == "cloudplan", command
            ran = run(*words)
            assert_shows(shown, ran.out + ran.err)


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Yield every command and sub-command by its path, with the long options it has, without what is hidden."""
    for name, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from walk(inner, (*path, name))
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    options = {option for parameter in shown for option in parameter.opts if option.startswith("--")}
    yield path, options | {"--help"}


COMMANDS = dict(walk(typer.main.get_command(app)))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_line_exists(page: Path) -> None:
    for _, *words in commands(page):
        path = max((path for path in COMMANDS if words[: len(path)] == list(path)), key=len)
        assert path or words in (["--help"], ["--version"]), words
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= COMMANDS[path], words


@pytest.mark.parametrize("path", [path for path in COMMANDS if path], ids=" ".join)
def test_every_command_is_in_the_reference_with_its_options(path: tuple[str, ...]) -> None:
    reference = (REPOSITORY / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    assert f"`cloudplan {' '.join(path)}" in reference
    assert {option for option in COMMANDS[path] - {"--help"} if f"`{option}" not in reference} == set()


# --- links -----------------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """Return what a link may point to in a page: its headings, spelled as GitHub does, and explicit anchors."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_resolve(page: Path) -> None:
    for match in LINK.finditer(FENCE.sub("", page.read_text(encoding="utf-8"))):
        target, _, anchor = match["target"].partition("#")
        if "://" in target:
            continue
        place = (page.parent / target).resolve() if target else page
        assert place.exists(), match["target"]
        assert place.is_relative_to(REPOSITORY), match["target"]
        if anchor:
            assert anchor in anchors(place), match["target"]


def test_every_page_is_on_the_map() -> None:
    index = REPOSITORY / "docs" / "index.md"
    linked = {
        (index.parent / match["target"].partition("#")[0]).resolve() for match in LINK.finditer(index.read_text())
    }
    assert set(PAGES) - {index} <= linked


# --- the doors -------------------------------------------------------------------------------------------------------


def prose(page: Path) -> str:
    """Return a page without its blocks, each paragraph on one line."""
    return re.sub(r"\n *(?=\S)", " ", FENCE.sub("", page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", DOORS, ids=name_of)
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`([\w.-]+(?:/[\w.-]+)*(?:/|\.(?:py|md|yaml|po)))`", prose(page))
    assert named
    for name in named:
        if {"X", "CODE"}.isdisjoint(re.split("[/.]", name)):  # which stand for what is added
            places = (REPOSITORY / name, REPOSITORY / "catalog" / cp.editions()[-1] / name)
            assert any(place.exists() for place in places), name


@pytest.mark.parametrize("page", DOORS, ids=name_of)
def test_what_is_named_behind_a_module_is_in_it(page: Path) -> None:
    for path, names in re.findall(r"`([\w/]+\.py)` \(((?:`\w+`(?:, )?)+)\)", prose(page)):
        tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))
        defined = {getattr(node, "name", "") or getattr(node, "id", "") for node in ast.walk(tree)}
        assert set(re.findall(r"\w+", names)) <= defined, path


def recipes() -> dict[str, list[str]]:
    """Return the recipes of the justfile by name, each with its commands."""
    text = (REPOSITORY / "justfile").read_text(encoding="utf-8").replace("{{bin}}", ".venv/bin")
    found = re.findall(r"^([a-z-]+)(?: \*?[a-z]+)*:\n((?: +.+\n)+)", text, re.MULTILINE)
    return {name: [line.strip() for line in body.splitlines()] for name, body in found}


def test_recipes_that_are_named_exist() -> None:
    ci = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    said = [
        found
        for text in texts
        for found in re.findall(r"(?:`|^\.venv/bin/)just ([a-z ]+)(?![a-z/])", text, re.MULTILINE)
    ]
    called = re.findall(r"^\.venv/bin/just ([a-z ]+)$", ci, re.MULTILINE)
    assert said
    assert called
    assert {word for words in (*said, *called) for word in words.split()} <= recipes().keys()


def test_hooks_run_what_the_checks_run() -> None:
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    checks = {command.removesuffix(" .") for command in recipes()["check"] if "docs/" not in command}
    assert {hook["entry"] for hook in hooks} == checks
    assert {hook["language"] for hook in hooks} == {"system"}


def test_what_goes_into_the_archive_is_there() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    packed = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert [name for name in packed if not (REPOSITORY / name).exists()] == []
    assert {page.name for page in REPOSITORY.glob("*.md")} | {*project["project"]["license-files"]} <= set(packed)


# --- tables ----------------------------------------------------------------------------------------------------------


def fields(model: type[BaseModel]) -> set[str]:
    return {info.alias or name for name, info in model.model_fields.items()}


def models(module: ModuleType) -> list[type[BaseModel]]:
    """Return the models that a module defines."""
    defined = vars(module).values()
    return [
        item
        for item in defined
        if isinstance(item, type) and issubclass(item, BaseModel) and item.__module__ == module.__name__
    ]


@pytest.mark.parametrize(
    ("page", "documented"),
    [
        ("workload.md", models(workload)),
        ("prices.md", [book.PriceBook, book.Discount]),
        ("quote.md", models(terms)),
        ("plan.md", [model for model in models(plan) if model is not plan.Choice]),
        ("roadmap.md", models(roadmap)),
    ],
    ids=["workload", "prices", "quote", "plan", "roadmap"],
)
def test_every_field_is_in_its_reference(page: str, documented: list[type[BaseModel]]) -> None:
    text = (REPOSITORY / "docs" / "reference" / page).read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`\n]+`", text))))
    assert documented
    for model in documented:
        assert fields(model) <= words, model.__name__


def modules_named(name: str) -> list[str]:
    """Return the modules of this name, whichever room they are in."""
    every = (module.name for module in pkgutil.walk_packages(cp.__path__, "cloudplan."))
    return [path for path in every if path.rsplit(".", 1)[-1] == name]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_modules_and_constants_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert {
        path for path in re.findall(r"`(cloudplan/[a-z_/]+\.py)`", text) if not (REPOSITORY / path).is_file()
    } == set()
    for module, name in re.findall(r"`([a-z_]+)\.([A-Z][A-Z_]+)`", text):
        assert any(hasattr(importlib.import_module(path), name) for path in modules_named(module)), f"{module}.{name}"


def test_every_finding_is_in_the_reference() -> None:
    text = (REPOSITORY / "docs" / "reference" / "plan.md").read_text(encoding="utf-8")
    of_price_books = {"discount-matches-nothing"}
    assert {code for code in FINDINGS if f"| `{code}` |" not in text} == of_price_books


# --- examples --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda path: path.stem)
def sized(request: pytest.FixtureRequest) -> cp.Plan:
    """The plan of an example workload, with the price book among the examples."""
    edition = cp.load_edition(reading.pinned_edition(request.param))
    wanted = cp.read_workload(request.param, edition)
    return cp.optimise(
        wanted, edition, cp.load_prices(book_beside(request.param) or REPOSITORY / "examples" / "prices.yaml")
    )


def test_an_example_is_sized_to_the_optimum(sized: cp.Plan) -> None:
    assert sized.status == "optimal"
    assert sized.gap <= 0.0001


def test_the_prices_among_the_examples_are_marked_as_invented(sized: cp.Plan) -> None:
    assert "illustrative-prices" in {finding.code for finding in sized.findings}


def test_there_are_three_examples_and_all_are_valid_yaml() -> None:
    assert len(EXAMPLES) >= 3
    for path in EXAMPLES:
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["schema"] == "cloudplan/workload/v1"
