"""How the workbooks look: colours, and the formats of texts, tables and amounts in the language of the reader."""

from typing import Any

import xlsxwriter
from xlsxwriter.format import Format

from cloudplan.base.language import ENGLISH, Language
from cloudplan.presentation.tables.table import Kind

FONT: dict[str, Any] = {"font_name": "Arial", "font_size": 10, "font_scheme": False}
"""Arial, or a sans serif of the same widths, is everywhere: it is in all cells, and columns are counted in it."""
LINE, PADDING = 12.75, 3
"""Heights in points of a line of a cell, and of what is above and below its lines."""

ACCENT, TINT, HAIRLINE, GREY = "#1F4E79", "#EAF1F8", "#D0D7DE", "#595959"
WARNING_FILL, WARNING_TEXT = "#FFC000", "#5C2E00"
INPUT_FILL = "#FFF8DC"
NUMBER_FORMATS: dict[Kind, str] = {
    "text": "@",
    "hash": "@",
    "whole": "#,##0",
    "decimal": "#,##0.00",
    "quantity": "#,##0.00##########",
    "money": "#,##0.00",
    "price": "#,##0.00####",
    "change": "+#,##0.00;-#,##0.00;0.00",
    "share": "0.0%",
    "discount": '0.0###%;-0.0###%;"–"',
}
_LOCALES = {"en": "", "fr": "[$-40C]"}
"""What a number format begins with to be shown as a language writes numbers, where a program lets it."""


class Styles:
    """The formats of a workbook in a language; those of tables by the kind of the column."""

    def __init__(self, book: xlsxwriter.Workbook, spoken: Language = ENGLISH):
        self._book, self._spoken = book, spoken
        warning = {"bold": True, "font_color": WARNING_TEXT}
        accent = {"bold": True, "font_color": ACCENT}
        wrapped = {"text_wrap": True, "valign": "top"}
        box = {"bg_color": TINT, **wrapped}
        self.title = self._format({**accent, "font_size": 18, "valign": "vcenter"})
        self.heading = self._format({**accent, "font_size": 12})
        self.note = self._format({"italic": True, "font_color": GREY})
        self.wrapped_note = self._format({"italic": True, "font_color": GREY, **wrapped})
        self.indented_note = self._format({"italic": True, "font_color": GREY, "indent": 1, **wrapped})
        self.text = self._format(wrapped)
        self.strong = self._format({"bold": True, **wrapped})
        self.box = self._format(box)
        self.strong_box = self._format({"bold": True, **box})
        self.box_heading = self._format({**accent, **box})
        self.sign = self._format({**wrapped, "border": 1, "border_color": ACCENT})
        self.group = self._format({**accent, "bg_color": TINT, "valign": "vcenter"})
        self.small = self._format({"font_color": GREY})
        self.warning = self._format(warning)
        self.banner = self._format({**warning, "font_size": 12, "bg_color": WARNING_FILL, "valign": "vcenter"})
        self.good = self._format({"bold": True, "font_color": "#1B5E20", "bg_color": "#E3F4E4", **wrapped})
        self.bad = self._format({"bold": True, "font_color": "#FFFFFF", "bg_color": "#B3261E", **wrapped})
        head = {"bold": True, "font_color": "white", "bg_color": ACCENT, **wrapped}
        body = {"valign": "top", "bottom": 1, "bottom_color": HAIRLINE}
        total = {"bold": True, "top": 1, "top_color": ACCENT, "bg_color": TINT, "valign": "top"}
        entry = {"bg_color": INPUT_FILL, "border": 1, "border_color": ACCENT, "locked": False, "valign": "top"}
        self.head = {kind: self._format(head | _alignment(kind)) for kind in NUMBER_FORMATS}
        self.body, self.total, self.entry = map(self._by_kind, (body, total, entry))
        self.offered = self._by_kind({**body, "italic": True, "font_color": GREY})

    def _by_kind(self, form: dict[str, Any]) -> dict[Kind, Format]:
        return {kind: self._format(form | _alignment(kind) | self._number(kind)) for kind in NUMBER_FORMATS}

    def _format(self, form: dict[str, Any]) -> Format:
        return self._book.add_format(form)

    def _number(self, kind: Kind) -> dict[str, Any]:
        if kind in ("text", "hash"):
            return {"num_format": NUMBER_FORMATS[kind], "text_wrap": kind == "text"}
        shown = NUMBER_FORMATS[kind]
        if self._spoken.code == "fr":
            shown = shown.replace("%", '"\u202f"%')
        parts = [part if part.startswith('"') else _LOCALES[self._spoken.code] + part for part in shown.split(";")]
        return {"num_format": ";".join(parts)}


def _alignment(kind: Kind) -> dict[str, Any]:
    return {"align": "left", "indent": 1} if kind in ("text", "hash") else {"align": "right"}
