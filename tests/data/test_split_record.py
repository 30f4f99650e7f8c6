"""The record of a model's splits: a hash of each text, in any order, of whatever a data set mends."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribkit.data import load_dataset
from attribkit.data.split_record import SplitRecord, text_hashes


def test_a_hash_is_the_first_64_bits_of_blake2b() -> None:
    wanted = int.from_bytes(hashlib.blake2b("ein Café".encode(), digest_size=8).digest(), "little")
    assert text_hashes(["ein Café", "", " \n", None, 3]).tolist() == [wanted, 0, 0, 0, 0]
    assert text_hashes(["bad \ud800"]) == text_hashes(["bad \ufffd"])
    assert text_hashes([]).dtype == np.uint64


@given(st.lists(st.text(min_size=1), unique=True), st.lists(st.text()), st.randoms())
def test_a_text_is_known_again_and_no_other_is(known: list[str], others: list[str], random) -> None:
    record = SplitRecord.of({"train": known, "validation": [], "test": others})
    asked = [*known, *others]
    random.shuffle(asked)
    wanted = [one in known and bool(one.strip()) for one in asked]
    read = SplitRecord.from_bytes(record.to_bytes())
    assert (read.holds("train", text_hashes(asked)) & (text_hashes(asked) != 0)).tolist() == wanted
    assert not read.holds("validation", text_hashes(asked)).any()


def test_a_record_takes_at_most_eight_bytes_a_row_and_says_nothing_of_their_order() -> None:
    texts = [f"text {number}" for number in range(5_000)]
    tables = {"train": texts[:3_000], "validation": texts[3_000:4_000], "test": texts[4_000:]}
    content = SplitRecord.of(tables).to_bytes()
    assert len(content) <= 8 * 5_000 + 300
    assert content == SplitRecord.of({split: part[::-1] for split, part in tables.items()}).to_bytes()


def test_a_data_sets_record_holds_its_cleaned_texts() -> None:
    rows = [(f"film {n} \ud800", "neg" if n % 2 else "pos") for n in range(20)] + [("", "pos")]
    data = load_dataset(pd.DataFrame(rows, columns=["text", "label"], dtype=object), test=0.2)
    assert len(data.record().train) == len(data.train)
    assert (
        data.record().holds("test", text_hashes([one.replace("\ufffd", "\ud800") for one in data.test["text"]])).all()
    )


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(ValueError, match="the hashes of a model's rows were expected, got something else"):
        SplitRecord.from_bytes(b"nonsense")
    wrong = SplitRecord(*[np.zeros(2)] * 3)  # type: ignore[arg-type]  # what a forger may write
    with pytest.raises(ValueError, match="must be lists of 64-bit numbers; save the model anew"):
        SplitRecord.from_bytes(wrong.to_bytes())
