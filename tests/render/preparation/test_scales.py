from collections.abc import Callable

from attribkit.render.preparation.ranking import strongest
from attribkit.render.preparation.scales import scales
from attribkit.results.explanation import Explanation
from attribkit.results.panels import TokenScores


def test_the_strongest_tokens_are_ordered_and_ties_keep_their_place(
    token_scores: Callable[..., TokenScores],
) -> None:
    panel = token_scores("a b c d e", [0.5, -2, 0.5, 0, -1])
    assert strongest(panel, 3) == ([0, 2], [1, 4])


def test_comparable_panels_share_a_scale_and_others_do_not(explained: Callable[..., Explanation]) -> None:
    a, b = explained("one", [1.0]), explained("two", [-3.0])
    found = scales([a, b])
    assert [(found[id(e.panels()[0])].limit, found[id(e.panels()[0])].shared) for e in (a, b)] == [(3.0, 2), (3.0, 2)]
    other = explained("two", [-3.0], unit="probability")
    found = scales([a, other])
    assert [found[id(e.panels()[0])].limit for e in (a, other)] == [1.0, 3.0]
    assert scales([explained("", [])]).popitem()[1].limit == 0.0
