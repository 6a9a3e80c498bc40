"""What can go wrong, who can put it right, and with which exit status the command ends."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

_TOLD = ("message", "rule", "where", "path", "found", "allowed", "suggestion")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where it is, what was found, what is allowed or would mend it."""

    message: str
    where: str = ""
    """``file:line:column``; empty when the value does not come from a file."""
    path: str = ""
    """The path inside the document, ``vms[2].disks[0].size_gib``."""
    rule: str = ""
    """The id of the rule that is broken, ``MEM-3``."""
    found: str | None = None
    """The value that was found, as a text, where it is known apart; likewise the next two."""
    allowed: str | None = None
    """What is allowed, in words or as a list."""
    suggestion: str | None = None
    """What was probably meant."""

    @property
    def values(self) -> dict[str, str | None]:
        """The fault as plain values: None where there is nothing to say."""
        return {name: getattr(self, name) or None for name in _TOLD}

    def __repr__(self) -> str:
        return f"<Fault {str(self)!r}>"

    def __str__(self) -> str:
        """Render the fault on one line."""
        place = ": ".join(part for part in (self.where, self.path) if part)
        text = f"[{self.rule}] {self.message}" if self.rule else self.message
        return f"{place}: {text}" if place else text


class CloudplanError(Exception):
    """Any failure that the program announces; `exit_status` is the command's."""

    exit_status = 1
    title = "error"
    advice = ""
    """What helps, in words for the command line."""

    def __init__(self, faults: Iterable[Fault] | str):
        self.faults: Sequence[Fault] = [Fault(faults)] if isinstance(faults, str) else list(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class BadInputError(CloudplanError):
    """The input is wrong whatever the catalogue says; its author can put it right."""

    exit_status = 2
    title = "bad input"


@contextmanager
def gathered(faults: list[Fault]) -> Iterator[None]:
    """Add the faults of bad input to a list instead, so that those of several inputs are told together."""
    try:
        yield
    except BadInputError as error:
        faults += error.faults


@contextmanager
def told_as_damage(damaged: str, name: str) -> Iterator[None]:
    """Turn whatever a damaged file makes its reader stumble over into one fault: raise BadInputError."""
    try:
        yield
    except BadInputError:
        raise
    except Exception as error:  # openpyxl and pypdf raise whatever a damaged file makes them stumble over
        words = str(error).strip("'\"").splitlines() or [type(error).__name__]
        raise BadInputError([Fault(f"{damaged}: {words[0]}", where=name)]) from None


class MachineError(CloudplanError):
    """The machine cannot do it: a full disk, a closed stdout. No input is wrong."""

    title = "the machine cannot do it"


class NoPlanError(CloudplanError):
    """The input is well-formed, but no plan keeps the rules; a requirement has to give."""

    exit_status = 3
    title = "no feasible plan"
    advice = "; `cloudplan explain WORKLOAD` says what would have to give"


class InternalError(CloudplanError):
    """The program contradicts itself (solver against verifier): a bug, and never a plan."""

    title = "internal error, please report it"


class TimeLimitError(CloudplanError):
    """The time limit was reached before any plan was found."""

    title = "time limit"
