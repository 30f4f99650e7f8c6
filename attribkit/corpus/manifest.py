"""The journal of a corpus run: what the run is, and which of its parts are finished.

The manifest, `_manifest.jsonl`, has a first line that says what the run is, then a line for each finished part, each
with a checksum of its own and each on the disk before the next part counts. A part is named here only once it is in
place; so whatever moment a run dies at, the parts named are whole, and any other is written again.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from attribkit.corpus.job import differing
from attribkit.corpus.parts import WORDS, Part
from attribkit.errors import InputError, InputExistsError, RunError
from attribkit.files import write_whole

FORMAT = 4
_OLDEST = 2
"""What formats are read; in 2 no part says how many of its rows were seen in training, before 4 no row has a task."""
MANIFEST, LOCK = "_manifest.jsonl", "_lock"
EARLIER = "earlier_fingerprint"
"""Of a header, not written: the model's fingerprint as runs that an earlier version began name it."""
_SAME = {
    "model": "the model has changed since this run began",
    "input": "the input has changed since this run began",
    "settings": "the settings differ from those this run began with",
}


@dataclass
class Manifest:
    """The folder of a run, held by one process at a time.

    Attributes:
        folder: where.
        begun: the versions that the run began with.
        now: the versions that work at it now.
        parts: the finished ones, by number, whose files are there and whole.
    """

    folder: Path
    begun: Mapping[str, str]
    now: Mapping[str, str]
    parts: dict[int, Part] = field(default_factory=dict)
    finished: bool = False

    @staticmethod
    def lock(folder: Path) -> FileLock:
        """Lock the folder, and make it if need be.

        The system lifts the lock when the process ends, for whatever reason.

        Raises:
            FileExistsError: if it holds something else, or another process is at work in it.
            OSError: if it cannot be written.
        """
        if folder.is_file():
            raise InputExistsError(f"a folder was expected, but {str(folder)!r} is a file; choose another name")
        strangers = [] if not folder.is_dir() else [path.name for path in folder.iterdir() if path.name != LOCK]
        if strangers and MANIFEST not in strangers:
            raise InputExistsError(
                f"the folder {str(folder)!r} holds other files ({strangers[0]!r}); choose an empty one"
            )
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            raise InputExistsError(f"another run is at work in {str(folder)!r}; wait for it or stop it") from error
        return lock

    @staticmethod
    def open(folder: Path, header: Mapping[str, Any]) -> "Manifest":
        """Begin a run, or continue the one in the folder.

        Raises:
            ValueError: if the folder's run is of another model, input or settings, or its manifest is damaged.
        """
        header = json.loads(json.dumps(header))
        earlier, header = header.get(EARLIER), {name: value for name, value in header.items() if name != EARLIER}
        _clear_partial(folder)
        path = folder / MANIFEST
        lines = _whole_lines(path)
        if not lines:
            (folder / WORDS).mkdir(exist_ok=True) if header["settings"]["words"] else None
            write_whole(path, _line({"attribkit": "corpus", "format": FORMAT, **header}))
            return Manifest(folder, header["versions"], header["versions"])
        earlier_header = _read(lines[0])
        if earlier_header is None or earlier_header.get("attribkit") != "corpus":
            raise InputError(f"{MANIFEST} in {str(folder)!r} is damaged; delete the folder and run again")
        if earlier_header["format"] < _OLDEST:
            raise InputError(
                f"the run in {str(folder)!r} is of an older attribkit, which recorded neither versions nor all of its "
                "model; choose another folder, or delete it to begin anew"
            )
        if earlier_header["format"] > FORMAT:
            raise InputError(
                f"{MANIFEST} has format {earlier_header['format']}, this version reads {FORMAT}; upgrade attribkit"
            )
        if earlier_header["model"]["fingerprint"] == earlier:
            earlier_header["model"]["fingerprint"] = header["model"]["fingerprint"]
        earlier_header["format"] = FORMAT
        _check_same(earlier_header, header, folder)
        manifest = Manifest(folder, earlier_header["versions"], header["versions"])
        for line in lines[1:]:
            entry = _read(line)  # a line that was torn or damaged names nothing: its part is written again
            if entry and "number" in entry:
                manifest.parts[entry["number"]] = Part(**entry)
            manifest.finished = bool(entry and entry.get("finished"))
        named = len(manifest.parts)
        manifest.parts = {number: p for number, p in manifest.parts.items() if manifest._is_whole(p)}
        manifest.finished &= len(manifest.parts) == named
        write_whole(
            path,
            b"".join(_line(entry) for entry in (earlier_header, *(part.to_json() for part in manifest.parts.values()))),
        )
        if manifest.finished:
            manifest.close()
        return manifest

    def _is_whole(self, part: Part) -> bool:
        files = [(self.folder / part.file, part.sha256)]
        if part.words is not None:
            files.append((self.folder / WORDS / part.file, part.words))
        return all(path.is_file() and _sha256(path) == checksum for path, checksum in files)

    def check_versions(self, mixed: bool) -> None:
        """Check that the run continues under the versions it began with, unless they may be mixed.

        Raises:
            ValueError: for versions that differ from the run's; the sentence names them.
        """
        others = differing(self.now, self.begun)
        if others and not mixed:
            raise InputError(
                f"the run in {str(self.folder)!r} would mix numbers, for there is {others}; install what it began "
                "with, choose another folder, or mix them with mixed_versions=True (--mixed-versions)"
            )

    @property
    def versions(self) -> list[Mapping[str, str]]:
        """All versions by which its rows were explained."""
        versions: list[Mapping[str, str]] = []
        for part in self.parts.values():
            versions += [version for version in part.versions or (self.begun,) if version not in versions]
        return versions

    @property
    def seen(self) -> int | None:
        """How many rows have a text that the model was trained on; None where that is not known of all parts."""
        counts = [part.seen for part in self.parts.values()]
        return None if None in counts else sum(count or 0 for count in counts)

    def add(self, part: Part) -> None:
        """Record a part as finished, on disk."""
        before = self.parts.get(part.number)  # some of whose rows stay where others were done again
        by = [*(before.versions or (self.begun,) if before else ()), self.now]
        if any(version != self.begun for version in by):
            part = replace(part, versions=[version for place, version in enumerate(by) if version not in by[:place]])
        self._append(part.to_json())
        self.parts[part.number] = part

    def close(self) -> None:
        """Record that the run is complete.

        Raises:
            RuntimeError: if a part is missing.
        """
        if sorted(self.parts) != list(range(len(self.parts))):
            raise RunError("a window has no part; run the same command again")
        _clear_partial(self.folder)  # of workers that died while others did their windows again
        self._append({"finished": True, "parts": len(self.parts), "rows": sum(p.rows for p in self.parts.values())})
        self.finished = True

    def _append(self, entry: Mapping[str, Any]) -> None:
        with open(self.folder / MANIFEST, "ab") as file:
            file.write(_line(entry))
            file.flush()
            os.fsync(file.fileno())


