"""What a model can be asked for: it declares it once; views, methods and measures ask for that and nothing else."""

from dataclasses import dataclass, field
from typing import Any, Literal

from attribkit.errors import InputError
from attribkit.text.batching import TOKENS_AT_ONCE
from attribkit.text.long_texts import LongTexts


@dataclass(frozen=True)
class Capabilities:
    """What a model gives beside its outputs.

    A claim that can be checked is checked where it is used: gradients by `attribkit.models.feeding.gradient_fault`, a
    closed form by the model's own outputs.

    Attributes:
        gradients: of its outputs by the vectors of its words, which pass through an `nn.Embedding`.
        attention: weights, by `attend(ids, mask)`.
        self_attention: the weights of every layer's heads, by `self_attention(ids, zeroing)`.
        layers: modules whose outputs can be read, and whose weights can be replaced.
        closed_form: of which kind its scores have one: "convolution" for a text CNN, "linear" for a linear model of
            n-grams; None if they have none.
        own_spans: whether its tokens are stretches of the text itself, so that a changed text is a text again; without
            it a text is a row of word numbers.
        equal_lengths: whether the texts of one batch must have the same length.
        tokens_at_once: the most tokens of a batch, padding included, where nobody says how many texts.
        other_lookups: whether it may look up other words than the text's, or the text's more than once.
        other_inputs: the names of what it is given beside the text.
        pairs: whether it reads pairs of texts (`attribkit.text.text_pair`) as pairs.
        subwords: whether it cuts words into parts, which are joined again where scores are shown.
        fed_by_itself: whether it takes vectors in the words' places by itself, as `fed(embedded, ids, mask)`; then a
            baseline is given as vectors, and what the network makes of a text's ids stays as it is.
        bends_early: whether its output changes most early on the path from a baseline to a text, as a transformer's.
        named_baselines: the named baselines that it can be compared with; None for those that its kind has.
        refused_baselines: named ones that it cannot be compared with, each with the reason.
        notes: what a reader of its scores must know.
        pooling: which step of its layers its head reads, or their mean: what stands for a text unless another reduction
            is asked for; None where that depends on the layer.
        steps_before: how many steps of its layers stand before the first token; None where steps are windows.
        long_texts: what it does with texts that are longer than it reads.
        kind: what a sentence calls it.
    """

    gradients: bool = True
    attention: bool = False
    self_attention: bool = False
    layers: bool = True
    closed_form: Literal["convolution", "linear"] | None = None
    own_spans: bool = False
    equal_lengths: bool = False
    tokens_at_once: int = TOKENS_AT_ONCE
    other_lookups: bool = False
    other_inputs: tuple[str, ...] = ()
    pairs: bool = False
    subwords: bool = False
    fed_by_itself: bool = False
    bends_early: bool = False
    named_baselines: tuple[str, ...] | None = None
    refused_baselines: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    pooling: Literal["first", "mean", "last"] | None = None
    steps_before: int | None = None
    long_texts: LongTexts = field(default_factory=LongTexts)
    kind: str = "network"

    @property
    def baselines(self) -> tuple[str, ...]:
        """The named baselines that it can be compared with, beside any text: those that are words of it, or vectors."""
        if self.named_baselines is not None:
            return self.named_baselines
        if self.own_spans:
            return ("pad",)
        return ("pad", "unk", "zero", "mean") if self.gradients else ("pad", "unk")

    def refusal(self, asked: str, need: str, instead: str) -> InputError:
        """The error for what this model cannot give.

        Args:
            asked: what was asked for, such as "a map".
            need: what it needs, such as "layers".
            instead: what does work.
        """
        return InputError(f"{asked} needs a network with {need}, this {self.kind} has none; {instead}")


def capabilities_of(network: Any) -> Capabilities:
    """What a network declares as its `capabilities`; of one that declares none, what its contract says.

    The contract is that of `attribkit.models.Network`: this is the one place where its optional parts are looked for.

    Args:
        network: keeps the contract.

    Example:
        >>> import attribkit as ak
        >>> from attribkit.models.capabilities import capabilities_of
        >>> capabilities_of(ak.load("imdb-cnn").network).closed_form
        'convolution'
    """
    declared = getattr(network, "capabilities", None)
    if isinstance(declared, Capabilities):
        return declared
    named = all(hasattr(network, part) for part in ("convolutions", "output"))
    embedding = getattr(network, "embedding", None)
    return Capabilities(
        gradients=embedding is not None,
        attention=hasattr(network, "attend"),
        closed_form="convolution" if named and embedding is not None else None,
        equal_lengths=bool(getattr(network, "equal_lengths", False)),
        tokens_at_once=int(getattr(network, "tokens_at_once", TOKENS_AT_ONCE)),
    )
