"""Is it right? A plan or a roadmap put into every rule, for the inputs that it carries or for others."""

from collections.abc import Callable
from typing import cast

from cloudplan.analysis.assumptions import with_amounts
from cloudplan.catalog.edition import Edition
from cloudplan.evaluation.assumptions import computed_of
from cloudplan.evaluation.verify import Verdict, proved
from cloudplan.evaluation.verify import verify as verify_plan
from cloudplan.evaluation.verify_roadmap import proved_over_time, verify_roadmap
from cloudplan.plan.origin import Made, Origin, edition_of, prices_of, workload_of
from cloudplan.plan.plan import Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.prices.book import PriceBook
from cloudplan.workload.workload import Workload


def verify(
    made: Made,
    workload: Workload | None = None,
    edition: Edition | None = None,
    prices: PriceBook | None = None,
    *,
    prove: bool = False,
    solve: Callable[[Origin], Made] | None = None,
    name: str = "plan",
) -> Verdict:
    """Check a plan or a roadmap against every rule, and its document against its choice.

    What is not given is what it carries, under whatever hash; what stands already comes with it where `workload` says
    nothing of that. With `prove` a plan that holds is made again, to check its lower bound, status and gap too: by
    `solve`, or else as `size` and `roadmap` make it. `name` stands for the plan in messages. Raises BadInputError for
    inputs that are faulty, and what `solve` raises.
    """
    asked = _asked(made, workload, edition, prices, name)
    if isinstance(made, Roadmap):
        verdict = verify_roadmap(made, asked.workload, asked.edition, asked.prices)
    else:
        verdict = verify_plan(made, asked.workload, asked.edition, asked.prices)
    if not prove or not verdict.holds:
        return verdict
    again = solve(asked) if solve else made_again(asked, made)
    if isinstance(made, Roadmap):
        return proved_over_time(verdict, made, cast("Roadmap", again))
    return proved(verdict, made, cast("Plan", again))


def made_again(origin: Origin, made: Made) -> Made:
    """Return the cheapest plan or roadmap of some inputs, with what it would cost otherwise if `made` tells that."""
    from cloudplan.optimiser.memory import Memory  # noqa: PLC0415 - slow to import, and most plans are not sized again
    from cloudplan.optimiser.optimise import optimise  # noqa: PLC0415
    from cloudplan.optimiser.over_time.roadmap import plan_over_time  # noqa: PLC0415

    def solve(inputs: Origin) -> Plan:
        return optimise(inputs.workload, inputs.edition, inputs.prices, memory=memory)

    memory = Memory()
    if isinstance(made, Roadmap):
        return plan_over_time(origin.workload, origin.edition, origin.prices)
    again = solve(origin)
    return with_amounts(origin, again, solve) if computed_of(made.assumptions) else again


def _asked(
    made: Made, workload: Workload | None, edition: Edition | None, prices: PriceBook | None, name: str
) -> Origin:
    """Return the inputs to check with: those that are given, else those that a plan carries."""
    edition = edition or edition_of(made, name)
    wanted = workload or workload_of(made, edition, name)
    if wanted.existing is None and made.inputs.existing is not None:
        standing = workload_of(made, edition_of(made, name), name).existing
        wanted = wanted.model_copy(update={"existing": standing})
    return Origin(wanted, edition, prices or prices_of(made, edition, name))
