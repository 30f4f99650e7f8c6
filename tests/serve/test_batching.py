"""A bounded queue: what waits together is answered together, and one failure is nobody else's."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import requests
from serve.conftest import Serve

from attribkit.models.classifier import Classifier
from attribkit.serve.batching import BatchWorker, BusyError
from attribkit.serve.limits import Limits


class Work:
    """Doubles numbers once `gate` is open; refuses negative ones."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.began = threading.Event()
        self.batches: list[list[int]] = []

    def __call__(self, key: Any, items: Sequence[int]) -> list[int]:
        self.began.set()
        self.gate.wait(20)
        self.batches.append(list(items))
        if min(items) < 0:
            raise ValueError(f"{key}: {min(items)}")
        return [2 * item for item in items]


@pytest.fixture
def work() -> Iterator[Work]:
    found = Work()
    yield found
    found.gate.set()


async def begun(work: Work) -> None:
    while not work.began.is_set():
        await asyncio.sleep(0.001)


def test_what_waits_together_is_worked_on_together(work: Work) -> None:
    async def run() -> None:
        worker = BatchWorker(work, Limits(batch=4), "test")
        first = asyncio.create_task(worker("a", 1))
        await begun(work)
        others = [asyncio.create_task(worker(key, item)) for key, item in (("a", 2), ("b", 3), ("a", 4), ("a", -5))]
        await asyncio.sleep(0)
        work.gate.set()
        assert await first == 2
        found = await asyncio.gather(*others, return_exceptions=True)
        assert found[:3] == [4, 6, 8] and str(found[3]) == "a: -5"
        worker.close()

    asyncio.run(run())
    assert work.batches == [[1], [2, 4, -5], [2], [4], [-5], [3]]


def test_a_full_lane_says_so_and_goes_on(work: Work) -> None:
    async def run() -> None:
        worker = BatchWorker(work, Limits(waiting=2), "test")
        tasks = [asyncio.create_task(worker("a", 1))]
        await begun(work)
        tasks += [asyncio.create_task(worker("a", item)) for item in (2, 3)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await worker("a", 4)
        work.gate.set()
        assert await asyncio.gather(*tasks) == [2, 4, 6]
        assert await worker("a", 5) == 10
        worker.close()

    asyncio.run(run())


def test_who_has_gone_is_not_worked_for(work: Work) -> None:
    async def run() -> None:
        worker = BatchWorker(work, Limits(answer_seconds=0.2), "test")
        late = asyncio.create_task(worker("a", 1))
        await begun(work)
        gone = asyncio.create_task(worker("a", 2))
        with pytest.raises(TimeoutError):
            await late
        with pytest.raises(TimeoutError):
            await gone
        work.gate.set()
        assert await worker("a", 3) == 6
        worker.close()

    asyncio.run(run())
    assert 2 not in [item for batch in work.batches for item in batch]


def test_the_last_ones_are_answered_before_it_closes(work: Work) -> None:
    async def run() -> None:
        worker = BatchWorker(work, Limits(), "test")
        tasks = [asyncio.create_task(worker("a", item)) for item in range(5)]
        await begun(work)
        work.gate.set()
        await asyncio.to_thread(worker.close)
        assert await asyncio.gather(*tasks) == [0, 2, 4, 6, 8]

    asyncio.run(run())


def test_a_busy_server_says_when_to_come_again(
    serving: Serve, make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    from attribkit.serve.handlers import RequestHandler

    open_, began = threading.Event(), threading.Event()
    predict = RequestHandler._predict

    def waits(*arguments: Any) -> Any:
        began.set()
        open_.wait(30)
        return predict(*arguments)

    monkeypatch.setattr(RequestHandler, "_predict", waits)
    address = serving([make_classifier()], Limits(waiting=2))
    answers: list[requests.Response] = []
    ask = lambda: answers.append(requests.post(f"{address}/predict", json={"texts": ["film"]}, timeout=60))  # noqa: E731
    threads = [threading.Thread(target=ask)]
    threads[0].start()
    began.wait(30)
    threads += [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads[1:]:
        thread.start()
    while len(answers) < 6:
        began.wait(0.01)
    assert {answer.status_code for answer in answers} == {429}
    assert answers[0].headers["retry-after"] == "1" and "come again" in answers[0].json()["error"]
    assert requests.get(f"{address}/healthz", timeout=30).status_code == 200
    open_.set()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [429] * 6


def test_what_takes_too_long_and_what_breaks_are_answered_in_a_sentence(
    serving: Serve, make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    from attribkit.serve.handlers import RequestHandler

    open_ = threading.Event()
    monkeypatch.setattr(RequestHandler, "_predict", lambda *_: [open_.wait(60)])
    monkeypatch.setattr(RequestHandler, "_alternatives", lambda *_: [1 // 0])
    address = serving([make_classifier()], Limits(answer_seconds=3))
    late = requests.post(f"{address}/predict", json={"texts": ["film"]}, timeout=30)
    open_.set()
    assert late.status_code == 503 and late.headers["retry-after"] == "5" and "too long" in late.json()["error"]
    broken = requests.post(f"{address}/alternatives", json={"text": "film", "start": 0}, timeout=30)
    assert broken.status_code == 500 and "ZeroDivisionError" in broken.json()["error"]
    assert "default-src 'none'" in broken.headers["content-security-policy"]
    assert requests.post(f"{address}/explain", json={"text": "film"}, timeout=30).status_code == 200
