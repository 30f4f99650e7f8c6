from collections.abc import Callable

from attribkit.explanation import Explanation
from attribkit.render.bands import meaning, ranges
from attribkit.render.layout import Scale, scales


def test_the_scale_reaches_as_far_as_the_bands(banded: Explanation) -> None:
    (scale,) = scales([banded]).values()
    assert scale.limit == 4.0
    horrible, bad = ranges(banded.scores, scale)
    assert (horrible.low, horrible.own, horrible.high) == (-1.0, 2.0, 4.0) and horrible.words == "−1.00 to +4.00"
    assert [bad.share(score) for score in (bad.low, bad.own, bad.high)] == [-0.5, -0.5, -0.25]


def test_only_a_band_that_can_be_seen_is_drawn(banded: Explanation) -> None:
    assert [one.still for one in ranges(banded.scores, Scale(4.0, 1))] == [False, False]
    assert [one.still for one in ranges(banded.scores, Scale(1000.0, 1))] == [True, True]
    assert [one.share(1.0) for one in ranges(banded.scores, Scale(0.0, 1))] == [0.0, 0.0]


def test_scores_with_one_baseline_have_no_bands(explained: Callable[..., Explanation]) -> None:
    panel = explained("good").scores
    assert ranges(panel, Scale(1.0, 1)) == [] and meaning(panel) == ""
