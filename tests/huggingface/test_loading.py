"""What may be loaded, how a model's outputs are read, and what is refused in one sentence."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from huggingface.test_architectures import theirs
from huggingface.tiny import INPUTS, TEXTS, pipeline_of, saved, tiny

import attribkit as ak
from attribkit.errors import InputError, InputNotFoundError, InputTypeError
from attribkit.huggingface.architectures import longest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return saved(tiny("bert"), tmp_path / "reviews")


def test_a_folder_a_pipeline_and_a_pair_are_one_model(folder: Path) -> None:
    model, tokenizer = tiny("bert")
    expected = theirs(pipeline_of(model, tokenizer), TEXTS, ("LABEL_0", "LABEL_1", "LABEL_2"))
    for given in (folder, str(folder), pipeline_of(model, tokenizer), (model, tokenizer)):
        loaded = ak.load(given, "cpu")
        assert np.abs(loaded.probabilities(TEXTS) - expected).max() < 1e-5
        assert loaded.provenance["outputs"].startswith("softmax")
        assert "softmax, as the pipeline applies it" in loaded.summary()


@pytest.mark.parametrize(
    ("labels", "problem", "task", "function"),
    [
        (1, None, "multilabel", "sigmoid"),
        (1, "regression", "regression", "none"),
        (3, None, "multiclass", "softmax"),
        (3, "multi_label_classification", "multilabel", "sigmoid"),
        (3, "single_label_classification", "multiclass", "softmax"),
    ],
)
def test_the_output_function_is_the_pipelines(labels: int, problem: str | None, task: str, function: str) -> None:
    model, tokenizer = tiny("distilbert", labels, 1)
    model.config.problem_type = problem
    try:
        loaded = ak.load((model, tokenizer))
        expected = theirs(pipeline_of(model, tokenizer), TEXTS, loaded.labels)
        assert loaded.task == task and loaded.provenance["outputs"].startswith(function)
        table = loaded.predict(TEXTS)
        own = table[["label"]] if task == "regression" else table[list(loaded.labels)]
        assert np.abs(own.to_numpy(float) - expected).max() < 1e-5
        why = ak.explain(loaded, TEXTS[0], views="attribution")
        assert why.token_scores.converged or "did not converge" in why.token_scores.verdict
    finally:
        model.config.problem_type = None


def test_a_pair_is_given_as_pipelines_take_it() -> None:
    loaded = ak.load(tiny("bert"))
    why = ak.explain(loaded, INPUTS[0], views="attribution")
    assert why.text == "A man sleeps. ␞ Nobody is awake here."
    assert why.tokens == ["A", "man", "sleeps", ".", "Nobody", "is", "awake", "here", "."]
    several = ak.explain(loaded, [INPUTS[0], TEXTS[0]], views="attribution")
    assert [row.text for row in several] == [why.text, TEXTS[0]]
    assert loaded.predict([INPUTS[0]])["text"].tolist() == [why.text]
    with pytest.raises(InputError, match="reads single ones"):
        ak.explain(ak.load("imdb-cnn"), INPUTS[0])


@pytest.mark.parametrize("kept", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_full_and_the_model_stays_as_it_was(kept: torch.dtype) -> None:
    model, tokenizer = tiny("bert")
    half = copy.deepcopy(model).to(kept)
    before = next(half.parameters()).dtype
    loaded = ak.load((half, tokenizer))
    why = ak.explain(loaded, TEXTS[0], views="attribution")
    assert next(half.parameters()).dtype == before
    assert why.token_scores.converged and "computed in float32" in " ".join(why.token_scores.notes)


def _without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def _pickled(folder: Path) -> None:
    _without_weights(folder)
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04N.")


def _cut_short(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1_000])


def _without_tokenizer(folder: Path) -> None:
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (folder / file).unlink()


def _damaged_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"model": {"type": "WordPiece"}}')


def _configured(**changes: Any) -> Any:
    def change(folder: Path) -> None:
        file = folder / "config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_without_weights, "no weights"),
        (_pickled, "save_pretrained"),
        (_cut_short, "transformers cannot read"),
        (_without_tokenizer, "tokenizer"),
        (_damaged_tokenizer, "transformers cannot read"),
        (_configured(architectures=["BertForMaskedLM"]), "classification head"),
        (_configured(architectures=["GPT2LMHeadModel"]), "classification head"),
        (_configured(auto_map={"AutoConfig": "own.Own"}, model_type="own"), "code of its own"),
        (_configured(id2label={"0": "a", "1": "b"}), "transformers cannot read"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_in_a_sentence(folder: Path, change: Any, sentence: str) -> None:
    change(folder)
    with pytest.raises(InputError, match=sentence) as refused:
        ak.load(folder, "cpu")
    assert "\n" not in str(refused.value)


def test_a_model_without_a_head_is_refused() -> None:
    model, tokenizer = tiny("bert")
    with pytest.raises(InputError, match="classification head"):
        ak.load((model.bert, tokenizer))
    with pytest.raises(InputTypeError, match="tokenizer of transformers"):
        ak.load((model, str.split))
    with pytest.raises(InputTypeError, match="a pipeline or"):
        ak.load(3)


def test_a_hub_id_is_no_reason_to_use_the_network() -> None:
    with pytest.raises(InputNotFoundError, match=r"no model folder .* allow the network with local_files_only=False"):
        ak.load("somebody/a-classifier")
    with pytest.raises(InputNotFoundError, match="no model folder 'a-classifier'; the bundled models are"):
        ak.load("a-classifier")


def test_a_text_longer_than_the_model_is_refused_not_cut() -> None:
    model, tokenizer = tiny("roberta")  # its table of 66 positions holds 64 tokens
    loaded = ak.load((model, tokenizer))
    assert longest(model.config, tokenizer) == 64 and tokenizer.model_max_length > 1e20
    fits = "a " * 31
    assert len(loaded.ids([fits])[0]) <= 62
    with pytest.raises(InputError, match="reads 64 tokens"):
        ak.explain(loaded, "good film " * 60)


def test_baselines_are_what_the_model_has() -> None:
    bert, gpt2 = ak.load(tiny("bert")), ak.load(tiny("gpt2"))
    assert bert.capabilities.baselines == ("pad", "mask", "unk", "mean")
    for name in bert.capabilities.baselines:
        assert ak.explain(bert, TEXTS[0], views="attribution", baseline=name).token_scores.baseline == name
    with pytest.raises(InputError, match="zero vector"):
        ak.explain(bert, TEXTS[0], baseline="zero")
    with pytest.raises(InputError, match="jump at the zero vector"):
        ak.explain(ak.load(tiny("llama")), TEXTS[0], baseline="zero")
    why = ak.explain(gpt2, TEXTS[0], views="attribution")
    assert why.token_scores.baseline == "unk" and "no PAD token" in " ".join(why.token_scores.notes)
    deberta = ak.explain(ak.load(tiny("deberta-v2")), TEXTS[0], views="attribution").token_scores
    assert deberta.baseline == "mask" and "zero vector" in " ".join(deberta.notes)
    with pytest.raises(InputError, match="masked words"):
        ak.explain(ak.load("imdb-cnn"), TEXTS[0], baseline="mask")


def test_what_works_on_our_models_works_on_these(folder: Path, tmp_path: Path) -> None:
    loaded = ak.load(folder, "cpu")
    table = pd.DataFrame({"text": TEXTS, "label": [*loaded.labels, "LABEL_0"]})
    ak.report(loaded, table, texts=2, tested=2, mistakes=1, map=False).save(tmp_path / "report.html")
    assert loaded.name in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "wasn't" in ak.word_importance(loaded, TEXTS * 5).to_frame()["word"].tolist()
    run = ak.explain_corpus(folder, table, tmp_path / "out", workers=1)
    assert run.to_frame()["rows"].tolist() == [len(TEXTS)] and run.to_frame()["status"].tolist() == ["ok"]
    assert len(ak.sanity(loaded, TEXTS[:1], "saliency", draws=1).to_frame())
    why = ak.explain(loaded, TEXTS[1], views="attribution")
    assert ak.Explanation.from_json(why.to_json()) == why and why.token_scores.subwords is not None
