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
# # 7 · What taught it?
#
# A token score says which words moved an answer. Here we ask which training rows taught the model so, and which of them
# have a wrong label. The rows are generated, so that every wrong label is known.
#
# In a hosted notebook, first run `%pip install attribkit` in a cell of its own.

# %%
import numpy as np
import pandas as pd

import attribkit as ak
from attribkit.influence import RefittedLayer, datamodelling_score

random = np.random.default_rng(0)
nouns = ["plot", "acting", "music", "cast", "script", "camera", "ending", "story"]
words = {
    "pos": ["great", "excellent", "wonderful", "superb", "perfect", "amazing", "lovely", "clever"],
    "neg": ["awful", "terrible", "boring", "horrible", "dull", "poor", "clumsy", "silly"],
}


def review(label):
    one, two = random.choice(nouns, 2, replace=False)
    first, second = random.choice(words[label], 2, replace=False)
    return f"the {one} was {first} and the {two} was {second}"


labels = random.permutation(["pos", "neg"] * 300)
rows = pd.DataFrame({"text": [review(label) for label in labels], "label": labels})

# %% [markdown]
# One row in twenty gets the wrong label.

# %%
wrong = random.choice(len(rows), 30, replace=False)
rows.loc[wrong, "label"] = rows.loc[wrong, "label"].map({"pos": "neg", "neg": "pos"})
model = ak.train("cnn", rows, epochs=12, filters=16, embedding_size=32, learning_rate=0.01, seed=0)
model

# %% [markdown]
# ## Which rows are wrong?
#
# The network was trained on the wrong labels too. So a row is judged by models that never saw it: the last layer and a
# linear model of words, cross-validated. The rows they doubt most come first.

# %%
errors = ak.label_errors(model, rows, most=3)
first = errors.to_frame().head(30)
print(f"{first['row'].isin(wrong).sum()} of the first 30 rows are wrong ones, of 30 in 600")
first[["row", "label", "suggested", "margin", "text"]].head(5)

# %% [markdown]
# The first three with the words that speak for the label suggested:

# %%
errors.explained

# %% [markdown]
# ## Which rows taught it?
#
# For one text, the rows that most raised and most lowered the answer. The effect is what the log-odds would lose
# without the row. Among those that lowered it stand rows with a wrong label.

# %%
why = ak.training_influence(model, rows, "the story was great and the camera was clever", most=3)
why.overview

# %%
table = why.to_frame()
table["wrong"] = table["row"].isin(wrong)
table[["row", "label", "effect", "alike", "wrong", "excerpt"]]

# %% [markdown]
# By which words is the first row like the text? The second panel's scores say.

# %%
why.lessons[0]

# %% [markdown]
# ## Is it right?
#
# Effects that are true predict what a model would answer had it been trained on other rows. The last layer is refitted
# on halves of the rows; 1 means that the halves are ranked as their answers are, 0 as by chance. Random numbers and a
# nearest-neighbour classifier stand beside it.

# %%
texts = [review(label) for label in ["pos", "neg"] * 10]
datamodelling_score(RefittedLayer.of(model, rows), texts, subsets=20)
