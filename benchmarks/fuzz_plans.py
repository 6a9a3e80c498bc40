"""Plans changed at random through the commands that read one: a result or one clear error, no traceback, no hang.

    python benchmarks/fuzz_plans.py --plans 20000

Each plan has one to three values changed. A third of the plans are spoilt: values are taken away, renamed, moved, or
replaced by what no plan has. The others are forged: values become others of their kind, lines and findings are doubled
or dropped. Half of all get the names and hashes of their changed inputs, as a careful forger would do.
"""

import argparse
import contextlib
import copy
import io
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

import cloudplan as cp
from cloudplan.base.hashing import canonical_sha256
from cloudplan.catalog.loading import FILES, catalog_folder, edition_from
from cloudplan.cli import app
from cloudplan.plan.origin import edition_of, prices_of, workload_of

EDITION = "2025-01-17"
COMMAND_LINE = typer.main.get_command(app)
SECONDS = 60
"""How long a command may take before it counts as hanging."""
COMMANDS: tuple[tuple[str, ...], ...] = (
    *(("verify",), ("quote", "-o", "out.xlsx", "--force"), ("report", "-o", "out.html", "--force")),
    *(("orders",), ("explain",)),
)
ALLOWED = {"verify": {0, 2, 4}}
HOSTILE: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 7, 0.5, -0.0, 1e308, float("nan"), float("inf"), 10**12, 10**30, -(10**18)),
    *("", "0", "1", "-1", "0.5", "1e999999", "1E-999999", "NaN", "Infinity", "9" * 40, "0." + "1" * 40, "many"),
    *("\ud800", "a\udfffb", "\x00", "\x1b[31m", "x" * 5000, "é" * 50, "=1+1", "<b>", "{monthly}", "%s", "../..", "/"),
    *([], {}, [[]], [{}], {"": None}, {"a": {"b": 1}}, [1, 2, 3], "2025-01-16", "2026-04-30", "az05", "az99", "XTS"),
)

Tree = dict[str, Any]


def plans() -> list[Tree]:
    """Return the plans that are changed: a small one, one at two sites, one with an edition of one's own."""
    vm = {"vcpus": 2, "memory_gib": 8, "disks": [{"size_gib": 60}]}
    small = {"schema": "cloudplan/workload/v1", "name": "small", "vms": [{**vm, "name": "a", "count": 3}]}
    two = {
        **{"schema": "cloudplan/workload/v1", "name": "two", "sites": {"primary": "az05", "standby": "az06"}},
        "customer": {"organization": "Acme", "lang": "fr"},
        "extras": [{"sku": "csp:(region):network:vlan:v1", "quantity": 2}],
        "inventory": {"files": [{"name": "x.csv", "sha256": "0"}], "warnings": ["seen"]},
        "vms": [
            {**vm, "name": "a", "count": 2, "anti_affinity": "a", "protection": {"rpo": "15m"}},
            {**vm, "name": "b", "protection": {"rpo": "1h", "rto": "15m"}, "backup": {"daily": 3}},
            {**vm, "name": "c", "powered_on": False, "disks": [{"size_gib": 900, "class": "mass", "backup": False}]},
        ],
    }
    files = {file: (catalog_folder() / EDITION / file).read_text(encoding="utf-8") for file in FILES}
    files["edition.yaml"] = files["edition.yaml"].replace(f'edition: "{EDITION}"', "edition: mine")
    shipped, own, prices = cp.load_edition(EDITION), edition_from(files, "own"), cp.load_prices()
    pairs = [(small, shipped), (two, shipped), (small, own)]
    made = [cp.optimise(cp.read_workload(wish, edition), edition, prices, pinned=False) for wish, edition in pairs]
    return [json.loads(plan.to_json()) for plan in made]


def changed(plan: Tree, dice: random.Random) -> Tree:
    """Return a plan with one to three changes, its hashes mended half of the time."""
    tree, change = copy.deepcopy(plan), _spoil if dice.random() < 1 / 3 else _forge
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        change(tree, dice)
    if dice.random() < 0.5:
        _mend(tree)
    return tree


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container of a tree with each of its keys."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _some_places(tree: Tree, dice: random.Random) -> list[tuple[Any, Any]]:
    """Return the places of a part of a plan; each part comes as often as the others, however large."""
    part = dice.choice(sorted(tree))
    return [(tree, part), *_places(tree[part])]


