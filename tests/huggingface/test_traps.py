"""Where peers go wrong: positions, types, separators, padding, pooling, literal special tokens."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from huggingface.test_architectures import state_of, theirs
from huggingface.tiny import INPUTS, TEXTS, pipeline_of, tiny

import attribkit as ak
from attribkit.errors import InputError
from attribkit.models import state
from attribkit.models.classifier import Classifier
from attribkit.text.text_pair import joined_pair

PAIR = joined_pair(INPUTS[0])


@pytest.mark.parametrize("name", ["roberta", "xlm-roberta", "camembert", "mpnet", "longformer"])
def test_a_baseline_of_padding_leaves_the_positions_as_they_are(name: str) -> None:
    model, tokenizer = tiny(name)
    loaded = ak.load((model, tokenizer))
    panel = ak.explain(loaded, TEXTS[0], views="attribution", baseline="pad", target="LABEL_0").token_scores
    encoded = tokenizer(TEXTS[0], return_tensors="pt")
    filled = encoded["input_ids"].clone()
    filled[:, 1:-1] = tokenizer.pad_token_id
    with torch.no_grad():
        vectors = model.get_input_embeddings()(filled)
        length = filled.shape[1]
        fixed = torch.arange(2, 2 + length).unsqueeze(0)  # from pad + 1, as for the text's own ids
        mask = encoded["attention_mask"]
        moved = model(input_ids=filled, attention_mask=mask).logits[0].double()
        if name != "longformer":  # which refuses `inputs_embeds` of a length that is no multiple of its window
            held = model(inputs_embeds=vectors, attention_mask=mask, position_ids=fixed).logits[0].double()
            expected = held[0] - held[1:].logsumexp(0)
            assert np.isclose(panel.output_baseline, float(expected), atol=1e-5)
    assert abs(panel.output_baseline - float(moved[0] - moved[1:].logsumexp(0))) > 1e-3  # given as ids they would move


def test_types_and_separators_of_a_pair_stay_in_the_gradient_pass() -> None:
    model, tokenizer = tiny("bert")
    loaded = ak.load((model, tokenizer))
    encoded = tokenizer(INPUTS[0]["text"], INPUTS[0]["text_pair"])
    seen: list[dict[str, Any]] = []
    hook = model.register_forward_pre_hook(lambda _, __, inputs: seen.append(inputs), with_kwargs=True)
    try:
        ak.explain(loaded, PAIR, views="attribution")
    finally:
        hook.remove()
    assert len(seen) > 2
    for inputs in seen:  # the text itself, its baseline, every point of the path
        assert (inputs["input_ids"] == torch.tensor(encoded["input_ids"])).all()
        assert (inputs["token_type_ids"] == torch.tensor(encoded["token_type_ids"])).all()


def test_no_token_types_where_the_tokenizer_gives_none() -> None:
    model, tokenizer = tiny("roberta")
    seen: list[dict[str, Any]] = []
    hook = model.register_forward_pre_hook(lambda _, __, inputs: seen.append(inputs), with_kwargs=True)
    try:
        ak.load((model, tokenizer)).predict(TEXTS)
    finally:
        hook.remove()
    assert seen and all("token_type_ids" not in inputs for inputs in seen)
    assert all("head_mask" not in inputs for inputs in seen)  # which transformers 5 no longer takes


@pytest.mark.parametrize("name", ["distilbert", "roberta"])
def test_a_model_with_one_token_type_is_given_none(name: str) -> None:
    """DistilBERT has no table of types, RoBERTa's has one row; a tokenizer that gives a pair two breaks both."""
    model, tokenizer = tiny(name)
    model, typed = copy.deepcopy(model), copy.deepcopy(tokenizer)
    typed.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
    if name == "roberta":
        model.config.type_vocab_size = 1
        table = model.roberta.embeddings.token_type_embeddings
        table.weight = torch.nn.Parameter(table.weight[:1].clone())
    expected = theirs(pipeline_of(model, tokenizer), [*TEXTS, *INPUTS], ("LABEL_0", "LABEL_1", "LABEL_2"))
    loaded = ak.load((model, typed))
    assert "token_type_ids" in typed(TEXTS[0]) and not loaded.network.template.typed
    assert np.abs(loaded.probabilities([*TEXTS, *map(joined_pair, INPUTS)]) - expected).max() < 1e-5


