"""A sequence classifier of `transformers` as this package's contract asks for it: `(ids, mask) -> logits`."""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from attribkit.errors import InputError
from attribkit.huggingface.architectures import Pooling, architecture_of, hidden_states_of, pooling_of
from attribkit.huggingface.feeding import fed
from attribkit.huggingface.recording import recorded
from attribkit.huggingface.self_attention import ENCODER_AND_DECODER, WITHOUT_VALUES, attention_stacks, pooled_share
from attribkit.huggingface.sentence_head import HeadedBody
from attribkit.huggingface.template import Template
from attribkit.huggingface.value_vectors import LayerCall, layer_calls
from attribkit.models.capabilities import Capabilities
from attribkit.models.network_output import tensor_of
from attribkit.models.self_attention import AttentionStack, SelfAttention
from attribkit.random_state import preserve_random_state
from attribkit.text.long_texts import LongTexts
from attribkit.text.text_pair import SECOND

_NEVER = -1  # an id that no text holds


class WordEmbedding(nn.Embedding):
    """The model's input embeddings, which also take the marked ids of a pair's second text."""

    def __init__(self, inner: nn.Embedding) -> None:
        nn.Module.__init__(self)
        self.num_embeddings, self.embedding_dim = inner.num_embeddings, inner.embedding_dim
        self.padding_idx = inner.padding_idx
        self.inner: Any
        object.__setattr__(self, "inner", inner)  # which belongs to the model
        self.weight = inner.weight

    def forward(self, input: Tensor) -> Tensor:
        """Vectors (…, E) of ids (…), as the model's own layer makes them."""
        ids = input % SECOND
        if self.weight is self.inner.weight:
            vectors: Tensor = self.inner(ids)
            return vectors
        return nn.functional.embedding(ids, self.weight)  # with rows of its own, as perturbed texts need


