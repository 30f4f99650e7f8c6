"""Which training rows taught a model its answers, and which of them are wrong."""

from attribkit.influence.datamodelling import DatamodellingScore, datamodelling_score
from attribkit.influence.group_influence import group_influence
from attribkit.influence.keep_training import keep_training
from attribkit.influence.label_errors import label_errors
from attribkit.influence.label_errors_result import LabelErrors
from attribkit.influence.result import TrainingInfluence
from attribkit.influence.tracin import tracin
from attribkit.influence.training_influence import training_influence
from attribkit.influence.trak import trak
from attribkit.last_layer.refitted_layer import RefittedLayer
from attribkit.last_layer.text_influence import TextInfluence

__all__ = [
    "DatamodellingScore",
    "LabelErrors",
    "RefittedLayer",
    "TextInfluence",
    "TrainingInfluence",
    "datamodelling_score",
    "group_influence",
    "keep_training",
    "label_errors",
    "tracin",
    "training_influence",
    "trak",
]