def _spoil(tree: Tree, dice: random.Random) -> None:
    places = _some_places(tree, dice)
    parent, key = dice.choice(places)
    kind = dice.randrange(5)
    if kind == 0 and len(tree) > 1:
        del parent[key]
    elif kind == 1 and isinstance(parent, dict):
        parent[f"{key}{dice.choice(('', 's', chr(0xD800)))}_"] = parent.pop(key)
    elif kind == 2:
        other, there = dice.choice(places)
        parent[key] = copy.deepcopy(other[there])
    else:
        parent[key] = copy.deepcopy(dice.choice(HOSTILE))


def _forge(tree: Tree, dice: random.Random) -> None:
    parent, key = dice.choice(_some_places(tree, dice))
    value = parent[key]
    if isinstance(value, list) and value:
        index = dice.randrange(len(value))
        value[index : index + 1] = [copy.deepcopy(value[index])] * dice.choice((0, 2))
    elif isinstance(value, bool):
        parent[key] = not value
    elif isinstance(value, int | float):
        parent[key] = dice.choice((value + 1, value - 1, value * 2, value * 10**6, -value, 0))
    elif isinstance(value, str):
        others = [str(inner[there]) for inner, there in _places(tree["bom"]) if isinstance(inner[there], str)]
        numbers = ("0", "0.01", "1.00", "12.5", "99999.99", "-1.00", value + "0", "1" * 30)
        words = (value[::-1], value.upper(), "another", "=1+1", "x" * 300, *others)
        parent[key] = dice.choice(numbers if value.replace(".", "").isdigit() else words)


def _mend(tree: Tree) -> None:
    """Give a plan the names and hashes of its inputs, as far as they can be read."""
    with contextlib.suppress(Exception):
        inputs = tree["inputs"]
        tree["workload"] = {"name": inputs["workload"]["name"], "sha256": canonical_sha256(inputs["workload"])}
        book = {name: inputs["prices"][name] for name in ("name", "currency", "illustrative")}
        tree["prices"] = {**book, "sha256": canonical_sha256(inputs["prices"])}


def is_read(path: Path) -> bool:
    """Return whether a plan gets past reading: the document and its inputs are well-formed."""
    try:
        plan = cp.read_plan(path)
        edition = edition_of(plan)
        workload_of(plan, edition)
        prices_of(plan, edition)
    except cp.CloudplanError:
        return False
    return True


def run(arguments: Sequence[object]) -> int | str:
    """Return the exit status of a command in this process, or what went wrong in it."""
    out, told = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(SECONDS)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
            COMMAND_LINE.main([*map(str, arguments)], "cloudplan")
    except cp.CloudplanError as error:
        return error.exit_status if str(error) else f"{arguments[0]}: refused without a word"
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException as error:
        return f"{arguments[0]}: {type(error).__name__}: {str(error)[:200]}"
    finally:
        signal.alarm(0)
    return f"{arguments[0]}: did not end"


def _hangs(*_: object) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


def fuzz(count: int, seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Return how many plans were changed, read and kept every rule, and what went wrong with which plan."""
    folder.mkdir(parents=True, exist_ok=True)
    dice, originals, counts, wrong = random.Random(seed), plans(), Counter[str](), list[str]()
    for number in range(count):
        path = folder / "plan.json"
        tree = changed(dice.choices(originals, (5, 5, 1))[0], dice)
        path.write_text(json.dumps(tree), encoding="utf-8")
        counts["changed"] += 1
        counts["read"] += is_read(path)
        for command, *options in COMMANDS:
            ended = run((command, path, *(folder / name if name.startswith("out") else name for name in options)))
            if ended not in ALLOWED.get(command, {0, 2}):
                wrong.append(
                    f"plan {number} of seed {seed}: {ended if isinstance(ended, str) else f'{command}: {ended}'}"
                )
                (folder / f"wrong-{number}.json").write_text(json.dumps(tree), encoding="utf-8")
            counts[f"{command}, status {ended}"] += 1
    return counts, wrong


def main() -> int:
    """Print the counts and what went wrong; return 1 when anything did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=20_000, help="changed plans (default 20000)")
    parser.add_argument("--seed", type=int, default=0, help="of the changes (default 0)")
    parser.add_argument("--folder", type=Path, help="where plans that went wrong are kept; default: a temporary one")
    options = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        counts, wrong = fuzz(options.plans, options.seed, options.folder or Path(temporary))
    for name, number in sorted(counts.items()):
        print(f"{name:24} {number:8}")
    print(f"{'seconds':24} {time.monotonic() - begun:8.0f}")
    print("\n".join(wrong) or "nothing went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
