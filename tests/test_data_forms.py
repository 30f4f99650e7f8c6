"""Every public function takes the same data, in every form that users have, and makes the same of the same texts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import run

import attribkit as ak
from attribkit.cli import main
from attribkit.data import Dataset, load_dataset
from attribkit.data.readable import SkippedRowsWarning
from attribkit.evaluation.errors import errors
from attribkit.models.classifier import Classifier

WORDS = ("good", "great", "bad", "horrible", "dull", "best")
TEXTS = [f"a {first} film and a {second} story" for first in WORDS for second in ("good", "bad")]
TABLE = pd.DataFrame(
    {
        "text": TEXTS,
        "label": ["pos", "neg"] * 6,
        "rationale": [[[2, 2 + len(text.split()[1])]] for text in TEXTS],
    }
)
ODD = TABLE.rename(columns={"text": "body of it", "label": "mood of it"}).assign(number=range(len(TABLE)))
NAMED: dict[str, Any] = {"text": "body of it", "label": "mood of it"}
SMALL: dict[str, Any] = {"epochs": 1, "filters": 4, "embedding_size": 6, "min_frequency": 1, "device": "cpu"}
Run = Callable[[Classifier, Any, dict[str, Any], Path], Any]


def written(table: pd.DataFrame, path: Path) -> Path:
    """As the file's name says; lists of spans as JSON, as a text file holds them."""
    if path.suffix == ".parquet":
        table.to_parquet(path)
        return path
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_dict("records")))
        return path
    table.assign(rationale=table["rationale"].map(json.dumps)).to_csv(path, index=False)
    return path


Form = Callable[[Path], tuple[Any, dict[str, Any]]]
LISTS: dict[str, Form] = {
    "list": lambda folder: (TEXTS, {}),
    "tuple": lambda folder: (tuple(TEXTS), {}),
    "series": lambda folder: (TABLE["text"].set_axis(range(100, 112)), {}),
    "categories": lambda folder: (TABLE["text"].astype("category"), {}),
    "array": lambda folder: (TABLE["text"].to_numpy(), {}),
    "array of characters": lambda folder: (np.array(TEXTS), {}),
}
TABLES: dict[str, Form] = {
    "table": lambda folder: (TABLE, {}),
    "table with an index": lambda folder: (TABLE.set_axis(range(100, 112)), {}),
    "table with unusual columns": lambda folder: (ODD, NAMED),
    "tables by split": lambda folder: ({"train": TABLE}, {}),
    "path of CSV": lambda folder: (written(TABLE, folder / "x.csv"), {}),
    "path of JSONL": lambda folder: (written(TABLE, folder / "x.jsonl"), {}),
    "path of Parquet": lambda folder: (written(TABLE, folder / "x.parquet"), {}),
    "file with unusual columns": lambda folder: (written(ODD, folder / "odd.csv"), NAMED),
}
DATASET: dict[str, Form] = {"data set": lambda folder: (Dataset("own", TABLE[:0], TABLE[:0], TABLE, "by hand"), {})}
STRINGS: dict[str, Form] = {"name of a file": lambda folder: (str(written(TABLE, folder / "x.csv")), {})}


def map_of(explanation: Any) -> Any:
    return explanation.panels()[0].maps[0].points


def reference_of(model: Classifier, data: Any, columns: dict[str, Any], folder: Path) -> Any:
    try:
        return ak.keep_reference(model, data, **columns).points
    finally:
        model.reference = None


def corpus_of(model: Classifier, data: Any, columns: dict[str, Any], folder: Path) -> Any:
    run = ak.explain_corpus(model, data, folder / "out", text=columns.get("text"), workers=1, words=True)
    return run.words()


