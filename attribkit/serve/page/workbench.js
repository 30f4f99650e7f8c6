// The rows of data beside the pane: what is asked of them, and what each choice leads to.
import { get, Latest } from "./api.js";
import { Figures } from "./figures.js";
import { Lasso } from "./lasso.js";
import { Notes } from "./notes.js";
import { made, numberOf, percent, points } from "./pane.js";
import { RowTable } from "./rows.js";
import { SliceWords } from "./words.js";

const NOTHING = { search: "", label: "", predicted: "", outcome: "", least: 0, most: 100 };
const VIEWS = {
  mistakes: { slice: { outcome: "wrong" }, sort: ["confidence", true] },
  close: { slice: {}, sort: ["confidence", false] },
  part: { slice: { outcome: "differ" }, sort: ["difference", true] },
  marked: { slice: {}, sort: ["row", false] },
  all: { slice: {}, sort: ["row", false] },
};

export class Workbench {
  more = {}; // conditions that are no fields of the form: word, lasso, rows, other_predicted
  sort = ["row", false];
  current = null; // the row that is shown, with its whole text

  constructor(root, card, { show, write }) {
    Object.assign(this, { root, card, show });
    document.documentElement.classList.add("with-data");
    root.append(document.getElementById("data").content.cloneNode(true));
    root.hidden = false;
    this.find = (selector) => root.querySelector(selector);
    this.form = this.find("#filter");
    this.notes = new Notes(card, () => this.#marks());
    this.table = new RowTable(this.find("#rows"), {
      open: (row) => this.#open(row),
      enter: write,
      mark: (row) => this.notes.toggle(row),
      marked: (row) => this.notes.has(row),
      sort: (by) => this.#sortBy(by),
    });
    this.figures = new Figures(this.find(".facts"), (conditions) => this.#pick(conditions));
    this.words = new SliceWords(this.find("#words"), (word) => this.#also({ word }));
    this.lasso = new Lasso(this.find("#lasso"), (lasso) => this.#also({ lasso }));
    this.latest = new Latest("data/slice", { answer: (found, about, newest) => newest && this.#sliced(found, about), refusal: (error) => this.#refused(error) });
    this.#listen();
    this.#describe();
    this.#progress();
  }

  #listen() {
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => this.#ask());
    for (const button of this.root.querySelectorAll("[data-view]")) button.addEventListener("click", () => this.#view(button.dataset.view));
    const deeds = { mark: () => this.notes.toggle(this.current.row), back: () => this.show(this.current.text), export: () => this.notes.download().catch((error) => this.#refused(error)) };
    for (const [name, deed] of Object.entries(deeds)) this.find(`[data-deed=${name}]`).addEventListener("click", deed);
    this.find(".current input").addEventListener("change", (event) => this.notes.write(this.current.row, event.target.value));
  }

  #describe() {
    const { source, rows, notes } = this.card;
    this.find("#source").textContent = `${source[0].toUpperCase()}${source.slice(1)}`;
    this.find("#told").textContent = [numberOf(rows, "row"), ...notes].join(" · ");
  }

  async #progress() { // until every model has answered every row
    for (;;) {
      const wanted = this.card.models.filter(({ name }) => [this.model?.name, this.other?.name].includes(name));
      const done = Math.min(...wanted.map((one) => (one.error ? this.card.rows : one.done)));
      const bar = this.find("#progress");
      bar.hidden = done >= this.card.rows;
      if (Number.isFinite(done)) bar.value = done / this.card.rows;
      const errors = this.card.models.filter((one) => one.error).map((one) => `${one.name}: ${one.error}`);
      if (errors.length) this.#refused(new Error(errors.join("; ")));
      if (this.card.models.every((one) => one.error || one.done >= this.card.rows)) break;
      await new Promise((done) => setTimeout(done, 1_000));
      this.card = await get("data").catch(() => this.card);
      this.table.forget();
      this.#ask();
    }
    this.root.dataset.complete = "";
    this.lasso.ready(this.card.models.filter((one) => one.map).map((one) => one.name));
  }

  follow(model, other) { // the rows are answered by the pane's model, and by a second one if two are compared
    if (model === this.model && other === this.other) return;
    Object.assign(this, { model, other });
    delete this.more.other_predicted;
    const labels = (names) => [["", "all"], ...names.map((name) => [name, name])];
    const fill = (select, entries) => {
      const chosen = select.value;
      select.replaceChildren(...entries.map(([value, textContent]) => made("option", { value, textContent })));
      select.value = entries.some(([value]) => value === chosen) ? chosen : "";
    };
    fill(this.form.label, labels(this.card.labels));
    fill(this.form.predicted, labels(model.labels));
    fill(this.form.outcome, [["", "all"], ...(this.card.labelled ? [["right", "right"], ["wrong", "wrong"]] : []), ...(other ? [["differ", "where they part"]] : [])]);
    this.form.label.closest("label").hidden = !this.card.labelled;
    this.find("[data-view=part]").hidden = !other;
    this.find("[data-view=mistakes]").hidden = !this.card.labelled;
    if (!other && this.sort[0] === "difference") this.sort = ["row", false];
    this.table.columns(model.name, other?.name, this.card.labelled);
    this.lasso.show(model.name);
    this.#ask();
    if (this.current) this.#described();
  }

  get slice() {
    const { search, label, predicted, outcome, least, most } = this.form;
    const given = { search: search.value, label: label.value, predicted: predicted.value, outcome: outcome.value };
    const share = (field, otherwise) => Math.min(100, Math.max(0, field.value === "" ? otherwise : Number(field.value))) / 100;
    return {
      model: this.model.name,
      ...(this.other && { other: this.other.name }),
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value)),
      least: share(least, 0),
      most: share(most, 100),
      ...this.more,
    };
  }

  #ask() {
    this.find("#refused").hidden = true;
    const slice = this.slice;
    this.#chips();
    this.root.classList.add("asking");
    this.latest.ask({ slice, sort: this.sort[0], descending: this.sort[1] }, slice);
  }

  #sliced(found, slice) {
    this.root.classList.remove("asking");
    this.table.show(found.rows, slice, this.sort);
    this.figures.show(found, slice);
    this.words.show(slice);
    this.lasso.highlight(found.rows, this.card.rows);
    this.find("#count").textContent = `${found.rows.length.toLocaleString("en")} of ${numberOf(this.card.rows, "row")}`;
    this.root.dataset.sliced = (Number(this.root.dataset.sliced) || 0) + 1;
  }

  #refused(error) {
    this.root.classList.remove("asking");
    const line = this.find("#refused");
    line.textContent = error.status || !(error instanceof TypeError) ? error.message : "The server does not answer. Is it still running?";
    line.hidden = false;
  }

  // choices

  #also(conditions) { // one more condition; null takes it away
    Object.assign(this.more, conditions);
    for (const name of Object.keys(conditions)) if (this.more[name] === null) delete this.more[name];
    this.#ask();
  }

