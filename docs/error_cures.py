"""What to do after an error, for sentences that end with what was given: by the words with which a sentence begins.

Each is Markdown with a line to write; a group of the pattern is filled in. The first that fits counts.
"""

import re

CALL = {
    "baseline": 'ak.explain(model, text, baseline="pad")',
    "baselines": 'ak.report(model, data, baselines=["pad", "unk"])',
    "class_weights": 'ak.train("cnn", data, class_weights="balanced")',
    "colour": 'ak.project(model, data, colour="label")',
    "device": 'ak.load(folder, device="cpu")',
    "devices": 'ak.train("cnn", data, devices=1)',
    "dimensions": "ak.project(model, data, dimensions=2)",
    "dpi": 'why.save("why.png", dpi=200)',
    "draws": "ak.sanity(model, data, draws=3)",
    "encoding": 'ak.load_dataset("tickets.csv", encoding="cp1252")',
    "engine": 'ak.explain_corpus(model, data, folder, engine="local")',
    "epochs": 'ak.project(model, data, epochs="all")',
    "format": 'why.save("why.svg")',
    "interactions": 'ak.explain(model, text, views="interactions", interactions="shapley")',
    "layer": 'ak.project(model, data, layer="linear")',
    "level": 'why.to_frame("word")',
    "limit": "ak.explain_corpus(model, data, folder, limit=1000)",
    "long": 'ak.load(folder, long="windows")',
    "max_tokens": 'ak.explain(model, text, method="shapley", max_tokens=16)',
    "methods": 'ak.faithfulness(model, data, methods=["exact", "random"])',
    "metric": 'ak.project(model, data, method="umap", metric="cosine")',
    "names": 'ak.compare(a, b, names=("before", "after"))',
    "near": "ak.label_errors(model, data, near=0.8)",
    "output": 'ak.explain(model, text, output="log_odds")',
    "patterns": 'ak.region_importance(model, data, patterns={"greeting": r"^dear"})',
    "perplexity": 'ak.project(model, data, method="tsne", perplexity=30)',
    "precision": 'ak.train("cnn", data, precision="auto")',
    "reduce": 'ak.project(model, data, reduce="mean")',
    "removals": 'ak.faithfulness(model, data, removals=["delete", "pad"])',
    "sample": "ak.explain_corpus(model, data, folder, sample=0.01)",
    "seed": 'ak.load_dataset("tickets.csv", seed=0)',
    "snapshots": 'ak.train("cnn", data, epochs=4, snapshots=[1, 2, 4])',
    "split": 'ak.evaluate(model, data, split="test")',
    "stride": 'ak.load(folder, long="windows", stride=64)',
    "task": 'ak.train("cnn", data, task="multilabel")',
    "theme": 'why.save("why.png", theme="light")',
    "true_label": "ak.explain(model, texts, true_label=labels)",
    "umap_neighbours": 'ak.project(model, data, method="umap", umap_neighbours=15)',
    "views": 'ak.explain(model, text, views=["attribution"])',
    "width": 'why.save("why.png", width=7)',
    "widths": 'ak.train("cnn", data, widths=[3, 4, 5])',
    "window": "ak.explain_corpus(model, data, folder, window=4096)",
    "workers": "ak.explain_corpus(model, data, folder, workers=2)",
}
"""A call that is right, by the argument of which a sentence speaks."""

