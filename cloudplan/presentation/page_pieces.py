"""A page in pieces, each at its place: every text, and every element with its attributes; blanks do not count."""

from collections import Counter
from html.parser import HTMLParser

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_MOST = 100
"""How deep elements may stand in one another; in a page of ours it is a dozen."""


def pieces_of(text: str, left_out: str) -> dict[str, str]:
    """Return the texts and attributes of a page by their place; the block of data with an id is left out."""
    reader = _Pieces(left_out)
    reader.feed(text)
    reader.close()
    return reader.pieces


class _Pieces(HTMLParser):
    """Notes where each piece stands: the elements around it, each with its number among those of its name."""

    def __init__(self, left_out: str) -> None:
        super().__init__()
        self.pieces: dict[str, str] = {}
        self.left_out = left_out
        self.path: list[str] = []
        self.names: list[str] = []
        self.counts: list[Counter[str]] = [Counter()]
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)
        if tag not in _VOID and len(self.path) < _MOST:
            self.path.append(self._step(tag, attrs))
            self.names.append(tag)
            self.counts.append(Counter())
            self.inside = tag == "script" and ("id", self.left_out) in attrs

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self.inside = False
        if tag in self.names:
            while self.names.pop() != tag:
                self.path.pop()
                self.counts.pop()
            self.path.pop()
            self.counts.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not self.inside:
            self._put("text", " ".join(data.split()))

    def handle_comment(self, data: str) -> None:
        self._put("comment", " ".join(data.split()))

    def handle_decl(self, decl: str) -> None:
        self._put("declaration", " ".join(decl.split()).lower())

    def unknown_decl(self, data: str) -> None:
        self._put("declaration", data)

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[-1][tag] += 1
        written = " ".join(f'{name}="{value or ""}"' for name, value in sorted(attrs, key=lambda pair: pair[0]))
        self.pieces["/".join((*self.path, self._step(tag, attrs)))] = f"<{tag} {written}>" if written else f"<{tag}>"

    def _step(self, tag: str, attrs: list[tuple[str, str | None]]) -> str:
        named = dict(attrs).get("id")
        return f"{tag}[{self.counts[-1][tag]}]" + (f"#{named}" if named else "")

    def _put(self, what: str, text: str) -> None:
        self.counts[-1][what] += 1
        number = self.counts[-1][what]
        self.pieces["/".join((*self.path, what if number == 1 else f"{what}[{number}]"))] = text
