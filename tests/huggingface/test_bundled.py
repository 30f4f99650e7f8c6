"""The bundled transformer: small, judged as its card says, and explained like every other model."""

import re

import numpy as np
import pytest
import torch

import attribkit as ak
from attribkit.cli import main
from attribkit.demo import REVIEW, SENTENCES
from attribkit.errors import InputError
from attribkit.models.model_folder import BUNDLED, bundled, bundled_transformers

NAME = "imdb-bert"
FOLDER = BUNDLED / NAME


def test_it_is_small_data_only_and_known_by_its_name() -> None:
    assert bundled_transformers() == [NAME] and NAME not in bundled()
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= 4_000_000
    assert {file.suffix for file in FOLDER.iterdir()} == {".json", ".md", ".safetensors"}
    model = ak.load(NAME, "cpu")
    assert model.name == NAME and model.labels == ("neg", "pos")
    assert sum(weight.numel() for weight in model.network.parameters()) <= 1_500_000
    assert all(weight.dtype.is_floating_point and weight.dtype.itemsize == 4 for weight in model.network.parameters())


def test_its_answers_are_its_pipelines_and_mostly_right() -> None:
    from transformers import pipeline

    texts, answers = zip(*SENTENCES, strict=True)
    model = ak.load(NAME, "cpu")
    theirs = [row["label"] for row in pipeline("text-classification", str(FOLDER))(list(texts))]
    assert model.predict(list(texts))["label"].tolist() == theirs
    assert sum(a == b for a, b in zip(theirs, answers, strict=True)) >= 5
    accuracy = re.search(r"accuracy (0\.\d{4})", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert accuracy is not None and float(accuracy[1]) > 0.85


def test_a_sentence_and_a_review_are_explained_with_scores_that_sum_to_the_output() -> None:
    model = ak.load(NAME, "cpu")
    why = ak.explain(model, "It was a horrible movie, it wasn't even funny")
    assert why.prediction is not None and why.prediction.label == "neg" and why.token_scores.converged
    assert why.tokens[int(np.argmax(why.scores))] == "horrible" and "wasn't" in why.tokens
    assert ak.explain(model, REVIEW, views="attribution").token_scores.converged


def test_its_scores_are_those_of_a_slow_rule_of_many_points() -> None:
    model = ak.load(NAME, "cpu")
    points, weights = np.polynomial.legendre.leggauss(32)
    for text, _ in SENTENCES[:4]:
        panel = ak.explain(model, text, views="attribution").token_scores
        ids, mask = model.batch(model.ids([text]))
        begin = model.network.baseline(panel.baseline, None, ids, mask)
        way = model.network.embedding(ids).detach() - begin
        exact = np.zeros(ids.shape[1])
        for first in range(8):  # eighths of the path
            alphas = torch.from_numpy((first + (points + 1) / 2) / 8).float().view(-1, 1, 1)
            along = (begin + alphas * way).requires_grad_()
            logits = model.network.fed(along, ids.expand(32, -1), mask.expand(32, -1))
            best = model.labels.index(panel.target)
            (slopes,) = torch.autograd.grad((logits[:, best] - logits[:, 1 - best]).sum(), along)
            exact += weights / 16 @ (slopes * way).sum(2).double().numpy()
        assert panel.converged
        assert np.abs(panel.model_scores - exact).max() <= 1e-4 * np.abs(exact).sum()


def test_the_command_line_takes_its_name_and_lists_it(capsys: pytest.CaptureFixture[str]) -> None:
    commanded("explain", NAME, "It was a horrible movie", "--view", "attribution")
    assert "horrible" in capsys.readouterr().out
    commanded("models")
    printed = capsys.readouterr().out
    assert NAME in printed and "attribkit[hf]" in printed


def test_a_wrong_name_is_told_the_right_one_and_the_class_says_who_loads_it() -> None:
    with pytest.raises(FileNotFoundError, match=f"did you mean '{NAME}'"):
        ak.load("imdb-bret")
    with pytest.raises(InputError, match=r"load it with attribkit\.load"):
        ak.Classifier.load(NAME)


def commanded(*arguments: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert not ended.value.code


@pytest.mark.data
@pytest.mark.usefixtures("data_folder")
def test_it_judges_real_reviews_as_its_card_says() -> None:
    rows = ak.load_dataset("imdb").test.sample(400, random_state=0)
    short = rows[rows["text"].str.len() < 1_500]
    right = ak.load(NAME, "cpu").predict(list(short["text"]))["label"].to_numpy() == short["label"].to_numpy()
    assert right.mean() > 0.8
