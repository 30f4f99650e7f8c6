// The words of a slice beside the rest's, painted as its texts are explained.
import { lines } from "./api.js";
import { made, numberOf } from "./pane.js";

const signed = (value) => (value === null ? "–" : `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`);

export class SliceWords {
  constructor(root, pick) {
    Object.assign(this, { root, pick });
    root.addEventListener("toggle", () => this.#go());
  }

  show(slice) {
    this.slice = slice;
    this.#go();
  }

  #go() {
    const asked = JSON.stringify(this.slice);
    if (!this.root.open || asked === this.asked) return;
    this.asked = asked;
    this.controller?.abort();
    this.controller = new AbortController();
    this.root.setAttribute("aria-busy", "true");
    this.#read(this.controller.signal);
  }

  async #read(signal) {
    const status = this.root.querySelector("p");
    try {
      for await (const found of lines("data/words", { slice: this.slice }, signal)) this.#paint(found);
      this.root.setAttribute("aria-busy", "false");
      this.root.dataset.painted = (Number(this.root.dataset.painted) || 0) + 1;
    } catch (error) {
      if (error.name === "AbortError") return;
      this.asked = null;
      this.root.setAttribute("aria-busy", "false");
      status.textContent = error.message;
    }
  }

  #paint({ explained, wanted, texts, target, strongest, frequent }) {
    const sample = wanted < texts ? ` of ${texts.toLocaleString("en")}, drawn at random` : "";
    const whole = [...strongest, ...frequent].every(({ outside }) => !outside); // there is no rest to compare with
    this.root.querySelector("p").textContent = `${explained.toLocaleString("en")} of ${numberOf(wanted, "text")} explained${sample}; mean scores for “${target}”, in log-odds${whole ? "" : "; texts: here / in the rest"}`;
    this.#table(".strongest", whole ? "What moves the model" : "What moves the model here", strongest, whole);
    this.#table(".frequent", "What occurs here more than elsewhere", whole ? [] : frequent, whole);
    this.root.querySelector(".frequent").hidden = whole;
  }

  #table(selector, caption, words, whole) {
    const limit = Math.max(0, ...words.map(({ score }) => Math.abs(score ?? 0)));
    const head = made("tr", {}, ...(whole ? ["word", "", "score", "texts"] : ["word", "", "here", "rest", "texts"]).map((textContent) => (textContent ? made("th", { scope: "col", textContent }) : made("td"))));
    const rows = words.map(({ word, inside, outside, score, rest }) => {
      const button = made("button", { type: "button", title: `rows that hold “${word}”` }, made("bdi", { textContent: word }));
      button.addEventListener("click", () => this.pick(word));
      const bar = made("i", { className: score > 0 ? "towards" : "against" });
      bar.style.width = `${limit ? (50 * Math.abs(score ?? 0)) / limit : 0}%`;
      const numbers = whole ? [signed(score), inside.toLocaleString("en")] : [signed(score), signed(rest), `${inside.toLocaleString("en")} / ${outside.toLocaleString("en")}`];
      return made("tr", {}, made("th", { scope: "row" }, button), made("td", { className: "axis", ariaHidden: "true" }, bar), ...numbers.map((textContent) => made("td", { className: "n", textContent })));
    });
    const table = this.root.querySelector(selector);
    const focused = table.contains(document.activeElement) ? document.activeElement.textContent : null;
    table.replaceChildren(made("caption", { textContent: words.length ? caption : `${caption}: no word surely` }), made("thead", {}, head), made("tbody", {}, ...rows));
    if (focused) [...table.querySelectorAll("button")].find((one) => one.textContent === focused)?.focus();
  }
}