def test_a_setting_that_a_forward_pass_changes_is_put_back() -> None:
    """As ModernBERT of transformers 4 notes down whether it was compiled."""
    model, tokenizer = copy.deepcopy(tiny("modernbert")[0]), tiny("modernbert")[1]
    model.register_forward_pre_hook(lambda module, _: vars(module.config).update(own=1, reference_compile=False))
    model.config.reference_compile = None
    loaded, before = ak.load((model, tokenizer)), state_of(model)
    loaded.predict(TEXTS[:2])
    ak.explain(loaded, TEXTS[0], views=["attribution", "attention"])
    assert state_of(model) == before and model.config.reference_compile is None and "own" not in vars(model.config)


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_model_without_padding_takes_texts_of_one_length_together(name: str) -> None:
    model, tokenizer = tiny(name)
    assert tokenizer.pad_token is None and model.config.pad_token_id is None
    ids = torch.tensor([tokenizer(TEXTS[0])["input_ids"]] * 2)
    with pytest.raises(ValueError, match="no padding token"):
        model(input_ids=ids)
    loaded = ak.load((model, tokenizer))
    assert np.allclose(loaded.probabilities([TEXTS[0]] * 3), loaded.probabilities(TEXTS[:1]), atol=1e-6)
    assert model.config.pad_token_id is None


def test_a_last_token_that_is_padding_is_not_pooled() -> None:
    model, tokenizer = tiny("qwen2")  # padded by the token that ends a text
    tokenizer.pad_token = tokenizer.eos_token
    try:
        loaded = ak.load((model, tokenizer))
        texts = [TEXTS[0], TEXTS[0] + "<|endoftext|>"]
        expected = theirs(pipeline_of(model, tokenizer), texts, loaded.labels)
        assert np.abs(loaded.probabilities(texts) - expected).max() < 1e-5
        # taken out, a last word leaves the place that is pooled where it is
        encoded = loaded.encode(texts[:1])[0]
        ids, mask = loaded.batch([encoded.ids])
        ids[0, -1] = loaded.tokenizer.pad_id
        vectors = loaded.network.embedding(ids)
        held = loaded.network.fed(vectors, torch.from_numpy(encoded.ids).unsqueeze(0), mask)
        assert torch.allclose(loaded.network(ids, mask), held, atol=1e-6)
    finally:
        tokenizer.pad_token = None


@pytest.mark.parametrize("name", ["bert", "roberta", "xlnet", "bart", "t5", "gpt2", "deberta-v2"])
def test_special_tokens_written_in_a_text_are_read_as_the_pipeline_reads_them(name: str) -> None:
    model, tokenizer = tiny(name)
    loaded = ak.load((model, tokenizer))
    specials = [token for token in tokenizer.all_special_tokens]
    texts = [f"It was {token} a good film {specials[0]} it was" for token in specials]
    expected = theirs(pipeline_of(model, tokenizer), texts, loaded.labels)
    assert np.abs(loaded.probabilities(texts) - expected).max() < 1e-5
    assert all(np.isfinite(why.scores).all() for why in ak.explain(loaded, texts[:2], views="attribution"))


def test_padding_on_the_left_or_right_changes_nothing() -> None:
    for name, side in (("bert", "left"), ("xlnet", "right")):
        model, tokenizer = tiny(name)
        before = tokenizer.padding_side
        alone = theirs(pipeline_of(model, tokenizer), TEXTS, ("LABEL_0", "LABEL_1", "LABEL_2"))
        tokenizer.padding_side = side
        try:
            assert np.abs(ak.load((model, tokenizer)).probabilities(TEXTS) - alone).max() < 1e-5
        finally:
            tokenizer.padding_side = before


def test_an_encoder_and_a_decoder_are_both_fed() -> None:
    for name in ("bart", "t5"):
        loaded = ak.load(tiny(name))
        ids, mask = loaded.batch(loaded.ids(TEXTS[:1]))
        own = loaded.network(ids, mask)
        assert torch.allclose(loaded.network.fed(loaded.network.embedding(ids), ids, mask), own, atol=1e-6)
        vectors = loaded.network.embedding(ids).detach().requires_grad_()
        points = vectors + 0
        loaded.network.fed(points, ids, mask).sum().backward()
        assert bool((vectors.grad.abs().sum(2) > 0).all())


def test_a_short_text_does_not_change_how_a_long_one_is_read() -> None:
    """BigBird exchanges its sparse attention for a full one for good, as soon as a short text comes."""
    from huggingface.tiny import KINDS
    from transformers import AutoConfig, AutoModelForSequenceClassification

    kind = next(kind for kind in KINDS if kind.name == "big_bird")
    _, tokenizer = tiny("big_bird")
    settings = {**kind.settings, "vocab_size": len(tokenizer), "block_size": 4, "num_random_blocks": 1}
    model = AutoModelForSequenceClassification.from_config(AutoConfig.for_model("big_bird", **settings)).eval()
    loaded = ak.load((model, tokenizer))
    before, alone = state_of(model), loaded.probabilities([TEXTS[3]])
    loaded.probabilities(TEXTS[:1])
    assert state_of(model) == before and model.bert.attention_type == "block_sparse"
    assert np.array_equal(loaded.probabilities([TEXTS[3]]), alone)


