import gzip
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest

from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer
from attribkit.training.glove import Coverage, read_vectors

VOCABULARY = {"[PAD]": 0, "[UNK]": 1, "good": 2, "bad": 3, "zzyzx": 4, "at home": 5}
LINES = "good 1 2.5 -3\nother 9 9 9\nbad 0.5 0 1e-3\nat home 7 8 9\n"


def write(folder: Path, content: str | bytes, name: str = "vectors.txt") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_each_word_gets_its_own_vector_and_padding_is_zero(tmp_path: Path) -> None:
    matrix, coverage = read_vectors(write(tmp_path, LINES), VOCABULARY)
    assert matrix.shape == (6, 3) and matrix.dtype == np.float32
    assert matrix[2].tolist() == [1.0, 2.5, -3.0]
    assert matrix[3].tolist() == [0.5, 0.0, np.float32(1e-3)]
    assert matrix[0].tolist() == [0.0, 0.0, 0.0]
    assert coverage == Coverage("vectors.txt", size=3, found=3, words=4)
    assert coverage.share == 0.75
    assert str(coverage) == "vectors.txt: 3 of 4 words (75.0%), 3 dimensions"


def test_coverage_counts_the_training_tokens(tmp_path: Path) -> None:
    counts = [0, 10, 50, 20, 15, 5]
    _, coverage = read_vectors(write(tmp_path, LINES), VOCABULARY, counts=counts)
    assert coverage.tokens == pytest.approx(75 / 100)
    assert "75.0% of the training tokens" in str(coverage)


def test_a_word_with_spaces_is_split_from_the_right(tmp_path: Path) -> None:
    content = ". . . 1 2 3\nat home 7 8 9\nat name@domain.com 4 5 6\n"
    for lines in (LINES + content, "good 1 2.5 -3\n" + content, content):
        matrix, _ = read_vectors(write(tmp_path, lines), VOCABULARY)
        assert matrix.shape[1] == 3
        assert matrix[5].tolist() == [7.0, 8.0, 9.0]


def test_a_word2vec_header_and_trailing_spaces_are_accepted(tmp_path: Path) -> None:
    content = "4 3\r\n" + LINES.replace("\n", " \r\n")
    assert read_vectors(write(tmp_path, content), VOCABULARY)[0][2].tolist() == [1.0, 2.5, -3.0]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("separator", ["\t", "  ", " \t "])
@pytest.mark.parametrize("header", ["", "4 3\n"])
def test_tabs_double_spaces_and_a_byte_order_mark_separate_the_same_vectors(
    tmp_path: Path, mark: str, separator: str, header: str
) -> None:
    expected, _ = read_vectors(write(tmp_path, LINES), VOCABULARY)
    content = mark + (header + LINES).replace(" ", separator)
    matrix, coverage = read_vectors(write(tmp_path, content), VOCABULARY)
    np.testing.assert_array_equal(matrix, expected)
    assert coverage.found == 3


def test_a_number_too_few_between_tabs_still_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"but line 2 has 2; get the file anew"):
        read_vectors(write(tmp_path, "good\t1\t2\t3\nbad\t1\t2\n"), VOCABULARY)


def test_lines_end_at_line_feeds_only(tmp_path: Path) -> None:
    content = "a\u2028b 1 1 1\n\u0085 2 2 2\n\u00a0 3 3 3\n" + LINES
    assert read_vectors(write(tmp_path, content), VOCABULARY)[1].found == 3


def test_compressed_files_read_the_same(tmp_path: Path) -> None:
    plain, _ = read_vectors(write(tmp_path, LINES), VOCABULARY)
    with gzip.open(tmp_path / "vectors.txt.gz", "wb") as file:
        file.write(LINES.encode())
    with zipfile.ZipFile(tmp_path / "vectors.zip", "w") as archive:
        archive.writestr("vectors.txt", LINES)
    for name in ("vectors.txt.gz", "vectors.zip"):
        matrix, coverage = read_vectors(tmp_path / name, VOCABULARY)
        assert np.array_equal(matrix, plain)
        assert coverage.file == name


