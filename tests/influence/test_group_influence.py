"""Groups of training rows, against a slow refit without them."""

from functools import cache

import pytest
from reference import refitted_layer

import attribkit as ak
from attribkit.influence import RefittedLayer, group_influence
from attribkit.last_layer.features import with_bias
from attribkit.results.panels import Table

TEXTS = ["A great film", "It was a horrible movie"]


@cache
def layer() -> RefittedLayer:
    rows = ak.load_dataset("demo").sample(60).train
    rows = rows.assign(source=["web", "print", "radio"] * 20, alone="all")
    return RefittedLayer.of(ak.load("imdb-cnn", "cpu"), rows, l2=0.05, other_rows=True, checked=0)


@pytest.mark.parametrize("by", ["source", "label"])
def test_an_effect_is_what_a_refit_without_the_group_loses(by: str) -> None:
    result = group_influence(layer(), TEXTS, by=by, target="pos")
    names = layer().rows.table.loc[layer().rows.rows, by].to_numpy()
    own = with_bias(layer().read(TEXTS).values)
    for number in range(len(TEXTS)):
        table = result.to_frame(number)
        assert table["effect (log-odds)"].is_monotonic_decreasing and table["rows"].sum() == 60
        for row in table.to_dict("records"):
            kept = names != row["group"]
            values, labels = with_bias(layer().features.values[kept]), layer().rows.labels[kept]
            without = refitted_layer(values, labels, 2, layer().regression.penalty) @ own[number]
            before = layer().regression.logits(own[number : number + 1])[0]
            change = (before[1] - before[0]) - (without[1] - without[0])
            assert row["effect (log-odds)"] == pytest.approx(change, abs=1e-8)


def test_a_class_speaks_for_itself_and_the_largest_groups_are_shown() -> None:
    table = group_influence(layer(), TEXTS[0], target="pos").to_frame()
    assert table["group"].tolist() == ["pos", "neg"] and table["effect (log-odds)"][0] > 0
    printed = repr(group_influence(layer(), TEXTS[0], target="pos"))
    assert all(f"  {row.group}  {row.rows}  " in printed for row in table.itertuples())
    few = group_influence(layer(), TEXTS[0], by="source", most=2)
    (panel,) = few.panels()
    assert isinstance(panel, Table) and len(panel.rows) == 2
    assert "the 2 groups of most rows are shown, of 3" in panel.notes


def test_what_is_no_group_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`by` must be a column of the training rows, text, label, .*, got 'author'"):
        group_influence(layer(), TEXTS[0], by="author")
    with pytest.raises(ValueError, match="groups were expected in the column 'alone', it holds only 'all'"):
        group_influence(layer(), TEXTS[0], by="alone")
    with pytest.raises(ValueError, match="`most` must be at least 1 group, got 0"):
        group_influence(layer(), TEXTS[0], most=0)
