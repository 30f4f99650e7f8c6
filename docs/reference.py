"""Gives the bundled models their reference points, plain sentences of our own making: python docs/reference.py.

The embedded demo reviews try a network with negation and contrast; as landmarks only those without either will do.
"""

from pathlib import Path

from plain import plain_reviews

import attribkit as ak
from attribkit.models.model_folder import attach_reference

PRETRAINED = Path(ak.__file__).parent / "pretrained"

for name in ("imdb-cnn", "imdb-attention-rnn"):
    source = "synthetic reviews of our own making, without negation or contrast"
    attach_reference(PRETRAINED / name, ak.keep_reference(ak.load(name), plain_reviews(), source=source))
