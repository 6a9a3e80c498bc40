"""A plan or a roadmap made again with newer inputs, and the difference of what they cost split by cause.

The causes are applied one after the other, and the plan is solved again after each. A cause that cannot stand alone (an
old price book does not price what a new edition bills) is applied together with the next one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from cloudplan.analysis.changes import OPTIMISER, SECOND, MadeT, Requote, Step, line_changes, spellings
from cloudplan.base.errors import BadInputError, Fault, NoPlanError
from cloudplan.base.hashing import canonical_sha256
from cloudplan.base.program import program
from cloudplan.catalog.edition import Edition, in_region
from cloudplan.plan.origin import Made, Origin
from cloudplan.plan.plan import Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.prices.book import PriceBook
from cloudplan.sales.phase_orders import in_order
from cloudplan.sales.quote import verified
from cloudplan.workload.phases import phase_of
from cloudplan.workload.reading import as_given, computed_skus, read_workload

LICENCE_PRICES = "licence prices"
"""What licences of others cost and how they count, where the two price books differ in that: the last cause then."""
CAUSES = ("workload", "policy", "catalogue", "prices")
CAUSES_OVER_TIME = ("workload", "growth", "horizon", "policy", "catalogue", "prices")
EXISTING = "existing"
"""What stood already: a cause, before the policy, where it is said of one of both."""
HORIZON, POLICY = "horizon", "policy"
"""Parts of a workload that are causes of their own; the growth of the horizon is one too."""


@dataclass(frozen=True)
class _Given:
    """The inputs of a plan before defaults are filled in: each cause replaces a part of them."""

    tree: Mapping[str, Any]
    edition: Edition
    prices: PriceBook
    phase: str
    """The name of the phase that a plan is of, where the workload has a horizon; of a roadmap none."""

    def origin(self) -> Origin:
        """Return the inputs, complete."""
        workload = read_workload(self.tree, self.edition, obey_pin=False)
        if self.phase:
            workload = phase_of(workload, self.edition, self.phase)
        return Origin(workload, self.edition, self.prices)


def plan_of(inputs: Origin) -> Plan:
    """Return the cheapest plan of these inputs."""
    from cloudplan.optimiser.optimise import optimise  # noqa: PLC0415 - slow to import, and not for all

    return optimise(inputs.workload, inputs.edition, inputs.prices)


def roadmap_of(inputs: Origin) -> Roadmap:
    """Return the cheapest roadmap of these inputs."""
    from cloudplan.optimiser.over_time.roadmap import plan_over_time  # noqa: PLC0415 - slow to import, and not for all

    return plan_over_time(inputs.workload, inputs.edition, inputs.prices)


def requote(
    plan: MadeT,
    *,
    workload: Mapping[str, Any] | None = None,
    edition: Edition | None = None,
    prices: PriceBook | None = None,
    term_months: int | None = None,
    solve: Callable[[Origin], MadeT] | None = None,
    name: str = "plan",
) -> Requote[MadeT]:
    """Make a plan or a roadmap again with what is given, and split the difference of what they cost by cause.

    What is not given stays as it was, out of the plan's own inputs; `workload` is a workload file as plain values, and
    what stood already stays where that says nothing of it. `solve` makes a plan or roadmap of its inputs (the cheapest,
    unless another gap or time limit is wanted); `name` stands for the plan in messages. A plan that this program has
    proven is its own new plan where nothing changes: nothing is solved then. Raises BadInputError when the plan does
    not match its hashes, breaks a rule or is in another currency, and what `solve` raises for the new plan.
    """
    origin, plan = _in_order(plan, name)
    if prices is not None and prices.currency != origin.prices.currency:
        words = f"is in {prices.currency} and the plan in {origin.prices.currency}: their amounts cannot be compared"
        raise BadInputError([Fault(words, where=f"price book {prices.name}")])
    make: Callable[[Origin], MadeT] = solve or _maker(plan)
    solved: dict[tuple[str, ...], MadeT] = {}

    def once(inputs: Origin) -> MadeT:
        key = _hashes(inputs)
        if key not in solved:
            solved[key] = make(inputs)
        return solved[key]

    phase = plan.workload.name if isinstance(plan, Plan) else ""
    stages = _stages(origin, phase, workload, edition or origin.edition, prices or origin.prices, term_months)
    renewed = stages[-1][1].origin()
    if _hashes(origin) == _hashes(renewed) and plan.status == "optimal" and plan.program == program():
        solved[_hashes(origin)] = plan
    once(renewed)
    steps = tuple(_steps(stages, once))
    spelled = spellings(origin.workload.region, (origin.edition, renewed.edition))
    return Requote(plan, origin, renewed, steps, line_changes(plan, steps, spelled))


def _in_order(made: MadeT, name: str) -> tuple[Origin, MadeT]:
    """Return what a plan or a roadmap was made from, and its document; raise BadInputError when it breaks a rule."""
    if isinstance(made, Plan):
        origin, _, document = verified(made, name)
        return origin, cast("MadeT", document)
    return in_order(made, name), made


def _maker(made: Made) -> Callable[[Origin], Any]:
    return plan_of if isinstance(made, Plan) else roadmap_of


def _hashes(inputs: Origin) -> tuple[str, ...]:
    existing = inputs.workload.existing
    stands = canonical_sha256(existing.canonical()) if existing else ""
    return inputs.workload.sha256, stands, inputs.edition.sha256, inputs.prices.sha256


def difference(
    before: MadeT,
    after: MadeT,
    *,
    solve: Callable[[Origin], MadeT] | None = None,
    names: tuple[str, str] = ("plan", "plan"),
) -> Requote[MadeT]:
    """Return what differs between two plans, or two roadmaps, split by cause; what is left is a cause too.

    The first is made again with the second's workload, policy, catalogue and prices, one after the other; what then
    still differs from the second is its optimiser's. The causes sum to the difference. Raises BadInputError when either
    does not match its hashes or breaks a rule, or when their currencies differ, and what `solve` raises.
    """
    second, after = _in_order(after, names[1])
    given = as_given(second.workload, second.edition)
    given.setdefault(EXISTING, None)
    change = requote(before, workload=given, edition=second.edition, prices=second.prices, solve=solve, name=names[0])
    if _bills(change.after) == _bills(after):
        return change
    spelled = spellings(second.workload.region, (change.origin.edition, second.edition))
    steps = (*change.steps, Step((SECOND,), after))
    return replace(change, renewed=second, steps=steps, lines=line_changes(before, steps, spelled))


def _bills(made: Made) -> list[Any]:
    """Return the lines of a plan, or of each phase of a roadmap."""
    plans = [made] if isinstance(made, Plan) else [phase.plan for phase in made.phases]
    return [(plan.bom, plan.third_party) for plan in plans]


def _stages(
    origin: Origin,
    phase: str,
    tree: Mapping[str, Any] | None,
    edition: Edition,
    prices: PriceBook,
    term_months: int | None,
) -> list[tuple[str, _Given]]:
    """Return the causes in order, each with all inputs after it was applied."""
    given = as_given(origin.workload, origin.edition)
    old = _Given(given, origin.edition, origin.prices, phase)
    wanted = _wanted(given, tree, term_months)
    changed = [(cause, replace(old, tree=each)) for cause, each in _trees(given, wanted, over_time=not phase)]
    new = _Given(wanted if tree is not None else _left_to(edition, wanted), edition, prices, phase)
    stages = [(OPTIMISER, old), *changed, ("catalogue", replace(new, prices=old.prices))]
    if prices.licences == origin.prices.licences:
        return [*stages, ("prices", new)]
    return [*stages, ("prices", replace(new, prices=_with_licences(prices, origin.prices))), (LICENCE_PRICES, new)]


def _with_licences(book: PriceBook, other: PriceBook) -> PriceBook:
    """Return a price book with the licences of others of another one."""
    return PriceBook.model_validate({**book.canonical(), "licences": other.canonical().get("licences", {})})


def _wanted(given: dict[str, Any], tree: Mapping[str, Any] | None, term_months: int | None) -> dict[str, Any]:
    """Return a new workload, or the old one; what stood already stays where the new one says nothing of it."""
    wanted = dict(given if tree is None else tree)
    if EXISTING in given and EXISTING not in wanted:
        wanted[EXISTING] = given[EXISTING]
    return wanted | ({"term_months": term_months} if term_months else {})


def _trees(
    old: Mapping[str, Any], new: Mapping[str, Any], *, over_time: bool
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the causes in a workload, each with the workload after it was applied."""
    own = (POLICY, EXISTING, *([HORIZON] if over_time else []))
    made = {name: value for name, value in new.items() if name not in own}
    made |= {name: old[name] for name in own if name in old}
    yield "workload", made
    if over_time:
        growth = _at(new, HORIZON).get("growth")
        made = made | {HORIZON: {**_at(old, HORIZON), "growth": growth}}
        yield "growth", made
        made = made | {HORIZON: new.get(HORIZON)}
        yield HORIZON, made
    if old.get(EXISTING) or new.get(EXISTING):
        made = made | {EXISTING: new.get(EXISTING)}
        yield EXISTING, made
    yield POLICY, made | {POLICY: new.get(POLICY)}


def _at(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a mapping of a workload, an empty one where it is something else."""
    found = tree.get(name)
    return found if isinstance(found, Mapping) else {}


def _left_to(edition: Edition, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a workload without the extras that an edition bills by itself."""
    region = given["region"]
    computed = computed_skus(edition, region)
    return {**given, "extras": [extra for extra in given["extras"] if in_region(extra["sku"], region) not in computed]}


def _steps(stages: Sequence[tuple[str, _Given]], solve: Callable[[Origin], MadeT]) -> list[Step[MadeT]]:
    """Return the plan or roadmap after each cause; a cause without one of its own waits for the next."""
    steps: list[Step[MadeT]] = []
    waiting: list[str] = []
    because = ""
    for cause, given in stages:
        waiting.append(cause)
        try:
            made = solve(given.origin())
        except (BadInputError, NoPlanError) as error:
            if cause == OPTIMISER:
                raise
            because = because or f"no plan with {cause} alone: {error.faults[0]}"
            continue
        steps.append(Step(tuple(waiting), made, because))
        waiting, because = [], ""
    return steps