# what a text alone makes, whatever is known of its label
OF_TEXTS: dict[str, Run] = {
    "explain": lambda model, data, columns, folder: ak.explain(model, data, **columns).to_frame(),
    "predict": lambda model, data, columns, folder: model.predict(data, **columns),
    "layer_outputs": lambda model, data, columns, folder: ak.layer_outputs(model, data, "embedding", **columns)[
        "embedding"
    ],
    "project": lambda model, data, columns, folder: map_of(ak.project(model, data, colour="prediction", **columns)),
    "keep_reference": reference_of,
    "word_importance": lambda model, data, columns, folder: ak.word_importance(model, data, least=1, **columns).words,
    "faithfulness": lambda model, data, columns, folder: ak.faithfulness(
        model, data, "saliency", oracle_texts=2, perturbed=2, **columns
    ).to_frame(),
    "sanity": lambda model, data, columns, folder: ak.sanity(model, data, "saliency", draws=1, **columns).to_frame(),
    "explain_corpus": corpus_of,
    "region_importance": lambda model, data, columns, folder: ak.region_importance(model, data, **columns).scores,
}
# what needs labels, or rationales
OF_LABELS: dict[str, Run] = {
    "evaluate": lambda model, data, columns, folder: ak.evaluate(model, data, **columns).to_frame(),
    "errors": lambda model, data, columns, folder: errors(model, data, **columns).mistakes.to_frame(),
    "plausibility": lambda model, data, columns, folder: ak.plausibility(model, data, "saliency", **columns).to_frame(),
    "check": lambda model, data, columns, folder: ak.check(model, data, texts=4, **columns).to_frame(),
    "report": lambda model, data, columns, folder: [
        (figure.name, figure.value)
        for figure in ak.report(model, data, texts=2, tested=2, mistakes=1, **columns).document.figures
    ],
}
A_STRING_IS_A_TEXT = ("explain", "predict", "layer_outputs")


def assert_same(found: Any, wanted: Any) -> None:
    if isinstance(wanted, pd.DataFrame):
        pd.testing.assert_frame_equal(found, wanted)
    else:
        np.testing.assert_array_equal(found, wanted)


@pytest.fixture(scope="module")
def model(make_classifier: Callable[..., Classifier]) -> Classifier:
    return make_classifier()


