"""Eight who type at once, some seconds here and two minutes in benchmarks/serve.py: no error, right answers."""

import threading
import time

import pytest
import requests

from attribkit.models.classifier import Classifier

SECONDS = 4
TEXTS = ("It was a horrible movie", "A wonderful, lovely film", "The plot was dull " * 20, "no")


def test_eight_clients_get_right_answers_while_others_misbehave(live: str, bundled: list[Classifier]) -> None:
    expected = {
        (model.name, text): model.predict([text]).iloc[0][list(model.labels)].to_dict()
        for model in bundled
        for text in TEXTS
    }
    until = time.monotonic() + SECONDS
    answered: list[int] = []
    errors: list[str] = []

    def client(number: int) -> None:
        model = bundled[number % 2].name
        with requests.Session() as session:
            while time.monotonic() < until or not answered:
                text = TEXTS[(number + len(answered)) % len(TEXTS)]
                answer = session.post(f"{live}/live", json={"text": text, "model": model}, timeout=60)
                if answer.status_code != 200:
                    errors.append(answer.text)
                    continue
                bars = {bar["label"]: bar["p"] for bar in answer.json()["prediction"]["bars"]}
                if bars != pytest.approx(expected[model, text], abs=1e-5):
                    errors.append(f"{model}, {text}: {bars}")
                answered.append(number)
                time.sleep(0.05)

    def nuisance() -> None:
        while time.monotonic() < until:
            status = requests.post(f"{live}/live", data=b'{"text": "\\ud800"}', timeout=60).status_code
            if status != 422:
                errors.append(f"{status}")
            time.sleep(0.1)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    threads.append(threading.Thread(target=nuisance))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and len(set(answered)) == 8
