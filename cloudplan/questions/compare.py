"""What if? The optimum beside what else one might choose: of one kind, against risk, down to an amount."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from decimal import Decimal
from typing import Any

from cloudplan.analysis import compare as alternatives
from cloudplan.analysis import options, target
from cloudplan.analysis.compare import Comparison
from cloudplan.analysis.edits import texts_of
from cloudplan.analysis.options import Options
from cloudplan.analysis.side_by_side import SideBySide
from cloudplan.analysis.target import Reaching
from cloudplan.catalog.edition import Edition
from cloudplan.prices.book import PriceBook
from cloudplan.questions.asked import Asked, of_one_phase

Vary = Mapping[str, Sequence[Any]] | Sequence[str]
"""Values by the path of a field, or texts such as ``policy.vcpu_per_core=2,3``."""


def compare(
    asked: Asked,
    edition: Edition | None = None,
    prices: PriceBook | None = None,
    *,
    vary: Vary = (),
    gap: float = 0.0,
    time_limit: float | None = None,
    executor: Executor | None = None,
) -> Comparison:
    """Return the optimum of a workload, or of what a plan was made from, beside the usual alternatives.

    With `vary` they are every combination of its values instead. Each is sized again, to a `gap` (a share) and within
    `time_limit` (seconds); an `executor` sizes them side by side. Without edition and prices they are those of the
    plan, or that of the workload and the example that ships. Raises BadInputError for a field that no workload has, and
    NoPlanError where there is no optimum.
    """
    origin = of_one_phase(asked, edition, prices)
    sizing = SideBySide(origin, executor=executor, gap=gap, time_limit=time_limit)
    return alternatives.compare(origin, sizing.solve, texts_of(vary), sizing.each)


def compare_options(
    asked: Asked,
    edition: Edition | None = None,
    prices: PriceBook | None = None,
    *,
    vary: Vary = (),
    gap: float = 0.0,
    time_limit: float | None = None,
    executor: Executor | None = None,
) -> Options:
    """Return cost against risk: every combination of failures, vCPUs a core, memory ceiling and host reserve.

    `vary` gives the values of some of them; the rest is as `compare` has it. Raises BadInputError for another field,
    and NoPlanError where there is no optimum.
    """
    origin = of_one_phase(asked, edition, prices)
    sizing = SideBySide(origin, executor=executor, gap=gap, time_limit=time_limit)
    return options.options(origin, sizing.solve, texts_of(vary), sizing.each)


def compare_target(
    asked: Asked,
    amount: Decimal,
    edition: Edition | None = None,
    prices: PriceBook | None = None,
    *,
    gap: float = 0.0,
    time_limit: float | None = None,
    executor: Executor | None = None,
) -> Reaching:
    """Return the concessions that bring the cost down to an amount a month, in order, and the discount that would.

    The rest is as `compare` has it. Raises BadInputError for faulty inputs, and NoPlanError where there is no optimum.
    """
    origin = of_one_phase(asked, edition, prices)
    sizing = SideBySide(origin, executor=executor, gap=gap, time_limit=time_limit)
    return target.reaching(origin, amount, sizing.solve, sizing.each)
