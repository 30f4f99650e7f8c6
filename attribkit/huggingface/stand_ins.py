"""What can stand in a word's place: the tokens or vectors that a model's texts can be compared with."""

from dataclasses import dataclass
from typing import Any

from attribkit.huggingface.architectures import architecture_of


@dataclass(frozen=True)
class StandIns:
    """What can stand in a word's place.

    Attributes:
        fill: the id that does where ids are changed.
        baselines: for each name its id; None for a vector that is no token's.
        refused: names that the model cannot be compared with, each with the reason.
    """

    fill: int
    baselines: dict[str, int | None]
    refused: tuple[tuple[str, str], ...]

    @staticmethod
    def of(model: Any, tokenizer: Any) -> "StandIns":
        """Those of a model, by what its tokenizer has and how the model begins."""
        table = model.get_input_embeddings().weight.detach()
        normalised = not architecture_of(model.config).adds_positions
        end = tokenizer.eos_token_id
        named = {
            "pad": tokenizer.pad_token_id,
            "mask": tokenizer.mask_token_id,
            "unk": end if tokenizer.unk_token_id is None else tokenizer.unk_token_id,
        }
        refused = {"zero": "no token of a transformer has the zero vector"}
        if normalised:
            refused["zero"] = (
                "the model normalises its embeddings before anything is added to them, so that its outputs jump at the "
                "zero vector and no number of steps suffices"
            )
        baselines: dict[str, int | None] = {}
        for name, number in named.items():
            if number is None or number >= len(table):
                refused[name] = f"the model has no {name.upper()} token"
            elif normalised and not bool(table[number].any()):
                refused[name] = f"its {name.upper()} token has the zero vector, where the model's outputs jump"
            else:
                baselines[name] = int(number)
        fill = next((baselines[name] for name in ("mask", "pad", "unk") if baselines.get(name) is not None), None)
        return StandIns(0 if fill is None else fill, {**baselines, "mean": None}, tuple(refused.items()))
