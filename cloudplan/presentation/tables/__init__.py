"""What every presentation shows, as values: a module for each command or document.

Start with `table`, which says what a table is, then `plan`.
"""
