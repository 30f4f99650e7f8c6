// How good a model is on a slice and on the rest, and the matrix whose cells lead to their rows.
import { made, numberOf } from "./pane.js";

const FEW = 12; // labels up to which the matrix is a table
const PAIRS = 20; // pairs that are listed instead

const share = (value) => (value === null ? "–" : `${(100 * value).toFixed(1)}%`);

export class Figures {
  constructor(root, pick) {
    Object.assign(this, { root, pick });
  }

  show({ inside, rest, across, down, matrix }, slice) {
    const lines = [["rows", ({ texts }) => texts.toLocaleString("en")], ["accuracy", ({ accuracy }) => share(accuracy)], ["macro F1", (one) => (one.macro_f1 === null ? "–" : one.macro_f1.toFixed(3))], ["mean confidence", ({ confidence }) => share(confidence)]];
    this.root.querySelector(".figures tbody").replaceChildren(...lines.map(([name, value]) =>
      made("tr", {}, made("th", { scope: "row", textContent: name }), ...[inside, rest].map((one) => made("td", { className: "n", textContent: value(one) })))));
    const whole = !rest.texts; // there is no rest to stand against
    this.root.querySelector(".figures h3").textContent = whole ? "All rows" : "These rows against the rest";
    this.root.querySelector(".figures").classList.toggle("whole", whole);
    const two = Boolean(slice.other);
    const part = this.root.querySelector(".matrix");
    part.hidden = !matrix.flat().some(Boolean);
    part.querySelector("h3").textContent = two ? `${slice.other} ↓ and ${slice.model} →` : "Confusion matrix: label ↓ predicted →";
    const cell = (i, j) => (two ? { other_predicted: down[i], predicted: across[j] } : { label: down[i], predicted: across[j] });
    const focused = document.activeElement?.dataset?.cell;
    part.querySelector(".scroll").replaceChildren(across.length <= FEW && down.length <= FEW ? this.#table(down, across, matrix, cell, slice) : this.#pairs(down, across, matrix, cell));
    if (focused) part.querySelector(`[data-cell="${focused}"]`)?.focus();
  }

  #button(count, conditions, name, id) {
    const button = made("button", { type: "button", className: "n", textContent: count.toLocaleString("en") });
    button.setAttribute("aria-label", name);
    button.dataset.cell = id;
    button.addEventListener("click", () => this.pick(conditions));
    return button;
  }

  #table(down, across, matrix, cell, slice) {
    const head = made("tr", {}, made("td"), ...across.map((name) => made("th", { scope: "col", textContent: name })));
    const rows = down.map((name, i) => {
      const total = matrix[i].reduce((sum, count) => sum + count, 0);
      return made("tr", {}, made("th", { scope: "row", textContent: name }), ...matrix[i].map((count, j) => {
        const conditions = cell(i, j);
        const button = this.#button(count, conditions, `${name}, predicted ${across[j]}: ${numberOf(count, "row")}`, `${i} ${j}`);
        button.setAttribute("aria-pressed", String(Object.entries(conditions).every(([key, value]) => slice[key] === value)));
        const level = total ? Math.round((20 * count) / total) : 0;
        return made("td", { className: `${level ? `w${level}` : ""} ${name === across[j] ? "same" : ""}`.trim() }, button);
      }));
    });
    return made("table", { className: across.length > 3 ? "many" : "" }, made("thead", {}, head), made("tbody", {}, ...rows));
  }

  #pairs(down, across, matrix, cell) { // of many labels those most often taken for one another
    const pairs = matrix.flatMap((row, i) => row.map((count, j) => ({ count, i, j }))).filter(({ count, i, j }) => count && down[i] !== across[j]);
    pairs.sort((a, b) => b.count - a.count);
    return made("ol", {}, ...pairs.slice(0, PAIRS).map(({ count, i, j }) =>
      made("li", {}, this.#button(count, cell(i, j), `${down[i]}, predicted ${across[j]}: ${numberOf(count, "row")}`, `${i} ${j}`), ` ${down[i]} → ${across[j]}`)));
  }
}
