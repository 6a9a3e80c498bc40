"""How values are looked at from Python: as a table, as a picture, in a notebook.

What draws them stands in rooms far above those that make them, and is imported when it is first asked for.
"""

from importlib import import_module
from typing import Any

FRAMES, PICTURES = "cloudplan.presentation.frames", "cloudplan.presentation.pictures"
"""Where the views are made: modules with a function `view` of a value and the name of what is wanted."""


class Tabled:
    """Base of values that have tables of data, by name."""

    __slots__ = ()

    def frame(self, name: str) -> Any:
        """Return the table of a name as a `pyarrow.Table`, which pandas and polars take; money stays decimal.

        Raises BadInputError for a name that is none of those that the value has, and MachineError without pyarrow.
        """
        return import_module(FRAMES).view(self, name)
