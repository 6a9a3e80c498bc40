"""The file of a quote held against what is made of the document that it carries: what came of it."""

from dataclasses import dataclass
from typing import Literal

from cloudplan.base.brief import Brief
from cloudplan.presentation.carried import Carried, Output
from cloudplan.sales.remade import Remade

Kind = Literal["value", "formula", "text", "format", "sheet", "hidden", "drawing", "name", "order", "source"]


@dataclass(frozen=True)
class Difference:
    """A place in a file where something else stands than when it was made; None where there is, or was, nothing."""

    where: str
    kind: Kind
    stands: str | None
    made: str | None


@dataclass(frozen=True)
class Changed:
    """A parameter that the workbook lets its reader change, and that was changed."""

    name: str
    where: str
    stands: float
    made: float


@dataclass(frozen=True, repr=False)
class Again(Brief):
    """What a file carries, the verdict on that, and where the file is not what is made of it.

    `identical` says that the bytes are the same; `compared` is how many cells, or texts and elements, were.
    """

    carried: Carried
    remade: Remade
    identical: bool = False
    compared: int = 0
    changed: tuple[Changed, ...] = ()
    differences: tuple[Difference, ...] = ()
    strangers: tuple[Difference, ...] = ()
    """Where it is not a quote of the plan and the terms that it was held against, if it was."""
    against: Literal["", "plan", "terms"] = ""
    """What it was held against: nothing, a plan, or a plan and terms."""

    def __repr__(self) -> str:
        differing = len(self.differences) + len(self.strangers)
        return f"<Again {self.output}: {'holds' if self.holds else f'{differing} differences'}>"

    @property
    def output(self) -> Output:
        """What the file is of a quote."""
        return self.carried.output

    @property
    def holds(self) -> bool:
        """Whether all that is compared is as it was made, and the plan inside keeps every rule."""
        return not self.differences and not self.strangers and self.remade.verdict.holds
