"""How much is read: limits of every kind of input, so that time and memory stay bounded whatever a file says of itself.

They are far above what an estate of a million VMs needs; docs/reference/limits.md tells them.
"""

from typing import Final

MB: Final = 1_000_000

TEXT_BYTES: Final = 50 * MB
"""One file in YAML: a workload, a price book, terms, a file of an edition."""
TEXT_VALUES: Final = 2_000_000
"""Lines, commas and brackets in such a file, which is about its values: the memory that YAML takes is theirs."""
PLAN_BYTES: Final = 200 * MB
"""A plan, in JSON."""
LOGO_BYTES: Final = 1 * MB
"""The logo of a quote, a PNG or JPEG."""

QUOTE_BYTES: Final = 200 * MB
"""The file of a quote: a workbook, a page or a PDF."""
QUOTE_UNPACKED_BYTES: Final = 300 * MB
"""What the parts of its workbook take unpacked, and what it carries."""
QUOTE_CELLS: Final = 3_000_000
"""Cells of its workbook that are written."""
QUOTE_PAGES: Final = 2_000
"""Pages of its PDF."""

PRICE_BOOK_BYTES: Final = 20 * MB
"""The file of a price book in a workbook."""
PRICE_BOOK_UNPACKED_BYTES: Final = 200 * MB
"""What its parts take unpacked."""
PRICE_BOOK_TEXT_BYTES: Final = 20 * MB
"""What the texts that its sheets share take unpacked, which are read whole."""
PRICE_BOOK_CELLS: Final = 200_000
"""Cells of its three sheets, with the blank ones before a cell of the same row."""

INVENTORY_FILES: Final = 1_000
"""CSV files of a folder or of a zip."""
INVENTORY_BYTES: Final = 2_000 * MB
"""One file of an inventory: a workbook or a zip, packed and unpacked."""
INVENTORY_TEXT_BYTES: Final = 300 * MB
"""One CSV file, and the texts that the sheets of a workbook share: these are read whole."""
WHOLE_SHEETS_BYTES: Final = 1_000 * MB
"""What the sheets of an inventory may take to be read whole, which is quick; larger ones are read row by row."""
INVENTORY_CELLS: Final = 200 * MB
"""Cells of one table; RVTools writes about 100 columns, and a row for each VM or disk."""

ROWS: Final = 1_048_576
"""Rows of a table: those that a sheet can have; a damaged file may name others."""
COLUMNS: Final = 16_384
"""Columns of a table: those that a sheet can have."""

SUGGESTIONS: Final = 20
"""Faults of one kind that say what was probably meant; the others say only what is wrong."""
