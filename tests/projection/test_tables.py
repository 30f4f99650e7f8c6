"""The tables name their map, and say class by class what the mixing numbers say together."""

import numpy as np
import pytest

from attribkit.projection.measures import measure
from attribkit.projection.tables import classes_table, pairs_table


def test_classes_stand_with_the_most_mixed_first_and_the_note_names_the_map() -> None:
    random = np.random.default_rng(0)
    # a alone far away; b and c on top of each other
    labels = np.repeat([0, 1, 2], 30)
    points = random.normal(size=(90, 4)) + 50 * (labels == 0)[:, np.newaxis]
    measured = measure(points, points[:, :2], labels)
    table = classes_table(measured, ("a", "b", "c"), "rnn, epoch 2")
    assert {row[0] for row in table.rows[:2]} == {"b", "c"} and table.rows[2][:4] == ("a", 30, 1.0, 1.0)
    assert table.notes[0].endswith("among 90 points of rnn, epoch 2")
    mean = sum(float(row[2] or 0) * int(row[1] or 0) for row in table.rows) / 90
    assert mean == pytest.approx(measured.mixing.agreement_layer, abs=1e-4)
    pairs = pairs_table(measured, ("a", "b", "c"))
    assert pairs is not None and pairs.rows[0][:2] == ("b", "c")