@pytest.mark.parametrize("name", ["gpt2", "llama", "qwen2"])
def test_vectors_alone_would_pool_padding(name: str) -> None:
    """The library finds the last real token by its id: given vectors it takes the last place, padding or not."""
    model, tokenizer = tiny(name)
    loaded = ak.load((model, tokenizer))
    model = copy.deepcopy(model)
    padding = model.config.pad_token_id = 5
    words = [number for number in tokenizer(TEXTS[0])["input_ids"] if number != padding]
    ids = torch.tensor([[*words, padding, padding]])
    with torch.no_grad():
        by_ids = model(input_ids=ids).logits
        by_vectors = model(inputs_embeds=model.get_input_embeddings()(ids)).logits
        alone = model(input_ids=torch.tensor([words])).logits
    assert torch.allclose(by_ids, alone, atol=1e-5) and not torch.allclose(by_vectors, alone, atol=1e-3)
    given, mask = loaded.batch(loaded.ids([TEXTS[0], TEXTS[3]]))  # padded to the longer one
    together = loaded.network.fed(loaded.network.embedding(given), given, mask)
    assert torch.allclose(together[:1], loaded.network(given[:1], mask[:1]), atol=1e-6)
    assert np.allclose(loaded.logits(loaded.ids(TEXTS[:1])), together[:1].detach(), atol=1e-5)


# the errors are what transformers raises for vectors in place of ids
@pytest.mark.parametrize(
    ("name", "error"), [("t5", NotImplementedError), ("bart", NotImplementedError), ("longformer", TypeError)]
)
def test_an_architecture_that_refuses_vectors_is_fed_by_a_hook(name: str, error: type[Exception]) -> None:
    model, tokenizer = tiny(name)
    ids = tokenizer(TEXTS[0], return_tensors="pt")["input_ids"]
    vectors = model.get_input_embeddings()(ids).detach()
    with pytest.raises(error), torch.no_grad():
        model(inputs_embeds=vectors)
    panel = ak.explain(ak.load((model, tokenizer)), TEXTS[0], views="attribution").token_scores
    assert panel.converged and np.abs(panel.scores).max() > 0


TF32: dict[str, Callable[[Classifier], Any]] = {
    "answers": lambda model: model.probabilities(TEXTS[:2]),
    "gradients": lambda model: ak.explain(model, TEXTS[:2], views="attribution"),
    "attention": lambda model: ak.explain(model, TEXTS[0], views="attention", compare=True),
    "changed texts": lambda model: ak.explain(model, TEXTS[0], views="attribution", method="leave_one_out"),
    "layers": lambda model: ak.layer_outputs(model, TEXTS[:2], "hidden_states.1", "mean"),
}


@pytest.mark.parametrize("call", TF32)
def test_no_pass_on_a_gpu_is_rounded_to_tf32(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a device that pretends to be one: a third of a factor's digits would be an error of 1e-3."""
    model, tokenizer = tiny("bert")
    loaded = ak.load((model, tokenizer))

    def settings() -> tuple[Any, ...]:
        return (
            torch.get_float32_matmul_precision(),
            torch.backends.cuda.matmul.allow_tf32,
            torch.backends.cudnn.allow_tf32,
        )

    monkeypatch.setattr(state, "device_of", lambda network: torch.device("cuda"))
    precision, layers = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.allow_tf32 = True
    passes: list[tuple[Any, ...]] = []
    hook = model.register_forward_pre_hook(lambda *_: passes.append(settings()))
    try:
        before = settings()
        assert before == ("high", True, True)
        TF32[call](loaded)
        assert passes and set(passes) == {("highest", False, False)}
        assert settings() == before
    finally:
        hook.remove()
        torch.set_float32_matmul_precision(precision)
        torch.backends.cudnn.allow_tf32 = layers


@pytest.mark.parametrize(("name", "side"), [("bert", "left"), ("xlnet", "right")])
def test_the_other_side_of_padding_moves_the_librarys_own_answers(name: str, side: str) -> None:
    model, tokenizer = tiny(name)
    loaded, before = ak.load((model, tokenizer)), tokenizer.padding_side
    tokenizer.padding_side = side
    try:
        with torch.no_grad():
            together = model(**tokenizer(TEXTS, padding=True, return_tensors="pt")).logits.numpy()
    finally:
        tokenizer.padding_side = before
    own = loaded.logits(loaded.ids(TEXTS))
    assert np.abs(together - own).max() > 1e-3
    alone = [model(**tokenizer(text, return_tensors="pt")).logits[0].detach().numpy() for text in TEXTS]
    assert np.allclose(own, alone, atol=1e-5)


@pytest.mark.parametrize("name", ["deberta-v2", "xlnet", "modernbert", "llama"])
def test_a_zero_baseline_is_refused_where_embeddings_are_normalised_first(name: str) -> None:
    with pytest.raises(InputError, match="jump at the zero vector"):
        ak.explain(ak.load(tiny(name)), TEXTS[0], baseline="zero")
