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
# # 6 · A transformer
#
# A sequence classifier of Hugging Face is explained like any other model here. This one is bundled: a BERT of two
# layers, trained on IMDB. Put the name of your own folder in its place, or a pipeline, or `(model, tokenizer)`.
#
# In a hosted notebook, first run `%pip install "attribkit[hf]"` in a cell of its own.

# %%
import numpy as np
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
from transformers.utils import logging

import attribkit as ak

logging.disable_progress_bar()
bert = ak.load("imdb-bert")
print(bert.provenance["outputs"])

# %% [markdown]
# ## The prediction is the pipeline's
#
# The same model as a pipeline of `transformers` gives the same probabilities, whatever stands beside a text in a
# batch.

# %%
bert.network.model.save_pretrained("my-bert")
bert.tokenizer.tokenizer.save_pretrained("my-bert")
pipe = pipeline(
    "text-classification",
    model=AutoModelForSequenceClassification.from_pretrained("my-bert"),
    tokenizer=AutoTokenizer.from_pretrained("my-bert"),
    top_k=None,
    device="cpu",
)
texts = ["It was a horrible movie", "Such a great show, it wasn't even a minute too long!", "The plot is thin."]
theirs = [{row["label"]: row["score"] for row in rows}[bert.labels[0]] for rows in pipe(texts)]
print("apart by", f"{np.abs(bert.probabilities(texts)[:, 0] - theirs).max():.0e}")

# %% [markdown]
# ## Which words moved it?
#
# BERT reads parts of words. Their scores are summed to the words of the text, and the parts are kept. The scores add
# up to the change of the log-odds from a text of PAD tokens; the line under the label says how exactly.

# %%
why = ak.explain(ak.load(pipe), "It wasn't unwatchable, but the ending of this movie is a horrible mess.")
why

# %%
why.to_frame(level="token")[["token", "word", "score"]].head(8)

# %% [markdown]
# ## Where did it look?
#
# Every head of every layer looks from every place of the text to every other. What the place that is classified,
# `[CLS]`, took from a word is summed up in four ways that are in use; below them stand two measures of what moved the
# prediction. Where they disagree, believe those: they changed the input and asked the model.

# %%
looked = ak.explain(bert, "It was a horrible movie, and the music is great", views="attention", compare=True)
looked

# %%
[f"{pair.first} – {pair.second}: {pair.tau:.2f}" for pair in looked.panels()[0].agreements if pair.tau is not None]

# %% [markdown]
# All weights are in the panel, special tokens among the places.

# %%
heads = looked.panels()[-1]
print(heads.weights.shape, "layers, heads, places that look, places that are looked at")

# %% [markdown]
# ## Layer by layer
#
# `hidden_states.0` are the embeddings, the last ones what the head reads. Of each text its `[CLS]` is one point; all
# layers stand on the same axes. The embedding of `[CLS]` is the same for every text, so it is left out. The texts are
# generated and full of negations ("was not lifeless"), of which this small model gets two in five wrong: the points
# have the colour of its prediction.

# %%
layers = [name for name in bert.layers()["layer"] if name.startswith("hidden_states.")]
maps = ak.project(bert, ak.load_dataset("demo"), layers=layers[1:], colour="prediction", sample=300, neighbours=5)
maps

# %% [markdown]
# The same figures for the mean of all tokens instead: `ak.project(…, reduce="mean")`.
