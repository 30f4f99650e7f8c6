// Recolours a text for another class, and finds its strongest sentence. It starts every explanation in its own document
// part that was not started yet, so several copies may run in one notebook; it defines no global name.
(() => {
  "use strict";
  const STEPS = __STEPS__;

  // to the nearest integer, halves to the even one, as the page was coloured
  const round = (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
  const worth = (said) => Number(said.replace("−", "-"));

  function start(root) {
    root.dataset.ready = "";
    const data = root.querySelector(".scored script[type='application/json']");
    if (data) choose(root, JSON.parse(data.textContent));
    for (const section of root.querySelectorAll(".scored")) jump(section);
  }

  function choose(root, { limit, strongest, targets }) {
    const section = root.querySelector(".scored:has(script)");
    const tokens = [...section.querySelectorAll(".text .t")];
    const buttons = [...root.querySelectorAll("button.chip")];
    const select = root.querySelector(".chips select");
    const verdict = root.querySelector(".verdict");

    function recolour(place) {
      const { aim, scores, verdict: [icon, tone, words] } = targets[place];
      const said = scores.split(" ");
      tokens.forEach((token, i) => {
        const step = limit ? round(STEPS * worth(said[i]) / limit) : 0;
        token.className = token.className.replace(/ [pn]\d+/g, "") + (step > 0 ? ` p${step}` : step < 0 ? ` n${-step}` : "");
        token.dataset.s = said[i];
      });
      section.classList.toggle("other", place !== 0); // the passages that are underlined are the first class's
      for (const element of section.querySelectorAll("[data-aim]")) element.textContent = aim;
      verdict.className = `verdict ${tone}`;
      verdict.querySelector(".icon").textContent = icon;
      verdict.lastChild.textContent = ` ${words}`;
      bars(said, aim);
      for (const block of root.querySelectorAll("[data-of]")) block.hidden = Number(block.dataset.of) !== place;
      for (const button of buttons) button.setAttribute("aria-pressed", String(Number(button.dataset.target) === place));
      if (select) select.value = buttons.some((button) => Number(button.dataset.target) === place) ? "" : String(place);
    }

    function bars(said, aim) {
      const order = said.map((_, i) => i).sort((a, b) => Math.abs(worth(said[b])) - Math.abs(worth(said[a])) || a - b);
      const sides = [["for", "towards", 1], ["against", "against", -1]].map(([side, kind, sign]) => {
        const chosen = order.filter((i) => sign * worth(said[i]) > 0).slice(0, strongest);
        const table = document.createElement("table");
        table.className = `bars ${side}`;
        const name = document.createElement("bdi");
        name.dataset.aim = "";
        name.textContent = aim;
        table.createCaption().append(`${side} `, name);
        for (const i of chosen) {
          const row = table.insertRow();
          const head = document.createElement("th");
          const word = document.createElement("bdi");
          head.scope = "row";
          word.textContent = tokens[i].textContent;
          if (tokens[i].classList.contains("u")) word.className = "u";
          head.append(word);
          row.append(head);
          const axis = row.insertCell();
          axis.className = "axis";
          axis.ariaHidden = "true";
          const bar = document.createElement("i");
          bar.className = kind;
          bar.style.width = `${50 * Math.abs(worth(said[i])) / limit}%`;
          axis.append(bar);
          const number = row.insertCell();
          number.className = "n";
          number.textContent = said[i];
        }
        return chosen.length ? [table] : [];
      });
      section.querySelector(".strongest").replaceChildren(...sides.flat());
    }

    for (const button of buttons) {
      button.disabled = false;
      button.addEventListener("click", () => recolour(Number(button.dataset.target)));
    }
    if (select) {
      select.parentElement.hidden = false;
      select.addEventListener("change", () => recolour(Number(select.value || 0)));
    }
    recolour(0);
  }

  function jump(section) {
    const button = section.querySelector(".jump");
    if (!button) return;
    const share = (bar) => parseFloat(bar.style.getPropertyValue("--r")) - parseFloat(bar.style.getPropertyValue("--l"));
    const strongest = [...section.querySelectorAll(".s")].reduce((a, b) => (share(b) > share(a) ? b : a));
    button.hidden = false;
    button.title = strongest.title;
    button.addEventListener("click", () => {
      let token = strongest.nextElementSibling;
      token.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
      for (; token && !token.classList.contains("s"); token = token.nextElementSibling) {
        token.classList.remove("here");
        void token.offsetWidth; // the animation begins anew
        token.classList.add("here");
      }
    });
  }

  for (const root of document.querySelectorAll(".explained:not([data-ready])")) start(root);
})();