def test_an_archive_of_several_files_asks_for_one_and_reads_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "glove.zip", "w") as archive:
        archive.writestr("a.50d.txt", "good 1\n")
        archive.writestr("a.3d.txt", LINES)
    with pytest.raises(
        ValueError, match=r"glove.zip holds a.50d.txt, a.3d.txt; name the one to read as glove.zip/a.50d"
    ):
        read_vectors(tmp_path / "glove.zip", VOCABULARY)
    with pytest.raises(ValueError, match=r"glove.zip holds a.50d.txt, a.3d.txt; name"):
        read_vectors(tmp_path / "glove.zip" / "b.txt", VOCABULARY)
    assert read_vectors(tmp_path / "glove.zip" / "a.3d.txt", VOCABULARY)[1].size == 3


def test_the_exact_spelling_comes_before_one_that_differs_in_case(tmp_path: Path) -> None:
    content = "GOOD 1 1\nGood 2 2\ngood 3 3\nBad 4 4\nBAD 5 5\n"
    matrix, _ = read_vectors(write(tmp_path, content), VOCABULARY)
    assert matrix[2].tolist() == [3.0, 3.0]
    assert matrix[3].tolist() == [4.0, 4.0]
    cased = {"[PAD]": 0, "[UNK]": 1, "Good": 2, "good": 3, "GOOD": 4, "gOOd": 5}
    matrix, _ = read_vectors(write(tmp_path, "good 3 3\nGood 2 2\n"), cased)
    assert matrix[2:].tolist() == [[2.0, 2.0], [3.0, 3.0], [3.0, 3.0], [3.0, 3.0]]


def test_a_word_listed_twice_counts_once_the_first_time(tmp_path: Path) -> None:
    matrix, coverage = read_vectors(write(tmp_path, "good 1 2\ngood 3 4\nbad 5 6\n"), VOCABULARY)
    assert matrix[2].tolist() == [1.0, 2.0] and coverage.found == 2


