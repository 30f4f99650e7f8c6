"""Tiny random classifiers of many architectures, with tokenizers made here: nothing is fetched."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers", reason="needs the extra hf")

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedTokenizerFast

TEXTS = [
    "It was a horrible movie",
    "Such a great show, it wasn't boring!",
    "The plot is thin.",
    "A film about two old friends who meet again, and it is good from the first minute to the last one",
]
PAIRS = [("A man sleeps.", "Nobody is awake here."), ("The film is good", "It was a great movie, wasn't it?")]
INPUTS = [{"text": first, "text_pair": second} for first, second in PAIRS]
CORPUS = [
    *TEXTS,
    *(part for pair in PAIRS for part in pair),
    "unbelievably unforgettable storytelling",
    "and or but if",
]


@dataclass(frozen=True)
class Kind:
    """How to make one architecture.

    Attributes:
        name: its `model_type`.
        tokenizer: which tokenizer it has, a key of TOKENIZERS.
        settings: of its configuration.
        extra: of the tokenizer.
    """

    name: str
    tokenizer: str
    settings: dict[str, Any]
    extra: dict[str, Any]


def _kind(name: str, tokenizer: str, extra: dict[str, Any] | None = None, **settings: Any) -> Kind:
    return Kind(name, tokenizer, settings, extra or {})


NARROW: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
}
ROBERTA: dict[str, Any] = {
    **NARROW,
    "max_position_embeddings": 66,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
}

KINDS = [
    _kind("bert", "wordpiece", **NARROW),
    _kind("roberta", "bytes", **ROBERTA),
    _kind("distilbert", "plain-wordpiece", dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=64),
    _kind("albert", "unigram", embedding_size=8, **NARROW),
    _kind("electra", "wordpiece", embedding_size=8, **NARROW),
    _kind(
        "deberta-v2", "unigram", relative_attention=True, position_biased_input=False, pos_att_type="p2c|c2p", **NARROW
    ),
    _kind("xlnet", "xlnet", {"padding_side": "left"}, d_model=16, n_layer=2, n_head=2, d_inner=32),
    _kind("mpnet", "mpnet", **ROBERTA),
    _kind("xlm-roberta", "roberta-unigram", **ROBERTA),
    _kind("camembert", "roberta-unigram", **ROBERTA),
    _kind("longformer", "bytes", attention_window=8, sep_token_id=2, **ROBERTA),
    _kind("big_bird", "unigram", **NARROW),
    _kind("funnel", "wordpiece", block_sizes=[1, 1], d_model=16, n_head=2, d_head=8, d_inner=32, num_decoder_layers=1),
    _kind("mobilebert", "wordpiece", embedding_size=8, intra_bottleneck_size=16, true_hidden_size=16, **NARROW),
    _kind("modernbert", "plain-wordpiece", global_attn_every_n_layers=2, local_attention=16, pad_token_id=0, **NARROW),
    _kind(
        "bart",
        "bytes",
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=64,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        decoder_start_token_id=2,
    ),
    _kind(
        "t5",
        "t5",
        feed_forward_proj="gated-gelu",
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=1,
        num_decoder_layers=1,
        num_heads=2,
        decoder_start_token_id=0,
    ),
    _kind("gpt2", "plain-bytes", n_embd=16, n_layer=2, n_head=2, n_positions=64, bos_token_id=0, eos_token_id=0),
    _kind("llama", "llama", num_key_value_heads=2, pad_token_id=None, **NARROW),
    _kind("qwen2", "plain-bytes", num_key_value_heads=2, pad_token_id=0, **NARROW),
]
SHARP = {"t5": 1, "funnel": 2}
"""By how much weights grow, so that answers differ between texts; these two begin with larger ones."""
NAMES = [kind.name for kind in KINDS]


@cache
def tiny(name: str, labels: int = 3, seed: int = 0) -> tuple[Any, Any]:
    """A random classifier of an architecture and its tokenizer."""
    kind = next(kind for kind in KINDS if kind.name == name)
    tokenizer = TOKENIZERS[kind.tokenizer](**kind.extra)
    settings = {**kind.settings, "vocab_size": len(tokenizer)}
    config = AutoConfig.for_model(kind.name, num_labels=labels, **settings)
    torch.manual_seed(seed)
    model = AutoModelForSequenceClassification.from_config(config).eval()
    with torch.no_grad():
        for weight in model.parameters():  # so that answers differ between texts
            if weight.ndim > 1:
                weight.mul_(SHARP.get(name, 8))
        if name == "modernbert":  # whose head begins so wide that every text would get one label for certain
            logits = [model(**tokenizer(text, return_tensors="pt")).logits[0] for text in TEXTS]
            model.classifier.bias -= torch.stack(logits).mean(0)
    return model, tokenizer


def saved(classifier: tuple[Any, Any], folder: Path) -> Path:
    """The folder, with what `save_pretrained` writes of a model and its tokenizer."""
    for part in classifier:
        part.save_pretrained(folder)
    return folder


def pipeline_of(model: Any, tokenizer: Any, **options: Any) -> Any:
    return transformers.pipeline(
        "text-classification", model=model, tokenizer=tokenizer, top_k=None, device="cpu", **options
    )


def _wrapped(inner: Tokenizer, **options: Any) -> Any:
    return PreTrainedTokenizerFast(tokenizer_object=inner, **options)


BERT = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
ROBERTA_TOKENS = {
    "bos_token": "<s>",
    "cls_token": "<s>",
    "pad_token": "<pad>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}


def _template(inner: Tokenizer, single: str, pair: str, tokens: list[str]) -> None:
    inner.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[(token, inner.token_to_id(token)) for token in tokens]
    )


def _wordpiece(types: bool = True, **extra: Any) -> Any:
    inner = _word_pieces(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    _template(inner, "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", ["[CLS]", "[SEP]"])
    names = ["input_ids", *(["token_type_ids"] if types else []), "attention_mask"]
    return _wrapped(inner, **BERT, model_input_names=names, **extra)


def _mpnet(**extra: Any) -> Any:
    inner = _word_pieces(["<s>", "<pad>", "</s>", "[UNK]", "<mask>"])
    _template(inner, "<s> $A </s>", "<s> $A </s> </s> $B </s>", ["<s>", "</s>"])
    names = {"model_input_names": ["input_ids", "attention_mask"]}
    return _wrapped(inner, **{**ROBERTA_TOKENS, "unk_token": "[UNK]"}, **names, **extra)


def _bytes(**extra: Any) -> Any:
    inner = _byte_level(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    inner.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return _wrapped(inner, **ROBERTA_TOKENS, model_input_names=["input_ids", "attention_mask"], **extra)


def _plain_bytes(**extra: Any) -> Any:
    end = "<|endoftext|>"
    names = {"model_input_names": ["input_ids", "attention_mask"]}
    return _wrapped(_byte_level([end]), bos_token=end, eos_token=end, unk_token=end, **names, **extra)


def _byte_level(specials: list[str]) -> Tokenizer:
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    pieces, merges = _merged(_words(inner), 320 - len(specials), sorted(pre_tokenizers.ByteLevel.alphabet()))
    inner.model = models.BPE(_numbered(specials, pieces), merges)
    inner.add_special_tokens(specials)
    return inner


def _sentencepiece(specials: list[str], unknown: str) -> Tokenizer:
    inner = Tokenizer(models.Unigram())
    inner.normalizer = normalizers.NFKC()
    inner.pre_tokenizer = pre_tokenizers.Metaspace()
    words = _words(inner)
    pieces, _ = _merged(words, 100 - len(specials))
    counts = [sum(word.count(piece) * times for word, times in words.items()) for piece in pieces]
    scores = [math.log(count / sum(counts)) for count in counts]
    vocabulary = [*((special, 0.0) for special in specials), *zip(pieces, scores, strict=True)]
    inner.model = models.Unigram(vocabulary, specials.index(unknown))
    inner.add_special_tokens(specials)
    return inner


def _word_pieces(specials: list[str]) -> Tokenizer:
    inner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    inner.normalizer = normalizers.BertNormalizer(lowercase=True)
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    pieces, _ = _merged(_words(inner), 120 - len(specials), inside="##")
    inner.model = models.WordPiece(_numbered(specials, pieces), unk_token="[UNK]")
    inner.add_special_tokens(specials)
    return inner


def _words(inner: Tokenizer) -> Counter[str]:
    """How often each word of CORPUS occurs, as the tokenizer parts words."""
    texts = [text if inner.normalizer is None else inner.normalizer.normalize_str(text) for text in CORPUS]
    if inner.pre_tokenizer is None:
        return Counter(texts)
    return Counter(word for text in texts for word, _ in inner.pre_tokenizer.pre_tokenize_str(text))


def _merged(
    words: Counter[str], size: int, alphabet: list[str] | None = None, inside: str = ""
) -> tuple[list[str], list[tuple[str, str]]]:
    """Pieces and merges by byte-pair encoding, the same in each process: the library's trainers break ties by chance.

    Args:
        words: how often each occurs.
        size: number of pieces wanted.
        alphabet: the pieces to begin with; the characters of the words by default.
        inside: the mark of a piece that does not begin a word, "##" for WordPiece.
    """
    parted = {word: [word[0], *(inside + character for character in word[1:])] for word in words}
    pieces = alphabet or sorted({piece for parts in parted.values() for piece in parts})
    merges: list[tuple[str, str]] = []
    while len(pieces) < size:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, parts in parted.items():
            for pair in pairwise(parts):
                pairs[pair] += words[word]
        if not pairs:
            break
        first, second = min(pairs, key=lambda pair: (-pairs[pair], pair))
        piece = first + second.removeprefix(inside)
        merges.append((first, second))
        pieces.append(piece)
        for word, parts in parted.items():
            parted[word] = _joined(parts, first, second, piece)
    return list(dict.fromkeys(pieces)), merges


def _joined(parts: list[str], first: str, second: str, piece: str) -> list[str]:
    joined: list[str] = []
    for part in parts:
        if joined and joined[-1] == first and part == second:
            joined[-1] = piece
        else:
            joined.append(part)
    return joined


def _numbered(specials: list[str], pieces: list[str]) -> dict[str, int]:
    return {piece: number for number, piece in enumerate([*specials, *pieces])}


def _unigram(**extra: Any) -> Any:
    inner = _sentencepiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], "[UNK]")
    _template(inner, "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", ["[CLS]", "[SEP]"])
    names = {"model_input_names": ["input_ids", "token_type_ids", "attention_mask"]}
    return _wrapped(inner, **BERT, **names, **extra)


def _roberta_unigram(**extra: Any) -> Any:
    inner = _sentencepiece(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<unk>")
    _template(inner, "<s> $A </s>", "<s> $A </s> </s> $B </s>", ["<s>", "</s>"])
    return _wrapped(inner, **ROBERTA_TOKENS, model_input_names=["input_ids", "attention_mask"], **extra)


def _xlnet(**extra: Any) -> Any:
    inner = _sentencepiece(["<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>"], "<unk>")
    _template(inner, "$A:0 <sep>:0 <cls>:2", "$A:0 <sep>:0 $B:1 <sep>:1 <cls>:2", ["<sep>", "<cls>"])
    tokens = {
        "cls_token": "<cls>",
        "sep_token": "<sep>",
        "mask_token": "<mask>",
        "unk_token": "<unk>",
        "pad_token": "<pad>",
    }
    names = {"model_input_names": ["input_ids", "token_type_ids", "attention_mask"]}
    return _wrapped(inner, **tokens, **names, **extra)


def _t5(**extra: Any) -> Any:
    inner = _sentencepiece(["<pad>", "</s>", "<unk>"], "<unk>")
    _template(inner, "$A </s>", "$A </s> $B </s>", ["</s>"])
    tokens = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    return _wrapped(inner, **tokens, model_input_names=["input_ids", "attention_mask"], **extra)


def _llama(**extra: Any) -> Any:
    inner = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    inner.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    specials = ["<unk>", "<s>", "</s>"]
    pieces, merges = _merged(_words(inner), 120 - len(specials))
    inner.model = models.BPE(_numbered(specials, pieces), merges, unk_token="<unk>", fuse_unk=True)
    inner.add_special_tokens(specials)
    _template(inner, "<s> $A", "<s> $A <s> $B", ["<s>"])
    tokens = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return _wrapped(inner, **tokens, model_input_names=["input_ids", "attention_mask"], **extra)


TOKENIZERS: dict[str, Callable[..., Any]] = {
    "wordpiece": _wordpiece,
    "plain-wordpiece": partial(_wordpiece, types=False),
    "mpnet": _mpnet,
    "bytes": _bytes,
    "plain-bytes": _plain_bytes,
    "unigram": _unigram,
    "roberta-unigram": _roberta_unigram,
    "xlnet": _xlnet,
    "t5": _t5,
    "llama": _llama,
}
