// The scale of the colours. While one types it only grows: a word that hardly counts must not look like one that decides.
// It begins at what a reader would call a small change, and anew with another text.
const FLOORS = { "log-odds": { limit: 1, ends_at: "1.00" }, logit: { limit: 1, ends_at: "1.00" }, probability: { limit: 0.1, ends_at: "0.100" } };
const kind = ({ answer }) => JSON.stringify(["model", "unit", "method", "baseline"].map((name) => answer[name]));

export class Scales {
  #known = new Map();

  of(pane, panes) { // two texts of one model share a scale, so that a paler one is a weaker one
    const group = panes.filter((one) => one.answer && kind(one) === kind(pane));
    const before = this.#known.get(kind(pane)) ?? FLOORS[pane.answer.unit] ?? pane.answer;
    const { limit, ends_at } = group.map((one) => one.answer).reduce((most, one) => (one.limit > most.limit ? one : most), before);
    const scale = { limit, ends_at };
    this.#known.set(kind(pane), scale);
    for (const one of group) if (one !== pane) one.paint(scale);
    return scale;
  }

  clear() { this.#known.clear(); }
}
