// The map of the rows: every row a point, an area drawn on it a slice, the text that is read a star.
import { get, Latest } from "./api.js";
import { made } from "./pane.js";

const HIGH = 0.62; // of the map's width
const MARGIN = 14; // pixels
const STEP = 0.03; // of the map, for a key

const colours = (names) => {
  const style = getComputedStyle(document.documentElement);
  const probe = made("span", { hidden: true });
  probe.style.forcedColorAdjust = "none"; // the canvas keeps its own colours: its paper is its own
  document.body.append(probe);
  const found = names.map((name) => { probe.style.color = style.getPropertyValue(`--${name}`); return getComputedStyle(probe).color; });
  probe.remove();
  return found;
};

export class Lasso {
  map = null;
  corners = [];
  chosen = null; // which rows are in the slice
  #maps = new Map();

  constructor(root, pick) {
    Object.assign(this, { root, pick, names: [] });
    this.canvas = root.querySelector("canvas");
    this.colour = root.querySelector("select");
    this.latest = new Latest("data/place", { answer: (found) => { this.star = found; this.draw(); }, refusal: () => {} });
    this.colour.addEventListener("change", () => this.draw());
    root.querySelector("button").addEventListener("click", () => { this.clear(); this.pick(null); });
    root.addEventListener("toggle", () => this.#load());
    new ResizeObserver(() => this.draw()).observe(root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    this.canvas.addEventListener("pointerdown", (event) => this.#down(event));
    this.canvas.addEventListener("pointermove", (event) => this.drawing && this.#move(event));
    this.canvas.addEventListener("pointerup", () => this.drawing && this.#up());
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  ready(names) { this.names = names; this.root.hidden = !names.length; this.#load(); }
  show(model) { this.model = model; this.map = null; this.clear(); this.#load(); }
  clear() { this.corners = []; this.draw(); }
  highlight(rows, total) {
    this.chosen = rows.length === total ? null : new Set(rows);
    this.draw();
  }

  place(text, model) {
    this.text = text;
    if (this.root.open && this.map && text.trim()) this.latest.ask({ text, model });
  }

  async #load() {
    if (!this.root.open || !this.names.includes(this.model)) return;
    const model = this.model;
    if (!this.#maps.has(model)) this.#maps.set(model, get(`data/map/${encodeURIComponent(model)}`));
    const map = await this.#maps.get(model);
    if (model !== this.model) return;
    const range = (values) => values.reduce(([low, high], v) => (v === null ? [low, high] : [Math.min(low, v), Math.max(high, v)]), [Infinity, -Infinity]);
    this.map = { ...map, ranges: [range(map.x), range(map.y)] };
    if (this.text) this.place(this.text, model);
    this.draw();
  }

  get #size() {
    const wide = this.canvas.clientWidth;
    return [wide, Math.round(wide * HIGH)];
  }

  #onto(x, y) { // from the map's axes to pixels
    const [[a, b], [c, d]] = this.map.ranges;
    const [wide, high] = this.#size;
    return [MARGIN + ((x - a) / (b - a || 1)) * (wide - 2 * MARGIN), high - MARGIN - ((y - c) / (d - c || 1)) * (high - 2 * MARGIN)];
  }

  #back([px, py]) {
    const [[a, b], [c, d]] = this.map.ranges;
    const [wide, high] = this.#size;
    return [a + ((px - MARGIN) / (wide - 2 * MARGIN)) * (b - a), c + ((high - MARGIN - py) / (high - 2 * MARGIN)) * (d - c)];
  }

  // a row's group and the groups' names and colours
  get #groups() {
    const { labels, label, predicted, confidence } = this.map;
    if (this.colour.value === "confidence") return { of: (k) => Math.min(3, Math.floor((confidence[k] - 1) / 25)), names: ["to 25% sure", "26 to 50%", "51 to 75%", "76 to 100%"], colours: ["w5", "w10", "w15", "w20"] };
    if (this.colour.value === "right") return { of: (k) => (label[k] < 0 ? 2 : label[k] === predicted[k] ? 0 : 1), names: ["right", "wrong", "no label"], colours: ["g0", "g1", "rest"] };
    const places = this.colour.value === "label" ? label : predicted;
    const own = labels.length <= 8 ? labels : [...labels.slice(0, 7), "others"];
    return { of: (k) => (places[k] < 0 ? own.length : Math.min(places[k], own.length - 1)), names: [...own, "none"], colours: [...own.map((_, k) => `g${k}`), "rest"] };
  }

  draw() {
    if (!this.map || !this.root.open || !this.canvas.clientWidth) return;
    const [wide, high] = this.#size;
    const dots = devicePixelRatio || 1;
    this.canvas.style.height = `${high}px`;
    Object.assign(this.canvas, { width: wide * dots, height: high * dots });
    const pen = this.canvas.getContext("2d");
    pen.scale(dots, dots);
    const { of, names, colours: wanted } = this.#groups;
    const [faint, ink, paper, ...inks] = colours(["faint", "ink", "paper", ...wanted]);
    const counts = names.map(() => 0);
    const size = this.map.x.length > 5_000 ? 2 : this.map.x.length > 1_000 ? 3 : 5;
    const order = this.map.x.map((_, k) => k).filter((k) => this.map.x[k] !== null);
    const inside = (k) => !this.chosen || this.chosen.has(k);
    for (const first of [false, true]) { // the slice's points last, so that they lie above the others
      for (const k of order) {
        if (inside(k) !== first) continue;
        const group = of(k);
        if (first) counts[group]++;
        pen.fillStyle = first ? inks[group] : faint;
        const [x, y] = this.#onto(this.map.x[k], this.map.y[k]);
        pen.fillRect(x - size / 2, y - size / 2, size, size);
      }
    }
    this.#overlay(pen, ink, paper);
    this.canvas.setAttribute("aria-label", `A map of ${order.length.toLocaleString("en")} rows; ${this.map.axes.join(", ")}`);
    this.root.querySelector("ul").replaceChildren(...names.flatMap((name, k) => (counts[k] ? [this.#sign(name, counts[k], inks[k])] : [])), made("li", { textContent: this.map.axes.join(" × ") }));
    this.root.dataset.drawn = (Number(this.root.dataset.drawn) || 0) + 1;
  }

  #sign(name, count, colour) {
    const sign = made("i");
    sign.style.background = colour;
    return made("li", {}, sign, `${name} ${count.toLocaleString("en")}`);
  }

  #overlay(pen, ink, paper) {
    pen.strokeStyle = ink;
    pen.lineWidth = 1.5;
    if (this.corners.length > 1) {
      pen.beginPath();
      for (const corner of this.corners) pen.lineTo(...this.#onto(...corner));
      pen.closePath();
      pen.stroke();
    }
    if (!this.star) return;
    const [x, y] = this.#onto(this.star.x, this.star.y);
    pen.beginPath();
    for (let k = 0; k < 10; k++) pen.lineTo(x + (k % 2 ? 4 : 9) * Math.sin((k * Math.PI) / 5), y - (k % 2 ? 4 : 9) * Math.cos((k * Math.PI) / 5));
    pen.closePath();
    pen.fillStyle = ink;
    pen.strokeStyle = paper;
    pen.fill();
    pen.stroke();
  }

  #down(event) {
    if (!this.map) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.drawing = true;
    this.corners = [];
    this.#move(event);
  }

  #move({ offsetX, offsetY }) {
    this.corners.push(this.#back([offsetX, offsetY]));
    this.soon ??= requestAnimationFrame(() => { this.soon = null; this.draw(); });
  }

  #up() {
    this.drawing = false;
    const every = Math.ceil(this.corners.length / 400);
    this.corners = this.corners.filter((_, k) => k % every === 0);
    const whole = this.corners.length >= 3;
    if (!whole) this.corners = [];
    this.pick(whole ? this.corners : null);
  }

  #key(event) {
    if (!this.map) return;
    const [[a, b], [c, d]] = this.map.ranges;
    this.box ??= { x: 0.5, y: 0.5, half: 0.1 };
    const { box } = this;
    const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
    const sizes = { "+": 1.25, "-": 0.8, "−": 0.8 };
    if (event.key in moves) { box.x += moves[event.key][0]; box.y += moves[event.key][1]; }
    else if (event.key in sizes) box.half = Math.min(0.5, box.half * sizes[event.key]);
    else if (event.key === "Escape") { this.clear(); this.pick(null); return; }
    else if (event.key === "Enter") { if (this.corners.length) this.pick(this.corners); return; }
    else return;
    event.preventDefault();
    const at = (x, y) => [a + x * (b - a), c + y * (d - c)];
    const [l, r, u, o] = [box.x - box.half, box.x + box.half, box.y - box.half, box.y + box.half];
    this.corners = [at(l, u), at(r, u), at(r, o), at(l, o)];
    this.draw();
  }
}
