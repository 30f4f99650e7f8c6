"""The language of texts is told by their script and their commonest words, or not at all."""

import pytest

from attribkit.text.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("the film was not what I had hoped for and it is too long", "English"),
        ("der Film war nicht das was ich mir erhofft habe und ist zu lang", "German"),
        ("это не то на что я надеялся и фильм был очень длинный", "Russian"),
        ("这部电影太长了不好看", "Chinese"),
        ("xyz qwr", None),
    ],
)
def test_the_language_is_told_by_its_common_words(text: str, language: str | None) -> None:
    assert language_of([text] * 3) == language


def test_a_long_list_is_not_read_to_its_end() -> None:
    assert (
        language_of(["the film was not for you and it is too long"] * 500 + ["это не то на что я надеялся"] * 9_000)
        == "English"
    )
