// Talking to the server that sent this page, and to no other.

export class Refusal extends Error {
  constructor(status, sentence, seconds) {
    super(sentence);
    Object.assign(this, { status, seconds });
  }
}

async function answered(response) {
  if (response.ok) return response;
  const found = await response.json().catch(() => ({}));
  throw new Refusal(response.status, found.error ?? `the server answered ${response.status}`, Number(response.headers.get("retry-after")) || 0);
}

let send = (path, options) => fetch(path, options);

// In a notebook there is no server: its kernel answers instead.
export function through(other) {
  send = other;
}

export async function ask(path, body, signal) {
  const response = await send(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal });
  return answered(response);
}

export async function get(path) {
  return (await answered(await send(path))).json();
}

// The lines of JSON of an answer, each as soon as it is there.
export async function* lines(path, body, signal) {
  const reader = (await ask(path, body, signal)).body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
}

// Latest: of questions that follow one another quickly only the newest answer counts. One is on its way at a time; the
// newest that came meanwhile goes next. One that is long overdue is given up for it, but none that is merely slow: or
// whoever types faster than a model answers would see nothing until they paused.
export class Latest {
  #next = null;
  #running = null;
  #number = 0;

  constructor(path, { answer, refusal, patience = 2_000 }) {
    Object.assign(this, { path, answer, refusal, patience });
  }

  ask(body, about) {
    this.#next = { body, about, number: ++this.#number };
    if (!this.#running) return this.#go();
    const { controller, since } = this.#running;
    setTimeout(() => { if (this.#next && this.#running?.controller === controller) controller.abort(); }, since + this.patience - performance.now());
  }

  forget() {
    this.#next = null;
    this.#number++;
    this.#running?.controller.abort();
  }

  async #go() {
    const { body, about, number } = this.#next;
    this.#next = null;
    this.#running = { controller: new AbortController(), since: performance.now() };
    try {
      const found = await (await ask(this.path, body, this.#running.controller.signal)).json();
      if (number === this.#number || this.#next) this.answer(found, about, number === this.#number);
    } catch (error) {
      const again = error.status === 429 && number === this.#number;
      if (again) this.#next = { body, about, number };
      if (again) await new Promise((done) => setTimeout(done, 1000 * (error.seconds || 1)));
      else if (error.name !== "AbortError" && number === this.#number) this.refusal(error, about);
    }
    this.#running = null;
    if (this.#next) this.#go();
  }
}
