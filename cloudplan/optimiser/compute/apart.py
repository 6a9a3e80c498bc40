"""What licences may cost at most in a cheapest plan: no more than the VMs that need one would cost apart.

Take the VMs that need a licence out of all clusters: no host left behind owes it. Put them on clusters of their own: if
that costs less than the licence did, the plan was not the cheapest. So in a cheapest plan a licence costs no more, in
all, than its VMs cost apart, and a kind of cluster whose fewest hosts would owe more is none. Where the clusters of a
site are limited, they may not stand apart, and nothing is known.
"""

from dataclasses import replace
from fractions import Fraction

from cloudplan.evaluation.third_party import clusters_cost
from cloudplan.optimiser.compute.first_plan import greedy, on_one_type
from cloudplan.optimiser.compute.kinds import NONE, licence_sets
from cloudplan.optimiser.compute.shapes import Pool
from cloudplan.workload.case import Case


def with_worth(case: Case, pool: Pool) -> Pool:
    """Return a pool that knows what each of its licences may cost."""
    if case.workload.policy.max_clusters is not None:
        return pool
    names = sorted(NONE.union(*(shape.licences for shape in pool.shapes)))
    return replace(pool, worth=tuple((name, _apart(case, pool, name)) for name in names)) if names else pool


def _apart(case: Case, pool: Pool, name: str) -> Fraction:
    """Return what some clusters cost that hold the VMs that need a licence and no others."""
    shapes = tuple(shape for shape in pool.shapes if name in shape.licences)
    own = replace(pool, shapes=shapes, licence_sets=licence_sets(shape.licences for shape in shapes))
    return min(clusters_cost(case, clusters) for clusters in (greedy(case, [own]), *on_one_type(case, [own])))
