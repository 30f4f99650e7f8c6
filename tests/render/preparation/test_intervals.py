from collections.abc import Callable
from dataclasses import replace

import numpy as np
from render.picture.test_token_scores import said
from render.reading import Page
from render.test_terminal import printed

from attribkit.render import html, latex, picture
from attribkit.render.preparation.intervals import intervals, meaning
from attribkit.render.preparation.scales import Scale, scales
from attribkit.results.explanation import Explanation
from attribkit.serve.live import live


def test_the_scale_reaches_as_far_as_the_bands(banded: Explanation) -> None:
    (scale,) = scales([banded]).values()
    assert scale.limit == 4.0
    horrible, bad = intervals(banded.token_scores, scale)
    assert (horrible.low, horrible.own, horrible.high) == (-1.0, 2.0, 4.0) and horrible.words == "−1.00 to +4.00"
    assert [bad.share(score) for score in (bad.low, bad.own, bad.high)] == [-0.5, -0.5, -0.25]


def test_only_a_band_that_can_be_seen_is_drawn(banded: Explanation) -> None:
    assert [one.still for one in intervals(banded.token_scores, Scale(4.0, 1))] == [False, False]
    assert [one.still for one in intervals(banded.token_scores, Scale(1000.0, 1))] == [True, True]
    assert [one.share(1.0) for one in intervals(banded.token_scores, Scale(0.0, 1))] == [0.0, 0.0]


def test_scores_with_one_baseline_have_no_bands(explained: Callable[..., Explanation]) -> None:
    panel = explained("good").token_scores
    assert intervals(panel, Scale(1.0, 1)) == [] and meaning(panel) == ""


def test_drawn_scores_have_the_spread_of_their_draws_for_a_band(sampled: Explanation) -> None:
    panel = sampled.token_scores
    horrible, bad = intervals(panel, Scale(2.0, 1))
    assert (horrible.low, horrible.own, horrible.high) == (1.0, 2.0, 3.0) and horrible.words == "+1.00 to +3.00"
    assert (bad.low, bad.high) == (-2.5, -1.5) and bad.share(bad.low) == -1.0
    assert "where its score would lie with other draws in 95 % of cases" in meaning(panel)
    assert intervals(replace(panel, draws=0, converged=True), Scale(2.0, 1)) == []


def test_several_baselines_are_drawn_before_the_spread(banded: Explanation) -> None:
    both = replace(banded.token_scores, converged=None, draws=9, spread=np.ones(2))
    assert intervals(both, Scale(4.0, 1)) == intervals(banded.token_scores, Scale(4.0, 1))
    assert meaning(both) == meaning(banded.token_scores)


VERDICT = "sampled: 300 draws, spread ± 0.75 (95 %) a token; in all 38 % of Σ|scores|"


def test_every_format_says_that_scores_were_drawn_and_gives_no_sign_for_adding_up(sampled: Explanation) -> None:
    shown = {
        "html": " ".join(Page(html.page([sampled])).words.split()),
        "picture": said(picture.figure([sampled])),
        "rows": said(picture.figure([sampled, sampled])),
        "terminal": " ".join(printed(sampled).split()),
        "live": " ".join(live(sampled)["verdict"].values()),
    }
    for name, words in shown.items():
        assert VERDICT in words and "±" in words, name
        assert (
            "✓" not in words and "scores sum to the model’s output" not in words and "did not converge" not in words
        ), name
    source = latex.fragment([sampled])
    assert (
        r"sampled: 300 draws{,} spread $\pm$ 0.75 (95 \%) a token; in all 38 \% of $\Sigma$\textbar{}scores" in source
    )
    assert "lowest to highest score with other draws (95 \\%): horrible +1.00 to +3.00" in source
    assert live(sampled)["verdict"]["icon"] == "±" and live(sampled)["between"] == ["+1.00 to +3.00", "−2.50 to −1.50"]
    assert "± 0.750 in the mean, at most ± 1.00" in shown["html"]
    assert "band: its score ± the spread of the draws" in shown["picture"]


def test_every_format_names_the_criterion_that_failed(explained: Callable[..., Explanation]) -> None:
    moving = explained("horrible bad", [2.0, -2.0], converged=False, rule_change=0.01)
    verdict = "did not converge: scores sum to the model’s output, but still move by 2.5e-03 > 0.0001 after 64 steps"
    words = " ".join(Page(html.page([moving])).words.split())
    assert verdict in words and "0.0100 (2.5e-03 of the scores' size)" in words
    assert verdict in " ".join(said(picture.figure([moving])).split()) and verdict in " ".join(printed(moving).split())
    assert live(moving)["verdict"] == {"icon": "!", "tone": "bad", "words": verdict, "short": "did not converge"}
    assert "but still move by 2.5e{-}03" in latex.fragment([moving])


def test_an_end_beyond_the_scale_is_not_drawn_as_an_end(sampled: Explanation) -> None:
    horrible, bad = intervals(sampled.token_scores, Scale(2.0, 1))
    assert (horrible.cut(horrible.low), horrible.cut(horrible.high)) == (False, True)
    assert "left:75.00%;width:25.00%;border-right-width:0" in html.page([sampled])
    assert "left:0.00%;width:12.50%;border-left-width:0" in html.page([sampled])
    assert (bad.cut(bad.low), bad.cut(bad.high)) == (True, False)
