// The page: its panes, what they share, its address, and what can be taken away.
import { ask, get } from "./api.js";
import { Pane } from "./pane.js";
import { Scales } from "./scale.js";
import { Settings } from "./settings.js";
import { read, written } from "./state.js";

const FILMS = [
  ["a sentence", "It was a horrible movie"],
  ["a change of mind", "I've never watched something as bad, but I loved every minute of it!"],
  ["a review", "The photography is beautiful and the cast is wonderful. But the plot is dull, the music tells you what to feel, and the ending is a complete waste of two excellent actresses."],
];

const find = (id) => document.getElementById(id);
const { models, methods, outputs, baselines, data, readonly } = await get("models");
document.documentElement.classList.toggle("read-only", readonly);
const card = data ? await get("data") : null;
const EXAMPLES = card ? card.examples : FILMS;
const [form, desk, compare] = [find("settings"), find("desk"), find("compare")];
let panes = [];
let workbench = null; // beside which rows of data stand, if there are any

// settings

const choices = new Settings(form, { methods, outputs, baselines });
const offer = () => choices.offer(panes.map((pane) => pane.model));
const settings = () => choices.chosen;

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", () => { offer(); acted(); for (const pane of panes) pane.refresh(); });

// panes

let speech = 0;
function heard(pane) {
  if (pane === panes[0]) workbench?.answered(pane);
  clearTimeout(speech);
  speech = setTimeout(() => {
    const { prediction, verdict } = pane.answer ?? {};
    if (prediction) find("heard").textContent = `${prediction.label}, ${prediction.percent}; ${verdict.tone === "bad" ? verdict.words : verdict.short}`;
  }, 900);
}

const scales = new Scales();

function together(pane) { // two models read one text
  if (compare.value !== "models") return;
  const { text, muted } = pane.state;
  const alike = (one) => one.text === text && String(one.muted) === String(muted);
  for (const other of panes) if (other !== pane && !alike(other.state)) other.restore({ ...other.state, text, muted });
}

function arrange(count) {
  while (panes.length > count) panes.pop().root.remove();
  while (panes.length < count) {
    const title = count === 1 ? "Your text" : panes.length ? "The second text" : "Your text";
    const pane = new Pane({
      title, models, examples: EXAMPLES, settings, heard,
      scaled: (one) => scales.of(one, panes), emptied: () => scales.clear(),
      changed: () => { together(pane); later(); },
      acted: () => { together(pane); offer(); acted(); },
    });
    pane.sheet.area.readOnly = readonly;
    panes.push(pane);
    desk.append(pane.root);
  }
  desk.classList.toggle("two", count === 2);
}

compare.addEventListener("change", () => {
  const first = panes[0].state;
  arrange(compare.value ? 2 : 1);
  if (compare.value === "models") {
    const other = models.find((model) => model.name !== first.model) ?? models[0];
    panes[1].restore({ ...first, model: other.name });
  } else if (compare.value && !panes[1].sheet.text) panes[1].restore({ ...first, text: (EXAMPLES[1] ?? EXAMPLES[0])?.[1] ?? "" });
  offer();
  acted();
  for (const pane of panes) pane.refresh();
});

// the address

const state = () => ({
  panes: panes.map((pane) => pane.state),
  settings: { ...Object.fromEntries(["target", "rather", "method"].map((name) => [name, form[name].value])), output: form.output.value, baseline: form.baseline.value },
  compare: compare.value,
});
let typing = 0;

function later() { // while one types, one entry of the history moves along
  clearTimeout(typing);
  typing = setTimeout(() => history.replaceState(null, "", written(state())), 300);
}

function follow() { // the rows are answered by the models of the panes
  workbench?.follow(panes[0].model, compare.value === "models" && panes[1].model !== panes[0].model ? panes[1].model : null);
}

function acted() { // what was done on purpose can be taken back by the browser's own button
  follow();
  clearTimeout(typing);
  const now = written(state());
  if (now !== location.hash) history.pushState(null, "", now);
}

function restore() {
  const wanted = read(location.hash);
  if (!wanted.given) wanted.panes[0].text = EXAMPLES[0]?.[1] ?? "";
  compare.value = wanted.compare;
  arrange(wanted.panes.length);
  wanted.panes.forEach((one, k) => { panes[k].choice.value = models.some((model) => model.name === one.model) ? one.model : models[0].name; });
  for (const name of ["output", "baseline", "target"]) set(form[name], wanted.settings[name]);
  offer();
  for (const name of ["target", "rather", "method"]) set(form[name], wanted.settings[name]);
  offer();
  wanted.panes.forEach((one, k) => panes[k].restore({ ...one, model: panes[k].choice.value }));
}

function set(select, value) {
  select.value = value;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
}

addEventListener("popstate", restore);

// share or download

const told = (sentence) => { find("taken").textContent = sentence; };

async function file(kind) {
  const shown = panes.filter((pane) => pane.sheet.written.trim());
  if (!shown.length) throw new Error("There is no text yet.");
  return (await ask(`files/${kind}`, { explanations: shown.map((pane) => pane.question) })).blob();
}

async function download(kind) {
  told(`drawing the ${kind.toUpperCase()} …`);
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await file(kind)), download: `why.${kind}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  told(`why.${kind} is in your downloads.`);
}

const COPY = {
  link: async () => {
    clearTimeout(typing);
    history.replaceState(null, "", written(state()));
    await navigator.clipboard.writeText(location.href);
    told("The link is in your clipboard.");
  },
  picture: async () => {
    told("drawing the picture …");
    await navigator.clipboard.write([new ClipboardItem({ "image/png": file("png") })]);
    told("The picture is in your clipboard.");
  },
};

const attempt = (deed) => deed().catch((error) => told(error.message));
for (const button of document.querySelectorAll("[data-file]")) button.addEventListener("click", () => attempt(() => download(button.dataset.file)));
for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => attempt(COPY[button.dataset.copy]));
document.addEventListener("click", (event) => { if (!find("take").contains(event.target)) find("take").open = false; });
find("take").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  find("take").open = false;
  find("take").querySelector("summary").focus();
});

const { given } = read(location.hash);
restore();
if (card) {
  document.querySelector(".lead").textContent = "Choose rows by what the model said of them; open one to see which words made it say so, and edit it.";
  const { Workbench } = await import("./workbench.js");
  workbench = new Workbench(find("workbench"), card, {
    show: (text) => { // a row's text takes the place of the one that was tried before
      for (const pane of compare.value === "models" ? panes : panes.slice(0, 1)) {
        Object.assign(pane, { original: null, tries: [] });
        pane.restore({ ...pane.state, text, muted: [] });
      }
      if (location.hash) acted();
      else later();
    },
    write: () => panes[0].sheet.area.focus(),
  });
  follow();
  if (!given) await workbench.begin();
}
document.documentElement.dataset.ready = "";
