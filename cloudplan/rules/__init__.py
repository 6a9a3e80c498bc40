"""The rule book: one rule, one id, one place.

Start with `rule`, which says what a rule is; `book` has all of them.
"""
