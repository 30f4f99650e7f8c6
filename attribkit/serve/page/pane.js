// One text and one model: what it says, why, and what it would say if.
import { Latest } from "./api.js";
import { PlaceOnMap } from "./map.js";
import { colour, edit, inCharacters, inUnits, moved, Sheet, step } from "./sheet.js";

export function made(name, properties = {}, ...inside) {
  const one = Object.assign(document.createElement(name), properties);
  one.append(...inside);
  return one;
}
const bdi = (text) => made("bdi", { textContent: text });
export const numberOf = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
export const points = (change) => `${change < 0 ? "−" : "+"}${Math.abs(100 * change).toFixed(1)} points`;
export const percent = (p) => (p > 0 && p < 0.001 ? "<0.1%" : p < 1 && p > 0.999 ? ">99.9%" : `${(100 * p).toFixed(1)}%`);

export class Pane {
  answer = null; // the newest, with the text it belongs to
  original = null; // what the tries are compared with
  tries = [];

  constructor({ template = document.getElementById("pane"), title, models, examples, settings, changed, acted, scaled, emptied = () => {}, heard }) {
    Object.assign(this, { models, settings, changed, acted, scaled, emptied, heard });
    this.root = template.content.firstElementChild.cloneNode(true);
    this.find = (selector) => this.root.querySelector(selector);
    this.root.setAttribute("aria-label", title);
    this.sheet = new Sheet(this.find(".sheet"), { typed: () => this.#typed(), pointed: () => this.#pointed() });
    this.sheet.area.setAttribute("aria-label", title);
    this.sheet.area.placeholder = "Type or paste a text";
    this.choice = this.find(".model");
    this.choice.append(...models.map((one) => made("option", { value: one.name, textContent: one.name })));
    this.choice.addEventListener("change", () => { this.acted(); this.refresh(); });
    this.map = new PlaceOnMap(this.find(".plot"));
    this.find(".map").addEventListener("toggle", () => this.refresh());
    this.find(".all").addEventListener("toggle", () => this.#table());
    for (const [name, text] of examples) {
      const button = made("button", { type: "button", textContent: name, title: text });
      button.addEventListener("click", () => { this.restore({ text, model: this.choice.value, muted: [] }); this.acted(); this.sheet.area.focus(); });
      this.find(".examples").append(button);
    }
    this.latest = new Latest("live", { answer: (found, about, newest) => this.#answered(found, about, newest), refusal: (error) => this.#refused(error) });
    this.alternatives = new Latest("alternatives", { answer: (found, about) => this.#offer(found, about), refusal: () => this.#idle() });
    this.together = new Latest("together", { answer: (found, about) => this.#acts(found, about), refusal: (error, about) => this.#alone(error, about) });
    this.#idle();
  }

  get model() { return this.models.find((one) => one.name === this.choice.value) ?? this.models[0]; }
  get state() { return { text: this.sheet.text, model: this.model.name, muted: this.sheet.muted.map(({ from, to }) => [from, to]) }; }

  restore({ text, model, muted }) {
    if (text !== this.sheet.text) this.sheet.text = text;
    if (this.models.some((one) => one.name === model)) this.choice.value = model;
    this.sheet.muted = muted.filter(([a, b]) => a >= 0 && a < b && b <= text.length).map(([from, to]) => ({ from, to }));
    this.#idle();
    this.sheet.draw();
    this.refresh();
  }

  // what a file of this pane is drawn from
  get question() {
    const views = ["attribution", ...(this.model.attention ? ["attention"] : []), ...(this.model.map && this.find(".map").open ? ["projection"] : [])];
    return { ...this.settings(this.model), model: this.model.name, text: this.sheet.written, views, compare: this.model.attention && this.sheet.tokens.length <= 200 };
  }

  refresh() {
    const text = this.sheet.read;
    this.#apart();
    const place = this.model.map && this.find(".map").open;
    this.find(".map").hidden = !this.model.map;
    if (place) this.map.show(this.model.name);
    if (!text.trim()) return this.#empty();
    if (this.answer && this.answer.model !== this.model.name) this.#blank();
    this.#asking(true); // what is shown answers the text before
    const since = performance.now();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.root.classList.add("waiting"), 400);
    this.latest.ask({ ...this.settings(this.model), model: this.model.name, text, place: Boolean(place) }, { text, since, model: this.model.name });
  }

  #typed() {
    this.#idle();
    this.changed();
    const { start, before } = edit(this.answer?.text ?? "", this.sheet.read);
    if (this.answer && !start && before === this.answer.text.length) this.emptied(); // another text
    this.refresh();
  }

  #answered(found, about, newest) {
    // answers come in order; one to a text that has grown since is painted where its words now stand, until the next
    if (newest) {
      clearTimeout(this.waiting);
      this.#asking(false);
      this.root.classList.remove("waiting");
    }
    if (about.model !== this.model.name) return;
    this.find(".problem").hidden = true;
    this.answer = { ...found, text: about.text };
    const [starts, ends] = [inUnits(about.text, found.starts), inUnits(about.text, found.ends)];
    this.answer.places = starts.map((from, k) => ({ from, to: ends[k] }));
    this.paint(this.scaled(this));
    this.#said();
    this.#bars();
    this.#attention();
    if (found.place) this.map.place(found.place);
    this.#table();
    this.#tries();
    this.root.dataset.read = about.text.length;
    this.root.dataset.painted = (Number(this.root.dataset.painted) || 0) + 1;
    this.heard(this);
  }

  paint({ limit, ends_at }) { // on the scale of the strongest answer beside which it stands
    const { scores, said, known, places, between, text } = this.answer;
    const tokens = places.map((place, k) => ({
      ...place,
      score: scores[k],
      said: between.length ? `${said[k]} (${between[k]})` : said[k],
      known: known[k],
      look: `${colour(scores[k], limit)}${known[k] ? "" : " unknown"}`.trim(),
    }));
    this.sheet.paint(moved(tokens, edit(text, this.sheet.read)));
    const { target, unit, sides } = this.answer;
    this.find(".legend .low").textContent = `${sides[1]} “${target}” −${ends_at}`;
    this.find(".legend .high").textContent = `+${ends_at} ${sides[0]} “${target}”, ${unit}`;
  }

  #said() {
    const { prediction, verdict, equation, notes, model } = this.answer;
    this.find(".by").textContent = `predicted by ${model}`;
    this.find(".said .label bdi").textContent = prediction.label;
    this.find(".said .percent").textContent = prediction.percent;
    const before = this.original?.chances;
    this.find(".probabilities tbody").replaceChildren(...prediction.bars.map(({ label, p, percent: shown }) => {
      const bar = made("i");
      bar.style.width = `${100 * p}%`;
      const track = made("td", { className: "track", ariaHidden: "true" }, bar);
      if (before && label in before) {
        const ghost = made("b", { title: `before: ${percent(before[label])}` });
        ghost.style.insetInlineStart = `${100 * before[label]}%`;
        track.append(ghost);
      }
      return made("tr", { className: prediction.predicted.includes(label) ? "best" : "" }, made("th", { scope: "row" }, bdi(label)), track, made("td", { className: "n", textContent: shown }));
    }));
    this.find(".rest").textContent = prediction.rest ?? "";
    this.#was(prediction);
    const mark = this.find(".verdict");
    mark.className = `verdict ${verdict.tone}`;
    mark.querySelector(".icon").textContent = verdict.icon;
    mark.querySelector(".words").textContent = verdict.words;
    this.find(".equation").textContent = equation;
    this.find(".notes").replaceChildren(...notes.map((note) => made("li", { textContent: note })));
  }

  #was(prediction) {
    const line = this.find(".was");
    const before = this.original;
    line.hidden = !before || this.#isOriginal();
    if (line.hidden) return;
    const now = this.#chances(prediction)[before.label], was = before.chances[before.label];
    const change = now === undefined || was === undefined ? "" : `; ${before.label} moved by ${points(now - was)}`;
    line.replaceChildren("before: ", made("b", { textContent: before.label }), ` ${before.percent}${change}`);
  }

  #bars() {
    const { phrases, sentences, text, places } = this.answer;
    const limit = Math.max(...phrases.map(({ score }) => Math.abs(score)), 0);
    this.#rows(".phrases", phrases.map((one) => ({ ...one, few: one.filters })), limit);
    const largest = Math.max(...sentences.map(({ score }) => Math.abs(score)), 0);
    const { lessons } = this.answer;
    this.#rows(".lessons", lessons.map((one) => ({ ...one, few: one.label })), Math.max(...lessons.map(({ score }) => Math.abs(score)), 0));
    this.#rows(".sums", sentences.map((one) => ({ ...one, words: text.slice(places[one.first].from, places[one.last].to) })), largest);
  }

  #rows(selector, rows, limit) {
    const part = this.find(selector);
    part.hidden = !rows.length;
    part.querySelector("tbody").replaceChildren(...rows.map(({ words, score, said, few }) => {
      const bar = made("i", { className: score > 0 ? "towards" : "against" });
      bar.style.width = `${limit ? (50 * Math.abs(score)) / limit : 0}%`;
      const cells = [made("th", { scope: "row" }, bdi(words.length > 90 ? `${words.slice(0, 88)}…` : words)), made("td", { className: "axis", ariaHidden: "true" }, bar), made("td", { className: "n", textContent: said })];
      if (few) cells.push(made("td", { className: "few", textContent: few }));
      return made("tr", {}, ...cells);
    }));
  }

  #attention() {
    const { attention, places, text } = this.answer;
    const part = this.find(".looked");
    part.hidden = !attention;
    if (!attention) return;
    const inside = [];
    let done = 0;
    places.forEach(({ from, to }, k) => {
      const level = step(attention.weights[k], attention.limit);
      inside.push(text.slice(done, from), made("span", { className: level ? `w${level}` : "", textContent: text.slice(from, to), title: attention.said[k] }));
      done = to;
    });
    part.querySelector(".row").replaceChildren(...inside, text.slice(done));
    part.querySelector(".agreement").textContent = attention.agreement;
  }

  #table() {
    const part = this.find(".all");
    if (!part.open || !this.answer) return;
    const { places, text, said, known } = this.answer;
    part.querySelector("tbody").replaceChildren(...places.slice(0, 500).map(({ from, to }, k) =>
      made("tr", {}, made("th", { scope: "row" }, bdi(text.slice(from, to))), made("td", { className: "n", textContent: said[k] + (known[k] ? "" : " (unknown)") }))));
  }

