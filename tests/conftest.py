"""What the tests share: the edition, prices, small valid workloads as plain values, the command line in-process."""

import os
import sys
import zlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest
import yaml
from hypothesis import settings
from serving import Server, server
from xdist.scheduler import LoadScopeScheduling

import cloudplan as cp
from cloudplan.catalog.loading import catalog_folder
from cloudplan.cli import command_line, main
from cloudplan.evaluation.bom import bill
from cloudplan.evaluation.document import document
from cloudplan.optimiser import optimise
from cloudplan.optimiser.memory import Remembered
from cloudplan.optimiser.over_time import roadmap
from cloudplan.optimiser.over_time.choose import choose_over_time
from cloudplan.optimiser.solver import Budget
from cloudplan.plan.origin import origin_of
from cloudplan.plan.plan import Search
from cloudplan.prices.book import Prices
from cloudplan.workload.case import Case

EDITION = "2025-01-17"
REPOSITORY = Path(__file__).resolve().parents[1]
GOLDEN = REPOSITORY / "tests" / "golden"

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
"""Processes that tests start keep the bytecode of the program: each would compile all of it anew."""

LOADED = [
    *(getattr(cp, name) for name in cp.__all__),
    *command_line().commands.values(),
    *(
        import_module(each.name)
        for each in walk_packages(cp.__path__, "cloudplan.")
        if each.name != "cloudplan.__main__"
    ),
]
"""Whatever is imported late elsewhere: no module is imported first while a test has something stand in for another."""

settings.register_profile("cloudplan", deadline=None, derandomize=True)
settings.load_profile("cloudplan")

TIMES = int(os.environ.get("CLOUDPLAN_EXAMPLES", "1"))
"""How many times the examples of the suite are tried; benchmarks/README.md has the long runs."""


def examples(count: int, **others: Any) -> settings:
    """Return the settings of a property that is tried on so many examples, more when the environment asks for more."""
    return settings(max_examples=count * TIMES, **others)


@dataclass(frozen=True)
class Ran:
    """What a run of the command line left: its exit status and what it printed."""

    status: int
    out: str
    err: str

    @property
    def faults(self) -> list[str]:
        """The lines of the faults, without the heading."""
        return [line.strip() for line in self.err.splitlines()[1:]]


def vm(**fields: Any) -> dict[str, Any]:
    """Return a small VM group; `fields` are added or replaced."""
    return {"name": "a", "vcpus": 2, "memory_gib": 8, "disks": [{"size_gib": 60}], **fields}


def workload(**fields: Any) -> dict[str, Any]:
    """Return a small valid workload of one VM; `fields` are added or replaced."""
    return {"schema": "cloudplan/workload/v1", "name": "small", "catalog": EDITION, "vms": [vm()], **fields}


def png(width: int = 3, height: int = 2) -> bytes:
    """Return a picture of one colour as the bytes of a PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    rows = zlib.compress((b"\0" + b"\x1f\x4e\x79" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def rules_of(path: Path, *rules: dict[str, Any], workload: dict[str, Any] | None = None) -> Path:
    """Write the rules of an import, one key a line, and return their file."""
    tree = {"schema": "cloudplan/import-rules/v1", **({"workload": workload} if workload else {}), "rules": list(rules)}
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return path


def price_book(*without: str, items: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return the example price book as plain values, less the SKUs that contain one of `without`, plus `items`."""
    book = yaml.safe_load((catalog_folder() / "prices" / "example-eur.yaml").read_text(encoding="utf-8"))
    kept = {sku: price for sku, price in book["items"].items() if not any(part in sku for part in without)}
    return {**book, "valid_from": str(book["valid_from"]), "items": {**kept, **(items or {})}, **fields}


def book_beside(example: Path) -> Path | None:
    """Return the price book that an example workload has of its own, None for the one that ships."""
    own = example.with_name(f"prices-{example.name}")
    return own if own.exists() else None


def case(*, edition: cp.Edition | None = None, prices: dict[str, Any] | None = None, **fields: Any) -> Case:
    """Return the case of a small workload with these fields, under an edition and a price book."""
    edition = edition or cp.load_edition(EDITION)
    wanted = cp.read_workload(workload(**fields), edition)
    return Case(wanted, edition, Prices(cp.load_prices(prices), wanted.region, wanted.term_months))


