from collections.abc import Callable

import pytest

from attribkit.render.preparation.sentences import limit, sentences
from attribkit.results.explanation import Explanation


def test_the_sums_are_those_of_the_sentences_tokens_and_together_the_total(sentenced: Explanation) -> None:
    found = sentences(sentenced.token_scores)
    assert [(one.first, one.last, one.total) for one in found] == [(0, 20, 21.0), (21, 41, -10.5), (42, 62, 0.0)]
    assert sum(one.total for one in found) == pytest.approx(sentenced.token_scores.total)
    assert limit(found) == 21.0 and limit([]) == 0.0


@pytest.mark.parametrize(("words", "starts"), [(100, [0, 50]), (59, [0, 20, 40]), (100, [])])
def test_a_short_text_or_two_sentences_need_no_sums(
    explained: Callable[..., Explanation], words: int, starts: list[int]
) -> None:
    assert sentences(explained("word " * words, sentence_starts=starts).token_scores) == []
