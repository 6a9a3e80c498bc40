"""`cloudplan catalog`: the editions of the catalogue, what they say, what moved between them, whether they hold."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.analysis import catalog_check
from cloudplan.analysis.edition_fields import things
from cloudplan.analysis.release_notes import compare
from cloudplan.base import files
from cloudplan.base.errors import BadInputError, Fault, gathered
from cloudplan.base.schema import closest, short, unknown
from cloudplan.catalog.draft import draft
from cloudplan.catalog.edition import Edition, in_any_region
from cloudplan.catalog.loading import editions, editions_in, load_edition
from cloudplan.cli.options import Catalog, Force, Output, Shown, Target, target
from cloudplan.cli.verbs import Verbs, commands
from cloudplan.presentation.tables import catalog as tables
from cloudplan.presentation.tables import release_notes
from cloudplan.rules.book import rule_book

app = Verbs(no_args_is_help=True, help="List, show, compare, check and begin editions of the catalogue.")
commands.add_typer(app, name="catalog", epilog="Example: cloudplan catalog show")

EditionName = Annotated[str, typer.Argument(help="An edition by name, or the folder of one's own.")]


@app.command("list", example="cloudplan catalog list")
def list_(
    catalog: Annotated[
        Path | None, typer.Option(help="The folder of one's own editions; default: those that ship.")
    ] = None,
    format: Shown = None,
    output: Output = None,
    force: Force = False,
) -> None:
    """List the editions, with what each brings."""
    to = _target(output, format, [catalog], force=force)
    listed = _load(_names(catalog))
    to.show(tables.listing(listed), tables.list_values(listed))


@app.command(example="cloudplan catalog show eco:v3")
def show(
    edition: Annotated[
        str | None, typer.Argument(help="An edition, or the folder of one's own; default: newest.")
    ] = None,
    item: Annotated[
        str | None,
        typer.Argument(help="A blade, class, service, extra, zone, rule, document or SKU; alone: of the newest."),
    ] = None,
    catalog: Catalog = None,
    format: Shown = None,
    output: Output = None,
    force: Force = False,
) -> None:
    """Show an edition, or one thing in it with its source."""
    if edition is not None and item is None and (catalog is not None or not _is_edition(edition)):
        edition, item = None, edition
    if edition is not None and catalog is not None:
        raise typer.BadParameter("the edition is given twice", param_hint="--catalog")
    to = _target(output, format, [edition, catalog], force=force)
    shown = load_edition(edition or catalog)
    if item is None:
        return to.show(tables.edition(shown), tables.edition_values(shown))
    found = _find(shown, item, alone=edition is None and catalog is None)
    to.show(tables.item(shown, found), tables.item_values(shown, found))


@app.command(example="cloudplan catalog diff 2025-01-17 2026-04-30")
def diff(
    before: EditionName,
    after: EditionName,
    format: Shown = None,
    output: Output = None,
    force: Force = False,
) -> None:
    """Say what moved between two editions, and what it means for a plan."""
    to = _target(output, format, [before, after], force=force)
    old, new = _load([before, after])
    changes = compare(old, new)
    to.show(release_notes.report(old, new, changes), release_notes.values(old, new, changes))


@app.command(example="cloudplan catalog check")
def check(
    edition: Annotated[
        str | None, typer.Argument(help="An edition, or the folder of one's own or of several; default: all that ship.")
    ] = None,
    format: Shown = None,
    output: Output = None,
    force: Force = False,
) -> None:
    """Check all editions that ship, or one's own, for faults."""
    to = _target(output, format, [edition], force=force)
    names: Sequence[str | Path] = [edition] if edition in editions() else _names(Path(edition) if edition else None)
    counts = catalog_check.check(names)
    to.show(tables.check(counts), tables.check_values(counts))