CURES = {
    # sentences that begin with an argument
    r"`method` must be 'pca'": '`ak.project(model, data, method="pca")`.',
    r"`method` must be one of .* a method of your own": (
        'Such as `ak.explain(model, text, method="occlusion")`; [the methods](../methods.md) says which fits.'
    ),
    r"`method` must be one of": 'Such as `score.score("leave-one-out")`: a name that the result holds.',
    r"`epochs` must be": '`ak.project(model, data, epochs="all")`, or `epochs=[1, 3]`.',
    r"`texts` must be": "`ak.report(model, data, texts=5)`, or any larger number.",
    r"`most` must": "Such as `most=10`, or leave it out.",
    r"`by` must": 'Give the name as the table has it: `group_influence(layer, texts, by="label")`.',
    r"`subsets` must": "`datamodelling_score(layer, texts, subsets=10)`, or any number from 3.",
    r"`repeats` must": (
        "`datamodelling_score(layer, texts, retrain=train_one, repeats=3)`; without `retrain` leave `repeats` out."
    ),
    r"`retrain` must": (
        'Train on the halves with the labels of the whole set: `ak.train("cnn", half)`, where `half` has each label.'
    ),
    r"`(targets|counts|difference|max_nodes)` must|`(ids|embedded)` and|`baseline` must be None": (
        "This is of the functions for tensors; print the shapes and compare: `print(ids.shape, "
        "mask.shape)`. `ak.explain(model, text)` makes them itself."
    ),
    r"`also` (must be a mapping|gives|must give)": (
        "One value for each text, by the name in the network's `forward`: `ak.explain(model, texts, "
        'also={"year": [1999, 2004]})`.'
    ),
    r"the network also needs": (
        'Pass one value for each text: `ak.explain(model, texts, also={"year": [1999, 2004]})`, or a table '
        "with a column of that name."
    ),
    r"the other input …": 'Fill in what is missing before: `table["year"] = table["year"].fillna(0)`.',
    r"`architecture` must": (
        'Such as `ak.train("cnn", data)`; for one of your own, `attribkit --import MODULE train`.'
    ),
    r"`(cell|scorer|summary)` must": (
        r'Choose one that the sentence names, such as `ak.train("attention-rnn", data, \1=…)`, or leave it '
        "out."
    ),
    r"`(labels|inputs|outputs|length)` must|with task=… `outputs`": (
        "Mend it where the network is adapted; [your own model](../your_own_model.md) shows each argument in a call."
    ),
    r"`layers` must name": 'Name one: `ak.layer_outputs(model, data, layers=["linear"])`, or leave it out for all.',
    r"`model` must be one of": "Ask for one that `attribkit serve` was started with: `GET /models` lists them.",
    r"models of different names": (
        'Name one otherwise as it is trained: `ak.train("cnn", data, name="second", out="second")`.'
    ),
    r"a row must lie": "Count from 0, and ask `/data` how many rows there are.",
    r"`check` has no|the threshold for|`thresholds` can": "`ak.check(model, data, min_accuracy=0.9)`.",
    r"`train` must have": 'Rename its columns: `train.rename(columns={"review": "text", "stars": "label"})`.',
    r"`(what|which|measure|region)` must": r'Give one of the words that the sentence lists, in quotes: `\1="…"`.',
    r"`data` must name": "`attribkit corpus MODEL reviews.parquet --out scores`.",
    r"`seeds` must|the tables are|there can be from 2 folds": "`attribkit reproduce imdb --seeds 3 --out results`.",
    r"`size` must": 'Take a smaller one: `ak.train("cnn", data, glove="glove.6B.300d.txt", vector_size=50)`.',
    r"training … has no option": (
        'Leave it out, or correct its name; `ak.train("cnn", data, epochs=5, filters=64)` shows the form, '
        "and `attribkit train --help` lists all."
    ),
    r"only parameters can be frozen": "Copy a name from `[name for name, _ in model.network.named_parameters()]`.",
    r"`X` and `y`": 'Take both from one table: `classifier.fit(table["text"], table["label"])`.',
    r"`name` must be a text": '`ak.register_network("mine", Mine)`.',
    r"`confusion` must|a true and a predicted": "Measure anew with `ak.evaluate(model, data)`, which counts itself.",
    # sentences that begin with a thing, not with an argument
    r"a classifier needs two|a regression needs different": (
        'See what the column holds, `table["label"].value_counts()`, and add rows with another answer, or '
        "name the right column with `label=`."
    ),
    r"a condition such as": '`ak.explain_corpus(model, data, folder, where="rating>=7")`: column, sign, value.',
    r"a data set is": (
        'Such as `ak.load_dataset("tickets.csv")`, or a table: `ak.load_dataset(pd.read_csv("tickets.csv"))`.'
    ),
    r"a layer of this model": 'Copy a name from the sentence: `ak.project(model, data, layer="linear")`.',
    r"a Method whose": (
        "`ak.register_method(Method(..., solve=scores))`, with the function itself and not what it gives; "
        "[extending](../extending.md) has one whole."
    ),
    r"method … needs a closed form": 'Write `closed_form=True, instead="quadrature"` in its `Method(...)`.',
    r"a model folder, a bundled": '`ak.load("imdb-cnn")`, `ak.load("my-model")` or `ak.load((model, tokenizer))`.',
    r"a model's reference|a reference needs": (
        "Keep them anew: `ak.keep_reference(model, data)`, then `model.save(folder, overwrite=True)`."
    ),
    r"a model's training|training features|the hashes of a model": (
        "The file was cut short or made by something else. Copy the model folder again, or make it anew: "
        "`ak.keep_training(model, data)`, then `model.save(folder, overwrite=True)`."
    ),
    r"this version cannot build": (
        "Load it with the version that saved it, or train it again; `pip show attribkit` says which this is."
    ),
    r"a pair is given|the first text of a pair": (
        '`ak.explain(model, {"text": "a premise", "text_pair": "a hypothesis"})`; take the sign out of the texts.'
    ),
    r"a pair of two": '`ak.explain(model, text, target=("neg", "pos"))` asks why the first and not the second.',
    r"`…` must be one of the labels": 'Copy one from `model.labels`: `ak.explain(model, text, target="neg")`.',
    r"a regression model has one output": "`ak.explain(model, text)`.",
    r"a baseline text needs": 'Give a text with a word in it: `ak.explain(model, text, baseline="a film")`.',
    r"a single-": "Let `forward` end in `return logits.squeeze(-1)`.",
    r"a head of scikit-learn|the head must": (
        "Fit it on two labels or more first: `LogisticRegression().fit(vectors, labels)`."
    ),
    r"a text of … needs more memory": (
        'Explain shorter windows: `ak.load(folder, long="windows")`, or use a machine with more memory; the'
        " other rows are done."
    ),
    r"a tokenizer(.json|'s JSON) was": 'Write it with the library itself: `tokenizer.save("tokenizer.json")`.',
    r"a training's state": "Keep numbers, strings, lists and tensors alone in what your network adds to it.",
    r"at least … rows are": "Give more rows, or ask for fewer parts: `ak.label_errors(model, data, parts=2)`.",
    r"at least two groups|effects of …": (
        'Choose a column with two values or more: `group_influence(layer, texts, by="label")`.'
    ),
    r"… has no column": (
        'Copy a name from the sentence: `ak.load_dataset("tickets.csv", text="message", label="team")`.'
    ),
    r"… is neither a known": (
        "Give a path from where you are (`ls` shows what lies here), or texts themselves as a list: "
        '`ak.explain(model, ["a film"])`.'
    ),
    r"its preprocessor changes": (
        "Lower or strip before: fit the pipeline on texts that went through it, and leave `preprocessor=` "
        "out of the vectorizer."
    ),
    r"line …: the evidence|row …: (a|each)": (
        'Count characters from 0, the end left out: `{"text": "a good film", "rationale": [[2, 6]]}`.'
    ),
    r"… must be a name and a value": "`attribkit train demo --model mine --set width=64`.",
    r"… must be numbers between commas": "`attribkit train demo --widths 3,4,5`.",
    r"no text measured is": (
        "Ask for a label that the sentence names behind “but”, or measure more texts: `ak.faithfulness(model, data)`."
    ),
    r"rows with labels were expected": (
        "See that the table holds rows: `print(len(table))`, and name its column with `label=`."
    ),
    r"tables must be named|the … table must": (
        '`ak.load_dataset({"train": rows, "test": more})`, each a pandas table.'
    ),
    r"the settings of a network must": (
        "Build what is no number or string inside `__init__`, from a name that is one."
    ),
    r"there must be at least one explanation": 'Give a text: `ak.explain(model, ["a film"])`.',
    r"there must be at least one part": "Run the corpus first: `attribkit corpus MODEL DATA --out FOLDER`.",
    r"`reduce=…` does not": 'Leave it out, or take another: `ak.project(model, data, reduce="mean")`.',
    r"… needs at least … points": 'Give more texts, or take `ak.project(model, data, method="pca")`.',
    r"… needs a model of one label|… needs a network with": (
        'Ask `model.capabilities` what it can do; `ak.explain(model, text, views="attribution")` fits every model.'
    ),
    r"the model reads … tokens": 'Read it in parts: `ak.load(folder, long="windows")`.',
    r"a table must end": 'Write it in one of them: `table.to_csv("tickets.csv", index=False)`.',
    # whole kinds of bounds
    r"`(\w+)` must be at least (\d+)": r"Write `\1=\2`, or a larger number.",
    r"`…` must be (at least|a number|an integer|above 0|a share|one of|…)": (
        "Correct the argument that the sentence names to a value that it allows, or leave it out; "
        "`help(ak.train)`, or of the function that you called, says what is usual."
    ),
    r"`…` must be a word": 'Take one that the model knows: `"film" in model.tokenizer.vocabulary`.',
    r"`truncate` must": '`TextSettings(truncate="end")`.',
    r"`max_length` must": "`TextSettings(max_length=400)`.",
}
"""What to do, by the beginning of a sentence."""

OF_RESULTS = (
    "What a result holds is checked as it is made. Of a file: write it anew with "
    '`why.save("why.json")`, not by hand. Of a panel that you make yourself: give it what the sentence '
    "expects; [extending](../extending.md) makes one."
)
"""What to do where a panel or a result is made of what does not fit together."""


def written(text: str) -> str | None:
    """What to do after a sentence, in Markdown; None if nothing is written for it."""
    for pattern, cure in CURES.items():
        if match := re.match(pattern, text):
            return match.expand(cure)
    argument = re.match(r"`(\w+)`", text)
    return f"A call that is right: `{CALL[argument[1]]}`." if argument and argument[1] in CALL else None