def test_missing_words_are_drawn_close_to_the_mean_of_the_found_ones_and_by_the_seed(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    vectors = generator.normal((3.0, -1.0), (0.1, 2.0), (500, 2))
    vocabulary = {"[PAD]": 0, "[UNK]": 1} | {f"w{i}": i + 2 for i in range(3_000)}
    path = write(tmp_path, "".join(f"w{i} {a} {b}\n" for i, (a, b) in enumerate(vectors)))
    matrix, _ = read_vectors(path, vocabulary, seed=1)
    drawn = np.concatenate((matrix[1:2], matrix[502:]))
    assert drawn.mean(0) == pytest.approx(vectors.mean(0), abs=0.015)
    assert drawn.std(0) == pytest.approx(0.1 * vectors.std(0), rel=0.05)
    assert np.array_equal(matrix, read_vectors(path, vocabulary, seed=1)[0])
    assert not np.array_equal(matrix, read_vectors(path, vocabulary, seed=2)[0])


def test_reduced_vectors_are_the_principal_components(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 6)) * [5, 4, 3, 1, 0.1, 0.1]
    vocabulary = {"[PAD]": 0, "[UNK]": 1} | {f"w{i}": i + 2 for i in range(40)}
    path = write(tmp_path, "".join(f"w{i} {' '.join(map(str, row))}\n" for i, row in enumerate(vectors)))
    matrix, coverage = read_vectors(path, vocabulary, size=3)
    left, strengths, _ = np.linalg.svd(vectors - vectors.mean(0))
    expected = left[:, :3] * strengths[:3]
    signs = np.sign((expected * matrix[2:]).sum(0))
    assert matrix[2:] == pytest.approx(expected * signs, abs=1e-4)
    assert coverage.size == 3 and not matrix[0].any()
    with pytest.raises(ValueError, match=r"`size` must be at least 1 and at most .*, here 6, got 7"):
        read_vectors(path, vocabulary, size=7)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("good 1 2 3\nother 9 9\n", "each line must be a word and 3 numbers, as the first line is, but line 2 has 2"),
        ("good 1 2 3\n\nother 9.0 9.5 9 8\n", "a word and 3 numbers, as the first line is, but line 3 has 4"),
        ("2 3\ngood 1 2 3\nbad 1 2\n", "a word and 3 numbers, as the first line is, but line 3 has 2"),
        ("good 1 x 3\ngood 1 2 3\nbad 1 2 3", "none of the 4 words of the vocabulary"),
        ("other 1 2 3\ngood 1 x 3\n", "the vector of 'good' in line 2 must be numbers .*'x'.*; get the file anew"),
        ("other 1 2 3\ngood 1 nan 3\n", "the vector of 'good' in line 2 holds NaN or infinity"),
        ("other 1 2 3\nbad 1 -inf 3\n", "the vector of 'bad' in line 2 holds NaN or infinity"),
        ("other 1 2 3\nanother 1 2 3\n", "none of the 4 words of the vocabulary is in vectors.txt; check that it is"),
        ("", "none of the 4 words of the vocabulary is in vectors.txt"),
        ("A review, not a vector.\n", "each line a word and its numbers, but line 1 is 'A review, not a vector.'"),
        (b"good 1 2 3\nb\xe4d 1 2 3\n", "must be UTF-8 text, but line 2 is not; give the text format, not the binary"),
        (b"3 2\ngood \x00\x00\x80\x3f\x00\x00\x80\xbf\n", "must be UTF-8 text, but line 2 is not"),
    ],
)
def test_a_faulty_file_is_refused_in_a_sentence_that_names_the_line(
    tmp_path: Path, content: str | bytes, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_vectors(write(tmp_path, content), VOCABULARY)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no file of word vectors .*none.txt'; check the path"):
        read_vectors(tmp_path / "none.txt", VOCABULARY)
    with pytest.raises(IsADirectoryError, match=r"a file of word vectors was expected, but .* is a folder"):
        read_vectors(tmp_path, VOCABULARY)


@pytest.mark.parametrize("suffix", [".gz", ".zip"])
def test_a_damaged_archive_is_refused(tmp_path: Path, suffix: str) -> None:
    lines = "".join(f"w{i} {math.sin(i)} {math.cos(i)}\n" for i in range(2_000)).encode()
    whole = tmp_path / f"whole{suffix}"
    if suffix == ".gz":
        whole.write_bytes(gzip.compress(lines))
    else:
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("w.txt", lines)
    content = whole.read_bytes()
    for damaged in (content[: len(content) // 2], b"no archive at all"):
        path = write(tmp_path, damaged, f"damaged{suffix}")
        with pytest.raises(ValueError, match=f"damaged{suffix} is damaged or cut short .*; get the file anew"):
            read_vectors(path, {"[PAD]": 0, "[UNK]": 1, "w1": 2})
    changed = bytearray(content)
    changed[len(content) // 2] ^= 0xFF
    path = write(tmp_path, bytes(changed), f"changed{suffix}")
    with pytest.raises(ValueError, match="get the file anew"):
        read_vectors(path, {"[PAD]": 0, "[UNK]": 1, "w1": 2})


def test_a_vocabulary_without_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the vocabulary holds no word besides PAD and UNK"):
        read_vectors(write(tmp_path, LINES), {"[PAD]": 0, "[UNK]": 1})


def test_a_bar_shows_how_far_a_file_is_read(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, LINES)
    shown, _ = read_vectors(path, VOCABULARY, progress=True)
    assert np.array_equal(shown, read_vectors(path, VOCABULARY)[0])
    shown_text = capfd.readouterr()
    assert shown_text.out == "" and path.name in shown_text.err and "100%" in shown_text.err


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "rows", "size"),
    [
        ("imdb.w2v.300d.txt.gz", 30_000, 300),
        ("glove.6B.300d.subset.txt.gz", 4_157, 300),
        ("glove.840B.300d.subset.txt.gz", 4_076, 300),
        ("glove.6B.100d.subset.txt.gz", 4_488, 100),
    ],
)
def test_the_real_vectors_are_read(data_folder: Path, name: str, rows: int, size: int) -> None:
    with gzip.open(data_folder / "vectors" / name, "rt", encoding="utf-8") as file:
        words = [line.rsplit(" ", size)[0] for line in file]
    assert len(words) == rows
    vocabulary = {"[PAD]": 0, "[UNK]": 1} | {word: row for row, word in enumerate(dict.fromkeys(words), start=2)}
    matrix, coverage = read_vectors(data_folder / "vectors" / name, vocabulary)
    assert coverage.size == size and coverage.found == coverage.words
    assert np.isfinite(matrix).all()


def test_contractions_and_case_meet_the_vectors_spelling(tmp_path: Path) -> None:
    tokenizer = Tokenizer.train(["I've never seen it. It didn't move me"] * 2, TextSettings())
    path = write(tmp_path, "i 1 1\n've 2 2\ndid 3 3\nn't 4 4\nit 5 5\n. 6 6\n")
    matrix, coverage = read_vectors(path, tokenizer.vocabulary)
    assert coverage.found == 6
    assert matrix[tokenizer.vocabulary["n't"]].tolist() == [4.0, 4.0]
