"""The layer-2 networks of a workload: one VLAN each."""

from collections import Counter

from cloudplan.rules.rule import Rule
from cloudplan.workload.case import Case
from cloudplan.workload.networks import VLAN
from cloudplan.workload.workload import Network

NET_1 = Rule(
    "NET-1",
    "Networks",
    "Each network is one VLAN, at the primary site if it stands there, else at its first site; where the edition sells "
    "VLANs and the price book prices them.",
    "plan",
)

RULES = (NET_1,)


def billed_at(case: Case, network: Network) -> str:
    """Return the site whose bill has the VLAN of a network (NET-1)."""
    primary = case.workload.sites.primary
    return primary if primary in network.sites else network.sites[0]


def vlans(case: Case) -> Counter[str]:
    """Return the VLANs that the networks of a workload take, by site; none where they are not sold or not priced."""
    item = case.edition.extras.get(VLAN)
    if item is None or case.prices.offer(item) is None:
        return Counter()
    return Counter(billed_at(case, network) for network in case.workload.networks)