def by_hand(plan: cp.Plan, **choice: Any) -> cp.Plan:
    """Return the document of a plan whose choice was changed by hand, and whose proof was left alone."""
    origin = origin_of(plan)
    asked = Case.of(origin.workload, origin.edition, origin.prices)
    chosen = plan.choice.model_copy(update=choice)
    ended = Search(ended="budget", said="drawn by hand")
    lines = bill(asked, chosen)
    return document(asked, chosen, lines, lower_bound=plan.lower_bound, ended=ended, pinned=True, on=None)


@contextmanager
def bad_input() -> Iterator[list[cp.Fault]]:
    """Expect a BadInputError and give its faults, in a list that is filled when the block ends."""
    faults: list[cp.Fault] = []
    with pytest.raises(cp.BadInputError) as caught:
        yield faults
    faults += caught.value.faults


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one way in which golden files change."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew, then compare")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the golden file of a name, after it is written anew when the command line says so."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture(scope="session")
def edition() -> cp.Edition:
    """The edition that the tests are written for."""
    return cp.load_edition(EDITION)


@pytest.fixture(scope="session")
def example_prices() -> cp.PriceBook:
    """The price book that ships, marked illustrative."""
    return cp.load_prices()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of examples and source documents that is kept beside the repository."""
    folder = Path(os.environ.get("CLOUDPLAN_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there; CLOUDPLAN_SHARED names the folder of examples and source documents")
    return folder


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of pages that tests share."""
    with server(tmp_path_factory.mktemp("served") / "work") as one:
        yield one


SOLVED: dict[Hashable, Any] = {}
"""What was found of parts of plans, by all that they depend on."""


class SolvedOnce(Remembered[Any]):
    """A part of a plan that no test has searched before; where plans were made earlier, as they are held against it."""

    def improve(self, budget: Budget) -> None:
        """Search until the end, unless that was done before for a plan that had no more to go by."""
        alone = budget.deadline is None and not budget.spent and self._asked is None
        if alone and self._key in SOLVED and not self._memory.ended(self._key):
            self._best = SOLVED[self._key]
            self._memory.keep(self._key, self._best, ended=True)
            return
        super().improve(budget)
        if alone and not budget.spent:
            SOLVED.setdefault(self._key, self._best)


def chosen_once(
    cases: Sequence[Case], months: Sequence[int], *, shrink: bool, budget: Budget, prove: Callable[[Any], object]
) -> Any:
    """Return what is chosen for all phases, which is searched once where no limit of time ends it."""
    if budget.deadline is not None:
        return choose_over_time(cases, months, shrink=shrink, budget=budget, prove=prove)
    first = cases[0]
    workloads = tuple(each.workload.model_dump_json() for each in cases)
    key = (workloads, tuple(months), shrink, budget.gap, first.edition.sha256, first.prices.book.sha256)
    if key not in SOLVED:
        SOLVED[key] = choose_over_time(cases, months, shrink=shrink, budget=budget, prove=prove)
    return SOLVED[key]


@pytest.fixture
def solved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search equal parts of plans once in all tests that use this: those whose point is not the search.

    Everything else is done anew each time: what is dealt, billed, documented, verified.
    """
    monkeypatch.setattr(optimise, "Remembered", SolvedOnce)
    monkeypatch.setattr(roadmap, "choose_over_time", chosen_once)


LONG = {f"tests/test_{name}.py" for name in ("benchmarks", "doors", "engine", "memory", "quote", "storage")}
"""Files of few and long tests, which are dealt out one by one when all others are."""


class ByFile(LoadScopeScheduling):
    """Keeps the tests of a file in one process, where what they share is made once; files of many tests come first."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in LONG else file.replace("serve_pages", "serve")  # they share a server


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """Deal the tests out by file, unless the command line says how."""
    return ByFile(config, log) if config.getoption("dist") == "load" else None


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run the command line with some arguments, in this process."""

    def command(*args: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["cloudplan", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return Ran(int(end.value.code or 0), printed.out, printed.err)

    return command
