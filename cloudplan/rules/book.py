"""The rule book: one rule, one id, one place."""

from collections.abc import Mapping

from cloudplan.catalog.edition import Edition
from cloudplan.rules import (
    backup,
    bill,
    certifications,
    compute,
    licences,
    networks,
    over_time,
    protection,
    standing,
    storage,
)
from cloudplan.rules.rule import Rule
from cloudplan.rules.rule import rule_book as _rule_book

ALL = (
    *compute.RULES,
    *licences.RULES,
    *storage.RULES,
    *protection.RULES,
    *backup.RULES,
    *networks.RULES,
    *certifications.RULES,
    *standing.RULES,
    *over_time.RULES,
    *bill.RULES,
)


def rule_book(edition: Edition) -> Mapping[str, Rule]:
    """Return the rules by id, checked against the figures of an edition."""
    return _rule_book(ALL, edition)
