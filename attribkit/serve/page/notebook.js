// The pane in a cell of a notebook: the kernel answers through the widget's messages, no server does.
import { get, through } from "./api.js";
import { Pane } from "./pane.js";
import { Scales } from "./scale.js";
import { Settings } from "./settings.js";

// A notebook's theme need not be that of the system: JupyterLab and VS Code say theirs on the body.
function theme() {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight !== undefined) return jpThemeLight === "true" ? "light" : "dark";
  if (vscodeThemeKind !== undefined) return vscodeThemeKind.includes("light") ? "light" : "dark";
  return "light dark";
}

// Questions to the kernel, each with a number under which its answer comes.
function kernel(model) {
  const waiting = new Map();
  let number = 0;
  const heard = ({ number: answered, status, body }) => {
    waiting.get(answered)?.({ ok: status === 200, status, headers: new Headers(), json: async () => body });
    waiting.delete(answered);
  };
  model.on("msg:custom", heard);
  const send = (path, { body = "null", signal } = {}) => new Promise((resolve, reject) => {
    const own = ++number;
    waiting.set(own, resolve);
    signal?.addEventListener("abort", () => { waiting.delete(own); reject(new DOMException("given up", "AbortError")); });
    model.send({ number: own, path, body: JSON.parse(body) });
  });
  return { send, stop: () => model.off("msg:custom", heard) };
}

function rowsOf(select, rows, chosen) {
  select.append(...rows.map(([row, name]) => Object.assign(document.createElement("option"), { value: row, textContent: name })));
  select.closest("label").hidden = !rows.length;
  select.addEventListener("change", () => chosen(select.value));
}

export async function show({ model, el, html, css }) {
  const root = el.attachShadow({ mode: "open" });
  root.innerHTML = html; // the toolkit's own, without anything of the user's
  root.prepend(Object.assign(document.createElement("style"), { textContent: css }));
  el.style.colorScheme = theme();
  const { send, stop } = kernel(model);
  through(send);
  const { models, rows, examples, text, ...rest } = await get("card");
  const form = root.querySelector("form");
  const choices = new Settings(form, rest);
  choices.offer(models);
  const scales = new Scales();
  const pane = new Pane({
    template: root.querySelector("template"), title: "Your text", models, examples,
    settings: () => choices.chosen, scaled: (one) => scales.of(one, [one]), emptied: () => scales.clear(), changed: () => {}, acted: () => choices.offer(models),
    heard: ({ answer }) => { root.querySelector(".hidden").textContent = `${answer.prediction.label}, ${answer.prediction.percent}`; },
  });
  root.querySelector(".desk").append(pane.root);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => { if (event.target.name !== "row") { choices.offer(models); pane.refresh(); } });
  const put = (words) => { Object.assign(pane, { original: null, tries: [] }); pane.restore({ ...pane.state, text: words, muted: [] }); };
  rowsOf(form.row, rows, async (row) => put((await get(`row/${row}`)).text));
  put(text);
  for (const name of ["keydown", "keyup", "keypress", "paste", "copy", "cut"]) el.addEventListener(name, (event) => event.stopPropagation()); // or the notebook takes keys for its own
  return stop;
}