def _clear_partial(folder: Path) -> None:
    """Remove what was begun and never renamed; only while nobody writes a part that is still needed."""
    for partial in (*folder.glob(".*.part"), *(folder / WORDS).glob(".*.part")):
        partial.unlink(missing_ok=True)


def _check_same(earlier: Mapping[str, Any], now: Mapping[str, Any], folder: Path) -> None:
    for name in _SAME:
        if earlier[name] != now[name]:
            differing = [key for key in now[name] if earlier[name].get(key) != now[name][key]]
            raise InputError(
                f"{_SAME[name]} ({', '.join(differing)}); choose another folder than {str(folder)!r}, or delete it to "
                "begin anew"
            )


def _line(entry: Mapping[str, Any]) -> bytes:
    content = json.dumps(entry, ensure_ascii=False, sort_keys=True, allow_nan=False)
    return f"{_check(content)} {content}\n".encode()


def _check(content: str) -> str:
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def _read(line: bytes) -> dict[str, Any] | None:
    """A line's content, None if it is damaged."""
    try:
        check, content = line.decode().split(" ", 1)
        return json.loads(content) if check == _check(content) else None
    except ValueError:
        return None


def _whole_lines(path: Path) -> list[bytes]:
    """Without a last line that was torn."""
    return path.read_bytes().split(b"\n")[:-1] if path.is_file() else []


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
