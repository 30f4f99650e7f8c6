// A text that is written and coloured at once. The textarea is the browser's own: caret, undo, paste and input methods
// are left alone. Behind it lies a mirror with the same text, whose pieces carry the colours.

const STEPS = 20;

export const step = (score, limit) => (limit > 0 && Number.isFinite(limit) ? Math.round(STEPS * Math.max(-1, Math.min(1, score / limit))) : 0);
export const colour = (score, limit) => ((k) => (k > 0 ? `p${k}` : k < 0 ? `n${-k}` : ""))(step(score, limit));

// The server counts characters, a textarea counts UTF-16 units.
export function inUnits(text, places) {
  if (!/[\ud800-\udbff]/.test(text)) return places;
  const starts = [0];
  for (const character of text) starts.push(starts.at(-1) + character.length);
  return places.map((place) => starts[place] ?? text.length);
}
export const inCharacters = (text, unit) => [...text.slice(0, unit)].length;

// What was typed: text[start, before) became text[start, after).
export function edit(old, now) {
  let start = 0;
  const most = Math.min(old.length, now.length);
  while (start < most && old[start] === now[start]) start++;
  let tail = 0;
  while (tail < most - start && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
  return { start, before: old.length - tail, after: now.length - tail };
}

// Ranges after an edit: those it touched are gone, those behind it have moved.
export function moved(ranges, { start, before, after }) {
  return ranges
    .filter(({ from, to }) => to <= start || from >= before)
    .map((one) => (one.from >= before ? { ...one, from: one.from + after - before, to: one.to + after - before } : one));
}

export class Sheet {
  #pieces = []; // what stands in the mirror: { text, look, node }
  #text = "";
  tokens = []; // { from, to, look, said, score }, in UTF-16 units, in order
  muted = []; // { from, to }
  chosen = null; // { from, to }
  partners = []; // { from, to } of the words that the chosen one acts with

  constructor(root, { typed, pointed }) {
    this.root = root;
    this.area = root.querySelector("textarea");
    this.mirror = root.querySelector(".mirror");
    this.tip = root.querySelector(".tip");
    this.area.addEventListener("input", () => {
      this.#follow();
      typed();
    });
    const keys = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);
    this.area.addEventListener("keyup", (event) => keys.has(event.key) && pointed());
    this.area.addEventListener("click", pointed);
    root.addEventListener("mousemove", (event) => this.#hover(event));
    root.addEventListener("mouseleave", () => { this.tip.hidden = true; });
    this.area.addEventListener("scroll", () => { this.area.scrollTop = 0; });
  }

  get text() { return this.#text; }

  set text(text) { // a new text from elsewhere: the undo history is the browser's to drop
    if (this.area.value !== text) this.area.value = text;
    this.#text = this.area.value;
    this.tokens = [];
    this.muted = [];
    this.chosen = null;
    this.partners = [];
    this.draw();
  }

  // the text without what is muted: spaces, so that every other place stays where it is
  get read() {
    let text = this.#text;
    for (const { from, to } of this.muted) text = text.slice(0, from) + " ".repeat(to - from) + text.slice(to);
    return text;
  }

  // as one would write it down, without the holes
  get written() {
    let text = this.#text;
    for (const { from, to } of [...this.muted].reverse()) {
      const gap = /\s/.test(text[from - 1] ?? " ") && /\s/.test(text[to] ?? " ");
      text = text.slice(0, from) + text.slice(gap ? to + 1 : to);
    }
    return text.trimEnd() || text;
  }

  #follow() {
    const change = edit(this.#text, this.area.value);
    this.#text = this.area.value;
    this.tokens = moved(this.tokens, change);
    this.muted = moved(this.muted, change);
    this.chosen = null;
    this.partners = [];
    this.draw();
  }

  replace(from, to, word) { // as if typed, so that undo takes it back
    this.area.focus({ preventScroll: true });
    this.area.setSelectionRange(from, to);
    if (!document.execCommand("insertText", false, word)) {
      this.area.setRangeText(word, from, to, "end");
      this.area.dispatchEvent(new InputEvent("input"));
    }
    this.area.setSelectionRange(from, from);
  }

  // the token at the caret, or the muted word there
  at(caret) {
    const inside = (one) => one.from <= caret && caret < one.to;
    const behind = (one) => one.to === caret;
    const both = [...this.tokens, ...this.muted.map((one) => ({ ...one, muted: true }))];
    return both.find(inside) ?? both.find(behind) ?? null;
  }

  paint(tokens) {
    this.tokens = tokens;
    this.draw();
  }

  // only what changed is touched: pieces that stayed keep their elements
  draw() {
    const wanted = this.#wanted();
    const old = this.#pieces;
    const same = (a, b) => a.text === b.text && (a.look === null) === (b.look === null);
    let head = 0;
    const most = Math.min(old.length, wanted.length);
    while (head < most && same(old[head], wanted[head])) head++;
    let tail = 0;
    while (tail < most - head && same(old[old.length - 1 - tail], wanted[wanted.length - 1 - tail])) tail++;
    const after = tail ? old[old.length - tail].node : null;
    for (const piece of old.slice(head, old.length - tail)) piece.node.remove();
    wanted.forEach((piece, k) => {
      const kept = k < head ? old[k] : k >= wanted.length - tail ? old[k - wanted.length + old.length] : null;
      piece.node = kept?.node ?? this.#made(piece);
      if (kept && kept.look !== piece.look) piece.node.className = piece.look;
    });
    if (wanted.length - tail > head) {
      const fresh = document.createDocumentFragment();
      fresh.append(...wanted.slice(head, wanted.length - tail).map((piece) => piece.node));
      this.mirror.insertBefore(fresh, after);
    }
    this.#pieces = wanted;
  }

  #made({ text, look }) {
    if (look === null) return document.createTextNode(text);
    const made = document.createElement("span");
    made.textContent = text;
    made.className = look;
    return made;
  }

  #wanted() {
    const marks = [...this.tokens, ...this.muted.map((one) => ({ ...one, look: "mute" }))].sort((a, b) => a.from - b.from);
    const found = [];
    let done = 0;
    for (const { from, to, look } of marks) {
      if (from < done || to > this.#text.length || from === to) continue;
      if (from > done) found.push({ text: this.#text.slice(done, from), look: null });
      const chosen = this.chosen && this.chosen.from === from && this.chosen.to === to ? " chosen" : "";
      const partner = this.partners.some((one) => one.from === from && one.to === to) ? " partner" : "";
      found.push({ text: this.#text.slice(from, to), look: look + chosen + partner });
      done = to;
    }
    if (done < this.#text.length) found.push({ text: this.#text.slice(done), look: null });
    return found;
  }

  #hover({ clientX, clientY, buttons }) {
    const span = buttons ? null : this.root.getRootNode().elementsFromPoint(clientX, clientY).find((one) => one.parentNode === this.mirror);
    const piece = span && this.#pieces.findIndex((one) => one.node === span);
    const place = span && this.#pieces.slice(0, piece).reduce((sum, one) => sum + one.text.length, 0);
    const token = span && this.tokens.find((one) => one.from === place);
    this.tip.hidden = !token;
    if (!token) return;
    const box = [...span.getClientRects()].find((one) => clientY >= one.top && clientY <= one.bottom) ?? span.getBoundingClientRect();
    const own = this.root.getBoundingClientRect();
    this.tip.textContent = token.said + (token.known ? "" : " · unknown word");
    this.tip.style.left = `${Math.max(40, Math.min(own.width - 40, box.left + box.width / 2 - own.left))}px`;
    this.tip.style.top = `${box.top - own.top - 3}px`;
  }
}
