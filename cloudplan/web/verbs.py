"""The verbs of the command line as jobs: which documents and options each takes, and what it writes.

Options, their types and their words are those of the command line itself; nothing is said twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import unknown
from cloudplan.web.options import Option, options_of

INVENTORY, WORKLOAD, PRICES, TERMS, RULES = "inventory", "workload", "prices", "terms", "rules"
PLAN, COMPARISON, LOGO = "plan", "comparison", "logo"
MANY = (INVENTORY, LOGO)
"""Documents of which there may be several."""


@dataclass(frozen=True)
class Verb:
    """A verb: its documents, the first of which it needs, with the option of each; its options by their names."""

    name: str
    documents: Mapping[str, str | None]
    options: Sequence[str]
    formats: Mapping[str, str]
    """What is written, by the name of a format; the first is the default."""

    @property
    def needs(self) -> str:
        """The document that it cannot do without."""
        return next(iter(self.documents))

    @property
    def parameters(self) -> dict[str, Option]:
        """The options of the command line that it takes, by their names."""
        return {name: options_of(self.name)[name] for name in self.options}

    def arguments(
        self, documents: Mapping[str, Sequence[str]], options: Mapping[str, Any], formats: Sequence[str] = ()
    ) -> list[str]:
        """Return the command line behind `cloudplan` for some files, by the names of their documents.

        `formats` are names of `formats`. Raises BadInputError with a fault for each document, option or format that is
        not of this verb, and for one that it needs; the command itself looks at the values.
        """
        faults = [unknown("document", name, self.documents) for name in documents if name not in self.documents]
        faults += [unknown("option", name, self.options) for name in options if name not in self.options]
        faults += [unknown("format", name, self.formats) for name in formats if name not in self.formats]
        if not documents.get(self.needs):
            faults.append(Fault(f"{self.needs} is needed", path=self.needs, allowed=self.needs))
        faults += [
            Fault(f"{len(names)} of them; allowed: one", path=name)
            for name, names in documents.items()
            if len(names) > 1 and name not in MANY
        ]
        if faults:
            raise BadInputError(faults)
        chosen = dict.fromkeys(formats or [next(iter(self.formats))])
        written = [self.formats[name] for name in chosen]
        outputs = [word for word in written if word.startswith("--output=")]
        if len(outputs) > 1 and not options_of(self.name)["output"].is_list:
            raise BadInputError([Fault(f"found {', '.join(chosen)}; allowed: one of them", path="formats")])
        words = [self.name]
        for name, option in self.documents.items():
            for place in documents.get(name, ()):
                words += [] if option is None else [f"{option}={place}" if option else place]
        for name, value in options.items():
            words += _words(self.parameters[name], value)
        return [*words, *written, "--messages=json"]

    def options_in(self, arguments: Sequence[str]) -> dict[str, Any]:
        """Return the options that `arguments` made a command line of, by their names."""
        by_word = {option.word: option for option in self.parameters.values()}
        found: dict[str, Any] = {}
        for word, _, value in (each.partition("=") for each in arguments):
            option = by_word.get(word)
            if option and option.is_list:
                found.setdefault(option.name, []).append(value)
            elif option:
                found[option.name] = option.is_flag or value
        return found


def _words(option: Option, value: Any) -> list[str]:
    """Return an option as words of the command line; raise BadInputError for a value that it cannot have."""
    word, name = option.word, option.name
    if option.is_flag:
        if not isinstance(value, bool):
            raise BadInputError([Fault(f"found {value!r}; allowed: true or false", path=name)])
        return [word] if value else []
    values = value if option.is_list and isinstance(value, list) else [value]
    if not all(isinstance(each, str | int | float) and not isinstance(each, bool) for each in values):
        raise BadInputError([Fault("allowed: a text or a number", path=name)])
    return [f"{word}={each}" for each in values]


IMPORT = Verb(
    "import",
    {INVENTORY: "", RULES: "--rules"},
    (
        *("name", "include", "exclude", "powered_off", "pool_by", "on_duplicate", "raw_disks", "damaged", "used"),
        *("without_swap", "round_memory", "round_disks", "anonymise", "right_size", "percentile", "margin"),
        *("min_samples", "memory", "lang"),
    ),
    {"yaml": "--output=workload.yaml"},
)
SIZE = Verb(
    "size",
    {WORKLOAD: "", PRICES: "--prices"},
    ("term", "at", "date", "assumptions", "gap", "time_limit"),
    {"json": "--output=plan.json"},
)
COMPARE = Verb(
    "compare",
    {WORKLOAD: "", PRICES: "--prices"},
    ("vary", "breakpoints", "options", "target", "term", "gap", "time_limit", "lang"),
    {name: f"--output=compare.{name}" for name in ("json", "html", "xlsx")},
)
EXPLAIN = Verb(
    "explain",
    {WORKLOAD: "", PRICES: "--prices"},
    ("term", "gap", "time_limit", "lang"),
    {name: f"--output=why.{name}" for name in ("json", "md", "txt")},
)
QUOTE = Verb(
    "quote",
    {PLAN: "", TERMS: "--terms", COMPARISON: "--comparison", LOGO: None},
    ("audience", "lang", "issued", "valid_until", "csv_dialect"),
    {name: f"--output=quote.{name}" for name in ("pdf", "xlsx", "html", "csv")},
)
ORDERS = Verb(
    "orders",
    {PLAN: "", TERMS: "--terms", LOGO: None},
    ("issued", "lang"),
    {**{name: f"--output=orders.{name}" for name in ("xlsx", "json", "md")}, "tfvars": "--tfvars=vms"},
)
VERBS = {verb.name: verb for verb in (IMPORT, SIZE, EXPLAIN, COMPARE, QUOTE, ORDERS)}