class TransformerNetwork(nn.Module):
    """A sequence classifier of `transformers`, with the special tokens put around the words.

    Texts of one length and division run together, without any padding: what padding does differs between architectures,
    and a model without a token for it takes one text at a time.

    Args:
        model: the classifier, used as it is.
        template: where the tokenizer puts special tokens.
        fill_id: the id that takes a word's place.
        baselines: the names of the baselines that the model has, each with its token's id; None for no token's vector.
        refused: names of baselines that it does not have, each with the reason.
        long_texts: what becomes of texts that are longer than the model reads.
        notes: what a reader of its scores must know.
    """

    def __init__(
        self,
        model: Any,
        template: Template,
        fill_id: int,
        baselines: Mapping[str, int | None],
        refused: tuple[tuple[str, str], ...] = (),
        long_texts: LongTexts | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        config = model.config
        self.model: Any = model
        self.template, self.fill_id, self.baselines = template, fill_id, dict(baselines)
        self.architecture = config.model_type
        self.embedding: Any
        # not registered a second time: its weights belong to the model
        object.__setattr__(self, "embedding", WordEmbedding(model.get_input_embeddings()))
        self.pooling: Pooling = model.pooling if isinstance(model, HeadedBody) else pooling_of(config)
        self.capabilities = Capabilities(
            self_attention=True,
            pooling="last" if self.pooling == "end of text" else self.pooling,
            steps_before=template.before,
            equal_lengths=True,
            other_lookups=True,
            pairs=True,
            subwords=True,
            kind="transformer",
            fed_by_itself=True,
            bends_early=True,
            named_baselines=tuple(baselines),
            refused_baselines=refused,
            long_texts=long_texts or LongTexts(),
            notes=notes,
        )
        self.hidden_states = nn.ModuleList(nn.Identity() for _ in range(hidden_states_of(config)))
        self._options = {"use_cache": False} if "use_cache" in inspect.signature(self.model.forward).parameters else {}

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, C) of the words' ids (B, T), of which mask (B, T) says which are real."""
        own = ids % SECOND
        moved = (own >= self.embedding.num_embeddings) | (own == self._padding)  # which would move what is pooled
        if bool((moved & mask).any()):
            return self.fed(self.embedding(ids), torch.where(moved, self._harmless, own) + (ids - own), mask)
        return self._averaged(ids, mask, None)

    @property
    def _padding(self) -> int:
        """The id of padding, where it stands in for a word because the model has no token for a masked one."""
        padding = self.model.config.get_text_config().pad_token_id
        return _NEVER if padding is None or self.fill_id != padding else int(padding)

    @property
    def _harmless(self) -> int:
        """An id that no part of the model takes notice of."""
        config = self.model.config.get_text_config().to_dict()
        noticed = {config.get(f"{name}_token_id") for name in ("pad", "eos", "bos")}
        return next(number for number in range(self.embedding.num_embeddings) if number not in noticed)

    def baseline(self, name: str, text: Tensor | None, ids: Tensor, mask: Tensor) -> Tensor:
        """(B, T, E) what texts (B, T) are compared with, zero at padding: a token's vector in each word's place.

        Args:
            name: of a baseline that the model has.
            text: (L,) ids of a baseline text, cut to each text's length or filled up; None for a name.
            ids: (B, T).
            mask: (B, T).
        """
        if text is not None:
            tokens = torch.full_like(ids, self.fill_id)
            length = min(len(text), ids.shape[1])
            tokens[:, :length] = text[:length].to(ids.device)
            vectors = self.embedding(tokens).detach()
        elif (token := self.baselines[name]) is None:
            vectors = self.embedding(torch.arange(self.embedding.num_embeddings, device=ids.device)).detach().mean(0)
            vectors = vectors.expand(*ids.shape, -1)
        else:
            vectors = self.embedding(torch.full_like(ids, token)).detach()
        real: Tensor = vectors * mask.unsqueeze(2)
        return real

    def fed(self, embedded: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, C) of vectors (B, T, E) in the places of the words; all else is made of their ids (B, T)."""
        # a perturbed text has ids of its own, beyond the vocabulary
        own = ids % SECOND
        known = torch.where(own < self.embedding.num_embeddings, ids, self.fill_id + (ids - own))
        return self._averaged(known, mask, embedded)

    def _averaged(self, ids: Tensor, mask: Tensor, embedded: Tensor | None) -> Tensor:
        """Logits (B, C) of texts (B, T): where a text is read in windows, the mean of theirs."""
        texts = [self.capabilities.long_texts.spans(length) for length in mask.sum(1).tolist()]
        counts = [len(windows) for windows in texts]
        if max(counts) == 1:
            return self._grouped(ids, mask, embedded)
        row = torch.arange(len(ids)).repeat_interleave(torch.tensor(counts)).to(ids.device)
        start, end = torch.tensor([window for windows in texts for window in windows], device=ids.device).T
        steps = torch.arange(int((end - start).max()), device=ids.device)
        real = steps < (end - start).unsqueeze(1)
        place = (start.unsqueeze(1) + steps).where(real, start.unsqueeze(1))
        of_text = row.unsqueeze(1)
        logits = self._grouped(ids[of_text, place], real, None if embedded is None else embedded[of_text, place])
        return torch.stack([windows.mean(0) for windows in logits.split(counts)])

    def _grouped(self, ids: Tensor, mask: Tensor, embedded: Tensor | None) -> Tensor:
        lengths, second = mask.sum(1), ((ids >= SECOND) & mask).sum(1)
        keys = torch.stack((lengths, second, self._ends(ids, mask)), dim=1)
        distinct, group = torch.unique(keys, dim=0, return_inverse=True)
        if len(distinct) == 1:
            length = int(distinct[0, 0])
            own = None if embedded is None else embedded[:, :length]
            return self._run(ids[:, :length], int(distinct[0, 1]), own)
        order, parts = [], []
        for number, (length, others, _) in enumerate(distinct.tolist()):
            rows = (group == number).nonzero().squeeze(1)
            order.append(rows)
            parts.append(self._run(ids[rows, :length], others, None if embedded is None else embedded[rows, :length]))
        return torch.cat(parts)[torch.cat(order).argsort()]

    def _ends(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(B,) how many words are the token that ends a text, if that is pooled: texts run together have as many."""
        if architecture_of(self.model.config).pooling != "end of text":
            return torch.zeros_like(mask[:, 0], dtype=torch.int64)
        end = self.model.config.eos_token_id
        counted: Tensor = ((ids % SECOND == end) & mask).sum(1)
        return counted

    def self_attention(self, ids: Tensor, zeroing: bool = False) -> SelfAttention:
        """The attention of all layers for the words (T,) of one text, or of one window, from a pass of its own.

        Args:
            ids: of the words.
            zeroing: whether value zeroing is measured too, for which each layer runs anew for each place.

        Raises:
            InputError: for an architecture whose attention is not one of the text's words; for several windows.
        """
        long = self.capabilities.long_texts
        if len(long.spans(len(ids))) > 1:
            raise InputError(
                f"the words of a text, or of a window, that the model reads at once were expected, at most "
                f"{long.room:,} tokens, got {len(ids):,}; give each of its windows by itself"
            )
        lengths = _lengths(len(ids), int((ids >= SECOND).sum()))
        inputs, places = self._inputs(ids.unsqueeze(0), lengths)
        length = inputs["input_ids"].shape[1]
        values = architecture_of(self.model.config).values
        with torch.no_grad(), self._as_it_was():
            if architecture_of(self.model.config).switches_attention:
                self.model(**inputs)  # what it records are the modules that it has exchanged
            watching: AbstractContextManager[list[LayerCall]] = (
                nullcontext([]) if values is None else layer_calls(self.model.base_model, values, length)
            )
            with recorded(self.model, "output_attentions") as recording:
                with watching as calls:
                    logits = tensor_of(self.model(**inputs), 1)[0]
                stacks = attention_stacks(recording, length, calls, values, zeroing)
        return SelfAttention(
            logits.double().cpu().numpy(),
            self.template.names(lengths),
            places.cpu().numpy(),
            pooled_share(self.pooling, length),
            stacks,
            _notes(stacks),
        )

    def _inputs(self, ids: Tensor, lengths: tuple[int, ...]) -> tuple[dict[str, Any], Tensor]:
        """What the model is given for texts (N, T) of these lengths, and where (T,) their words stand in it."""
        special, types, places = (torch.from_numpy(part).to(ids.device) for part in self.template.arranged(lengths))
        whole = special.expand(len(ids), -1).clone()
        whole[:, places] = ids % SECOND
        inputs = {"input_ids": whole, "attention_mask": torch.ones_like(whole), **self._options}
        if self.template.typed:
            inputs["token_type_ids"] = types.expand(len(ids), -1)
        return inputs, places

    def _run(self, ids: Tensor, second: int, embedded: Tensor | None) -> Tensor:
        """Logits of texts (N, T) of one length, whose last `second` words are the second text's."""
        inputs, places = self._inputs(ids, _lengths(ids.shape[1], second))
        with self._as_it_was(), self._hidden_states_passed_on(inputs["input_ids"].shape[1]):
            if embedded is None:
                return tensor_of(self.model(**inputs), len(ids))
            with fed(self.model, self.model.get_input_embeddings(), inputs["input_ids"], places, embedded):
                return tensor_of(self.model(**inputs), len(ids))

    @contextmanager
    def _hidden_states_passed_on(self, length: int) -> Iterator[None]:
        """Let what every layer makes of texts of so many places pass where hooks wait for it, if any do."""
        if not any(state._forward_hooks for state in self.hidden_states):
            yield
            return
        with recorded(self.model, "output_hidden_states") as recording:
            yield
        states = recording.get("decoder_hidden_states") or recording["hidden_states"]
        for waiting, state in zip(self.hidden_states, states, strict=True):
            waiting(state[:, :length])

    @contextmanager
    def _as_it_was(self) -> Iterator[None]:
        """Let texts share a batch though the model knows no padding, and undo what a forward pass changes."""
        config = self.model.config.get_text_config()
        settings = dict(vars(config))
        base = self.model.base_model
        switched = base.attention_type if architecture_of(self.model.config).switches_attention else None
        if config.pad_token_id is None:
            config.pad_token_id = _NEVER
        try:
            if switched is None:
                yield
            else:
                with preserve_random_state():
                    yield
        finally:
            for added in vars(config).keys() - settings.keys():
                delattr(config, added)
            vars(config).update(settings)
            if switched is not None:
                base.set_attention_type(switched)


def _lengths(length: int, second: int) -> tuple[int, ...]:
    """Of a text so many words long, or of the two texts of a pair, the second of which has `second`."""
    return (length - second, second) if second else (length,)


def _notes(stacks: tuple[AttentionStack, ...]) -> tuple[str, ...]:
    if len(stacks) > 1:
        return (ENCODER_AND_DECODER,)
    return (WITHOUT_VALUES,) if stacks[0].value_norms is None else ()
