"""What a search says of itself while it runs: a step in words, with its figures apart."""


class Step(str):
    """A step in words, with what is proven and found of it so far: amounts a month, and the gap as a share."""

    __slots__ = ("best", "bound", "gap", "step")

    def __new__(
        cls,
        words: str,
        step: str = "",
        bound: float | None = None,
        best: float | None = None,
        gap: float | None = None,
    ) -> "Step":
        """Return a step; without a name of its own it is called as its words say."""
        made = super().__new__(cls, words)
        made.step, made.bound, made.best, made.gap = step or words, bound, best, gap
        return made

    step: str
    bound: float | None
    best: float | None
    gap: float | None

    @property
    def amounts(self) -> dict[str, float | None]:
        """What is proven and what was found, by name."""
        return {"bound": self.bound, "best": self.best}

    @classmethod
    def of(cls, words: str) -> "Step":
        """Return a text as a step, as it is when it is one."""
        return words if isinstance(words, cls) else cls(words)
