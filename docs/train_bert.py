"""Train the bundled `imdb-bert`: a BERT of two layers on the training reviews of IMDB, saved as `transformers` saves.

    python docs/train_bert.py OUT [--epochs 5]

It needs `$ATTRIBKIT_DATA` with `imdb` and `vectors/imdb.w2v.300d.txt.gz`, and half an hour of one core. Words begin
with those vectors, reduced to the model's width. In all epochs but the last a review is a stretch of 128 tokens that
keep their own positions, another one each time; in the last it is its first 510. The epoch with the best accuracy on
the validation split is kept; the test split only measures it.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor, nn
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

import attribkit as ak
from attribkit.training.glove import read_vectors

VOCABULARY, WIDTH, LAYERS, HEADS, INNER, POSITIONS = 8_000, 128, 2, 4, 256, 512
STRETCH, TOKENS_AT_ONCE, RATE, WARM_UP, SEED = 128, 8_192, 1e-3, 0.1, 0
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PAD, CLS, SEP = 0, 2, 3


def trained_tokenizer(texts: list[str]) -> Any:
    """A WordPiece tokenizer of lower-case words, to which line breaks of HTML are white space."""
    inner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    breaks = normalizers.Replace(Regex("<br ?/?>"), " ")
    inner.normalizer = normalizers.Sequence([breaks, normalizers.BertNormalizer(lowercase=True)])
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=SPECIALS, show_progress=False)
    inner.train_from_iterator(texts, trainer)
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        model_max_length=POSITIONS,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def new_model(tokenizer: Any, labels: list[str], vectors: Path) -> Any:
    """A model whose words begin with the vectors, as far as these have them."""
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=INNER,
        max_position_embeddings=POSITIONS,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    model: Any = BertForSequenceClassification(config)
    known, coverage = read_vectors(vectors, tokenizer.get_vocab(), size=WIDTH, progress=False)
    print(coverage, flush=True)
    table = model.get_input_embeddings().weight
    with torch.no_grad():
        words = torch.from_numpy(known[len(SPECIALS) :])
        table[len(SPECIALS) :] = words * (table.std() / words.std())
    return model


def batches(
    ids: list[NDArray[np.int64]], length: int, random: np.random.Generator | None
) -> Iterator[tuple[NDArray[np.int64], dict[str, Tensor]]]:
    """Batches of texts of like length, shuffled; each with its rows. Without `random` texts are cut at their end."""
    starts = np.array([0 if random is None else random.integers(max(1, len(row) - length + 3)) for row in ids])
    lengths = np.minimum([len(row) for row in ids], length - 2)
    order = np.argsort(lengths if random is None else lengths + random.uniform(0, 20, len(ids)), kind="stable")
    groups = []
    while len(order):
        count = max(1, TOKENS_AT_ONCE // (int(lengths[order].max()) + 2))
        groups.append(order[-count:])
        order = order[:-count]
    for number in range(len(groups)) if random is None else random.permutation(len(groups)):
        rows = groups[number]
        longest = int(lengths[rows].max()) + 2
        whole = np.zeros((3, len(rows), longest), dtype=np.int64)  # ids, mask, positions
        for place, row in enumerate(rows):
            start, end = starts[row], starts[row] + lengths[row]
            stretch = [CLS, *ids[row][start:end], SEP]
            whole[0, place, : len(stretch)] = stretch
            whole[1, place, : len(stretch)] = 1
            whole[2, place, : len(stretch)] = [0, *range(start + 1, end + 2)]
        tensors = map(torch.from_numpy, whole)
        yield rows, dict(zip(("input_ids", "attention_mask", "position_ids"), tensors, strict=True))


def accuracy(model: Any, ids: list[NDArray[np.int64]], answers: NDArray[np.int64]) -> float:
    """The share of texts that are judged right, each cut to what the model reads."""
    model.eval()
    right = 0
    with torch.inference_mode():
        for rows, inputs in batches(ids, POSITIONS, None):
            right += int((model(**inputs).logits.argmax(1).numpy() == answers[rows]).sum())
    return right / len(ids)


def main() -> None:
    """Train, keep the best epoch, measure it and write the folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=5)
    chosen = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    random = np.random.default_rng(SEED)
    data = ak.load_dataset("imdb")
    tokenizer = trained_tokenizer(list(data.train["text"]))
    model = new_model(
        tokenizer, list(data.labels), Path(os.environ["ATTRIBKIT_DATA"]) / "vectors" / "imdb.w2v.300d.txt.gz"
    )
    print(f"{sum(weight.numel() for weight in model.parameters()):,} parameters", flush=True)
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    ids, answers = {}, {}
    for name, table in splits.items():
        encoded = tokenizer(list(table["text"]), add_special_tokens=False, verbose=False)["input_ids"]
        cut = POSITIONS - 2
        ids[name] = [np.array(row[:cut], dtype=np.int64) for row in encoded]
        answers[name] = table["label"].map(data.labels.index).to_numpy()
        print(f"{name}: {len(encoded):,} reviews, {np.mean([len(row) > cut for row in encoded]):.1%} cut", flush=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    total = sum(
        sum(1 for _ in batches(ids["train"], length, np.random.default_rng(0)))
        for length in [STRETCH] * (chosen.epochs - 1) + [POSITIONS]
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / (WARM_UP * total), max(0.0, 1 - step / total))
    )
    targets = torch.from_numpy(answers["train"])
    best, weights, history = 0.0, model.state_dict(), []
    for epoch in range(1, chosen.epochs + 1):
        begin, losses = time.perf_counter(), []
        length = POSITIONS if epoch == chosen.epochs else STRETCH
        model.train()
        for rows, inputs in batches(ids["train"], length, random):
            loss = nn.functional.cross_entropy(model(**inputs).logits, targets[rows])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        judged = accuracy(model, ids["validation"], answers["validation"])
        history.append(f"| {epoch} | {length} | {np.mean(losses):.3f} | {judged:.3f} |")
        print(history[-1], f"{time.perf_counter() - begin:.0f} s", flush=True)
        if judged > best:
            best, weights = judged, {name: weight.clone() for name, weight in model.state_dict().items()}
    # kept in 16 bits and computed in 32: what is measured is what is written
    model.load_state_dict({name: rounded(weight) for name, weight in weights.items()})
    measured = accuracy(model, ids["test"], answers["test"])
    print(f"test accuracy {measured:.4f}", flush=True)
    write(chosen.out, model, tokenizer)
    (chosen.out / "README.md").write_text(card(history, measured), encoding="utf-8")