@app.command(example="cloudplan catalog new 2026-04-30 2026-12-01 -o editions")
def new(
    origin: Annotated[str, typer.Argument(metavar="FROM", help="The edition to copy, or the folder of one's own.")],
    date: Annotated[str, typer.Argument(help="The date of the new edition, YYYY-MM-DD: its name.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Make its folder in this one; default: beside that of FROM."
        ),
    ] = None,
) -> None:
    """Begin a new edition: a draft with the files of another one, in a folder of its own."""
    folder, made = draft(origin, date, output)
    named = shlex.quote(str(folder))
    typer.echo(f"""Draft of edition {date}: {folder}

Edit the facts in its files, with document, section and date of each. Then check it, and see what moved:

  cloudplan catalog check {named}
  cloudplan catalog diff {shlex.quote(origin)} {named}

This line in catalog/published.yaml locks the files as they are now; `catalog show` tells the SHA-256 of others:

  "{date}": {made.sha256}""")


@app.command(example="cloudplan catalog rules HA-1")
def rules(
    id: Annotated[str | None, typer.Argument(help="The rule, such as MEM-4; default: a table of all.")] = None,
    catalog: Catalog = None,
    format: Shown = None,
    output: Output = None,
    force: Force = False,
) -> None:
    """Show the rules with their figures, or one in full."""
    to = _target(output, format, [catalog], force=force)
    shown = load_edition(catalog)
    book = rule_book(shown)
    if id is None:
        return to.show(tables.rules(shown), tables.rules_values(shown, book))
    key = next((rule for rule in book if rule.lower() == id.lower()), None)
    if key is None:
        raise BadInputError([unknown("rule", id, book)])
    to.show(tables.rule(shown, key), tables.rules_values(shown, [key]))


def _target(output: Path | None, format: str | None, inputs: Sequence[str | Path | None], *, force: bool) -> Target:
    """Return where a result goes; refuse an output that is there, or that is a file of a folder that is read."""
    folders = [folder for folder in inputs if output and folder and files.is_folder(folder)]
    read = [path for folder in folders for path in Path(folder).rglob("*.yaml")]
    return target(output, format, force=force, inputs=read)


def _names(folder: Path | None) -> Sequence[str | Path]:
    """Return the editions of a folder, or those that ship; a path that is no folder is left to be refused."""
    return editions() if folder is None else editions_in(folder) or [folder]


def _is_edition(word: str) -> bool:
    """Return whether a word is the name of an edition or a folder that has one, rather than an item."""
    return word in editions() or bool(editions_in(Path(word)))


def _load(names: Sequence[str | Path]) -> list[Edition]:
    """Load editions; the faults of all are told together."""
    loaded, faults = [], list[Fault]()
    for name in names:
        with gathered(faults):
            loaded.append(load_edition(name))
    if faults:
        raise BadInputError(dict.fromkeys(faults))
    return loaded


def _find(shown: Edition, word: str, *, alone: bool) -> list[tables.Found]:
    """Return the things of an edition that a word names; refuse one that names none, with what was probably meant."""
    named = dict(_named(shown))
    found = [place for place, names in named.items() if _plain(shown, word) in (_plain(shown, name) for name in names)]
    if found:
        return found
    meant = closest(word, [*(editions() if alone else []), *(name for names in named.values() for name in names)])
    what = f"no edition and no item of edition {shown.edition}" if alone else f"no item of edition {shown.edition}"
    hint = f"did you mean {meant!r}?" if meant else "cloudplan catalog show lists them"
    raise BadInputError([Fault(f"{short(word)} is {what}; {_elsewhere(shown, word) or hint}")])


def _named(shown: Edition) -> Iterator[tuple[tables.Found, list[str]]]:
    """Yield the things of an edition with all their names: key (a zone's without its region), label, SKU, aliases."""
    for section, listed in things(shown).items():
        for key, thing in listed.items():
            names = [getattr(thing, "label", ""), getattr(thing, "sku", ""), *getattr(thing, "aliases", ())]
            yield (section, key), [key, key.rpartition("/")[2], *filter(None, names)]


def _plain(shown: Edition, word: str) -> str:
    """Return a name without what may be written in several ways: case, region, hyphen or underscore."""
    for region in shown.regions:
        word = in_any_region(word, region)
    return word.lower().replace("_", "-")


def _elsewhere(shown: Edition, word: str) -> str:
    """Say which editions that ship have a thing of this name, if any."""
    others = [load_edition(name) for name in editions() if name != shown.edition]
    having = [
        other.edition
        for other in others
        if any(_plain(other, word) == _plain(other, name) for _, names in _named(other) for name in names)
    ]
    return f"it is in {', '.join(having)}" if having else ""
