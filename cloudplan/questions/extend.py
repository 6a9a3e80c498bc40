"""What if something stands already? A workload beside what a plan or a roadmap leaves standing."""

from cloudplan.catalog.edition import Edition
from cloudplan.catalog.loading import load_shipped
from cloudplan.plan.origin import Made
from cloudplan.plan.roadmap import Roadmap
from cloudplan.plan.standing import existing_of
from cloudplan.workload.reading import as_given, read_workload
from cloudplan.workload.workload import Workload


def extending(workload: Workload, made: Made, edition: Edition | None = None, *, keep: bool = True) -> Workload:
    """Return a workload that starts from what a plan leaves standing: `size` and `roadmap` keep that, or let it grow.

    Of a roadmap it is the phase that contains the start of the horizon, else the last. Without `keep` what stands may
    go, and is only told. Raises BadInputError for an edition that does not ship and was not given, and when something
    stands that it does not have.
    """
    edition = edition or load_shipped(workload.catalog)
    if isinstance(made, Roadmap):
        made = made.phase_at(workload.horizon.start if workload.horizon else None).plan
    tree = {**as_given(workload, edition), "existing": existing_of(made, keep=keep).canonical()}
    return read_workload(tree, edition, obey_pin=False).with_given(workload.given)