  #pick({ label, predicted, other_predicted }) { // a cell of the matrix; picked again it is let go
    const [form, more] = [this.form, this.more];
    const again = form.predicted.value === predicted && (this.other ? more.other_predicted === other_predicted : form.label.value === label);
    form.predicted.value = again ? "" : predicted;
    form.outcome.value = "";
    if (this.other) return this.#also({ other_predicted: again ? null : other_predicted });
    form.label.value = again ? "" : label;
    this.#ask();
  }

  #view(name) {
    const { slice, sort } = VIEWS[name];
    for (const [field, value] of Object.entries({ ...NOTHING, ...slice })) this.form[field].value = value;
    this.more = name === "marked" ? { rows: this.notes.rows } : {};
    this.sort = sort;
    this.lasso.clear();
    this.#ask();
  }

  #sortBy(by) {
    this.sort = [by, this.sort[0] === by ? !this.sort[1] : ["confidence", "difference", "length"].includes(by)];
    this.#ask();
  }

  #chips() { // the conditions that no field shows
    const names = { word: (word) => `word “${word}”`, lasso: () => "inside the area drawn", rows: () => "bookmarked", other_predicted: (label) => `${this.other?.name} says ${label}` };
    this.find("#chips").replaceChildren(...Object.entries(this.more).map(([name, value]) => {
      const button = made("button", { type: "button", textContent: `${names[name](value)} ✕` });
      button.setAttribute("aria-label", `take away: ${names[name](value)}`);
      button.addEventListener("click", () => { if (name === "lasso") this.lasso.clear(); this.#also({ [name]: null }); });
      return made("li", {}, button);
    }));
  }

  // the row that is shown

  async begin() { // with the first row, if the address names no text
    this.table.opened = 0;
    await this.#open(0);
  }

  async #open(row) {
    this.wanted = row;
    try {
      const whole = await get(`data/rows/${row}`);
      if (this.wanted !== row) return;
      this.current = whole;
      this.find(".current").hidden = false;
      this.find("[data-deed=back]").hidden = true;
      this.find(".change").textContent = "";
      this.#described();
      this.#marks();
      if (whole.text.trim()) this.show(whole.text);
    } catch (error) {
      this.#refused(error);
    }
  }

  #described() {
    const { number, label, predicted, confidence, skipped, columns } = this.current;
    this.find(".current .named b").textContent = `Row ${number.toLocaleString("en")}`;
    const judged = (name) => (label === null ? "" : predicted[name] === label ? " ✓ right" : " ✗ wrong");
    const said = [this.model, this.other].filter(Boolean).map(({ name }) => (name in predicted ? `${name} says ${predicted[name]} ${percent(confidence[name])}${judged(name)}` : skipped[name] ?? ""));
    const more = Object.entries(columns).filter(([, cell]) => cell).map(([name, cell]) => `${name}: ${cell}`);
    this.find(".current .named span").textContent = [label === null ? "no label" : `label ${label}`, ...said, ...more].filter(Boolean).join(" · ");
  }

  #marks() {
    this.table.redraw();
    if (!this.current) return;
    const button = this.find("[data-deed=mark]");
    button.setAttribute("aria-pressed", String(this.notes.has(this.current.row)));
    button.textContent = this.notes.has(this.current.row) ? "★ Bookmarked" : "☆ Bookmark";
    this.find(".current input").value = this.notes.of(this.current.row);
    this.find("[data-deed=export]").disabled = !this.notes.rows.length;
    if (this.more.rows) this.#also({ rows: this.notes.rows.length ? this.notes.rows : null });
  }

  answered(pane) { // the pane has read a text: what changed, if it is the row's, edited
    this.lasso.place(pane.answer.text, this.model.name);
    if (!this.current) return;
    const was = this.current.predicted[this.model.name];
    const same = pane.sheet.text === this.current.text && !pane.sheet.muted.length;
    this.find("[data-deed=back]").hidden = same;
    const line = this.find(".change");
    if (same || was === undefined) { line.textContent = ""; return; }
    const before = this.current.confidence[this.model.name];
    const { label, probability, percent: shown, bars } = pane.answer.prediction;
    const now = bars.find((bar) => bar.label === was)?.p ?? (label === was ? probability : undefined);
    line.textContent = `Edited: ${was} ${percent(before)} → ${label} ${shown}${now === undefined ? "" : `; ${was} moved by ${points(now - before)}`}`;
  }
}
