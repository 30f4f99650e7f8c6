"""Which training rows taught a model its answers, and which of them are wrong."""

from attribkit.influence.refitted_layer import RefittedLayer
from attribkit.influence.result import TextInfluence, TrainingInfluence
from attribkit.influence.training_influence import training_influence

__all__ = ["RefittedLayer", "TextInfluence", "TrainingInfluence", "training_influence"]
