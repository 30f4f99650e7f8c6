// What is explained, and how: the choices that panes share.

const NAMES = {
  output: { log_odds: "log-odds", logit: "logit", probability: "probability", value: "the number" },
  baseline: { pad: "nothing (padding)", zero: "zero vectors", unk: "unknown words", mean: "an average word" },
};

function options(select, entries) {
  const chosen = select.value;
  select.replaceChildren(...entries.map(([value, textContent]) => Object.assign(document.createElement("option"), { value, textContent })));
  if (entries.some(([value]) => value === chosen)) select.value = chosen;
}

export class Settings {
  constructor(form, { methods, outputs, baselines }) {
    Object.assign(this, { form, methods });
    options(form.output, outputs.map((name) => [name, NAMES.output[name] ?? name]));
    options(form.baseline, baselines.map((name) => [name, NAMES.baseline[name] ?? name]));
  }

  offer(shown) { // what all the models shown can be asked
    const { form } = this;
    const labels = shown[0].labels.filter((label) => shown.every((model) => model.labels.includes(label)));
    const usual = shown.every((model) => model.task === "regression") ? "the number" : "the predicted label";
    options(form.target, [["", usual], ...labels.map((label) => [label, label])]);
    options(form.rather, [["", "anything else"], ...labels.filter((label) => label !== form.target.value).map((label) => [label, label])]);
    form.rather.closest("label").hidden = !form.target.value || labels.length < 3;
    options(form.method, [["", "the best available"], ...shown[0].methods.filter((name) => shown.every((model) => model.methods.includes(name))).map((name) => [name, this.methods[name]])]);
  }

  get chosen() {
    const { form } = this;
    const target = form.target.value;
    const rather = !form.rather.closest("label").hidden && form.rather.value;
    return {
      ...(target && { target: rather ? [target, rather] : target }),
      output: form.output.value,
      baseline: form.baseline.value,
      ...(form.method.value && { method: form.method.value }),
    };
  }
}
