"""Fitted scikit-learn pipelines: the closed form of linear models of n-grams, against a slow, obvious reference."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import shares_of_ngrams
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Perceptron, Ridge, RidgeClassifier, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import Binarizer, MaxAbsScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC

import attribkit as ak
from attribkit.models.pipelines.vocabulary import _Index

TEXTS = [
    "a good film, a very good one",
    "not good at all; dull and bad",
    "Great fun, GREAT actors",
    "so dull, so bad it hurts",
    "the İstanbul straße scenes: ﬁne, café crème",
    "ΟΔΥΣΣΕΥΣ was good  \n and not bad",
]
TWO = ["pos", "neg", "pos", "neg", "pos", "neg"]
THREE = ["good", "bad", "good", "bad", "fair", "fair"]
TEXT = "A GOOD film, not good; İstanbul is ﬁne -- so good\n\nand café ΟΔΥΣΣΕΥΣ"


def fitted(*steps: Any, labels: Sequence[Any] = TWO) -> Pipeline:
    return make_pipeline(*steps).fit(TEXTS, labels)


def scores_of(pipeline: Pipeline, text: str, **options: Any) -> Any:
    return ak.explain(ak.load(pipeline), text, **options).token_scores


VECTORIZERS: dict[str, Callable[[], Any]] = {
    "words": TfidfVectorizer,
    "counts": CountVectorizer,
    "pairs": lambda: TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
    "triples alone": lambda: CountVectorizer(ngram_range=(3, 3)),
    "binary": lambda: TfidfVectorizer(binary=True, norm=None),
    "l1": lambda: TfidfVectorizer(norm="l1", use_idf=False),
    "cased": lambda: TfidfVectorizer(lowercase=False),
    "stop words": lambda: TfidfVectorizer(stop_words=["good", "so"], ngram_range=(1, 2)),
    "accents": lambda: TfidfVectorizer(strip_accents="unicode"),
    "ascii": lambda: TfidfVectorizer(strip_accents="ascii", ngram_range=(1, 2)),
    "pattern": lambda: TfidfVectorizer(token_pattern=r"(?u)\w+|[^\w\s]", ngram_range=(1, 2)),
    "group": lambda: TfidfVectorizer(token_pattern=r"\b(\w)\w+"),
    "tokenizer": lambda: TfidfVectorizer(tokenizer=str.split, token_pattern=None),
    "preprocessor": lambda: TfidfVectorizer(preprocessor=str.upper),
    "characters": lambda: TfidfVectorizer(analyzer="char", ngram_range=(1, 3)),
    "characters in words": lambda: TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)),
    "long in words": lambda: CountVectorizer(analyzer="char_wb", ngram_range=(1, 9)),
    "accents of characters": lambda: TfidfVectorizer(analyzer="char", ngram_range=(2, 2), strip_accents="unicode"),
    "union": lambda: make_union(
        TfidfVectorizer(ngram_range=(1, 2)), TfidfVectorizer(analyzer="char", ngram_range=(2, 3))
    ),
    "two kinds of words": lambda: make_union(CountVectorizer(), TfidfVectorizer(token_pattern=r"[a-z]+")),
    "branches": lambda: make_union(make_pipeline(CountVectorizer(), TfidfTransformer()), CountVectorizer(binary=True)),
    "hashing": lambda: HashingVectorizer(n_features=2**12),
    "few hashes": lambda: HashingVectorizer(n_features=16, norm="l1"),
    "hashes of characters": lambda: HashingVectorizer(n_features=64, analyzer="char_wb", ngram_range=(2, 3), norm=None),
    "narrow": lambda: TfidfVectorizer(dtype=np.float32),
}
ALPHABET = [
    "good",
    "Good",
    "dull",
    "not",
    "İ",
    "ß",
    "ﬁne",
    "café",
    "ΣΑΣ",
    "é",
    "a",
    "🎬",
    "漢",
    " ",
    "  ",
    "\n",
    ",",
    "-",
    "_b",
]


@pytest.mark.parametrize("name", VECTORIZERS)
def test_the_scores_are_the_shares_of_the_n_grams_and_add_up(name: str) -> None:
    pipeline = fitted(VECTORIZERS[name](), LogisticRegression(C=10))
    model = ak.load(pipeline)
    assert model.capabilities.closed_form == "linear"

    def holds(text: str) -> None:
        scores = ak.explain(model, text, target="pos").token_scores
        assert (
            scores.method == "exact"
            and scores.converged
            and scores.verdict.startswith("scores sum to the model’s output")
        )
        intercept = float(pipeline[-1].intercept_[0])
        decision = float(pipeline.decision_function([text])[0])
        size = 1 + np.abs(scores.scores).sum()
        assert abs(scores.total - (decision - intercept)) <= (1e-12 if name != "narrow" else 1e-6) * size
        assert scores.output_baseline == intercept and scores.output_text == pytest.approx(decision, abs=1e-12)
        spans = list(zip(scores.starts.tolist(), scores.ends.tolist(), strict=True))
        assert all(0 <= start < end <= len(text) for start, end in spans)
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))
        exact = 1e-12 if name != "narrow" else 1e-6  # float32 features are added up in another order
        assert scores.scores == pytest.approx(shares_of_ngrams(pipeline, text, spans), abs=exact * size)

    drawn = st.lists(st.sampled_from(ALPHABET), min_size=1, max_size=12).map("".join).filter(str.strip)
    settings(max_examples=5)(given(drawn)(holds))()
    holds(TEXT)
    holds("cafégood🎬ΣΑΣ")  # as many words of each kind, elsewhere


@pytest.mark.parametrize(
    "steps",
    [
        (CountVectorizer(), TfidfTransformer(sublinear_tf=True), MaxAbsScaler()),
        (CountVectorizer(ngram_range=(1, 2)), StandardScaler(with_mean=False)),
        (TfidfVectorizer(ngram_range=(1, 2)), SelectKBest(k=8)),
        (CountVectorizer(), "passthrough", TfidfTransformer()),
        (CountVectorizer(), Binarizer(threshold=1.5)),
        (HashingVectorizer(n_features=64), Binarizer()),
    ],
)
def test_steps_that_keep_columns_are_followed(steps: tuple[Any, ...]) -> None:
    pipeline = fitted(*steps, LogisticRegression())
    scores = scores_of(pipeline, TEXT, target="pos")
    assert scores.method == "exact"
    spans = list(zip(scores.starts.tolist(), scores.ends.tolist(), strict=True))
    assert scores.scores == pytest.approx(shares_of_ngrams(pipeline, TEXT, spans), abs=1e-12)
    assert scores.total == pytest.approx(float((pipeline.decision_function([TEXT]) - pipeline[-1].intercept_)[0]))


CLASSIFIERS = [
    LogisticRegression(),
    LinearSVC(),
    SGDClassifier(random_state=0),
    SGDClassifier(loss="log_loss", random_state=0),
    RidgeClassifier(),
    Perceptron(),
    MultinomialNB(),
    ComplementNB(),
    BernoulliNB(),
    BernoulliNB(binarize=None),
]


CALIBRATED = [
    CalibratedClassifierCV(LinearSVC(), cv=2),
    CalibratedClassifierCV(LogisticRegression(C=100), cv=2, ensemble=False),
]
if "temperature" in str(CalibratedClassifierCV._parameter_constraints["method"]):  # from scikit-learn 1.8 on
    CALIBRATED.append(CalibratedClassifierCV(RidgeClassifier(), method="temperature", cv=2))


@pytest.mark.parametrize("labels", [TWO, THREE])
@pytest.mark.parametrize("classifier", [*CLASSIFIERS, *CALIBRATED], ids=str)
def test_linear_classifiers_and_naive_bayes(classifier: Any, labels: list[str]) -> None:
    vectorizer = CountVectorizer(binary=True) if isinstance(classifier, BernoulliNB) else TfidfVectorizer()
    pipeline = fitted(vectorizer, classifier, labels=labels)
    model = ak.load(pipeline)
    if hasattr(pipeline, "predict_proba"):
        assert np.allclose(model.probabilities([*TEXTS, TEXT]), pipeline.predict_proba([*TEXTS, TEXT]), atol=1e-12)
    assert model.predict(TEXTS)["label"].tolist() == pipeline.predict(TEXTS).tolist()
    for output in ("log_odds", "logit", "probability"):
        why = ak.explain(model, TEXT, output=output, target="all")
        for scores in (panel for panel in why.panels() if isinstance(panel, ak.results.panels.TokenScores)):
            assert scores.method == "exact" and scores.converged
            assert abs(scores.completeness_error) <= 1e-12 * (1 + np.abs(scores.scores).sum())
    unsaid = not hasattr(pipeline, "predict_proba")
    assert unsaid == any("gives no probabilities: those shown are a softmax" in note for note in why.token_scores.notes)


def test_of_many_classes_a_logit_is_the_decision_value_and_a_pair_their_difference() -> None:
    pipeline = fitted(CountVectorizer(), LogisticRegression(), labels=THREE)
    counts, place = pipeline[0].transform([TEXT]).toarray()[0], pipeline[-1].classes_.tolist().index
    good, bad = (counts * pipeline[-1].coef_[place(name)] for name in ("good", "bad"))
    column = pipeline[0].vocabulary_["good"]
    why = scores_of(pipeline, TEXT, output="logit", target="good")
    assert sum(why.scores[[token == "good" for token in why.tokens]]) == pytest.approx(good[column])
    assert why.total == pytest.approx(good.sum(), abs=1e-12)
    pair = scores_of(pipeline, TEXT, target=("good", "bad"))
    assert pair.total == pytest.approx((good - bad).sum(), abs=1e-12)


def test_the_log_odds_of_one_class_of_many_are_integrated_along_the_path() -> None:
    pipeline = fitted(CountVectorizer(), LogisticRegression(C=100), labels=THREE)
    scores = scores_of(pipeline, TEXT, target="good")
    counts, weights = pipeline[0].transform([TEXT]).toarray()[0], pipeline[-1].coef_
    start, change = pipeline[-1].intercept_, weights @ counts
    place, steps = pipeline[-1].classes_.tolist().index("good"), 20_000
    slopes = np.zeros(3)
    for alpha in (np.arange(steps) + 0.5) / steps:
        others = np.exp(start + alpha * change)
        others[place] = 0
        slopes -= others / others.sum() / steps
    slopes[place] += 1
    expected = {
        word: float(slopes @ weights[:, column] * counts[column]) for word, column in pipeline[0].vocabulary_.items()
    }
    for word in ("good", "not", "film"):
        got = sum(s for token, s in zip(scores.tokens, scores.scores, strict=True) if token == word)
        assert got == pytest.approx(expected[word], abs=1e-7)


@pytest.mark.parametrize("labels", [TWO, THREE])
@pytest.mark.parametrize("classifier", CALIBRATED, ids=str)
def test_calibrated_probabilities_are_integrated_along_the_path(classifier: Any, labels: list[str]) -> None:
    pipeline = fitted(CountVectorizer(), classifier, labels=labels)
    counts = pipeline[0].transform(["good film, not good"]).toarray()[0].astype(float)
    columns, place = np.flatnonzero(counts), pipeline[-1].classes_.tolist().index("good" if "good" in labels else "pos")
    moved = np.vstack((np.zeros(len(counts)), np.eye(len(counts))[columns]))

    def log_odds(features: np.ndarray) -> Any:
        p = pipeline[-1].predict_proba(features)[:, place]
        return np.log(p) - np.log1p(-p)

    expected = np.zeros(len(columns))
    for alpha in (np.arange(300) + 0.5) / 300:  # by the midpoint rule and central differences
        (_, *up), (_, *down) = (log_odds(alpha * counts + sign * 1e-4 * moved) for sign in (1, -1))
        expected += (np.array(up) - np.array(down)) / 2e-4 * counts[columns] / 300
    scores = scores_of(pipeline, "good film, not good", target=pipeline[-1].classes_[place])
    assert scores.method == "exact" and scores.converged and scores.relative_error <= 1e-12
    for column, value in zip(columns.tolist(), expected, strict=True):
        word = next(name for name, number in pipeline[0].vocabulary_.items() if number == column)
        own = sum(score for token, score in zip(scores.tokens, scores.scores, strict=True) if token == word)
        assert own == pytest.approx(value, abs=1e-5)


def test_a_support_vector_machine_with_a_linear_kernel_is_linear() -> None:
    pipeline = fitted(TfidfVectorizer(ngram_range=(1, 2)), SVC(kernel="linear"))
    scores = scores_of(pipeline, TEXT, target="pos")
    spans = list(zip(scores.starts.tolist(), scores.ends.tolist(), strict=True))
    assert scores.method == "exact" and scores.scores == pytest.approx(
        shares_of_ngrams(pipeline, TEXT, spans), abs=1e-9
    )
    assert any("gives no probabilities: those shown are a softmax of its decision" in note for note in scores.notes)
    several = scores_of(fitted(TfidfVectorizer(), SVC(kernel="linear"), labels=THREE), "not a good film")
    assert several.method == "shapley_sampling"
    assert any("of several classes SVC lets the pairs vote; LinearSVC has a" in note for note in several.notes)


@given(st.permutations(range(len(TEXTS))))
@settings(max_examples=4)
def test_the_order_of_the_texts_and_their_company_change_nothing(order: list[int]) -> None:
    model = ak.load(PAIRS)
    alone = [ak.explain(ak.load(PAIRS), text).scores for text in TEXTS]
    for number, why in zip(order, ak.explain(model, [TEXTS[place] for place in order]), strict=True):
        assert np.array_equal(why.scores, alone[number])


PAIRS = fitted(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression())


def test_changed_weights_and_a_pipeline_fitted_again_are_seen() -> None:
    pipeline = fitted(TfidfVectorizer(), LogisticRegression())
    model = ak.load(pipeline)
    before, print_before = ak.explain(model, TEXT, target="pos"), model.fingerprint()
    pipeline[-1].coef_ *= 2
    after = ak.explain(model, TEXT, target="pos")
    assert np.allclose(after.scores, 2 * before.scores) and model.fingerprint() != print_before
    pipeline[-1].coef_ /= 2
    assert model.fingerprint() == print_before
    pipeline.fit([text + " and more good words" for text in TEXTS], TWO)
    again = ak.explain(model, TEXT, target="pos").token_scores
    assert again.converged and again.total == pytest.approx(
        float((pipeline.decision_function([TEXT]) - pipeline[-1].intercept_)[0])
    )
    assert model.fingerprint() != print_before


WORDS = st.lists(st.sampled_from(["good", "a", "film", "not", "é", "漢🎬", "x" * 70, ""]), max_size=30)


@given(WORDS, st.lists(WORDS.filter(bool).map(lambda words: " ".join(words[:3])), min_size=1, max_size=12, unique=True))
@settings(max_examples=60)
def test_many_n_grams_are_found_by_their_hashes_as_by_their_names(words: list[str], names: list[str]) -> None:
    vectorizer = CountVectorizer(ngram_range=(1, 3))
    vectorizer.vocabulary_ = {name: 7 * place + 1 for place, name in enumerate(names)}
    by_hash = _Index.of(vectorizer.vocabulary_)
    assert by_hash is not None
    for size, columns in by_hash.ngrams(words, (1, 2, 3)).items():
        grams = [" ".join(words[start : start + size]) for start in range(len(words) - size + 1)]
        assert columns.tolist() == [vectorizer.vocabulary_.get(gram, -1) for gram in grams]


def test_a_large_batch_has_the_scores_of_its_texts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = [ak.explain(ak.load(PAIRS), text).scores for text in TEXTS]
    made, of = [], _Index.of

    def counting(names: Any) -> Any:
        made.append(len(names))
        return of(names)

    monkeypatch.setattr(_Index, "of", counting)
    for text, why in zip(TEXTS * 3, ak.explain(ak.load(PAIRS), TEXTS * 3), strict=True):
        assert np.array_equal(why.scores, alone[TEXTS.index(text)])
    assert made == [len(PAIRS[0].vocabulary_)]


def test_the_texts_that_were_read_are_no_part_of_the_fingerprint() -> None:
    model = ak.load(PAIRS)
    before = model.fingerprint()
    ak.explain(model, TEXTS)
    assert model.fingerprint() == before == ak.load(PAIRS).fingerprint()


def forest() -> Any:
    return RandomForestClassifier(5, random_state=0)


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ((TfidfVectorizer(), forest()), "RandomForestClassifier is no linear model"),
        ((TfidfVectorizer(analyzer=str.split), LogisticRegression()), "its analyzer is a function of the user's own"),
        ((TfidfVectorizer(), TruncatedSVD(2, random_state=0), LogisticRegression()), "TruncatedSVD makes new features"),
        (
            (TfidfVectorizer(), CalibratedClassifierCV(LinearSVC(), method="isotonic", cv=2)),
            "calibration by 'isotonic' rises in steps, which have no slope; method='sigmoid' has a closed form",
        ),
        ((TfidfVectorizer(), CalibratedClassifierCV(MultinomialNB(), cv=2)), "has no decision values that could be"),
        ((TfidfVectorizer(), CalibratedClassifierCV(forest(), cv=2)), "RandomForestClassifier is no linear model"),
        ((TfidfVectorizer(), SGDClassifier(loss="modified_huber", random_state=0)), "are no softmax of its decision"),
        ((TfidfVectorizer(), SVC()), "SVC is no linear model"),
    ],
)
def test_other_pipelines_are_explained_as_functions_and_say_why(steps: tuple[Any, ...], reason: str) -> None:
    pipeline = fitted(*steps)
    model = ak.load(pipeline)
    scores = ak.explain(model, "not a good film").token_scores
    assert scores.method == "shapley_sampling" and scores.converged
    assert any(note.startswith("in no closed form: ") and reason in note for note in scores.notes)
    if hasattr(pipeline, "predict_proba"):
        assert np.allclose(model.probabilities(TEXTS), pipeline.predict_proba(TEXTS), atol=1e-9)
    with pytest.raises(ak.InputError, match=r"needs a network with a closed form.* use method='shapley_sampling'"):
        ak.explain(model, TEXT, method="exact")


def test_words_whose_places_cannot_be_told_are_explained_as_a_function_text_by_text() -> None:
    def stems(text: str) -> list[str]:
        return [word.replace("ies", "y") for word in text.split()]

    pipeline = fitted(TfidfVectorizer(tokenizer=stems, token_pattern=None), LogisticRegression())
    plain, changed = ak.explain(ak.load(pipeline), ["a good film", "good stories"])
    assert plain.token_scores.method == "exact"
    assert changed.token_scores.method == "shapley_sampling" and changed.tokens == ["good", "stories"]
    assert any("not in closed form" in note for note in changed.token_scores.notes)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (make_pipeline(TfidfVectorizer(), LogisticRegression()), ValueError, "never fitted; call pipeline.fit"),
        (LogisticRegression(), TypeError, "a scikit-learn Pipeline was expected, got LogisticRegression"),
        (make_pipeline(TfidfVectorizer(), Ridge()), ValueError, "must end in a classifier, got Ridge"),
        (
            make_pipeline(StandardScaler(), LogisticRegression()).fit(np.eye(2), ["a", "b"]),
            ValueError,
            "must take a list of texts, it fails on one",
        ),
    ],
)
def test_what_is_no_fitted_pipeline_of_texts_is_one_sentence(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        ak.load(given)
    assert isinstance(caught.value, ak.InputError) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["model.joblib", "model.pkl", "model.pickle", "model.skops"])
def test_no_pickle_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\x80\x04.")
    with pytest.raises(ak.InputError, match=r"runs code from the file.*load it yourself.*attribkit\.load\(pipeline\)"):
        ak.load(tmp_path / name)


def test_a_search_is_its_best_pipeline_and_integer_labels_are_names() -> None:
    search = GridSearchCV(
        make_pipeline(CountVectorizer(), LogisticRegression()), {"logisticregression__C": [1, 10]}, cv=2
    )
    model = ak.load(search.fit(TEXTS, [1, 0, 1, 0, 1, 0]))
    assert model.labels == ("0", "1") and ak.explain(model, TEXT, target=1).token_scores.method == "exact"


def test_a_pipeline_beside_networks(make_classifier: Callable[..., ak.Classifier], tmp_path: Path) -> None:
    reviews = pd.DataFrame({"text": TEXTS * 2, "label": TWO * 2})
    model = ak.load(PAIRS)
    own, network = (ak.explain(each, TEXTS[0], target="pos") for each in (model, make_classifier("cnn")))
    beside = ak.compare(own, network)
    assert beside.to_frame()["token"].tolist()
    page = ak.report(model, reviews, texts=2, tested=4).to_html()
    assert "this pipeline has none" in page
    faithful = ak.faithfulness(model, reviews, ["exact", "leave_one_out"])
    assert faithful.estimate("comprehensiveness", "exact", over="random").mean > 0
    words = ak.word_importance(model, reviews, least=2)
    assert words.words[words.words["label"] == "pos"]["word"].iloc[0] == "great"
    run = ak.explain_corpus(model, reviews, tmp_path / "out")
    assert dict(run.statuses) == {"ok": len(reviews)} and run.convergence.share == 1.0
    assert ak.evaluate(model, reviews).accuracy == 1.0
    assert ak.check(model, reviews, {"converged": 1.0, "completeness_error": 1e-9}).passed


@pytest.mark.data
@pytest.mark.usefixtures("data_folder")
def test_tfidf_and_logistic_regression_stand_beside_the_bundled_cnn_on_imdb() -> None:
    data = ak.load_dataset("imdb")
    pipeline = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=3), LogisticRegression(C=10, max_iter=1_000)
    ).fit(data.train["text"], data.train["label"])
    model = ak.load(pipeline)
    reviews = data.test.sample(2_000, random_state=0)
    assert ak.evaluate(model, reviews).accuracy == pytest.approx(0.90, abs=0.02)
    text = data.test["text"].iloc[0]
    why, network = (ak.explain(each, text, target="pos") for each in (model, ak.load("imdb-cnn")))
    assert why.token_scores.converged and abs(why.token_scores.completeness_error) < 1e-12
    assert why.token_scores.total == pytest.approx(
        float((pipeline.decision_function([text]) - pipeline[-1].intercept_)[0])
    )
    names = [
        row.name
        for panel in ak.compare(why, network).panels()
        if hasattr(panel, "rows")
        for row in panel.rows
        if hasattr(row, "name")
    ]
    assert names[:2] == ["TfidfVectorizer + LogisticRegression", "imdb-cnn"]
