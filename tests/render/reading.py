"""Reads a page back: elements with their attributes, texts, tokens."""

from html.parser import HTMLParser

VOID = {"meta", "input", "link", "br", "img"}


class Page(HTMLParser):
    """Reads a page back: elements with classes, texts of the text blocks, token scores."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[tuple[str, dict[str, str | None]]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.tokens: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.elements.append((tag, found))
        if tag in VOID:
            return
        self.stack.append((tag, found))
        if "text" in str(found.get("class")).split():
            self.texts.append("")
        if "data-s" in found:
            self.tokens.append(("", found))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self.stack.pop()
        assert opened == tag, f"<{opened}> is closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        if any(tag == "style" for tag, _ in self.stack):
            return
        self.words += data
        if any("text" in str(attributes.get("class")).split() for _, attributes in self.stack):
            self.texts[-1] += data
        if any("data-s" in attributes for _, attributes in self.stack):
            word, attributes = self.tokens[-1]
            self.tokens[-1] = (word + data, attributes)
