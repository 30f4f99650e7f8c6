import pandas as pd
import pytest

from attribkit.evaluation.learning_curve import learning_curve
from attribkit.results.panels import Chart


def history(val_loss: list[float], frozen: int) -> pd.DataFrame:
    epochs = range(1, len(val_loss) + 1)
    return pd.DataFrame(
        {
            "epoch": epochs,
            "train_loss": [1 / epoch for epoch in epochs],
            "val_loss": val_loss,
            "frozen": [epoch <= frozen for epoch in epochs],
        }
    )


def test_both_losses_are_drawn_over_the_epochs_with_the_best_and_the_unfreezing_marked() -> None:
    chart = learning_curve(history([0.6, 0.5, 0.3, 0.4], frozen=2))
    assert isinstance(chart, Chart)
    training, validation = chart.series
    assert (training.name, validation.name) == ("training", "validation")
    assert training.x.tolist() == validation.x.tolist() == [1, 2, 3, 4]
    assert training.y.tolist() == [1, 1 / 2, 1 / 3, 1 / 4]
    assert validation.y.tolist() == [0.6, 0.5, 0.3, 0.4]
    assert chart.marks == (("best epoch", 3.0), ("embedding unfrozen", 2.0))
    assert chart.x_label == "epoch" and "nats" in chart.y_label


@pytest.mark.parametrize("frozen", [0, 4])
def test_an_embedding_that_never_changed_its_state_is_not_marked(frozen: int) -> None:
    assert learning_curve(history([0.6, 0.5, 0.3, 0.4], frozen)).marks == (("best epoch", 3.0),)


def test_the_first_of_two_equally_good_epochs_is_the_best() -> None:
    assert learning_curve(history([0.6, 0.3, 0.3], 0)).marks == (("best epoch", 2.0),)


def test_one_epoch_is_a_curve() -> None:
    assert learning_curve(history([0.6], 0)).series[0].x.tolist() == [1]


def test_a_history_without_epochs_or_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="the history holds no epoch; train for one at least"):
        learning_curve(history([], 0))
    with pytest.raises(ValueError, match="the history has no column 'val_loss'; give the `history` of a classifier"):
        learning_curve(history([0.5], 0).drop(columns="val_loss"))
