"""`cloudplan init`: a commented file to start from, asked for or from options, and the JSON Schema of a file format."""

import contextlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

import typer

from cloudplan.base import files
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.catalog.loading import load_edition
from cloudplan.cli import prices
from cloudplan.cli.options import Catalog, Force, Output, emit, suffix_of
from cloudplan.cli.verbs import commands
from cloudplan.presentation.json_schema import FileFormat, schema_of
from cloudplan.presentation.rules_template import rules_text
from cloudplan.presentation.starter import Question, Starter
from cloudplan.presentation.terms_template import terms_starter
from cloudplan.presentation.workload_template import workload_starter

Kind = Literal["workload", "prices", "terms", "rules"]
Answer = str | list[str]
Text = str | None

UNKNOWN = {"", "?", "don't know", "don’t know", "dont know"}
"""What is typed by who does not know, in small letters."""
HOW_TO_ANSWER = """Enter alone, or "don't know", leaves what stands in brackets, and the file says so.
Ctrl-C ends without a file."""


@commands.command(example="cloudplan init -o workload.yaml")
def init(
    context: typer.Context,
    kind: Annotated[Kind | None, typer.Argument(help="The file to begin; default: workload.")] = None,
    schema: Annotated[
        FileFormat | None, typer.Option(help="Print the JSON Schema of this file format, and begin no file.")
    ] = None,
    catalog: Catalog = None,
    output: Output = None,
    force: Force = False,
    name: Annotated[Text, typer.Option(help="Of a workload: its name.")] = None,
    customer: Annotated[Text, typer.Option(help="Of a workload or terms: name of the customer.")] = None,
    lang: Annotated[Text, typer.Option(help="Of a workload: language of quotes, fr or en.")] = None,
    region: Annotated[Text, typer.Option(help="Of a workload: its region.")] = None,
    sites: Annotated[
        Text, typer.Option(help="Of a workload: its zone, or two, 'az05 az06', the second standby.")
    ] = None,
    vms: Annotated[
        list[str] | None,
        typer.Option(
            help="Of a workload: a group, web=4x2x8x100: VMs, vCPUs, GiB of memory and disk. May be repeated."
        ),
    ] = None,
    recovery: Annotated[Text, typer.Option(help="Of a workload: RPO/RTO such as 1h/4h, or none.")] = None,
    backup: Annotated[
        Text, typer.Option(help="Of a workload: daily, weekly, monthly, yearly points, '7 4 0 0', or none.")
    ] = None,
    vcpu_per_core: Annotated[Text, typer.Option(help="Of a workload: vCPUs on one physical core.")] = None,
    host_failures: Annotated[Text, typer.Option(help="Of a workload: hosts of a cluster that may fail.")] = None,
    term: Annotated[Text, typer.Option(help="Of a workload: commitment in months.")] = None,
    number: Annotated[Text, typer.Option(help="Of terms: number of the quote.")] = None,
    issuer: Annotated[Text, typer.Option(help="Of terms: who offers.")] = None,
    issued: Annotated[Text, typer.Option(help="Of terms: day of issue, YYYY-MM-DD.")] = None,
    valid_until: Annotated[Text, typer.Option(help="Of terms: last day of the offer, YYYY-MM-DD.")] = None,
    discount: Annotated[Text, typer.Option(help="Of terms: discount on every line, a share.")] = None,
    vat_rate: Annotated[Text, typer.Option(help="Of terms: value-added tax, a share.")] = None,
    payment: Annotated[Text, typer.Option(help="Of terms: terms of payment.")] = None,
) -> None:
    """Write a commented file to start from; on a terminal, ask for what it needs.

    It is a workload, a price book, the terms of a quote, or the rules of an import.
    """
    shared = {"kind", "schema", "output", "force", "quiet", "verbose", "messages"}
    given: dict[str, Any] = {
        key.replace("_", "-"): value
        for key, value in context.params.items()
        if key not in shared and value not in (None, [], ())
    }
    files.refuse_existing([output], force=force)
    if schema:
        if kind:
            raise typer.BadParameter("a kind of file and --schema; give one of them", param_hint="--schema")
        _refuse(given, "not with --schema")
        suffix_of(output, (".json",))
        return emit(files.json_text(schema_of(schema)), output)
    if kind == "prices":
        _refuse(given.keys() - {"catalog"}, "not of prices; fill in the file")
        return prices.template(catalog=catalog, output=output, force=force)
    suffix_of(output, (".yaml", ".yml"))
    if kind == "rules":
        _refuse(given.keys() - {"catalog"}, "not of rules; edit the file")
        return emit(rules_text(load_edition(catalog)), output)
    starter = terms_starter() if kind == "terms" else workload_starter(load_edition(catalog))
    known = {question.name for question in starter.questions} | (set() if kind == "terms" else {"catalog"})
    _refuse(given.keys() - known, f"not of {kind or 'workload'}")
    answers = _accepted(starter, given)
    if _on_terminal():
        answers = _asked(starter, answers)
    emit(starter.text(answers), output)


def _refuse(names: Iterable[str], words: str) -> None:
    faults = [Fault(words, where=f"--{name}") for name in sorted(names)]
    if faults:
        raise BadInputError(faults)


def _accepted(starter: Starter, given: Mapping[str, Answer]) -> dict[str, Answer]:
    """Return the answers that options gave; refuse those that are not allowed, all at once."""
    accepted: dict[str, Answer] = {}
    faults: list[Fault] = []
    for question in starter.questions:
        if question.name in given:
            found = _faults(question, starter, {**accepted, question.name: given[question.name]})
            faults += [replace(fault, where=f"--{question.name}") for fault in found]
            accepted |= {} if found else {question.name: given[question.name]}
    if faults:
        raise BadInputError(faults)
    return accepted


def _faults(question: Question, starter: Starter, answers: Mapping[str, Answer]) -> list[Fault]:
    """Return what is wrong with the answer to a question, the last of these; which part of it, where it has parts."""
    try:
        starter.check(answers)
    except BadInputError as error:
        return [replace(fault, path=fault.path.rpartition(".")[2] if question.many else "") for fault in error.faults]
    return []


# --- questions on a terminal -------------------------------------------------------------------------------------


def _on_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _asked(starter: Starter, answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """Return the answers with those to the questions that no option answered."""
    known = dict(answers)
    left = [question for question in starter.questions if question.asked and question.name not in known]
    if left:
        typer.echo(HOW_TO_ANSWER, err=True)
    for question in left:
        for answer in _answers(question, starter, known):
            known[question.name] = answer
    return known


def _answers(question: Question, starter: Starter, known: Mapping[str, Answer]) -> Iterator[Answer]:
    """Yield the answer to a question, and each longer one when there may be many; nothing when it is not known."""
    several: list[str] = []
    words, default = question.words, question.default
    while True:
        line = _line(f"{words} [{default}]: ")
        if line.casefold() in UNKNOWN:
            return
        answer: Answer = [*several, line] if question.many else line
        found = _faults(question, starter, {**known, question.name: answer})
        for fault in found:
            typer.echo(f"  {fault}", err=True)
        if not found:
            yield answer
            if isinstance(answer, str):
                return
            several, words, default = answer, "Another group", "no more"


def _line(prompt: str) -> str:
    """Return a line that was typed, without the blanks around it; raise EOFError at the end of the input."""
    while True:
        typer.echo(prompt, nl=False, err=True)
        typed = sys.stdin.buffer.readline()
        if not typed:
            raise EOFError
        with contextlib.suppress(UnicodeDecodeError):
            return typed.decode().strip()
        typer.echo("  not UTF-8 text", err=True)
