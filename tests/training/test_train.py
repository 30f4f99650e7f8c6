import random
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from commands import printed
from torch import nn

from attribkit.data import Dataset, load_dataset
from attribkit.errors import InputError
from attribkit.evaluation.performance import evaluate
from attribkit.models import precision
from attribkit.models.classifier import Classifier
from attribkit.models.cnn import TextCNN
from attribkit.models.registry import ARCHITECTURES
from attribkit.text.settings import TextSettings
from attribkit.training.encoding import Batches, Texts, encode
from attribkit.training.lightning_module import TrainingModule, uses_bfloat16
from attribkit.training.objectives import class_weights
from attribkit.training.settings import TrainingSettings, as_json, sort_options
from attribkit.training.train import train

SMALL: dict[str, Any] = {"embedding_size": 8, "filters": 4, "learning_rate": 0.02, "epochs": 3, "device": "cpu"}
SMALL |= {"batch_size": 64, "patience": 2, "word_dropout": 0.0, "averaging": None}


@pytest.fixture(scope="module")
def data() -> Dataset:
    demo = load_dataset("demo")
    return replace(demo, train=demo.train.head(192), validation=demo.validation.head(64), test=demo.test.head(64))


def weights(classifier: Classifier) -> dict[str, torch.Tensor]:
    return classifier.network.state_dict()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def network_of(architecture: str) -> nn.Module:
    network: nn.Module = ARCHITECTURES[architecture].build(vocabulary=3, classes=2)
    return network


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_trains_and_predicts(architecture: str, data: Dataset) -> None:
    sizes: dict[str, Any] = {"filters": 4} if architecture == "cnn" else {"hidden": 4}
    classifier = train(architecture, data, embedding_size=8, epochs=1, device="cpu", **sizes)
    assert classifier.labels == ("neg", "pos")
    assert classifier.name == f"demo-{architecture}"
    assert not classifier.network.training
    predicted = classifier.predict(["A great film.", "dull"])
    assert predicted["label"].isin(["neg", "pos"]).all()


def test_a_network_learns_the_demo_reviews() -> None:
    demo = load_dataset("demo")
    sizes: dict[str, Any] = {"embedding_size": 32, "filters": 32}
    classifier = train("cnn", demo, learning_rate=0.01, epochs=12, seed=1, device="cpu", **sizes)
    assert evaluate(classifier, demo).accuracy > 0.9


def test_the_same_seed_gives_the_same_weights_bit_for_bit_and_another_seed_others(data: Dataset) -> None:
    first, again, other = (train("cnn", data, seed=seed, **SMALL) for seed in (3, 3, 4))
    assert same(weights(first), weights(again))
    assert not same(weights(first), weights(other))
    assert first.history is not None and again.history is not None
    pd.testing.assert_frame_equal(first.history.drop(columns="seconds"), again.history.drop(columns="seconds"))


def test_training_leaves_every_random_state_as_it_was(data: Dataset) -> None:
    random.seed(5)
    np.random.seed(5)
    torch.manual_seed(5)
    expected = random.random(), np.random.rand(), torch.rand(1).item()
    random.seed(5)
    np.random.seed(5)
    torch.manual_seed(5)
    train("cnn", data, **SMALL | {"epochs": 1})
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == expected


def test_the_best_weights_are_restored_as_they_were_not_as_they_became(data: Dataset) -> None:
    # so many epochs that with every torch the loss has long risen again
    options = SMALL | {"learning_rate": 0.3, "epochs": 20, "patience": None}
    classifier = train("cnn", data, snapshots=range(21), **options)
    history = classifier.history
    assert history is not None
    best = classifier.provenance["training"]["best_epoch"]
    last = int(history["epoch"].max())
    assert best == history["epoch"][history["val_loss"].argmin()] < last
    snapshots = classifier.snapshots
    assert same(weights(classifier), snapshots[best])
    assert not same(weights(classifier), snapshots[last])


def test_training_stops_when_the_validation_loss_has_not_fallen_for_as_long_as_patience_lasts(data: Dataset) -> None:
    classifier = train("cnn", data, **SMALL | {"learning_rate": 0.3, "epochs": 30, "patience": 2})
    history = classifier.history
    assert history is not None and len(history) < 30
    assert len(history) - history["epoch"][history["val_loss"].argmin()] == 2


