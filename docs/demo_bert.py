"""Trains the bundled transformer, `demo-bert`: a BERT of two layers on the synthetic reviews of the set `demo`.

python docs/demo_bert.py FOLDER
"""

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

import attribkit as ak

SPECIAL = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
EPOCHS, BATCH, RATE, MASKED = 12, 16, 4e-4, 0.2


def tokenizer_of(texts: list[str]) -> PreTrainedTokenizerFast:
    """A WordPiece tokenizer as BERT's, trained on these texts."""
    inner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    inner.normalizer = normalizers.BertNormalizer(lowercase=True)
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=3_000, special_tokens=list(SPECIAL.values())))
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, inner.token_to_id(token)) for token in ("[CLS]", "[SEP]")],
    )
    names = ["input_ids", "token_type_ids", "attention_mask"]
    return PreTrainedTokenizerFast(tokenizer_object=inner, model_max_length=128, model_input_names=names, **SPECIAL)


def main(folder: Path) -> None:
    """Train on the training split, masking some words, so that the model knows [MASK]; print the test accuracy."""
    torch.manual_seed(0)
    data = ak.load_dataset("demo")
    labels = sorted(set(data.train["label"]))
    tokenizer = tokenizer_of(list(data.train["text"]))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=512,
        max_position_embeddings=128,
        hidden_dropout_prob=0.3,
        attention_probs_dropout_prob=0.1,
        initializer_range=0.08,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    model = BertForSequenceClassification(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.01)
    steps = EPOCHS * -(-len(data.train) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.1)
    texts, truth = list(data.train["text"]), torch.tensor([labels.index(label) for label in data.train["label"]])
    for epoch in range(EPOCHS):
        order = torch.randperm(len(texts))
        for rows in order.split(BATCH):
            batch = tokenizer([texts[row] for row in rows], padding=True, return_tensors="pt")
            masked = (torch.rand(batch["input_ids"].shape) < MASKED) & (batch["input_ids"] >= len(SPECIAL))
            batch["input_ids"][masked] = tokenizer.mask_token_id
            loss = model(**batch, labels=truth[rows]).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1}: loss of the last batch {loss.item():.3f}", flush=True)
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    print(f"accuracy on the test split: {ak.evaluate(ak.load(folder), data.test).accuracy:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