def card(history: list[str], measured: float) -> str:
    """The model's card."""
    rows = "\n".join(history)
    return f"""# imdb-bert

A BERT of {LAYERS} layers and width {WIDTH} with the labels neg, pos: trained on the 25,000 training reviews of IMDB
(Maas et al. 2011; licence: none stated) by `docs/train_bert.py`, seed {SEED}. A tenth of them chose the epoch; the
25,000 test reviews only measured it: **accuracy {measured:.4f}**, reviews of more than {POSITIONS - 2} tokens cut at
their end.

It is small so that examples of transformers run offline; `imdb-cnn` answers better and costs less. Weights are kept in
16 bits and computed in 32. Words began with 300-dimensional word2vec of IMDB's training and unlabelled reviews,
reduced.

| epoch | tokens a review | training loss | validation accuracy |
|---|---|---|---|
{rows}
"""


def rounded(weight: Tensor) -> Tensor:
    """A weight as 16 bits keep it."""
    return weight.half().to(weight.dtype) if weight.is_floating_point() else weight


def write(folder: Path, model: Any, tokenizer: Any) -> None:
    """Save both, in a form that transformers 4 reads as well as 5 does."""
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for name, changes in (
        ("config.json", {"dtype": "float32"}),
        ("tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast"}),
    ):
        file = folder / name
        file.write_text(json.dumps({**json.loads(file.read_text()), **changes}, indent=1) + "\n")


if __name__ == "__main__":
    main()