def test_without_patience_every_epoch_is_run(data: Dataset) -> None:
    classifier = train("cnn", data, **SMALL | {"learning_rate": 0.3, "epochs": 7, "patience": None})
    assert classifier.history is not None
    assert classifier.history["epoch"].tolist() == list(range(1, 8))


def test_the_history_says_what_the_classifier_does(data: Dataset) -> None:
    classifier = train("cnn", data, freeze_epochs=1, **SMALL)
    history = classifier.history
    assert history is not None
    assert list(history) == ("epoch train_loss val_loss val_accuracy val_f1 learning_rate seconds frozen".split())
    assert history["frozen"].tolist() == [True, False, False]
    assert (history["learning_rate"] == 0.02).all() and (history["seconds"] > 0).all()
    best = history.loc[history["val_loss"].idxmin()]
    measured = evaluate(classifier, data.validation)
    assert best["val_accuracy"] == pytest.approx(measured.accuracy)
    assert best["val_f1"] == pytest.approx(measured.positive_f1)
    logits = torch.from_numpy(classifier.logits([e.ids for e in classifier.encode(data.validation["text"].tolist())]))
    labels = torch.tensor([classifier.labels.index(label) for label in data.validation["label"]])
    assert best["val_loss"] == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)


def test_the_training_loss_is_the_mean_over_the_texts(data: Dataset) -> None:
    still = SMALL | {"learning_rate": 1e-12, "epochs": 1, "dropout": 0.0, "precision": "float32"}
    classifier = train("cnn", data, **still)
    logits = torch.from_numpy(classifier.logits([e.ids for e in classifier.encode(data.train["text"].tolist())]))
    labels = torch.tensor([classifier.labels.index(label) for label in data.train["label"]])
    assert classifier.history is not None
    assert classifier.history["train_loss"][0] == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_half_precision_learns_what_full_precision_does(architecture: str, data: Dataset) -> None:
    sizes: dict[str, Any] = {"filters": 16} if architecture == "cnn" else {"hidden": 8}
    options: dict[str, Any] = {"embedding_size": 16, "learning_rate": 0.02, "epochs": 2, "dropout": 0.0, **sizes}
    lacking = precision.lacking(network_of(architecture), torch.device("cpu"))
    if lacking is not None:
        with pytest.raises(InputError, match=rf"^precision='bfloat16' needs a layer {lacking} .* precision='float32'$"):
            train(architecture, data, precision="bfloat16", device="cpu", **options)
        return
    losses = []
    for bits in ("float32", "bfloat16"):
        classifier = train(architecture, data, precision=bits, device="cpu", **options)
        assert classifier.history is not None
        assert all(value.dtype == torch.float32 for value in weights(classifier).values())
        losses.append(classifier.history["train_loss"].to_numpy())
    full, half = losses
    assert not np.array_equal(full, half)
    np.testing.assert_allclose(half, full, rtol=0.02)


@pytest.fixture
def without_lstm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with instructions for bfloat16, and a torch without an LSTM in it."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "avx512_bf16": True}, raising=False)
    monkeypatch.setattr(precision, "trains_in_bfloat16", lambda kind, device: kind is not nn.LSTM)


@pytest.mark.parametrize(("architecture", "cell"), [("lstm", {}), ("attention-rnn", {"cell": "lstm"})])
@pytest.mark.usefixtures("without_lstm")
def test_bfloat16_is_refused_at_the_door_where_a_layer_lacks_it(
    architecture: str, cell: dict[str, Any], data: Dataset, tmp_path: Path
) -> None:
    sentence = r"^precision='bfloat16' needs a layer LSTM that trains in bfloat16, .*; train with precision='float32'$"
    with pytest.raises(InputError, match=sentence):
        train(architecture, data, precision="bfloat16", device="cpu", out=tmp_path / "m", glove="no such file", **cell)
    assert not (tmp_path / "m").exists()


