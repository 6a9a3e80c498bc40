"""The price book: what one unit costs a month.

Start with `book`; `excel` reads the same from a workbook.
"""
