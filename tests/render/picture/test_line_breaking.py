from attribkit.render.picture.line_breaking import typeset
from attribkit.render.preparation.spans import Span


def test_lines_break_at_words_and_keep_joined_tokens_together() -> None:
    def lines(text: list[tuple[str, int | None]], width: float) -> list[str]:
        set_ = typeset([Span(t, n) for t, n in text], lambda s: float(len(s)), lambda s: s, width)
        return ["".join(span.text for span in line) for line in set_]

    assert lines([("did", 0), ("n't", 1), (" ", None), ("go", 2), ("!", 3)], 8) == ["didn't", "go!"]
    assert lines([("abcdefghij", 0), (" ", None), ("k", 1)], 4) == ["abcd", "efgh", "ij k"]
    assert lines([("中", 0), ("文", 1), ("電", 2)], 2) == ["中文", "電"]
    assert lines([("a", 0), ("\n\n b", None)], 9) == ["a", "", " b"]
