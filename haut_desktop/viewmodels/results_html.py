"""The platform's descriptions as harmless HTML: text and structure stay, everything else goes."""

from html import escape
from html.parser import HTMLParser
from typing import Final

_KEPT: Final = frozenset(
    {"p", "br", "b", "strong", "i", "em", "u", "sub", "sup", "ul", "ol", "li", "h1", "h2", "h3",
     "h4", "table", "tr", "td", "th", "thead", "tbody", "blockquote", "code", "span", "div"}
)  # fmt: skip
_DROPPED_WHOLE: Final = frozenset({"script", "style", "iframe", "object", "svg", "head", "title"})
_EMPTY: Final = frozenset({"br"})


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED_WHOLE:
            self._silent += 1
        elif tag in _KEPT and not self._silent:
            self.parts.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in _DROPPED_WHOLE:
            self._silent = max(0, self._silent - 1)
        elif tag in _KEPT and tag not in _EMPTY and not self._silent:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(escape(data, quote=False))


def sanitised(html: str) -> str:
    """Keep text and plain structure; no attributes, links, pictures, styles or scripts."""
    cleaner = _Cleaner()
    cleaner.feed(html)
    cleaner.close()
    return "".join(cleaner.parts)
