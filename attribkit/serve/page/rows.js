// A table of any number of rows: only those in sight have elements, and only those are asked for.
import { Latest } from "./api.js";
import { made, percent } from "./pane.js";

const AHEAD = 40; // rows asked for beyond those in sight
const SPARE = 4; // elements beyond those in sight

export class RowTable {
  rows = []; // the places of the rows, in order
  known = new Map(); // what is listed of each
  at = -1; // the place of the row with the cursor
  opened = null; // that row, also while it is not among those shown
  #pool = [];

  constructor(root, { open, enter, mark, marked, sort }) {
    Object.assign(this, { root, open, enter, mark, marked, sort });
    this.head = root.querySelector(".head");
    this.spacer = root.querySelector(".spacer");
    this.latest = new Latest("data/rows", { answer: (found, about) => this.#listed(found, about), refusal: () => {} });
    root.addEventListener("scroll", () => this.#soon());
    root.addEventListener("keydown", (event) => this.#key(event));
    root.addEventListener("click", (event) => this.#click(event));
    new ResizeObserver(() => this.redraw()).observe(root);
  }

  columns(model, other, labelled) {
    this.models = [model, other];
    this.root.classList.toggle("unlabelled", !labelled);
    this.root.classList.toggle("two", Boolean(other));
    const heads = [["", ""], ["row", "row"], ["length", "text"], ["label", "label"], ["predicted", other ? model : "predicted"], ["confidence", "sure"], ["difference", other ?? ""]];
    this.head.replaceChildren(...heads.map(([by, name]) => {
      const cell = made("div", { role: "columnheader", className: `c-${by || "mark"}` });
      if (!by) {
        cell.append(made("span", { className: "hidden", textContent: "bookmark" }));
        return cell;
      }
      const button = made("button", { type: "button", textContent: name, title: by === "difference" ? "sort by how far the two lie apart" : `sort by ${by}` });
      button.addEventListener("click", (event) => { event.stopPropagation(); this.sort(by); });
      cell.dataset.by = by;
      cell.append(button);
      return cell;
    }));
    this.forget();
  }

  forget() { // answers may have changed
    this.generation = (this.generation ?? 0) + 1;
  }

  show(rows, slice, [by, descending]) {
    const search = slice.search ?? "";
    if (search !== this.search || this.generation !== this.shown) this.known = new Map();
    Object.assign(this, { search, shown: this.generation });
    const same = rows.length === this.rows.length && rows.every((row, k) => row === this.rows[k]);
    this.rows = rows;
    this.at = rows.indexOf(this.opened);
    for (const cell of this.head.children) cell.setAttribute("aria-sort", cell.dataset.by !== by ? "none" : descending ? "descending" : "ascending");
    this.root.setAttribute("aria-rowcount", rows.length + 1);
    if (!same) this.root.scrollTop = 0;
    this.redraw();
  }

  redraw() {
    for (const node of this.#pool) node.index = -1;
    this.high = parseFloat(getComputedStyle(this.root).getPropertyValue("--high")) || 36;
    this.spacer.style.height = `${this.rows.length * this.high}px`;
    const wanted = Math.ceil(this.root.clientHeight / this.high) + SPARE;
    while (this.#pool.length < wanted) this.#pool.push(this.#element(this.#pool.length));
    this.#draw();
  }

  #element(k) {
    const cells = ["mark", "row", "length", "label", "predicted", "confidence", "difference"].map((name) => made("div", { role: "gridcell", className: `c-${name}` }));
    const star = made("button", { type: "button", tabIndex: -1 });
    cells[0].append(star);
    const bar = made("i");
    const sure = made("span", { className: "n" });
    cells[5].append(made("span", { className: "track", ariaHidden: "true" }, bar), sure);
    const node = made("div", { role: "row", id: `row-${k}`, className: "row-of-data" }, ...cells);
    this.spacer.append(node);
    return Object.assign(node, { index: -1, cells, star, bar, sure });
  }

  #soon() {
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this.#draw(); });
  }

  #draw() {
    const first = Math.max(0, Math.floor(this.root.scrollTop / this.high) - 1);
    const last = Math.min(this.rows.length, first + this.#pool.length);
    const missing = [];
    for (let k = first; k < first + this.#pool.length; k++) {
      const node = this.#pool[k % this.#pool.length];
      node.hidden = k >= last;
      if (node.hidden) { node.index = -1; continue; }
      const known = this.known.get(this.rows[k]);
      if (!known) missing.push(this.rows[k]);
      if (node.index !== k || node.filled !== Boolean(known)) this.#fill(node, k, known);
      node.classList.toggle("at", k === this.at);
    }
    const active = this.at >= first && this.at < last ? this.#pool[this.at % this.#pool.length].id : "";
    this.root.setAttribute("aria-activedescendant", active);
    if (missing.length) this.#want(first, last);
  }

  #fill(node, k, known) {
    if (node.index !== k) node.style.transform = `translateY(${k * this.high}px)`;
    Object.assign(node, { index: k, filled: Boolean(known) });
    node.setAttribute("aria-rowindex", k + 2);
    node.classList.toggle("wrong", Boolean(known?.label && known.predicted && known.label !== known.predicted));
    node.classList.toggle("differ", Boolean(known?.other && known.other !== known.predicted));
    const on = this.marked(this.rows[k]);
    node.star.textContent = on ? "★" : "☆";
    node.star.setAttribute("aria-label", on ? "bookmarked" : "bookmark");
    const texts = known ? [known.number, known.excerpt, known.label ?? "–", known.predicted ?? "–"] : ["", "…", "", ""];
    texts.forEach((text, place) => { node.cells[place + 1].textContent = text; });
    node.sure.textContent = known?.confidence == null ? "" : percent(known.confidence);
    node.bar.style.width = `${100 * (known?.confidence ?? 0)}%`;
    node.cells[6].textContent = known?.other ? `${known.other} ${percent(known.other_confidence)}` : "";
  }

  #want(first, last) {
    const rows = this.rows.slice(Math.max(0, first - AHEAD), last + AHEAD).filter((row) => !this.known.has(row)).slice(0, 200);
    const [model, other] = this.models;
    this.latest.ask({ rows, model, ...(other && { other }), ...(this.search && { search: this.search }) }, this.known);
  }

  #listed({ rows }, known) {
    for (const one of rows) known.set(one.row, one);
    if (known === this.known) this.#draw();
  }

  #click({ target }) {
    const node = target.closest(".row-of-data");
    if (!node || node.index < 0) return;
    if (target === node.star) return this.mark(this.rows[node.index]);
    this.#go(node.index, 0);
  }

  #go(k, pause) {
    if (!this.rows.length) return;
    this.at = Math.max(0, Math.min(this.rows.length - 1, k));
    this.opened = this.rows[this.at];
    const [top, room] = [this.at * this.high, this.root.clientHeight - this.head.offsetHeight];
    if (top < this.root.scrollTop) this.root.scrollTop = top;
    else if (top + this.high > this.root.scrollTop + room) this.root.scrollTop = top + this.high - room;
    this.#draw();
    clearTimeout(this.opening);
    this.opening = setTimeout(() => this.open(this.rows[this.at]), pause);
  }

  #key(event) {
    if (event.target !== this.root || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.root.clientHeight / this.high) - 2);
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.rows.length, End: this.rows.length };
    if (event.key in moves) this.#go(this.at + moves[event.key], 150);
    else if (event.key === "b" && this.at >= 0) this.mark(this.rows[this.at]);
    else if (event.key === "Enter" && this.at >= 0) { this.#go(this.at, 0); this.enter(); }
    else return;
    event.preventDefault();
  }
}
