"""The templates of page and PDF, each compiled once a process."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from cloudplan.base.foreign_text import clean


def template(name: str) -> Template:
    """Return a template: what it is given is escaped, and what it is not given is an error."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cloudplan.presentation"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["clean"] = clean
    return environment
