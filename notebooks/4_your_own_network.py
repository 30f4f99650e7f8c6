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
# # 4 · A network of your own
#
# Nothing here needs a model trained by attribkit. A network that keeps a small contract is explained as it is; others
# need an adapter of one line.
#
# In a hosted notebook, first run `%pip install attribkit` in a cell of its own.

# %%
import torch
from torch import nn

import attribkit as ak
from attribkit.models.adapters import Adapted
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer
from attribkit.text.word_index import WordIndex

torch.manual_seed(0)
data = ak.load_dataset("demo")

# %% [markdown]
# ## One that keeps the contract
#
# `forward(ids, mask)` gives logits, one per label, and `embedding` is an `nn.Embedding`. That is all. This one averages
# its words, after a layer that lets neighbours speak to each other.


# %%
class Averaged(nn.Module):
    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 32, padding_idx=0)
        self.mix = nn.Conv1d(32, 32, 3, padding=1)
        self.output = nn.Linear(32, 2)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        real = mask.unsqueeze(1)
        mixed = torch.tanh(self.mix(self.embedding(ids).transpose(1, 2) * real)) * real
        return self.output(mixed.sum(2) / mask.sum(1, keepdim=True))


tokenizer = Tokenizer.train(data.train["text"], TextSettings(min_frequency=1))
network = Averaged(len(tokenizer))
model = ak.Classifier(network, tokenizer, data.labels, name="averaged words")

# %% [markdown]
# Train it with any loop you like; here is a plain one.

# %%
texts, labels = data.train["text"].tolist(), data.train["label"].map({name: i for i, name in enumerate(data.labels)})
answers = torch.tensor(labels.to_numpy())
optimiser = torch.optim.Adam(network.parameters(), 1e-2)
for _ in range(8):
    for rows in torch.randperm(len(texts)).split(64):
        ids, mask = model.batch(model.ids([texts[row] for row in rows]))
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(ids, mask), answers[rows]).backward()
        optimiser.step()
network.eval()
round(ak.evaluate(model, data).accuracy, 3)

# %% [markdown]
# It has no closed form, so its integrated gradients are computed by adaptive quadrature, and say whether they sum to
# the model's output.

# %%
why = ak.explain(model, "The acting was wonderful, although the ending was dull.", views="attribution")
why

# %% [markdown]
# ## One that needs an adapter
#
# A single logit, `forward(x)` without a mask, and a plain word → index dictionary: what many a notebook on the web ends
# with.


# %%
class Bag(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(5, 1)
        self.words.weight.data = torch.tensor([[0.0], [0.0], [2.0], [-2.5], [0.1]])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.words(x).sum(1)


words = {"<pad>": 0, "<unk>": 1, "good": 2, "bad": 3, "film": 4}
bag = ak.Classifier(Adapted(Bag(), outputs="logit"), WordIndex(words, str.split), ["neg", "pos"], name="bag of words")
ak.explain(bag, "good film bad ending", target="pos").to_frame()[["token", "score", "known"]]

# %% [markdown]
# The network is linear, so its scores must be the weights themselves, and they are: 2, 0.1, −2.5, and 0 for the word
# it does not know.
#
# ## Five that people bring
#
# A network that ends in a sigmoid, one without gradients by its words, one that finds its own mask, one whose kernel is
# wider than the text, and one with a second input. Each is taken as it is; what a reader must know stands in the notes.


# %%
class Net(nn.Module):
    """Four networks over one embedding, by how they pool it."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.words = nn.EmbeddingBag(5, 8) if kind == "no gradients" else nn.Embedding(5, 8)
        self.wide, self.out = nn.Conv1d(8, 8, 4), nn.Linear(8, 1)

    def forward(self, x):
        vectors = self.words(x)
        if self.kind == "own mask":
            weights = vectors.sum(2).masked_fill(x == 0, -torch.inf).softmax(1)
            vectors = (weights.unsqueeze(2) * vectors).sum(1)
        elif self.kind == "wide kernel":
            vectors = self.wide(vectors.transpose(1, 2)).amax(2)
        elif self.kind == "sigmoid":
            vectors = vectors.mean(1)
        return self.out(vectors).sigmoid() if self.kind == "sigmoid" else self.out(vectors)


class WithStars(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.out = nn.Embedding(5, 8), nn.Linear(9, 2)

    def forward(self, x, stars):
        return self.out(torch.cat([self.words(x).tanh().mean(1), stars.unsqueeze(1)], 1))


def explained(network, **given):
    model = ak.Classifier(Adapted(network, also=tuple(given)), WordIndex(words, str.split), ["neg", "pos"])
    scores = ak.explain(model, "good film bad", also=given or None, target="pos", views="attribution").token_scores
    return {"method": scores.method, "verdict": scores.verdict, "notes": scores.notes}


{kind: explained(Net(kind)) for kind in ("sigmoid", "no gradients", "own mask", "wide kernel")}

# %%
explained(WithStars(), stars=4.0)

# %% [markdown]
# [Bring your own model](../docs/your_own_model.md) has the whole table.
#
# ## Everything else works too
#
# The report asks nothing of a network that `explain` does not.

# %%
page = ak.report(model, data.test.head(60), train=data.train, texts=20, tested=8, mistakes=3)
page.save("report.html")
[section.title for section in page.document.sections]