  #refused(error) {
    clearTimeout(this.waiting);
    this.#asking(false);
    if (error.status) this.#blank(); // an answer to another text would pass for one to this
    this.root.classList.add("waiting");
    const line = this.find(".problem");
    line.textContent = error.status ? error.message : "The server does not answer. Is it still running? The next key asks again.";
    line.hidden = false;
  }

  #empty() {
    clearTimeout(this.waiting);
    this.latest.forget();
    this.#asking(false);
    this.root.classList.remove("waiting");
    this.emptied();
    this.#blank();
    this.find(".problem").hidden = true;
    this.find(".verdict .words").textContent = "Every word that you type is explained at once.";
  }

  #asking(busy) {
    this.root.classList.toggle("asking", busy);
    this.root.setAttribute("aria-busy", String(busy));
  }

  #blank() { // no answer is shown
    this.answer = null;
    this.sheet.paint([]);
    for (const part of [".phrases", ".sums", ".lessons", ".looked", ".was"]) this.find(part).hidden = true;
    for (const part of [".said .label bdi", ".said .percent", ".by", ".rest", ".verdict .icon", ".equation", ".legend span", ".legend .high"]) this.find(part).textContent = "";
    this.find(".verdict").className = "verdict";
    this.find(".verdict .words").textContent = "";
    this.find(".notes").replaceChildren();
    this.find(".probabilities tbody").replaceChildren();
  }

  // what if

  #chances(prediction) { return Object.fromEntries(prediction.bars.map(({ label, p }) => [label, p])); }
  #isOriginal() { return this.original && this.original.text === this.sheet.text && String(this.original.muted) === String(this.state.muted); }

  #idle() {
    this.alternatives?.forget();
    this.#apart();
    this.sheet.chosen = null;
    this.find(".word").replaceChildren(made("h2", { textContent: "What if?" }), made("p", { className: "idle", textContent: "Click a word, or move the caret to it: see what would change without it, or with another in its place." }));
  }

  #pointed() {
    const { selectionStart, selectionEnd } = this.sheet.area;
    const word = selectionStart === selectionEnd ? this.sheet.at(selectionStart) : null;
    if (!word) {
      this.#idle();
      return this.sheet.draw();
    }
    this.sheet.chosen = { from: word.from, to: word.to };
    this.#apart();
    this.sheet.draw();
    const text = word.muted ? this.sheet.text : this.sheet.read;
    this.alternatives.ask({ text, start: inCharacters(text, word.from), model: this.model.name }, { ...word, word: this.sheet.text.slice(word.from, word.to) });
    const { target, output, baseline } = this.settings(this.model);
    const linear = output === "logit" || Array.isArray(target) || (output === "log_odds" && this.model.labels.length === 2);
    if (word.muted || !linear || !this.model.interactions) return;
    this.together.ask({ target, output, baseline, text, start: inCharacters(text, word.from), model: this.model.name }, { from: word.from, text, model: this.model.name });
  }

  #apart() { // no word acts with the chosen one, as far as is known
    this.together?.forget();
    this.sheet.partners = [];
    this.find(".with").hidden = true;
  }

  #current({ from, text, model }) { return this.sheet.chosen?.from === from && this.sheet.read === text && this.model.name === model; }

  #acts(found, about) {
    if (!this.#current(about)) return;
    const [starts, ends] = [inUnits(about.text, found.partners.map((one) => one.start)), inUnits(about.text, found.partners.map((one) => one.end))];
    this.sheet.partners = starts.map((from, k) => ({ from, to: ends[k] }));
    this.sheet.draw();
    const items = found.partners.map((one) => made("li", {}, bdi(one.word), made("span", { className: "n", textContent: one.said })));
    this.#with(items.length ? `“${found.word}” acts together with (${found.unit} more, or less, than the two do apart):` : `“${found.word}” acts with no other word.`, items);
  }

  #alone(error, about) { if (error.status && this.#current(about)) this.#with(error.message, []); }

  #with(sentence, items) {
    const part = this.find(".with");
    part.hidden = false;
    part.querySelector("p").textContent = sentence;
    part.querySelector("ul").replaceChildren(...items);
  }

  #offer(found, about) {
    if (this.sheet.text.slice(about.from, about.to) !== about.word || this.sheet.chosen?.from !== about.from) return;
    const [without, ...swaps] = found.alternatives[0]?.word === "" ? found.alternatives : [null, ...found.alternatives];
    const { label } = found.now;
    const chance = (one) => one.said;
    const turns = (one) => (one.label === label ? "" : "turns");
    const mute = made("button", { type: "button", className: `mutes ${without ? turns(without) : ""}` }, about.muted ? "Let it speak again" : "Mute it", without && !about.muted ? made("span", { className: "n small", textContent: `  → ${chance(without)}` }) : "");
    mute.disabled = !without && !about.muted;
    mute.addEventListener("click", () => this.#mute(about));
    const side = this.answer?.sides[about.score > 0 ? 0 : 1];
    const spoken = about.score ? `${about.said} ${side} “${this.answer?.target}”` : about.said;
    const score = about.muted ? "muted" : `${spoken}${about.known ? "" : " · a word that the model does not know"}`;
    const named = made("div", { className: "named" }, bdi(about.word), made("span", { className: "n small", textContent: score }), mute);
    const list = made("ul", { className: "swaps", ariaLabel: `Words in the place of ${about.word}` });
    for (const one of swaps) {
      const button = made("button", { type: "button", className: turns(one) }, bdi(one.word), made("span", { className: "n", textContent: chance(one) }));
      button.setAttribute("aria-label", `swap ${about.word} for ${one.word}: ${chance(one)}`);
      button.addEventListener("click", () => this.#swap(about, one.word));
      list.append(made("li", {}, button));
    }
    const own = made("input", { placeholder: "your own word", maxLength: 80 });
    own.setAttribute("aria-label", `your own word in the place of ${about.word}`);
    const form = made("form", {}, own, made("button", { textContent: "Swap" }));
    form.addEventListener("submit", (event) => { event.preventDefault(); if (own.value) this.#swap(about, own.value); });
    list.append(made("li", {}, form));
    const heading = swaps.length ? "Or swap it for one of its nearest words" : "Or swap it";
    this.find(".word").replaceChildren(named, made("p", { className: "small", textContent: `${heading}:` }), list);
  }

  #remember() { // the first try of a text makes what was there the original
    if (!this.original && this.answer) {
      this.original = { ...this.state, label: this.answer.prediction.label, percent: this.answer.prediction.percent, chances: this.#chances(this.answer.prediction) };
      this.tries = [{ ...this.state, name: "as it was", said: `${this.original.label} ${this.original.percent}` }];
    }
  }

  #try(name) {
    if (!this.tries.some((one) => this.#shown(one))) this.tries.push({ ...this.state, name, said: null });
    this.acted();
    this.refresh();
  }

  #mute({ from, to, word, muted }) {
    this.#remember();
    this.sheet.muted = muted ? this.sheet.muted.filter((one) => one.from !== from) : [...this.sheet.muted, { from, to }].sort((a, b) => a.from - b.from);
    this.sheet.tokens = this.sheet.tokens.filter((one) => one.from !== from);
    this.#idle();
    this.sheet.draw();
    this.#try(muted ? `with “${word}” again` : `without “${word}”`);
    this.sheet.area.focus();
    this.sheet.area.setSelectionRange(from, from);
  }

  #swap({ from, to, word }, other) {
    this.#remember();
    this.sheet.replace(from, to, other);
    this.#try(`“${word}” → “${other}”`);
  }

  #shown(one) { return one.text === this.sheet.text && one.model === this.model.name && String(one.muted) === String(this.state.muted); }

  #tries() {
    const part = this.find(".tries");
    part.hidden = this.tries.length < 2;
    const { prediction } = this.answer;
    for (const one of this.tries) if (this.#shown(one)) one.said = `${prediction.label} ${prediction.percent}`;
    const items = this.tries.map((one) => {
      const button = made("button", { type: "button" }, `${one.name}  `, made("span", { className: "n", textContent: one.said ?? "" }));
      if (this.#shown(one)) button.setAttribute("aria-current", "true");
      button.addEventListener("click", () => { this.restore(one); this.acted(); });
      return made("li", {}, button);
    });
    const over = made("button", { type: "button", className: "over", textContent: "start over from here" });
    over.addEventListener("click", () => { this.original = null; this.tries = []; this.#said(); this.#tries(); });
    part.querySelector("ol").replaceChildren(...items, made("li", {}, over));
  }
}


