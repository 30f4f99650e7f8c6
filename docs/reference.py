"""Gives the bundled models their reference points, plain sentences of our own making: python docs/reference.py.

The embedded demo reviews try a network with negation and contrast; as landmarks only those without either will do.
"""

from pathlib import Path

import pandas as pd

import attribkit as ak
from attribkit.model_folder import attach_reference

PRETRAINED = Path(ak.__file__).parent / "pretrained"
TWISTED = r"\b(?:no|not|never|hardly|although|though|but|despite|without|neither|with all)\b|n't|far from|ironic"

demo = ak.load_dataset("demo")
reviews = pd.concat([demo.train, demo.validation, demo.test])
plain = reviews[~reviews["text"].str.contains(TWISTED, case=False)]
for name in ("imdb-cnn", "imdb-attention-rnn"):
    source = "synthetic reviews of our own making, without negation or contrast"
    attach_reference(PRETRAINED / name, ak.keep_reference(ak.load(name), plain, source=source))
