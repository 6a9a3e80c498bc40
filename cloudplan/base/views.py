"""How values are looked at from Python: as a table, as a picture, in a notebook.

What draws them stands in rooms far above those that make them, and is imported when it is first asked for.
"""

from importlib import import_module
from typing import Any

FRAMES, PICTURES = "cloudplan.presentation.frames", "cloudplan.presentation.pictures"
"""Where the views are made: modules with a function `view` of a value and the name of what is wanted."""
NOTEBOOK = "cloudplan.presentation.notebook"
"""Where values become HTML for a notebook: a module with a function `html_of`."""


class Tabled:
    """Base of values that have tables of data, by name."""

    __slots__ = ()

    def frame(self, name: str) -> Any:
        """Return the table of a name as a `pyarrow.Table`, which pandas and polars take; money stays decimal.

        Raises BadInputError for a name that is none of those that the value has, and MachineError without pyarrow.
        """
        return import_module(FRAMES).view(self, name)

    def _repr_html_(self) -> str | None:
        """Return how a notebook shows the value; None where its `repr` has to do."""
        shown: str | None = import_module(NOTEBOOK).html_of(self)
        return shown


class Pictured(Tabled):
    """Base of values that have pictures too."""

    __slots__ = ()

    def picture(self, name: str, *, lang: str | None = None) -> str:
        """Return a picture, ``sites``, ``hosts`` or ``cost``, as the text of an SVG file that stands by itself.

        `lang`, ``en`` or ``fr``, is by default that of the customer. Of a roadmap it is the first phase. Raises
        BadInputError for another name, and when the plan breaks a rule.
        """
        drawn: str = import_module(PICTURES).view(self, name, lang)
        return drawn
