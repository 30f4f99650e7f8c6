from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from attribkit.data import Dataset, load_dataset
from attribkit.training.freezing import Freezing
from attribkit.training.train import train

# Everything that could move a parameter without a gradient is on: momentum, weight decay, a falling rate.
RESTLESS: dict[str, Any] = {
    "embedding_size": 8,
    "filters": 4,
    "learning_rate": 0.02,
    "weight_decay": 0.1,
    "plateau": 0.5,
    "patience": None,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def data() -> Dataset:
    demo = load_dataset("demo")
    return replace(demo, train=demo.train.head(128), validation=demo.validation.head(32), test=demo.test.head(8))


def snapshots(data: Dataset, epochs: int, freeze_epochs: int, **options: Any) -> list[dict[str, Tensor]]:
    classifier = train(
        "cnn", data, snapshots=range(epochs + 1), freeze_epochs=freeze_epochs, epochs=epochs, **RESTLESS | options
    )
    kept = classifier.snapshots
    return [kept[epoch] for epoch in range(epochs + 1)]


@pytest.mark.parametrize("averaging", [None, 0.9])
@pytest.mark.parametrize("freeze_epochs", [0, 1, 2, 3])
def test_the_embedding_is_bit_identical_through_epoch_n_and_moves_after(
    data: Dataset, freeze_epochs: int, averaging: float | None
) -> None:
    kept = snapshots(data, 3, freeze_epochs, averaging=averaging)
    for epoch in range(1, 4):
        before, after = kept[epoch - 1], kept[epoch]
        moved = not torch.equal(before["embedding.weight"], after["embedding.weight"])
        assert moved == (epoch > freeze_epochs)
        assert not torch.equal(before["output.weight"], after["output.weight"])


def test_pretrained_vectors_are_those_of_the_file_through_epoch_n(data: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "vectors.txt"
    file.write_text("film 1 2 3\ngreat 4 5 6.5\ndull -1 0.25 0\n")
    classifier = train(
        "cnn", data, glove=file, freeze_epochs=2, snapshots=[0, 1, 2, 3], epochs=3, **RESTLESS | {"embedding_size": 3}
    )
    vocabulary = classifier.tokenizer.vocabulary  # type: ignore[attr-defined]
    kept = classifier.snapshots
    for epoch in (0, 1, 2):
        rows = kept[epoch]["embedding.weight"]
        assert rows[vocabulary["great"]].tolist() == [4.0, 5.0, 6.5]
        assert rows[vocabulary["dull"]].tolist() == [-1.0, 0.25, 0.0]
    assert kept[3]["embedding.weight"][vocabulary["great"]].tolist() != [4.0, 5.0, 6.5]
    assert classifier.history is not None
    assert classifier.history["frozen"].tolist() == [True, True, False]


def test_the_learning_rate_can_change_where_the_embedding_begins_to_move(data: Dataset) -> None:
    options = RESTLESS | {"plateau": None, "unfrozen_learning_rate": 0.005}
    classifier = train("cnn", data, freeze_epochs=2, epochs=4, **options)
    assert classifier.history is not None
    assert classifier.history["learning_rate"].tolist() == [0.02, 0.02, 0.005, 0.005]
    with pytest.raises(ValueError, match="`unfrozen_learning_rate` needs `freeze_epochs` of at least 1, got 0"):
        train("cnn", data, **options)


def test_every_parameter_takes_gradients_after_training(data: Dataset) -> None:
    classifier = train("cnn", data, freeze_epochs=5, epochs=1, **RESTLESS)
    assert all(parameter.requires_grad for parameter in classifier.network.parameters())


class Line(LightningModule):
    """A network no toolkit of ours knows."""

    def __init__(self) -> None:
        super().__init__()
        self.slope, self.offset = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
        self.fixed = nn.Parameter(torch.ones(1), requires_grad=False)
        self.seen: list[tuple[float, float, float]] = []

    def train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(TensorDataset(torch.ones(2, 1)))

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        return (self.slope * batch[0] + self.offset * self.fixed).square().sum()

    def on_train_epoch_end(self) -> None:
        self.seen.append((self.slope.item(), self.offset.item(), self.fixed.item()))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)


def fit(module: Line, *names: str, epochs: int) -> None:
    quiet: dict[str, Any] = dict.fromkeys(
        ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
    )
    Trainer(max_epochs=4, accelerator="cpu", callbacks=[Freezing(names, epochs)], **quiet).fit(module)


@pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.` is deprecated:FutureWarning")
@pytest.mark.filterwarnings("ignore:The 'train_dataloader' does not have many workers")
@pytest.mark.filterwarnings("ignore:The number of training batches")
def test_any_parameter_of_any_module_can_be_frozen_and_one_that_never_moved_never_does() -> None:
    module = Line()
    fit(module, "slope", "fixed", epochs=2)
    slopes, offsets, fixed = zip(*module.seen, strict=True)
    assert slopes[0] == slopes[1] == 1.0 and slopes[2] != 1.0 and slopes[3] != slopes[2]
    assert len({1.0, *offsets}) == 5
    assert set(fixed) == {1.0}
    assert [p.requires_grad for p in (module.slope, module.offset, module.fixed)] == [True, True, False]


def test_a_parameter_that_does_not_exist_is_refused() -> None:
    with pytest.raises(
        ValueError, match="only parameters can be frozen, there is no 'slop' among slope, offset, fixed"
    ):
        fit(Line(), "slop", epochs=1)
