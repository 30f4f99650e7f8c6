"""The heads of a transformer as a picture: a matrix for each, in the scheme's colours."""

from collections.abc import Callable

import numpy as np
from matplotlib.colors import to_rgb

from attribkit.render.picture.page import figure
from attribkit.render.preparation import attention_heads as shared
from attribkit.render.preparation.palette import LIGHT
from attribkit.results.explanation import Explanation
from attribkit.results.panels import AttentionHeads

Build = Callable[..., AttentionHeads]


def test_every_head_has_a_matrix_of_its_weights(attention_heads: Build) -> None:
    panel = attention_heads("good bad film")
    drawn = figure([Explanation("good bad film", None, (panel,), {})])
    images = [np.array(axes.images[0].get_array()) for axes in drawn.axes if axes.images]
    assert len(images) == 6
    for number, image in enumerate(images):
        steps = shared.steps(panel.weights[divmod(number, 3)], shared.limit(panel))
        expected = np.array([[to_rgb(LIGHT.weight(int(step))) for step in row] for row in steps])
        np.testing.assert_allclose(image, expected)
    said = " ".join(text.get_text() for text in drawn.texts)
    assert "layer 1" in said and "head 1" in said and "square root" in said and "Where [CLS] looked most" in said


def test_steps_show_small_weights_and_end_at_the_largest() -> None:
    assert shared.steps(np.array([0.0, 0.0025, 0.25]), 0.25).tolist() == [0, 2, 20]
    assert shared.steps(np.zeros(2), 0.0).tolist() == [0, 0]


def test_the_same_heads_give_the_same_bytes_in_every_format(attention_heads: Build) -> None:
    why = Explanation("good film", None, (attention_heads("good film"),), {})
    assert why.to_png() == why.to_png()
    assert "layer 1" in str(why) and "layer 2" in why.to_latex()
    assert Explanation.from_json(why.to_json()) == why
