"""The templates of pages and PDF, each compiled once a process."""

from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template

from cloudplan.base.foreign_text import clean


def template(name: str, package: str = __package__) -> Template:
    """Return a template: what it is given is escaped, and what it is not given is an error.

    A `package` has templates of its own beside those of this one.
    """
    return _environment(package).get_template(name)


@cache
def _environment(package: str) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(each) for each in dict.fromkeys((package, __package__))]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["clean"] = clean
    return environment
