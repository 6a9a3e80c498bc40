"""How many steps the search for clusters takes, counted: seconds depend on the machine, these do not."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from conftest import REPOSITORY

import cloudplan as cp
from cloudplan.optimiser import solver
from cloudplan.optimiser.compute import host_table
from cloudplan.optimiser.compute.search import searches
from cloudplan.optimiser.compute.shapes import pools_at
from cloudplan.workload.case import Case

STEPS = {
    "memory": {"covering LPs": 22, "tables of a host": 51, "ILPs": 3},
    "cpu": {"covering LPs": 66, "tables of a host": 387, "ILPs": 9},
}
"""What two estates of 200 VMs in 70 shapes took when this was written."""


def counting(steps: Counter[str], what: str, real: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that counts its calls."""

    def counted(*arguments: Any, **named: Any) -> Any:
        steps[what] += 1
        return real(*arguments, **named)

    return counted


@pytest.mark.parametrize("family", STEPS)
def test_the_search_takes_less_than_twice_as_many_steps_as_it_did(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    import estates  # noqa: PLC0415 - a script beside the package

    steps: Counter[str] = Counter()
    for what, owner, name in (
        ("covering LPs", solver.Cover, "solve"),
        ("tables of a host", host_table.HostTable, "__init__"),
        ("ILPs", solver.Model, "minimise"),
    ):
        monkeypatch.setattr(owner, name, counting(steps, what, getattr(owner, name)))
    edition = cp.load_edition(estates.EDITION)
    wish = cp.read_workload(estates.estate(200, 70, family), edition)
    case = Case.of(wish, edition, cp.load_prices(estates.prices(family), edition))
    [search] = [each for site in case.cluster_sites for each in searches(case, site, pools_at(case, site))]
    search.improve(solver.Budget())
    assert set(steps) == set(STEPS[family])
    for what, number in STEPS[family].items():
        assert steps[what] < 2 * number, f"{what}: {steps[what]}, and not about {number}"
