"""The rule book: one rule, one id, one place."""
