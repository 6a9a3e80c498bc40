"""The tasks of a batch: each workload with the price book, the edition, the options and the terms that hold for it."""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from cloudplan.analysis.batch import PLAN, Entry, key_of, read_task
from cloudplan.analysis.sized import task_of
from cloudplan.base.errors import BadInputError, Fault, gathered
from cloudplan.catalog.loading import load_edition
from cloudplan.cli.batch_folder import Wanted
from cloudplan.cli.batch_list import Listed
from cloudplan.cli.spreading import Able
from cloudplan.presentation.pdf import require
from cloudplan.prices.book import load_prices
from cloudplan.sales.terms import Terms, read_terms


class Tasks:
    """What is to be done for each workload of a list; price books and terms are read once, at the start.

    `options` are those of `task_of`, `quoting` what `sized_and_quoted` is told, None without quotes. Raises
    BadInputError with the faults of all price books and terms together.
    """

    def __init__(
        self,
        listed: Sequence[Listed],
        prices: Path | None,
        terms: Path | None,
        catalog: str | None,
        options: Mapping[str, Any],
        quoting: Mapping[str, Any] | None,
    ):
        self.listed, self.quoting = listed, quoting
        self._prices, self._terms, self._options = prices, terms, options
        self._edition = load_edition(catalog) if catalog else None
        self._book = cache(lambda path: load_prices(path, self._edition).canonical())
        self._agreed = cache(_terms)
        faults: list[Fault] = []
        for path in dict.fromkeys(each.prices or prices for each in listed):
            with gathered(faults):
                self._book(path)
        for path in dict.fromkeys(each.terms or terms for each in listed) if quoting else ():
            with gathered(faults):
                self._agreed(path)
        if faults:
            raise BadInputError(faults)

    @property
    def inputs(self) -> Sequence[Path]:
        """All files that are read."""
        own = (path for each in self.listed for path in (each.workload, each.prices, each.terms))
        return [path for path in (*own, self._prices, self._terms) if path]

    @property
    def able(self) -> Able:
        """What raises MachineError where the work cannot be done, if there is anything to be asked."""
        return require if self.quoting and "pdf" in self.quoting["formats"] else None

    def entry(self, listed: Listed) -> Entry:
        """Return a workload as an entry of a batch, which is read only when its turn comes."""
        return Entry(listed.name, partial(self._task, listed))

    def wanted(self, listed: Listed) -> Wanted:
        """Return the files that a workload comes to, and the hash of all that they follow from, if it can be read."""
        extensions = [PLAN, *(f".{format}" for format in (self.quoting or {}).get("formats", ()))]
        key = ""
        with gathered([]):
            key = key_of(self._task(listed))
        return Wanted(listed.name, key, [f"{listed.name}{extension}" for extension in extensions])

    def _task(self, listed: Listed) -> dict[str, Any]:
        book = self._book(listed.prices or self._prices)
        task = task_of(*read_task(listed.workload), book, self._edition, **self._options)
        if self.quoting:
            task["quote"] = {**self.quoting, "terms": self._agreed(listed.terms or self._terms)}
        return task


def _terms(path: Path | None) -> dict[str, Any]:
    agreed = read_terms(path) if path else Terms()
    made: dict[str, Any] = agreed.model_dump(mode="json", by_alias=True)
    return made
