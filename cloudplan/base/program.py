"""The name and version of the program."""

from functools import cache


@cache
def program() -> str:
    """Return the name and version of the program, as plans carry it."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow to import; the help needs none

    try:
        return f"cloudplan {version('cloudplan')}"
    except PackageNotFoundError:
        return "cloudplan (not installed)"
