"""What the search for storage works with, of one workload or of several phases: an ILP that chooses, LUNs laid out."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Protocol, TypeVar

from cloudplan.optimiser.solver import Budget, Model, Outcome, Unknown
from cloudplan.optimiser.storage.layout import Layout
from cloudplan.optimiser.storage.measure import Counts
from cloudplan.optimiser.storage.stores import Place


class Ilp(Protocol):
    """What a search asks of the ILP that chooses: that of one workload, or of several phases together."""

    model: Model
    solved: bool

    @property
    def unknowns(self) -> int:
        """How many unknowns count groups."""

    def sizes(self) -> list[Unknown]:
        """Return the unknowns that are sizes in small billing units."""

    def order(self) -> dict[Unknown, float]:
        """Return what is preferred among plans of equal cost."""

    def solve(self, budget: Budget, start: Callable[[], Mapping[Unknown, int]] | None) -> Outcome:
        """Search for the cheapest choice, for the first time."""

    def numbers(self) -> Any:
        """Return what the solution found chooses."""

    def start(self, chosen: Any, luns: Mapping[Any, tuple[int, int]]) -> dict[Unknown, int]:
        """Return a plan, LUNs and GiB by bucket, as values of the unknowns."""


class Laid(Protocol):
    """What was chosen, laid out, by bucket."""

    @property
    def chosen(self) -> Any:
        """What the ILP chose."""

    @property
    def counts(self) -> Mapping[Any, Counts]:
        """The content of each bucket."""

    @property
    def layouts(self) -> Mapping[Any, Layout]:
        """The LUNs of each bucket."""

    @property
    def gib(self) -> Mapping[Any, int]:
        """The GiB of each bucket."""

    @property
    def cost(self) -> Fraction:
        """The exact cost."""

    @property
    def luns(self) -> Mapping[Any, int]:
        """How many LUNs each bucket has."""


Some = TypeVar("Some", bound=Laid)
Some_co = TypeVar("Some_co", bound=Laid, covariant=True)


class Layouts(Protocol[Some_co]):
    """What lays out whatever the ILP chooses."""

    @property
    def places(self) -> Mapping[Any, Place]:
        """The buckets."""

    def price_of_gib(self, bucket: Any) -> float:
        """Return what a GiB of a bucket costs."""

    def of(self, chosen: Any, budget: Budget, negligible: float = 0.0) -> Some_co:
        """Return the LUNs for a choice."""