@pytest.fixture(scope="module")
def wanted(model: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """What a function makes of the table, made once."""
    known: dict[str, Any] = {}

    def of(name: str) -> Any:
        if name not in known:
            known[name] = (OF_TEXTS | OF_LABELS)[name](model, TABLE, {}, tmp_path_factory.mktemp(name))
        return known[name]

    return of


@pytest.mark.parametrize("form", [*LISTS, *TABLES, *DATASET, *STRINGS])
@pytest.mark.parametrize("name", OF_TEXTS)
def test_the_same_texts_give_the_same(
    name: str, form: str, model: Classifier, wanted: Callable[[str], Any], tmp_path: Path
) -> None:
    data, columns = (LISTS | TABLES | DATASET | STRINGS)[form](tmp_path)
    if (form in STRINGS and name in A_STRING_IS_A_TEXT) or (form in ("list", "tuple") and name == "explain_corpus"):
        pytest.skip("this means something else: one text, or the names of files")
    assert_same(OF_TEXTS[name](model, data, columns, tmp_path), wanted(name))


@pytest.mark.parametrize("form", [*TABLES, *DATASET, *STRINGS])
@pytest.mark.parametrize("name", OF_LABELS)
def test_the_same_labelled_texts_give_the_same(
    name: str, form: str, model: Classifier, wanted: Callable[[str], Any], tmp_path: Path
) -> None:
    data, columns = (TABLES | DATASET | STRINGS)[form](tmp_path)
    assert_same(OF_LABELS[name](model, data, columns, tmp_path), wanted(name))


@pytest.mark.parametrize("form", LISTS)
@pytest.mark.parametrize("name", ["evaluate", "errors", "plausibility"])
def test_texts_alone_cannot_be_compared_with_what_is_not_known(
    name: str, form: str, model: Classifier, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"a table or a Dataset is needed|need true labels"):
        OF_LABELS[name](model, LISTS[form](tmp_path)[0], {}, tmp_path)


@pytest.mark.parametrize("form", [*TABLES, *STRINGS])
def test_a_network_is_trained_on_every_form(form: str, tmp_path: Path) -> None:
    data, columns = (TABLES | STRINGS)[form](tmp_path)
    trained = ak.train("cnn", data, **columns, **SMALL)
    assert trained.fingerprint() == ak.train("cnn", load_dataset(TABLE), **SMALL).fingerprint()
    assert trained.splits is not None and len(trained.splits.train) == 8
    (told,) = {note for why in ak.explain(trained, TABLE) for note in why.provenance["notes"] if "training" in note}
    assert told == f"{8} of the {len(TABLE)} rows were seen in training"


@pytest.mark.parametrize("form", [*LISTS, "table"])
@pytest.mark.parametrize("name", [*OF_TEXTS, *OF_LABELS])
def test_columns_that_cannot_be_told_or_are_not_there_are_one_sentence(
    name: str, form: str, model: Classifier, tmp_path: Path
) -> None:
    run = (OF_TEXTS | OF_LABELS)[name]
    if form == "table":
        # a corpus is not looked into before its columns are known
        advice = "name it with `text`" if name == "explain_corpus" else "did you mean `text='body of it'`, `label='mood"
        with pytest.raises(ValueError, match=f"holds the texts cannot be told from .*; {advice}"):
            run(model, ODD, {}, tmp_path)
        with pytest.raises(ValueError, match=r"has no column 'nowhere'|must have one column 'nowhere'"):
            run(model, TABLE, {"text": "nowhere"}, tmp_path / "again")
    elif not (form in ("list", "tuple") and name == "explain_corpus") and name not in ("plausibility",):
        with pytest.raises(
            ValueError, match=r"`text` names a column, the data are texts without any|must have one col"
        ):
            run(model, LISTS[form](tmp_path)[0], {"text": "nowhere"}, tmp_path)


@pytest.mark.parametrize("name", [*OF_TEXTS, *OF_LABELS])
def test_rows_that_cannot_be_read_are_left_out_of_a_table(
    name: str, model: Classifier, wanted: Callable[[str], Any], tmp_path: Path
) -> None:
    bad = pd.DataFrame({"text": [None, " ", float("nan"), "\x00"], "label": ["pos", "neg", "pos", "neg"]})
    table = pd.concat([bad.astype(object), TABLE.astype(object)], ignore_index=True)
    run = (OF_TEXTS | OF_LABELS)[name]
    if name in ("predict", "layer_outputs"):  # which have a row for each text given
        with pytest.raises(ValueError, match="text 0: the text is empty"):
            run(model, table, {}, tmp_path)
    elif name == "explain":
        with pytest.warns(SkippedRowsWarning, match="4 of 16 rows were left out, the first is row 0: it is empty"):
            found = ak.explain(model, table)
        assert_same(found.to_frame(), wanted(name))
        assert [row.provenance["row"] for row in found] == list(range(4, 16))
        assert [row.prediction.true_label for row in found if row.prediction] == TABLE["label"].tolist()
    elif name not in ("check", "report"):  # which draw some of the rows
        assert_same(run(model, table, {}, tmp_path), wanted(name))


def test_a_string_is_a_text_and_true_labels_are_shown(model: Classifier) -> None:
    alone = ak.explain(model, TEXTS[0])
    assert alone.text == TEXTS[0] and alone == ak.explain(model, [TEXTS[0]])[0]
    assert alone == ak.explain(model, str(np.array(TEXTS)[0]))
    assert (model.predict(TEXTS[0])["text"].tolist(), len(ak.layer_outputs(model, TEXTS[0]).logits)) == (TEXTS[:1], 1)
    named = ak.explain(model, ODD, **NAMED)
    assert [row.prediction.true_label for row in named if row.prediction] == TABLE["label"].tolist()
    with pytest.raises(ValueError, match="`true_label` and `label` both say the true labels; give one of them"):
        ak.explain(model, TABLE, label="label", true_label="pos")
    for several in ("a film", TABLE):
        with pytest.raises(TypeError, match=r"several texts are needed, got (str|DataFrame); give a list of texts"):
            model.probabilities(several)


@pytest.mark.parametrize("call", [ak.explain, Classifier.predict, ak.layer_outputs])
def test_the_name_of_a_file_that_is_there_is_no_text(
    call: Any, model: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    TABLE.to_csv("films.csv", index=False)
    with pytest.raises(ValueError, match=r"got the name of a file, 'films.csv'; give pathlib.Path\('films.csv'\)"):
        call(model, "films.csv")
    assert len(model.predict(Path("films.csv"))) == len(TABLE)
    assert model.predict(["films.csv"])["text"].tolist() == ["films.csv"]
    assert model.predict("absent.csv")["text"].tolist() == ["absent.csv"]


def test_a_name_is_that_of_a_set(model: Classifier) -> None:
    demo = load_dataset("demo")
    assert ak.evaluate(model, "demo").confusion.tolist() == ak.evaluate(model, demo.test).confusion.tolist()
    for name, call in (OF_TEXTS | OF_LABELS).items():
        if name not in (*A_STRING_IS_A_TEXT, "explain_corpus"):
            with pytest.raises(ValueError, match=r"'demmo' is neither a known data set .*; did you mean 'demo'"):
                call(model, "demmo", {}, Path())


@pytest.fixture(scope="module")
def folder(model: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model.save(tmp_path_factory.mktemp("saved") / "model")


COMMANDS: dict[str, Callable[[Path, Path, Path], list[object]]] = {
    "explain": lambda model, data, out: ["explain", model, "--data", data],
    "evaluate": lambda model, data, out: ["evaluate", model, data],
    "words": lambda model, data, out: ["words", model, data, "--least", 1],
    "project": lambda model, data, out: ["project", model, data],
    "check": lambda model, data, out: ["check", model, data, "--texts", 3],
    "report": lambda model, data, out: [
        "report", model, data, "--out", out / "r.html", "--texts", 1, "--tested", 0, "--mistakes", 0,
    ],
    "corpus": lambda model, data, out: ["corpus", model, data, out / "corpus", "--workers", 1],
    "train": lambda model, data, out: [
        "train", data, "--out", out / "m", "--epochs", 1, "--filters", 2, "--embedding-size", 4, "--min-frequency", 1,
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_a_file_and_its_columns(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = COMMANDS[name](folder, written(ODD, tmp_path / "odd.csv"), tmp_path)
    assert run(*odd, "--text", NAMED["text"], "--label", NAMED["label"]) == 0, capsys.readouterr().err
    assert run(*COMMANDS[name](folder, tmp_path / "odd.csv", tmp_path / "again")) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "cannot be told from" in said or "does not exist" in said


def test_the_command_explain_takes_texts_or_data(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for wrong in (["explain", folder], ["explain", folder, "a film", "--data", "demo"]):
        with pytest.raises(SystemExit):
            main([str(one) for one in wrong])
        assert "either TEXT or --data was expected, got" in " ".join(capsys.readouterr().err.split())
    bad = pd.concat([TABLE[:2], pd.DataFrame({"text": [" "], "label": ["pos"]})], ignore_index=True)
    with pytest.raises(SystemExit, match="0"):
        main(["explain", str(folder), "--data", str(written(bad, tmp_path / "x.csv")), "--json"])
    captured = capsys.readouterr()
    assert "note: 1 of 3 rows was left out, row 2: it is empty" in " ".join(captured.err.split())
    assert captured.out.count('"true_label":') == 2


def _explained(model: Classifier, file: Any, **options: Any) -> Any:
    why = ak.explain(model, file, views="attribution", **options)
    return [each.text for each in why] if isinstance(why, ak.Explanations) else why.text


def _mapped(model: Classifier, file: Any, **options: Any) -> Any:
    return ak.project(model, file, method="pca", **options).to_frame()["text"].tolist()


def _removed(model: Classifier, file: Any, **options: Any) -> Any:
    return ak.faithfulness(model, file, "saliency", perturbed=0, oracle_texts=0, **options).tokens.tolist()


@pytest.mark.parametrize(
    "call",
    [
        _explained,
        _mapped,
        _removed,
        lambda model, file, **options: model.predict(file, **options)["text"].tolist(),
        lambda model, file, **options: ak.evaluate(model, file, **options).rows,
    ],
    ids=["explain", "project", "faithfulness", "predict", "evaluate"],
)
def test_a_file_is_read_in_its_encoding_everywhere(call: Any, tmp_path: Path) -> None:
    texts = ["Größe matters", "a dull café movie", "a naïve and awful plot", "great fun, très bien"]
    table = "text,label\n" + "".join(
        f'"{text}",{label}\n' for text, label in zip(texts, ["pos", "neg"] * 2, strict=True)
    )
    right, other = tmp_path / "right.csv", tmp_path / "other.csv"
    right.write_text(table, encoding="utf-8")
    other.write_text(table, encoding="utf-16-le")  # without a mark: it cannot be guessed
    model = ak.load("imdb-cnn", "cpu")
    assert call(model, other, encoding="utf-16-le") == call(model, right)
    with pytest.raises(ValueError, match="is not ascii; give the encoding that the file was saved with"):
        call(model, right, encoding="ascii")
    with pytest.raises(ValueError, match="`encoding` says how a file of texts is read"):
        call(model, pd.DataFrame({"text": texts, "label": ["pos", "neg"] * 2}), encoding="utf-8")
