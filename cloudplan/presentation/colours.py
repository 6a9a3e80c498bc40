"""The colours of applications on the page: one for each of the dearest, one for all others.

The colours themselves stand in the style sheet, for light and dark, as classes `c0`, `c1` … and `others`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cloudplan.analysis.allocation import Part, value_of
from cloudplan.workload.workload import VmGroup

MOST = 8
"""Applications with a colour of their own."""
OTHERS = "others"


@dataclass(frozen=True)
class Colours:
    """The class of the colour of each value that a plan is allocated by, the dearest first."""

    by: str
    classes: dict[str | None, str]

    @classmethod
    def of(cls, by: str, parts: Sequence[Part]) -> "Colours":
        """Return the colours of parts; where there are more than colours, the rest share the last one."""
        dearest = sorted((part for part in parts if part.groups), key=lambda part: -part.monthly)
        most = MOST if len(dearest) <= MOST else MOST - 1
        return cls(by, {part.value: f"c{at}" if at < most else OTHERS for at, part in enumerate(dearest)})

    def of_group(self, group: VmGroup) -> str:
        """Return the colour of a group."""
        return self.classes.get(value_of(group, self.by), OTHERS)
