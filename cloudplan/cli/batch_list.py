"""The workloads of a batch: those of a folder, or of a list of files."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cloudplan.base import files, kinds, limits
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import unknown

SUFFIXES = (".yaml", ".yml", ".json")
WORKLOAD, COLUMNS = "workload", ("workload", "name", "prices", "terms")
RESERVED = ("summary", "batch")
"""Names of what stands beside the plans."""
_NOT_IN_A_NAME = set('/\\:*?"<>|\0')


@dataclass(frozen=True)
class Listed:
    """A workload by its name, with its own price book and terms where the list names some."""

    name: str
    workload: Path
    prices: Path | None = None
    terms: Path | None = None


@dataclass(frozen=True)
class Listing:
    """The workloads in the order of their names, and what else stood in the folder."""

    workloads: Sequence[Listed]
    passed_over: Sequence[tuple[Path, str]] = ()


def listing(source: Path) -> Listing:
    """Return the workloads of a folder, or those that a list names.

    Raises BadInputError when there are none, when two have one name, and for a list that is none.
    """
    found = _of_folder(source) if files.is_folder(source) else Listing(list(_of_list(source)))
    if not found.workloads:
        what = f"no workload here: no file that ends in {', '.join(SUFFIXES)} is one"
        raise BadInputError([Fault(what if files.is_folder(source) else "the list is empty", where=str(source))])
    _refuse_names(found.workloads)
    return Listing(sorted(found.workloads, key=lambda each: each.name), found.passed_over)


def _of_folder(folder: Path) -> Listing:
    """Return the workloads of a folder: what says that it is something else is passed over."""
    workloads: list[Listed] = []
    others: list[tuple[Path, str]] = []
    with files.reading(folder):
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    for path in paths:
        kind = _kind_of(path)
        if kind in ("", WORKLOAD):
            workloads.append(Listed(path.stem, path))
        else:
            others.append((path, kinds.NAMES.get(kind, kind)))
    return Listing(workloads, others)


def _kind_of(path: Path) -> str:
    try:
        return kinds.kind_of(path)
    except BadInputError:
        return ""


def _of_list(path: Path) -> Iterator[Listed]:
    """Yield the workloads of a list: a path a line, or a table as CSV with a line of names above."""
    text = files.read_text(path, limits.TEXT_BYTES)
    if kind := _kind_of(path):
        words = f"{kinds.NAMES.get(kind, kind)}, not a list of workloads; give their folder, or a list of their files"
        raise BadInputError([Fault(words, where=str(path))])
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1)]
    lines = [(number, line) for number, line in lines if line.strip() and not line.lstrip().startswith("#")]
    head = [name.strip() for name in next(csv.reader([lines[0][1]]))] if lines else []
    if WORKLOAD not in head:
        for _, line in lines:
            workload = Path(line.strip())
            yield Listed(workload.stem, path.parent / workload)
        return
    faults = [
        Fault(unknown("column", name, COLUMNS).message, where=f"{path}:1") for name in head if name not in COLUMNS
    ]
    for number, line in lines[1:]:
        cells = next(csv.reader(io.StringIO(line)))
        row = {name: cell.strip() for name, cell in zip(head, cells, strict=False)}
        if len(cells) > len(head) or not row.get(WORKLOAD):
            message = f"found {len(cells)} cells; allowed: at most {len(head)}, with a file below {WORKLOAD}"
            faults.append(Fault(message, where=f"{path}:{number}"))
            continue
        name = row.get("name") or Path(row[WORKLOAD]).stem
        others = {key: path.parent / row[key] for key in ("prices", "terms") if row.get(key)}
        if not faults:
            yield Listed(name, path.parent / row[WORKLOAD], **others)
    if faults:
        raise BadInputError(faults)


def _refuse_names(workloads: Sequence[Listed]) -> None:
    """Raise BadInputError for names that no file can have, and for two workloads of one name, in capitals or not."""
    faults: list[Fault] = []
    same: dict[str, list[Listed]] = defaultdict(list)
    for each in workloads:
        same[each.name.casefold()].append(each)
        if each.name.casefold() in RESERVED or each.name.startswith(".") or _NOT_IN_A_NAME & set(each.name):
            message = (
                f"found the name {each.name!r}; allowed: what a file can be called, and not {' or '.join(RESERVED)}"
            )
            faults.append(Fault(message, where=str(each.workload), found=each.name))
    advice = "rename one, or name them in a list (columns workload,name)"
    for several in same.values():
        if len(several) > 1:
            where = ", ".join(str(each.workload) for each in several)
            faults.append(Fault(f"{len(several)} workloads of the name {several[0].name!r}; {advice}", where=where))
    if faults:
        raise BadInputError(faults)
