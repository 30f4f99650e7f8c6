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
# # 2 · Three views of one decision
#
# Which words moved the answer, where the network looked, and where a layer puts the text among others. The two bundled
# models were trained on film reviews; the sentences here are our own.
#
# In a hosted notebook, first run `%pip install attribkit` in a cell of its own.

# %%
import attribkit as ak

cnn, reader = ak.load("imdb-cnn"), ak.load("imdb-attention-rnn")

# %% [markdown]
# ## Which words moved it
#
# Every score is a word's share in the change of the log-odds from an empty text to this one, so the scores sum to that
# change; the picture says how exactly.

# %%
why = ak.explain(cnn, "The plot is thin, but I would not call it a bad film.", views="attribution")
why

# %%
why.to_frame().round(3)[["token", "score"]].T

# %% [markdown]
# Why this class and not that one, and how much the choice of the baseline matters:

# %%
banded = ak.explain(cnn, "Not bad at all", views="attribution", target="pos", baseline=["pad", "unk", "mean"])
banded.to_frame().round(3)[["token", "score", "low", "high"]]

# %% [markdown]
# ## Where it looked
#
# An attention network says how much of each word it read. That is not what moved the answer: integrated gradients and
# leave-one-out stand beside it, and Kendall's τ says how far they agree.

# %%
look = ak.explain(reader, "It was a horrible movie", views="attention", compare=True)
look

# %% [markdown]
# ## Where a layer puts it
#
# The model carries 300 reference sentences of our own; the text is marked among them.

# %%
place = ak.explain(reader, "What a lovely, lovely film.", views="projection")
place

# %% [markdown]
# ## Two models, side by side
#
# `compare` sets two explanations of one text beside each other; `a - b` is their difference: its scores sum to the
# difference of the outputs.

# %%
text = "It was a horrible movie"
a, b = (ak.explain(model, text, views="attribution", target="neg") for model in (cnn, reader))
ak.compare(a, b)

# %%
(a - b).token_scores.verdict

# %% [markdown]
# ## A whole set at once
#
# Which words drive the model over many texts, with intervals; `attribkit words` does it on the command line.

# %%
words = ak.word_importance(cnn, ak.load_dataset("demo").sample(150))
words.to_frame().groupby("label").head(6)[["label", "word", "score", "low", "high", "texts"]].round(2)
