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
# # 1 · Train a classifier
#
# From a table of texts to a model folder, in a minute on two cores. The data are synthetic film reviews of our own
# making; a CSV, TSV, JSONL or Parquet file of yours is read the same way.
#
# In a hosted notebook, first run `%pip install attribkit` in a cell of its own.

# %%
import attribkit as ak
from attribkit.evaluation.errors import errors
from attribkit.evaluation.learning_curve import learning_curve

# %%
data = ak.load_dataset("demo")
data.counts()

# %% [markdown]
# Each review carries the words that decide it, which the third notebook will need.

# %%
data.train[["text", "label"]].head(4)

# %% [markdown]
# ## Training
#
# A text CNN: filters of widths 3, 4 and 5 slide over the words, and each keeps its best match. The best epoch by
# validation loss is what remains. `snapshots` keeps the weights of some epochs, to look at later.

# %%
model = ak.train("cnn", data, epochs=4, filters=32, embedding_size=64, snapshots=[0, 1, 4], seed=0, out="reviews")
model.history.round(3)

# %%
ak.Panels([learning_curve(model.history)])

# %% [markdown]
# ## How good is it?

# %%
ak.evaluate(model, data).to_frame().round(3)

# %% [markdown]
# And where it fails: the mistakes it was surest of, each with the words that misled it. On the command line:
# `attribkit evaluate reviews demo --errors errors.html`.

# %%
found = errors(model, data, most=3)
found.save("errors.html")
found.to_frame()[["text", "label", "probability", "true_label"]] if found.mistakes else "no mistakes"

# %% [markdown]
# ## Save, load, predict
#
# A model folder holds data only: weights, vocabulary, settings, a card. Loading it runs no code from it.

# %%
again = ak.load("reviews")
again.predict(["A delightful film with a clever plot.", "The jokes were not funny."]).round(3)
