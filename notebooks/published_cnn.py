# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A convolutional network reads film reviews
#
# A public course trained an LSTM and three text CNNs on IMDB, published one table of F1 scores, and explained six
# sentences with integrated gradients. Here the same is done with attribkit: the whole table by one command, the
# sentences with scores that sum to the model's output.
#
# The data are real and not part of attribkit: `ATTRIBKIT_DATA` names the folder that holds `imdb` and `vectors`. As it
# stands this runs on a sample in about half a minute; `ATTRIBKIT_FULL=1` trains on all 22,500 reviews.

# %%
import json
import os
from pathlib import Path

import pandas as pd

import attribkit as ak
from attribkit.demo import SENTENCES
from attribkit.evaluation.learning_curve import learning_curve

FULL = os.environ.get("ATTRIBKIT_FULL") == "1"
VECTORS = Path(os.environ["ATTRIBKIT_DATA"]) / "vectors" / "imdb.w2v.300d.txt.gz"

reviews = ak.load_dataset("imdb")
if not FULL:
    reviews = reviews.sample(800, seed=0)
reviews

# %% [markdown]
# Reviews of one film share its names, so the validation split does not cut through a film: a network that had learnt
# the names would look better than it is.

# %%
set(reviews.train["movie"]) & set(reviews.validation["movie"])

# %% [markdown]
# ## The table
#
# `attribkit reproduce imdb --out DIR` trains every row with three seeds, goes on where it was if it is killed, and
# writes what follows. No setting was chosen on the test split, which is read once per row.

# %%
RESULTS = Path(ak.__file__).parent.parent / "docs" / "results" / "imdb" / "results.json"
if RESULTS.is_file():
    found = json.loads(RESULTS.read_text())
    columns = ["name", "published", "goal", "mean", "spread", "seeds"]
    table = pd.DataFrame(found["rows"])[columns].round(4)
else:
    table = "the table is in attribkit's repository, under docs/results"
table

# %% [markdown]
# ## One row of it: vectors that stand still at first
#
# The vectors know more of the language than 22,500 reviews can teach; while the convolutions still know nothing, their
# gradients would only harm them. So the embedding is frozen for the first epochs, and moves more slowly after.

# %%
model = ak.train(
    "cnn",
    reviews,
    glove=VECTORS,
    freeze_epochs=2 if FULL else 1,
    unfrozen_learning_rate=3e-4,
    vocabulary_size=30_000,
    epochs=8 if FULL else 3,
    seed=0,
)
model.provenance["vectors"]

# %%
model.history.drop(columns="seconds").round(3)

# %% [markdown]
# The loss falls on the training reviews for as long as one likes; on those of other films it turns round, and the
# weights of its lowest point are kept.

# %%
ak.Panels([learning_curve(model.history)], {"model": model.name})

# %%
ak.evaluate(model, reviews).to_frame().round(3)

# %% [markdown]
# ## The six sentences
#
# The course explained the probability; so does this. The log-odds, attribkit's own default, do not flatten where the
# network is sure. Either way the scores are exact, and their sum is checked against the network's own outputs.

# %%
texts, answers = zip(*SENTENCES, strict=True)
explained = ak.explain(model, list(texts), output="probability", target="pos", true_label=list(answers))
explained

# %%
[(row.prediction.label, row.token_scores.verdict) for row in explained]

# %% [markdown]
# The bundled model, trained on all reviews, on the same sentences:

# %%
sure = ak.explain(ak.load("imdb-cnn"), list(texts), views=["attribution"], output="probability", target="pos")
sure
