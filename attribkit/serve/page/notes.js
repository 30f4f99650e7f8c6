// Bookmarks and notes: kept by this browser for these rows, and written as a CSV file.
import { ask } from "./api.js";

export class Notes {
  constructor({ fingerprint }, changed) {
    Object.assign(this, { key: `attribkit notes ${fingerprint}`, changed });
    this.all = new Map();
    try {
      this.all = new Map(JSON.parse(localStorage.getItem(this.key)) ?? []);
    } catch { /* nothing is kept, or nothing that can be read */ }
  }

  get rows() { return [...this.all.keys()].sort((a, b) => a - b); }
  has(row) { return this.all.has(row); }
  of(row) { return this.all.get(row) ?? ""; }

  toggle(row) {
    if (this.all.has(row)) this.all.delete(row);
    else this.all.set(row, "");
    this.#keep();
  }

  write(row, note) { // a row with a note is bookmarked
    this.all.set(row, note);
    this.#keep();
  }

  #keep() {
    try {
      localStorage.setItem(this.key, JSON.stringify([...this.all]));
    } catch { /* a browser that keeps nothing: until the page is closed they are here */ }
    this.changed();
  }

  async download() {
    const answer = await ask("data/notes.csv", { notes: this.rows.map((row) => ({ row, note: this.of(row) })) });
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await answer.blob()), download: "notes.csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}
