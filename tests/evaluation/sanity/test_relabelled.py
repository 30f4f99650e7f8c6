"""Scores must change with what the labels taught, more than with the seed alone."""

import pytest

from attribkit.evaluation.sanity.relabelled import relabelled
from attribkit.results.panels import Table


def test_a_network_of_shuffled_labels_is_explained_otherwise() -> None:
    found = relabelled(texts=40)
    assert found.accuracy[0] > 0.7 and found.accuracy[2] > 0.7
    assert 0.2 < found.accuracy[1] < 0.8
    again, shuffled = found.estimate("again"), found.estimate("shuffled")
    assert again.low > shuffled.high
    assert abs(shuffled.mean) < 0.5
    assert list(found.to_frame()["trained_on"]) == ["the true labels, another seed", "shuffled labels"]
    (panel,) = found.panels()
    assert isinstance(panel, Table)
    assert found.convergence.total == 3 * 40 and found.convergence.sentence in panel.notes
    with pytest.raises(ValueError, match="`which` must be 'shuffled' or 'again'"):
        found.estimate("true")
