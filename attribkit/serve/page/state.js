// What a link carries, behind the # that no server is ever sent.

const SETTINGS = ["target", "rather", "output", "baseline", "method"];

export function written({ panes, settings, compare }) {
  const found = new URLSearchParams();
  panes.forEach(({ text, model, muted }, k) => {
    const number = k ? String(k + 1) : "";
    found.set(`text${number}`, text);
    found.set(`model${number}`, model);
    if (muted.length) found.set(`mute${number}`, muted.map((range) => range.join("-")).join(","));
  });
  for (const name of SETTINGS) if (settings[name]) found.set(name, settings[name]);
  if (compare) found.set("compare", compare);
  return `#${found}`;
}

export function read(fragment) {
  const found = new URLSearchParams(fragment.replace(/^#/, ""));
  const pane = (number) => ({
    text: (found.get(`text${number}`) ?? "").slice(0, 100_000),
    model: found.get(`model${number}`) ?? "",
    muted: (found.get(`mute${number}`) ?? "").split(",").map((range) => range.split("-").map(Number)).filter(([a, b]) => Number.isInteger(a) && Number.isInteger(b)),
  });
  const compare = ["texts", "models"].includes(found.get("compare")) ? found.get("compare") : "";
  return {
    given: found.has("text"),
    panes: compare ? [pane(""), pane("2")] : [pane("")],
    settings: Object.fromEntries(SETTINGS.map((name) => [name, found.get(name) ?? ""])),
    compare,
  };
}
