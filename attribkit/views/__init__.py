"""The views of a model: each is settings, then a call that returns panels."""

from collections.abc import Sequence
from typing import TypedDict

from attribkit.attribution.targets import TargetName
from attribkit.data.text_tables import Data
from attribkit.last_layer.refitted_layer import RefittedLayer
from attribkit.views.attention import Attention
from attribkit.views.attribution import Attribution
from attribkit.views.inputs import Inputs
from attribkit.views.interactions import Interactions
from attribkit.views.projection import Projection
from attribkit.views.training import Training
from attribkit.views.view import View

VIEWS: dict[str, type[View]] = {
    "attribution": Attribution,
    "inputs": Inputs,
    "attention": Attention,
    "projection": Projection,
    "interactions": Interactions,
    "training": Training,
}
"""In the order in which `explain` shows them."""

ON_REQUEST = frozenset({"projection", "interactions", "training"})
"""Views that `explain` shows only where they are asked for: they take longer, or show other texts than this."""


class ViewOptions(TypedDict, total=False):
    """What the views can be told; each takes those that it has a setting for."""

    target: TargetName | None
    output: str | None
    method: str | None
    baseline: str | Sequence[str]
    tolerance: float
    compare: bool
    reference: Data | None
    train: Data | RefittedLayer | None
    seed: int
    batch_size: int | None
    interactions: str
    max_steps: int | None
    max_tokens: int | None