@pytest.mark.usefixtures("without_lstm")
def test_auto_trains_in_full_precision_where_a_layer_lacks_the_other(data: Dataset) -> None:
    options: dict[str, Any] = {"embedding_size": 8, "hidden": 4, "epochs": 1, "device": "cpu"}
    one, other = (train("lstm", data, precision=bits, **options) for bits in ("auto", "float32"))
    assert same(weights(one), weights(other))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_auto_is_half_precision_only_where_the_processor_is_built_for_it(
    architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, network = torch.device("cpu"), network_of(architecture)
    for has in (True, False):
        named = {"avx2": True, "avx512_bf16": has}
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda named=named: named, raising=False)
        assert uses_bfloat16("auto", network, device) is (has and precision.lacking(network, device) is None)
        assert uses_bfloat16("bfloat16", network, device) and not uses_bfloat16("float32", network, device)


def test_auto_is_full_precision_where_torch_is_too_old_to_say_what_the_processor_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not uses_bfloat16("auto", network_of("cnn"), torch.device("cpu"))


def test_a_loss_that_becomes_nan_stops_and_the_last_good_weights_are_kept(data: Dataset, tmp_path: Path) -> None:
    options = SMALL | {"freeze_epochs": 1, "unfrozen_learning_rate": 1e38}
    sentence = (
        r"the loss became (nan|inf) at step \d+ in epoch 2 with learning rate 1e\+38; lower `learning_rate` or "
        r"`gradient_clip` and check the vectors \(the weights of epoch 1 are saved in '.*model'\)"
    )
    with pytest.raises(RuntimeError, match=sentence):
        train("cnn", data, out=tmp_path / "model", **options)
    good = train("cnn", data, **SMALL | {"epochs": 1, "freeze_epochs": 1})
    assert same(weights(Classifier.load(tmp_path / "model", "cpu")), weights(good))
    with pytest.raises(RuntimeError, match="no epoch was over, so no weights were kept"):
        train("cnn", data, out=tmp_path / "other", **SMALL | {"learning_rate": 1e38})
    assert not (tmp_path / "other").exists()


def test_the_learning_rate_falls_on_a_plateau(data: Dataset) -> None:
    classifier = train("cnn", data, **SMALL | {"learning_rate": 0.3, "epochs": 8, "patience": None, "plateau": 0.5})
    history = classifier.history
    assert history is not None
    rate, lowest = 0.3, np.inf
    for row in history.itertuples():
        assert row.learning_rate == pytest.approx(rate)
        if row.val_loss >= lowest:
            rate *= 0.5
        lowest = min(lowest, row.val_loss)
    assert rate < 0.3


