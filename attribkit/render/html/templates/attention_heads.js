// Shows any head of any layer. It starts every panel in its own document part that was not started yet, so several
// copies may run in one notebook; it defines no global name, and it writes texts only as text.
(() => {
  "use strict";
  const STEPS = __STEPS__;
  const LABELS = 9; // pixels of a cell from which tokens stand beside a matrix
  const SIDE = 78; // pixels for the tokens

  const scope = document.currentScript?.parentElement ?? document;
  for (const root of scope.querySelectorAll(".heads:not([data-ready])")) start(root);

  async function unpack(text, levels) {
    const letters = atob(text.trim());
    const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const whole = new Uint8Array(await new Response(stream).arrayBuffer());
    return Float32Array.from(whole, (step) => (step / levels) ** 2);
  }

  async function start(root) {
    root.dataset.ready = "";
    if (!("DecompressionStream" in window)) return; // an old browser keeps the table of the layers
    const find = (selector) => root.querySelector(selector);
    const [L, H, S, R] = root.dataset.shape.split(" ").map(Number);
    const weights = await unpack(find("script").textContent, Number(root.dataset.levels));
    const limit = Number(root.dataset.limit) || 1;
    const tokens = [...root.querySelectorAll(".token")];
    const words = tokens.map((token) => token.textContent);
    const [layer, head, from] = [find(".layer"), find(".head"), find(".from")];
    const [all, single, says] = [find(".all"), find(".single"), find(".says")];
    const chosen = () => [Number(layer.value), head ? Number(head.value) : -1];
    const step = (weight) => Math.round(STEPS * Math.sqrt(Math.min(1, weight / limit)));
    const sums = new Map();
    let colours = [];
    let ink = "";

    function matrix(l, h) { // (S · R) of a head; −1 stands for the mean of all
      const key = l * (H + 1) + h;
      if (l >= 0 && h >= 0) return weights.subarray((l * H + h) * S * R, (l * H + h + 1) * S * R);
      if (!sums.has(key)) {
        const sum = new Float32Array(S * R);
        const [layers, heads] = [l < 0 ? [...Array(L).keys()] : [l], h < 0 ? [...Array(H).keys()] : [h]];
        for (const a of layers) for (const b of heads) matrix(a, b).forEach((weight, i) => { sum[i] += weight / layers.length / heads.length; });
        sums.set(key, sum);
      }
      return sums.get(key);
    }

    function readColours() {
      const probe = document.createElement("i");
      probe.style.forcedColorAdjust = "none"; // a canvas keeps its own colours: its paper is its own
      root.append(probe);
      const read = (name) => {
        probe.style.color = `var(${name})`;
        return getComputedStyle(probe).color;
      };
      const numbers = (colour) => { // any way of writing a colour becomes red, green and blue by drawing it
        const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        return pen.getImageData(0, 0, 1, 1).data;
      };
      colours = [...Array(STEPS + 1).keys()].map((k) => numbers(read(k ? `--w${k}` : "--paper")));
      ink = { ink: read("--ink"), muted: read("--muted"), faint: read("--faint") };
      probe.remove();
    }

    function image(values) {
      const made = Object.assign(document.createElement("canvas"), { width: R, height: S });
      const pixels = new ImageData(R, S);
      for (let i = 0; i < values.length; i++) pixels.data.set(colours[step(values[i])], 4 * i);
      made.getContext("2d").putImageData(pixels, 0, 0);
      return made;
    }

    function sized(canvas, width, height) { // a pen that draws in CSS pixels
      const density = window.devicePixelRatio || 1;
      Object.assign(canvas, { width: Math.round(width * density), height: Math.round(height * density) });
      canvas.style.aspectRatio = `${width}/${height}`;
      const pen = canvas.getContext("2d");
      pen.scale(density, density);
      pen.imageSmoothingEnabled = false;
      return pen;
    }

    function cell() {
      return Math.min(110, (all.parentElement.clientWidth - 18) / H);
    }

    function drawAll() {
      const size = cell();
      const pen = sized(all, all.parentElement.clientWidth, L * size + 14);
      pen.font = "10px sans-serif";
      pen.fillStyle = ink.muted;
      pen.textAlign = "center";
      if (H > 1) for (let h = 0; h < H; h++) pen.fillText(h + 1, 18 + (h + 0.5) * size, 10);
      for (let l = 0; l < L; l++) {
        pen.fillStyle = ink.muted;
        pen.fillText(l + 1, 8, 14 + (l + 0.5) * size + 3);
        for (let h = 0; h < H; h++) {
          const [x, y] = [18 + h * size + 1, 14 + l * size + 1];
          pen.imageSmoothingEnabled = size < S;
          pen.drawImage(image(matrix(l, h)), x, y, size - 2, size - 2);
          const [ownLayer, ownHead] = chosen();
          const here = (ownLayer < 0 || ownLayer === l) && (ownHead < 0 || ownHead === h);
          pen.strokeStyle = here ? ink.ink : ink.faint;
          pen.lineWidth = here ? 1.5 : 1;
          pen.strokeRect(x, y, size - 2, size - 2);
        }
      }
    }

    function drawSingle() {
      const width = single.parentElement.clientWidth;
      const labelled = (width - SIDE) / R >= LABELS;
      const side = labelled ? SIDE : 0;
      const size = Math.min(28, (width - side - 1) / R);
      const pen = sized(single, width, side + S * size + 1);
      pen.drawImage(image(matrix(...chosen())), side, side, R * size, S * size);
      pen.strokeStyle = ink.faint;
      pen.strokeRect(side + 0.5, side + 0.5, R * size - 1, S * size - 1);
      pen.strokeStyle = ink.ink;
      pen.strokeRect(side + 0.5, side + Number(from.value) * size + 0.5, R * size - 1, Math.max(1, size - 1));
      if (!labelled) return;
      pen.font = `${Math.min(12, size)}px sans-serif`;
      pen.fillStyle = ink.ink;
      pen.textAlign = "right";
      from.querySelectorAll("option").forEach((option, s) => pen.fillText(option.textContent.replace(/^\d+ /, ""), side - 4, side + (s + 0.75) * size, side - 6));
      pen.textAlign = "left";
      words.forEach((word, r) => {
        pen.save();
        pen.translate(side + (r + 0.75) * size, side - 4);
        pen.rotate(-Math.PI / 2);
        pen.fillText(word, 0, 0, side - 6);
        pen.restore();
      });
    }

    function show() {
      const row = Number(from.value);
      const values = matrix(...chosen()).subarray(row * R, (row + 1) * R);
      tokens.forEach((token, r) => {
        const own = step(values[r]);
        token.className = token.className.replace(/ (w\d+|from)/g, "") + (own ? ` w${own}` : "") + (R === S && r === row ? " from" : "");
        token.title = values[r].toFixed(3);
      });
      const order = [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, 5);
      const named = order.map((r) => `${words[r]} ${values[r].toFixed(3)}`).join(", ");
      const [l, h] = chosen();
      const where = `${l < 0 ? "Mean of all layers" : `Layer ${l + 1}`}, ${h < 0 ? "mean of all heads" : `head ${h + 1}`}`;
      says.textContent = `${where}: ${from.selectedOptions[0].textContent.replace(/^\d+ /, "")} looks most at ${named}`;
      drawAll();
      drawSingle();
    }

    root.hidden = false;
    readColours();
    for (const pick of [layer, head, from]) pick?.addEventListener("change", show);
    tokens.forEach((token, r) => token.addEventListener("click", () => {
      if (r >= S) return;
      from.value = String(r);
      show();
    }));
    all.addEventListener("click", (event) => {
      const size = cell();
      const [h, l] = [Math.floor((event.offsetX - 18) / size), Math.floor((event.offsetY - 14) / size)];
      if (h < 0 || h >= H || l < 0 || l >= L) return;
      layer.value = String(l);
      if (head) head.value = String(h);
      show();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); show(); });
    new ResizeObserver(show).observe(root); // also when the fold that it stands in is opened
  }
})();
