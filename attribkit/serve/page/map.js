// Where a text falls among others: points drawn once, a star that moves as one types.
import { get } from "./api.js";

const SVG = "http://www.w3.org/2000/svg";
const SIZE = 100;
const known = new Map(); // maps by model

function drawn(name, attributes, ...inside) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

function named(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

export class PlaceOnMap {
  constructor(root) {
    this.root = root;
    this.model = null;
  }

  async show(model) {
    if (this.model === model) return;
    this.model = model;
    if (!known.has(model)) known.set(model, get(`models/${encodeURIComponent(model)}/map`));
    try {
      const map = await known.get(model);
      if (this.model === model) this.#draw(map);
    } catch (error) {
      known.delete(model);
      this.root.replaceChildren(named("p", error.message));
    }
  }

  #draw(map) {
    const wide = map.stretched ? 1.55 : 1; // axes of their own scales may fill the room there is
    this.at = ([x, y]) => [x * SIZE * wide, (1 - y) * SIZE];
    const scale = (at) => `translate(${this.at(at).map((one) => one.toFixed(2)).join(" ")}) scale(.8)`;
    this.points = map.points;
    this.marks = map.points.map((at, k) => {
      const title = drawn("title", {});
      title.textContent = [map.excerpts[k], map.labels[k]].filter(Boolean).join(" · ");
      const { path, colour } = map.signs[map.sign[k]];
      const mark = drawn("path", { d: path, transform: scale(at), class: "point" }, title);
      mark.style.fill = `var(--${colour})`;
      return mark;
    });
    this.threads = drawn("g", {});
    this.star = drawn("path", { d: map.star, class: "star", visibility: "hidden" });
    const label = `${map.shown}; ${map.axes.join(", ")}`;
    const svg = drawn("svg", { viewBox: `-2 -2 ${SIZE * wide + 4} ${SIZE + 4}`, role: "img", "aria-label": label }, ...this.marks, this.threads, this.star);
    const legend = document.createElement("ul");
    for (const sign of map.signs) {
      const key = drawn("svg", { viewBox: "-1.6 -1.6 3.2 3.2", "aria-hidden": "true" }, drawn("path", { d: sign.path }));
      key.firstChild.style.fill = `var(--${sign.colour})`;
      const item = named("li", "");
      item.append(key, `${sign.name} ${sign.count}`);
      legend.append(item);
    }
    this.near = document.createElement("ol");
    const left = document.createElement("div");
    left.append(svg, legend);
    const right = document.createElement("div");
    right.append(named("h2", "Its nearest texts in the layer"), this.near);
    for (const note of [`layer ${map.layer}: ${map.axes.join(" × ")}`, ...map.notes]) {
      const line = named("p", note);
      line.className = "small";
      right.append(line);
    }
    this.root.replaceChildren(left, right);
    if (this.last) this.place(this.last);
  }

  place(found) {
    this.last = found;
    if (!this.star || !found) return;
    const [x, y] = this.at([found.x, found.y]);
    this.star.style.transform = `translate(${x}px,${y}px) scale(2.6)`;
    this.star.setAttribute("visibility", "visible");
    this.threads.replaceChildren(...found.neighbours.map(({ point }) => {
      const [a, b] = this.at(this.points[point]);
      return drawn("line", { x1: x, y1: y, x2: a, y2: b, class: "thread" });
    }));
    const near = new Set(found.neighbours.map(({ point }) => point));
    this.marks.forEach((mark, k) => mark.classList.toggle("near", near.has(k)));
    this.near.replaceChildren(...found.neighbours.slice(0, 6).map(({ excerpt, label }) => {
      const item = named("li", excerpt);
      if (label) item.append(" ", Object.assign(named("span", label), { className: "small" }));
      return item;
    }));
  }
}