def test_words_are_blanked_in_the_share_asked_for_and_only_while_training(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: dict[bool, list[torch.Tensor]] = {True: [], False: []}
    forward = TextCNN.forward

    def watched(network: TextCNN, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        read[network.training].append(ids[mask])
        return forward(network, ids, mask)

    monkeypatch.setattr(TextCNN, "forward", watched)
    blanked = train("cnn", data, **SMALL | {"epochs": 1, "word_dropout": 0.3})
    seen = torch.cat(read[True])
    share = (seen == blanked.tokenizer.pad_id).double().mean().item()
    assert share == pytest.approx(0.3, abs=4 * (0.3 * 0.7 / len(seen)) ** 0.5)  # four standard errors
    assert not (torch.cat(read[False]) == blanked.tokenizer.pad_id).any()


def test_blanked_words_are_drawn_from_the_seed_and_none_are_if_none_shall_be(data: Dataset) -> None:
    first, again, none, plain = (train("cnn", data, **SMALL | {"word_dropout": share}) for share in (0.2, 0.2, 0, 0.0))
    assert same(weights(first), weights(again)) and same(weights(none), weights(plain))
    assert not same(weights(first), weights(plain))
    chosen = {name: value for name, value in SMALL.items() if name != "word_dropout"}
    usual = train("cnn", data, **chosen)
    share = usual.provenance["training"]["word_dropout"]
    assert share > 0 and same(weights(usual), weights(train("cnn", data, **SMALL | {"word_dropout": share})))


def test_what_is_kept_is_the_moving_average_of_every_step_s_weights(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[dict[str, torch.Tensor]] = []
    update = TrainingModule.on_train_batch_end

    def watched(module: TrainingModule, *arguments: Any) -> None:
        steps.append({name: tensor.clone() for name, tensor in module.network.state_dict().items()})
        update(module, *arguments)

    monkeypatch.setattr(TrainingModule, "on_train_batch_end", watched)
    found = weights(train("cnn", data, **SMALL | {"epochs": 1, "averaging": 0.9}))
    for name, tensor in found.items():
        by_hand = steps[0][name].double()
        for step in steps[1:]:
            by_hand = 0.9 * by_hand + 0.1 * step[name].double()
        torch.testing.assert_close(tensor.double(), by_hand, rtol=1e-5, atol=1e-7)
        assert not torch.equal(tensor, steps[-1][name])


def test_averaging_is_what_is_validated_and_leaves_what_is_learned_as_it_was(data: Dataset) -> None:
    plain, averaged = (train("cnn", data, **SMALL | {"averaging": decay}) for decay in (None, 0.9))
    assert plain.history is not None and averaged.history is not None
    assert plain.history["train_loss"].equals(averaged.history["train_loss"])
    best = averaged.history.loc[averaged.history["val_loss"].idxmin()]
    assert evaluate(averaged, data.validation).accuracy == pytest.approx(best["val_accuracy"])
    assert not plain.history["val_loss"].equals(averaged.history["val_loss"])


def test_balanced_class_weights_make_every_class_weigh_the_same() -> None:
    texts = Texts([np.array([2])] * 4, np.array([0, 1, 1, 1]), 0)
    found = class_weights(texts.labels)
    assert found.tolist() == [2.0, 4 / 6]
    assert found[0] * 1 == found[1] * 3


def test_class_weights_raise_the_recall_of_a_rare_label(data: Dataset) -> None:
    rare = data.train[data.train["label"] == "neg"].head(10)
    uneven = replace(data, train=pd.concat([rare, data.train[data.train["label"] == "pos"]], ignore_index=True))
    plain, balanced = (
        evaluate(train("cnn", uneven, class_weights=choice, **SMALL), data.train).recall[0]
        for choice in (None, "balanced")
    )
    assert balanced > plain


def test_the_padding_row_stays_zero(data: Dataset) -> None:
    classifier = train("cnn", data, weight_decay=0.1, **SMALL)
    assert not classifier.network.embedding.weight[0].any()
    assert classifier.network.embedding.weight[2:].any(1).all()


def test_texts_are_cropped_only_while_training(data: Dataset) -> None:
    classifier = train("cnn", data, max_train_length=5, **SMALL)
    assert len(classifier.encode([data.test["text"][0]])[0].ids) > 5
    assert any("cropped to 5 tokens" in note for note in classifier.provenance["training"]["notes"])
    texts = Texts([np.arange(1, 9), np.arange(1, 3)], np.array([0, 1]), 0)
    assert [row.tolist() for row in texts.cropped(3, "end").ids] == [[1, 2, 3], [1, 2]]
    assert [row.tolist() for row in texts.cropped(3, "start").ids] == [[6, 7, 8], [1, 2]]
    assert texts.cropped(None, "end") is texts


def test_batches_hold_every_text_once_and_keep_to_the_budget() -> None:
    generator = np.random.default_rng(0)
    lengths = generator.integers(1, 60, 200)
    texts = Texts([np.full(n, i + 1) for i, n in enumerate(lengths)], np.arange(200), 0)
    batches = Batches(texts, 16, 256, seed=1)
    seen = []
    for ids, mask, labels in batches:
        assert ids.shape == mask.shape and len(ids) <= 16 and ids.numel() <= 256
        assert torch.equal(ids != 0, mask) and torch.equal(mask.sum(1), torch.from_numpy(lengths)[labels])
        assert torch.equal(ids[:, 0], labels + 1)
        seen += labels.tolist()
    assert sorted(seen) == list(range(200)) and len(batches) == len(list(batches))
    assert seen != [label for _, _, labels in Batches(texts, 16, 256, seed=2) for label in labels.tolist()]


def test_batches_come_in_few_shapes_and_little_padding() -> None:
    lengths = np.random.default_rng(0).integers(1, 401, 5_000)
    texts = Texts([np.full(n, 2) for n in lengths], np.zeros(5_000, dtype=np.int64), 0)
    shapes = [tuple(ids.shape) for ids, _, _ in Batches(texts, 64, 32_768, seed=0)]
    assert len({length for _, length in shapes}) <= 54 and max(length for _, length in shapes) <= 416
    assert sum(rows * length for rows, length in shapes) < 1.12 * lengths.sum()
    titles = Texts([np.full(n, 2) for n in range(1, 17)], np.zeros(16, dtype=np.int64), 0)
    assert {ids.shape[1] for ids, _, _ in Batches(titles, 1, 100)} == set(range(1, 17))


def test_texts_without_a_token_are_left_out_and_counted(data: Dataset) -> None:
    extra = pd.DataFrame({"text": ["!!!", "..."], "label": ["neg", "pos"]})
    odd = replace(data, train=pd.concat([data.train, extra], ignore_index=True))
    classifier = train("cnn", odd, text_settings=TextSettings(remove_non_alphanumeric=True), **SMALL)
    assert "2 training texts held no token and were left out" in classifier.provenance["training"]["notes"]
    assert len(encode(classifier.tokenizer, odd.train, odd.labels)) == 192  # type: ignore[arg-type]


def test_the_provenance_says_where_the_model_came_from(data: Dataset) -> None:
    classifier = train("cnn", data, seed=2, name="my model", **SMALL)
    provenance = classifier.provenance
    assert classifier.name == "my model"
    assert provenance["data"]["fingerprint"] == data.fingerprint
    assert provenance["data"]["rows"] == {"train": 192, "validation": 64, "test": 64}
    assert provenance["training"]["seed"] == 2 and provenance["training"]["learning_rate"] == 0.02
    assert provenance["training"]["best_epoch"] in (1, 2, 3)
    assert provenance["data"]["licence"] == "not known"
    assert provenance["versions"]["torch"] == version("torch")
    assert provenance["metrics"] == {} and "vectors" not in provenance


def test_training_writes_nothing_but_the_model_and_only_into_its_folder(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    out = tmp_path / "deep" / "model"
    classifier = train("cnn", data, out=out, snapshots=[0, 2], **SMALL)
    assert not list(elsewhere.iterdir())
    assert sorted(file.name for file in out.iterdir()) == [
        "README.md", "config.json", "history.csv", "snapshots", "splits.safetensors", "tokenizer.json",
        "weights.safetensors",
    ]  # fmt: skip
    assert sorted(file.name for file in (out / "snapshots").iterdir()) == [
        "epoch-000.safetensors", "epoch-002.safetensors",
    ]  # fmt: skip
    loaded = Classifier.load(out, device="cpu")
    assert same(weights(loaded), weights(classifier))
    assert str(tmp_path) not in (out / "config.json").read_text()
    kept = train("cnn", data, snapshots=[0, 2], **SMALL).snapshots
    written = classifier.snapshots
    assert kept.keys() == written.keys() == {0, 2} and all(same(kept[epoch], written[epoch]) for epoch in kept)


def test_a_snapshot_that_training_never_came_to_is_reported(data: Dataset) -> None:
    options = SMALL | {"learning_rate": 0.3, "epochs": 30, "patience": 1}
    classifier = train("cnn", data, snapshots=[30], **options)
    assert "no snapshot of epoch 30: training had stopped before" in classifier.provenance["training"]["notes"]


def test_a_model_in_the_way_is_kept_unless_it_may_be_replaced(data: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "model"
    before = train("cnn", data, out=out, snapshots=[0], **SMALL)
    with pytest.raises(FileExistsError, match="already holds a model; choose another folder or replace it"):
        train("cnn", data, out=out, **SMALL)
    assert same(weights(Classifier.load(out, device="cpu")), weights(before))
    after = train("cnn", data, out=out, overwrite=True, seed=9, **SMALL)
    assert same(weights(Classifier.load(out, device="cpu")), weights(after))
    assert not (out / "snapshots").exists()


def test_a_folder_that_cannot_be_written_is_refused_before_training(data: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match=r"a folder was expected, but .*file.* is a file"):
        train("cnn", data, out=tmp_path / "file" / "model", **SMALL)


def test_a_diverging_loss_stops_with_the_step_the_rate_and_advice(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"became (nan|inf) .*learning rate 1e\+20; lower `learning_rate`.*no epoch"):
        train("cnn", data, out=tmp_path / "model", **SMALL | {"learning_rate": 1e20})
    assert not (tmp_path / "model").exists()


def test_a_diverging_loss_keeps_the_last_good_weights(data: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "model"
    # one step an epoch and a doubling stride: finite at first, beyond all numbers soon
    options = SMALL | {"learning_rate": 2e11, "batch_size": 1_000, "epochs": 200, "patience": None, "dropout": 0.0}
    with pytest.raises(RuntimeError, match="the weights of epoch 1 are saved in") as raised:
        train("cnn", data, out=out, **options)
    assert "step" in str(raised.value) or "after epoch" in str(raised.value)
    saved = Classifier.load(out, device="cpu")
    assert all(tensor.isfinite().all() for tensor in weights(saved).values())
    assert any(note.startswith("stopped: the") for note in saved.provenance["training"]["notes"])
    assert not (out / "training").exists()
    with pytest.raises(RuntimeError, match="give `out` to keep the weights of the best epoch"):
        train("cnn", data, **options)


def test_one_class_only_is_refused(data: Dataset) -> None:
    one = data.train[data.train["label"] == "pos"].reset_index(drop=True)
    with pytest.raises(
        ValueError, match="training needs at least two classes, the training texts of 'demo' have 'pos'"
    ):
        train("cnn", replace(data, train=one), **SMALL)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_label_unseen_in_training_is_refused(data: Dataset, split: str) -> None:
    odd = getattr(data, split).assign(label=["mixed", *getattr(data, split)["label"][1:]])
    with pytest.raises(
        ValueError, match=f"the {split} texts have labels that training does not: 'mixed'; training has"
    ):
        train("cnn", replace(data, **{split: odd}), **SMALL)


def test_an_empty_validation_split_is_refused(data: Dataset) -> None:
    with pytest.raises(ValueError, match="the validation split holds no text"):
        train("cnn", replace(data, validation=data.validation.head(0)), **SMALL)


def test_vectors_of_another_width_are_refused_before_a_step(data: Dataset, tmp_path: Path) -> None:
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("good 1 2 3\nbad -1 -2 -3\n")
    sentence = (
        r"the vectors in vectors.txt are 3 wide, `embedding_size` is 8; leave `embedding_size` out, or reduce them "
        "with `vector_size`"
    )
    with pytest.raises(ValueError, match=sentence):
        train("cnn", data, glove=vectors, out=tmp_path / "model", **SMALL)
    assert not (tmp_path / "model").exists()


def test_texts_without_labels_are_refused() -> None:
    for texts in (["a film"], pd.Series(["a film"])):
        with pytest.raises(TypeError, match=r"`data` must be labelled texts, got .*; give a table .*load_dataset"):
            train("cnn", texts)
    with pytest.raises(ValueError, match=r"is neither a known data set .*; did you mean 'imdb'"):
        train("cnn", "imbd")


def test_a_table_and_a_file_are_trained_on_as_the_data_set_made_of_them(tmp_path: Path) -> None:
    rows = {"body": [f"film {word} {n}" for n in range(20) for word in ("good", "bad")], "mark": ["pos", "neg"] * 20}
    table = pd.DataFrame(rows)
    table.to_csv(tmp_path / "x.csv", index=False)
    wanted = train("cnn", load_dataset(table, text="body", label="mark"), **SMALL).fingerprint()
    for given in (table, str(tmp_path / "x.csv"), tmp_path / "x.csv"):
        assert train("cnn", given, **SMALL).fingerprint() == wanted  # the columns are guessed
        assert train("cnn", given, text="body", label="mark", **SMALL).fingerprint() == wanted
    with pytest.raises(ValueError, match="a Dataset has been read; leave them out"):
        train("cnn", load_dataset(table), text="body")


def test_an_unknown_architecture_names_the_known_and_the_near(data: Dataset) -> None:
    with pytest.raises(
        ValueError, match=r"one of cnn, attention-rnn, lstm, got 'atention-rnn'; did you mean 'attention"
    ):
        train("atention-rnn", data)


@pytest.mark.parametrize(
    ("option", "kind", "sentence"),
    [
        ({"learning_rat": 0.1}, TypeError, "has no option 'learning_rat'; did you mean 'learning_rate'"),
        ({"hidden": 5}, TypeError, "training 'cnn' has no option 'hidden'"),
        ({"vocabulary": 5}, TypeError, "decided by the data and cannot be set; limit the vocabulary"),
        ({"epochs": 0}, ValueError, "`epochs` must be at least 1, got 0"),
        ({"epochs": "3"}, TypeError, "`epochs` must be an integer, got '3'"),
        ({"batch_size": True}, TypeError, "`batch_size` must be an integer, got True"),
        ({"learning_rate": -1.0}, ValueError, "`learning_rate` must be above 0, got -1.0"),
        ({"learning_rate": float("nan")}, ValueError, "`learning_rate` must be above 0, got nan"),
        ({"averaging": 1}, ValueError, "`averaging` must be above 0 and below 1, got 1"),
        ({"word_dropout": 1.0}, ValueError, "`word_dropout` must be above 0 and below 1, got 1.0"),
        ({"plateau": 2.0}, ValueError, "`plateau` must be above 0 and below 1, got 2.0"),
        ({"class_weights": "even"}, ValueError, "`class_weights` must be 'balanced' or None, got 'even'"),
        ({"precision": "half"}, ValueError, "`precision` must be 'auto', 'bfloat16' or 'float32', got 'half'"),
        ({"snapshots": [3, 99]}, ValueError, "`snapshots` must be epochs from 0 to 10, got 99"),
        ({"snapshots": "all"}, TypeError, "`snapshots` must be a list of epochs"),
        ({"max_length": 0}, ValueError, "`max_length` must be at least 1, got 0"),
        ({"resume": True}, ValueError, "`resume` needs the folder"),
    ],
)
def test_a_wrong_option_is_refused_in_a_sentence(
    data: Dataset, option: dict[str, Any], kind: type[Exception], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        train("cnn", data, **option)


def test_every_option_belongs_to_one_kind_of_settings() -> None:
    options = {"filters": 7, "epochs": 2, "max_length": 50, "snapshots": [1, 0]}
    found = sort_options("cnn", options)
    assert found.network == {"filters": 7}
    assert found.training == TrainingSettings(epochs=2, snapshots=(0, 1), max_train_length=400, precision="auto")
    assert found.text == TextSettings(max_length=50)
    assert sort_options("lstm", {}).text.max_length == 512
    assert sort_options("lstm", {}, TextSettings(max_length=9)).text.max_length == 9
    assert sort_options("lstm", {"max_length": 8}, TextSettings(max_length=9)).text.max_length == 8
    assert as_json(found.training)["snapshots"] == [0, 1]


def test_options_given_as_text_settings_reach_the_tokenizer(data: Dataset) -> None:
    classifier = train("cnn", data, text_settings=TextSettings(vocabulary_size=40), max_length=9, **SMALL)
    assert len(classifier.tokenizer) == 40  # type: ignore[arg-type]
    assert len(classifier.encode([data.test["text"][0]])[0].ids) == 9


def test_a_progress_bar_is_shown_on_stderr_if_asked_for(data: Dataset, capfd: pytest.CaptureFixture[str]) -> None:
    train("cnn", data, progress=True, **SMALL)
    shown = capfd.readouterr()
    assert "epoch 3/3" in shown.err and "loss" in shown.err and "validation F1" in shown.err
    assert shown.out == ""
    train("cnn", data, progress=False, **SMALL)
    assert capfd.readouterr() == ("", "")


def test_data_and_settings_load_without_lightning() -> None:
    code = (
        "import sys, attribkit.data, attribkit.training.settings, attribkit.evaluation.performance; "
        "print('lightning' in sys.modules)"
    )
    assert printed(code) == "False"


def test_half_of_a_surrogate_pair_in_a_hand_made_data_set_is_refused_with_its_row() -> None:
    data = load_dataset("demo").sample(20)
    texts = pd.Series([*data.train["text"][:-1], "a dull \ud800 film"], dtype=object)
    table = data.train.assign(text=texts)
    with pytest.raises(ValueError, match="the train text of row 19 of 'demo' holds a lone surrogate"):
        train("cnn", replace(data, train=table), progress=False)
