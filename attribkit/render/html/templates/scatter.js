// Maps of points on a canvas. It starts every map in its own document part that was not started yet, so several
// copies may run in one notebook; it defines no global name, and it writes texts only as text.

  const CELL = 24; // pixels of the grid in which the nearest point is looked for
  const REACH = 30; // pixels from which a pointer finds a point
  const GLIDE = 550; // milliseconds of the way from one map to the next
  const PAUSE = 1200; // milliseconds between maps while playing
  const LEVELS = 65535;
  const FAR = 0.3; // perspective; as in render/scatter.py
  const SHELVES = 48; // depths that are drawn one after the other, the furthest first
  const DEPTHS = 6; // sizes of points, by their depth
  const CROWD = 0.008; // points a square pixel from which a map is shaded
  const LONG = 32; // characters of a name on the map

  const scope = document.currentScript?.parentElement ?? document;
  for (const root of scope.querySelectorAll(".scatter:not([data-ready])")) start(root);

  function unpack(text, Kind) {
    const letters = atob(text);
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
    return new Kind(bytes.buffer);
  }

  function textColumn(column) { // a column of texts: the distinct ones, and each point's place among them
    return column && { names: column.names, of: unpack(column.of, Uint32Array) };
  }

  function start(root) {
    Object.assign(root.dataset, { ready: "", hover: -1 });
    const find = (selector) => root.querySelector(selector);
    const data = JSON.parse(find("script[type='application/json']").textContent);
    const { count, dimensions: D } = data;
    const deep = D === 3;
    const canvas = find("canvas");
    const pen = canvas.getContext("2d");
    const [stage, tip, status] = [find(".stage"), find(".tip"), find("[role=status]")];
    const choices = [data, ...data.others].map(({ colour, signs, sign, values, scale }) => ({ name: colour, signs, sign: unpack(sign, Uint8Array), values, scale }));
    const labels = textColumn(data.labels), predictions = textColumn(data.predictions);
    const total = count + data.placed.length; // placed texts follow the points
    const off = new Set(); // groups that are filtered out
    const stride = coprime(count);
    const where = new Float32Array(total * D); // each axis from 0 to 1
    const sx = new Float32Array(total), sy = new Float32Array(total), away = new Float32Array(total);
    const order = new Uint32Array(count), shelf = new Uint8Array(count);
    const unpacked = new Map();
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    const view = { map: 0, zoom: 1, x: 0, y: 0, yaw: data.view[0], pitch: data.view[1] };
    let [width, height, density] = [0, 0, 1];
    let [hover, glide, asked, playing] = [-1, null, false, 0];
    let [colouring, hits, written] = [choices[0], null, true]; // hits: the points whose texts hold what is searched for
    const pins = [];
    let ink = {}; // colours as the page shows them now
    let sprites = new Map();
    let grid = null;
    const letters = getComputedStyle(root).fontFamily;

    // where the points are

    function coprime(n) { // a step that visits all points far from one after another, so that no class lies on top
      const divides = (a, b) => (b ? divides(b, a % b) : a);
      let step = Math.max(1, Math.round(n * 0.618));
      while (divides(step, n) > 1) step++;
      return step;
    }

    function placesOf(map) {
      if (!unpacked.has(map)) {
        const found = new Float32Array(total * D);
        const points = unpack(data.maps[map].points, Uint16Array);
        for (let i = 0; i < points.length; i++) found[i] = points[i] / LEVELS;
        data.placed.forEach((one, m) => one.points[map].forEach((level, k) => { found[(count + m) * D + k] = level / LEVELS; }));
        unpacked.set(map, found);
      }
      return unpacked.get(map);
    }

    const side = () => Math.min(width, height / data.height) * 0.98;
    const seen = (i) => !off.has(colouring.sign[i]);
    const alive = (i) => seen(i) && (!hits || hits[i] === 1);

    function look(u, v, w) { // a place in the cube or square as pixels right of and below the centre, and how far away
      if (!deep) return [(u - 0.5) * side(), (0.5 - v) * side(), 0];
      const [x, y, z] = [u - 0.5, v - 0.5, w - 0.5];
      const right = Math.cos(view.yaw) * x - Math.sin(view.yaw) * y;
      const back = Math.sin(view.yaw) * x + Math.cos(view.yaw) * y;
      const up = Math.sin(view.pitch) * back + Math.cos(view.pitch) * z;
      const depth = Math.cos(view.pitch) * back - Math.sin(view.pitch) * z;
      const near = (0.56 / (1 + FAR * depth)) * side();
      return [right * near, -up * near, depth];
    }

    function project() {
      for (let i = 0, k = 0; i < total; i++, k += D) {
        const [x, y, depth] = look(where[k], where[k + 1], deep ? where[k + 2] : 0);
        sx[i] = width / 2 + view.x + x * view.zoom;
        sy[i] = height / 2 + view.y + y * view.zoom;
        away[i] = depth;
      }
      grid = null;
    }

    function arrange() { // the order of drawing: the furthest first, or a shuffle that is always the same
      if (!deep) {
        for (let i = 0, at = 0; i < count; i++, at = (at + stride) % count) order[i] = at;
        return;
      }
      const ends = new Uint32Array(SHELVES + 1);
      for (let i = 0; i < count; i++) {
        shelf[i] = Math.max(0, Math.min(SHELVES - 1, Math.floor((0.87 - away[i]) / 1.74 * SHELVES)));
        ends[shelf[i] + 1]++;
      }
      for (let s = 0; s < SHELVES; s++) ends[s + 1] += ends[s];
      for (let i = 0; i < count; i++) order[ends[shelf[i]]++] = i;
    }

    // drawing

    function colours() {
      const probe = document.createElement("i");
      probe.style.forcedColorAdjust = "none"; // a canvas keeps its own colours: its paper is its own
      root.append(probe);
      const read = (name) => {
        probe.style.color = `var(${name})`;
        return getComputedStyle(probe).color;
      };
      ink = { ink: read("--ink"), muted: read("--muted"), faint: read("--faint"), paper: read("--paper") };
      ink.signs = colouring.signs.map((one) => read(one.colour));
      probe.remove();
      sprites = new Map();
    }

    function outline(to, shape, x, y, r) {
      to.beginPath();
      for (let k = 0; k < shape.length; k += 2) to.lineTo(x + shape[k] * r, y - shape[k + 1] * r);
      to.closePath();
    }

    function sprite(which, r) { // a marker drawn once, in pixels of the screen, and copied to all its places
      const key = `${which} ${r}`;
      if (!sprites.has(key)) {
        const made = document.createElement("canvas");
        made.width = made.height = 2 * Math.ceil((r * 1.5 + 1) * density);
        const to = made.getContext("2d");
        const middle = made.width / 2;
        outline(to, data.shapes[colouring.signs[which].shape], middle, middle, r * density);
        if (r > 2.9) {
          to.strokeStyle = ink.paper;
          to.lineWidth = 1.6 * density;
          to.stroke();
        }
        to.fillStyle = ink.signs[which];
        to.fill();
        sprites.set(key, made);
      }
      return sprites.get(key);
    }

    function measure() { // the fewer points there are on a screen, the larger and the less transparent they are
      const crowd = Math.log10(Math.max(10, count / view.zoom ** 1.5 * (340 / Math.max(200, width)) ** 2));
      return { r: Math.max(1.7, Math.min(5, 6.4 - 1.08 * crowd)), alpha: Math.max(0.4, Math.min(0.92, 1.25 - 0.2 * crowd)) };
    }

    function draw() {
      asked = false;
      if (glide) step();
      fit();
      if (!width) return;
      project();
      arrange();
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.clearRect(0, 0, canvas.width, canvas.height);
      if (deep) box();
      const shown = scatter();
      pen.setTransform(density, 0, 0, density, 0, 0);
      if (written && !glide) names();
      pins.forEach(badge);
      data.placed.forEach((one, m) => star(one, count + m));
      if (hover >= 0) ring();
      root.dataset.shown = shown;
      root.dataset.zoom = view.zoom.toFixed(2);
      find(".count").textContent = shown < count ? `${shown.toLocaleString("en")} of ${count.toLocaleString("en")} points` : "";
      if (glide) redraw();
    }

    function scatter() { // the points, and how many are not filtered out
      const { r, alpha } = measure();
      const shade = deep ? null : shaded();
      const sizes = deep ? DEPTHS : 1; // nearer points are larger and stronger
      const stamps = Array.from({ length: sizes }, (_, size) =>
        colouring.signs.map((_, which) => sprite(which, deep ? r * (0.65 + (0.75 * size) / sizes) : r)));
      let shown = 0, last = -1;
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.globalAlpha = alpha;
      for (const i of order) {
        if (!seen(i)) continue;
        shown++;
        const x = sx[i], y = sy[i];
        if (x < -9 || y < -9 || x > width + 9 || y > height + 9) continue;
        if (hits) pen.globalAlpha = hits[i] ? 1 : 0.1;
        else if (shade?.covers(x, y)) continue;
        if (deep && !hits && shelf[i] !== last) {
          last = shelf[i];
          pen.globalAlpha = alpha * (0.4 + (0.6 * last) / SHELVES);
        }
        const stamp = stamps[deep ? Math.floor((shelf[i] * DEPTHS) / SHELVES) : 0][colouring.sign[i]];
        const half = stamp.width / 2;
        pen.drawImage(stamp, Math.round(x * density - half), Math.round(y * density - half));
      }
      pen.globalAlpha = 1;
      return shown;
    }

    function shaded() { // at a distance so many points that none can be told from another are a shading
      let inside = 0;
      for (let i = 0; i < count; i++) if (alive(i) && sx[i] >= 0 && sy[i] >= 0 && sx[i] < width && sy[i] < height) inside++;
      root.dataset.shaded = "";
      if (hits || inside / (width * height) < CROWD) return null;
      const { picture, columns, rows, crowd } = shading({ sx, sy, sign: colouring.sign, shown: alive, count, width, height, inks: ink.signs });
      pen.setTransform(density, 0, 0, density, 0, 0);
      pen.imageSmoothingQuality = "high";
      pen.drawImage(picture, 0, 0, columns * SHADE, rows * SHADE);
      root.dataset.shaded = inside;
      return { covers: (x, y) => crowd[Math.floor(y / SHADE) * columns + Math.floor(x / SHADE)] > FEW };
    }

    function names() { // the words of regions, or of many groups their names
      const many = colouring.signs.length > data.named && colouring.signs[0].name;
      const key = many ? colouring.name : "regions";
      const map = data.maps[view.map];
      const regions = () => map.regions.map(({ name, count: points, at: place }) => ({ name, count: points, at: place.map((level) => level / LEVELS) }));
      map.names ??= {};
      map.names[key] ??= (many ? groupNames(colouring.sign, colouring.signs.map((one) => one.name), where, D) : regions()).sort((a, b) => b.count - a.count);
      pen.font = `600 12px ${letters}`;
      pen.textAlign = "center";
      pen.lineJoin = "round";
      const placed = map.names[key].filter((one) => !off.has(one.group)).map((one) => {
        const [x, y] = look(one.at[0], one.at[1], one.at[2] ?? 0);
        const name = one.name.length > LONG ? `${one.name.slice(0, LONG - 1).trimEnd()}…` : one.name;
        return { name, x: width / 2 + view.x + x * view.zoom, y: height / 2 + view.y + y * view.zoom, wide: pen.measureText(name).width };
      });
      const shown = apart(placed, width, height, 17);
      for (const { name, x, y } of shown) {
        pen.strokeStyle = ink.paper;
        pen.globalAlpha = 0.85;
        pen.lineWidth = 4;
        pen.strokeText(name, x, y + 4);
        pen.globalAlpha = 1;
        pen.fillStyle = ink.ink;
        pen.fillText(name, x, y + 4);
      }
      root.dataset.names = shown.map((one) => one.name).join("\n");
    }

    function badge(i, k) { // a pinned point has the number of its place in the list
      pen.beginPath();
      pen.arc(sx[i], sy[i], 8.5, 0, 2 * Math.PI);
      pen.fillStyle = ink.ink;
      pen.strokeStyle = ink.paper;
      pen.lineWidth = 2;
      pen.fill();
      pen.stroke();
      pen.fillStyle = ink.paper;
      pen.font = `600 11px ${letters}`;
      pen.textAlign = "center";
      pen.fillText(k + 1, sx[i], sy[i] + 4);
    }

    function box() { // the cube's edges, each axis named along one of its four
      const corner = (...at) => {
        const [x, y] = look(...at);
        return [width / 2 + view.x + x * view.zoom, height / 2 + view.y + y * view.zoom];
      };
      pen.setTransform(density, 0, 0, density, 0, 0);
      pen.font = `12px ${letters}`;
      pen.textAlign = "center";
      pen.lineWidth = 1;
      data.axes.forEach((name, axis) => {
        let outer = null;
        for (const [a, b] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
          const [from, to] = [0, 1].map((t) => corner(...[a, b].toSpliced(axis, 0, t)));
          pen.strokeStyle = ink.faint;
          pen.beginPath();
          pen.moveTo(...from);
          pen.lineTo(...to);
          pen.stroke();
          const [x, y] = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
          // below for the axes that lie, on the left for the one that stands: there the name crosses no point
          const out = axis === 2 ? -x : y;
          const [across, down] = [to[0] - from[0], to[1] - from[1]];
          if (!outer || out > outer.out) outer = { x, y, out, slope: Math.atan(down / (across || 1e-9)), long: Math.hypot(across, down) };
        }
        const slope = axis === 2 && outer.slope > 0 ? outer.slope - Math.PI : outer.slope;
        pen.save();
        pen.translate(outer.x, outer.y);
        pen.rotate(slope);
        pen.fillStyle = ink.muted;
        const fits = pen.measureText(name).width < outer.long; // without what stands in brackets it is short
        pen.fillText(fits ? name : name.replace(/ \(.*/, ""), 0, axis === 2 ? -7 : 16);
        pen.restore();
      });
    }

    function star(one, i) {
      pen.strokeStyle = ink.ink;
      pen.lineWidth = 0.9;
      pen.globalAlpha = 0.55;
      pen.beginPath();
      for (const near of one.neighbours) if (seen(near)) {
        pen.moveTo(sx[i], sy[i]);
        pen.lineTo(sx[near], sy[near]);
      }
      pen.stroke();
      pen.globalAlpha = 1;
      outline(pen, data.star, sx[i], sy[i], 10);
      pen.lineJoin = "round";
      pen.strokeStyle = ink.paper;
      pen.lineWidth = 4;
      pen.stroke();
      pen.fillStyle = ink.ink;
      pen.fill();
      pen.font = `600 12.5px ${letters}`;
      let name = one.name; // at most so long that it has room on one of the star's sides
      const wide = () => pen.measureText(name).width;
      while (wide() > width / 2 - 15 && name.length > 4) name = `${name.slice(0, -3).trimEnd()}…`;
      const right = sx[i] + 14 + wide() < width;
      pen.textAlign = right ? "left" : "right";
      const x = sx[i] + (right ? 13 : -13);
      pen.strokeText(name, x, sy[i] + 4);
      pen.fillText(name, x, sy[i] + 4);
    }

    function ring() {
      const r = measure().r + 3.5;
      pen.beginPath();
      pen.arc(sx[hover], sy[hover], hover < count ? r : 13, 0, 2 * Math.PI);
      pen.strokeStyle = ink.paper;
      pen.lineWidth = 4.5;
      pen.stroke();
      pen.strokeStyle = ink.ink;
      pen.lineWidth = 1.8;
      pen.stroke();
    }

    function redraw() {
      if (!asked) requestAnimationFrame(draw);
      asked = true;
    }

    function fit() {
      const [w, h, d] = [canvas.clientWidth, canvas.clientHeight, window.devicePixelRatio || 1];
      if (w === width && h === height && d === density) return;
      if (d !== density) sprites = new Map();
      view.x *= width ? w / width : 1;
      view.y *= height ? h / height : 1;
      [width, height, density] = [w, h, d];
      canvas.width = Math.round(w * d);
      canvas.height = Math.round(h * d);
    }

    // from map to map

    function step() {
      const t = Math.min(1, (performance.now() - glide.since) / GLIDE);
      const eased = t * t * (3 - 2 * t);
      for (let i = 0; i < where.length; i++) where[i] = glide.from[i] + (glide.to[i] - glide.from[i]) * eased;
      if (t === 1) glide = null;
    }

    function show(map, first = false) {
      const to = placesOf(map);
      view.map = map;
      if (first || still.matches) {
        where.set(to);
        glide = null;
      } else glide = { from: where.slice(), to, since: performance.now() };
      root.dataset.map = map;
      root.dataset.name = data.maps[map].name;
      for (const block of root.querySelectorAll(".mixing .of")) block.hidden = Number(block.dataset.of) !== map;
      synchronise();
      point(-1);
      redraw();
    }

    const epochs = [...new Set(data.maps.map((one) => one.epoch))].sort((a, b) => (a ?? Infinity) - (b ?? Infinity));
    const layers = [...new Set(data.maps.map((one) => one.layer))];
    const [chooser, slider, player] = [find("[data-do=layer]"), find("[data-do=epoch]"), find("[data-do=play]")];

    function synchronise() {
      const { layer, epoch } = data.maps[view.map];
      if (chooser) chooser.selectedIndex = layers.indexOf(layer);
      if (!slider) return;
      slider.max = epochs.length - 1;
      slider.value = epochs.indexOf(epoch);
      slider.setAttribute("aria-valuetext", epoch === 0 ? "0, before training" : epoch ?? "now");
      find("output").textContent = epoch ?? "now";
    }

    function turnTo(layer, epoch) { // a layer that was not kept at that epoch is shown at its nearest one
      const at = epochs.indexOf(epoch);
      const far = (one) => Math.abs(epochs.indexOf(one.epoch) - at);
      const found = data.maps.filter((one) => one.layer === layer).sort((a, b) => far(a) - far(b))[0];
      if (found) show(data.maps.indexOf(found));
    }

    function play(on) {
      clearInterval(playing);
      playing = on ? setInterval(() => {
        const at = epochs.indexOf(data.maps[view.map].epoch);
        if (at + 1 < epochs.length && root.isConnected) turnTo(data.maps[view.map].layer, epochs[at + 1]);
        else play(false);
      }, PAUSE) : 0;
      player.setAttribute("aria-pressed", on);
      player.textContent = on ? "stop" : "play";
    }

    chooser?.addEventListener("change", () => turnTo(layers[chooser.selectedIndex], data.maps[view.map].epoch));
    slider?.addEventListener("input", () => { play(false); turnTo(data.maps[view.map].layer, epochs[slider.value]); });
    player?.addEventListener("click", () => {
      const on = !playing;
      if (on && data.maps[view.map].epoch === epochs.at(-1)) turnTo(data.maps[view.map].layer, epochs[0]);
      play(on);
    });

    // pointing

    function index() { // points by the cell of the screen in which they lie
      const columns = Math.ceil(width / CELL), rows = Math.ceil(height / CELL);
      const first = new Uint32Array(columns * rows + 1);
      const cell = new Int32Array(total).fill(-1);
      for (let i = 0; i < total; i++) {
        if ((i < count && !alive(i)) || !(sx[i] >= 0 && sy[i] >= 0 && sx[i] < width && sy[i] < height)) continue;
        cell[i] = Math.floor(sy[i] / CELL) * columns + Math.floor(sx[i] / CELL);
        first[cell[i] + 1]++;
      }
      for (let c = 0; c < columns * rows; c++) first[c + 1] += first[c];
      const items = new Uint32Array(first[columns * rows]), next = first.slice();
      for (let i = 0; i < total; i++) if (cell[i] >= 0) items[next[cell[i]]++] = i;
      return { columns, rows, first, items };
    }

    function nearest(x, y) {
      grid ??= index();
      let best = -1, least = REACH ** 2;
      const clamp = (n, most) => Math.max(0, Math.min(most - 1, n));
      for (let row = clamp(Math.floor((y - REACH) / CELL), grid.rows); row <= clamp(Math.floor((y + REACH) / CELL), grid.rows); row++) {
        for (let column = clamp(Math.floor((x - REACH) / CELL), grid.columns); column <= clamp(Math.floor((x + REACH) / CELL), grid.columns); column++) {
          const at = row * grid.columns + column;
          for (let k = grid.first[at]; k < grid.first[at + 1]; k++) {
            const i = grid.items[k];
            // of points that nearly coincide the one in front; a placed text stands above them all
            const cost = (sx[i] - x) ** 2 + (sy[i] - y) ** 2 + (deep ? 20 * (away[i] + 0.87) : 0) - (i >= count ? 30 : 0);
            if (cost < least) [best, least] = [i, cost];
          }
        }
      }
      return best;
    }

    function add(parent, tag, text) {
      const made = document.createElement(tag);
      made.textContent = text;
      parent.append(made);
    }

    function facts(i) {
      if (i >= count) {
        const one = data.placed[i - count];
        return { text: `★ ${one.excerpt}`, rows: [["prediction", one.prediction]] };
      }
      const rows = [];
      const label = labels?.names[labels.of[i]], predicted = predictions?.names[predictions.of[i]];
      if (label !== undefined) rows.push(["label", label]);
      if (predicted !== undefined) rows.push(["prediction", predicted + (label === undefined || label === predicted ? "" : " ✗")]);
      for (const { name, values } of choices) if (values) rows.push([name ?? "value", values[i]]);
      const { name, values, signs, sign } = colouring, group = signs[sign[i]].name;
      if (group && group !== label && group !== predicted && !values) rows.push([name ?? "group", group]);
      return { text: data.excerpts[i] ?? `point ${(i + 1).toLocaleString("en")}`, rows };
    }

    function point(i, spoken = false) {
      if (i === hover && !spoken) return;
      hover = i;
      root.dataset.hover = i;
      tip.hidden = i < 0;
      if (i >= 0) {
        const { text, rows } = facts(i);
        tip.replaceChildren();
        add(tip, "p", text);
        const list = document.createElement("dl");
        for (const [name, what] of rows) {
          add(list, "dt", name);
          add(list, "dd", what);
        }
        tip.append(list);
        const [w, h] = [tip.offsetWidth, tip.offsetHeight];
        const above = sy[i] - h - 14;
        tip.style.left = `${Math.max(0, Math.min(width - w, sx[i] - w / 2))}px`;
        tip.style.top = `${above >= 0 ? above : sy[i] + 14}px`;
        if (spoken) status.textContent = [text, ...rows.map(([name, what]) => `${name} ${what}`)].join("; ");
      }
      redraw();
    }

    function zoom(by, x = width / 2, y = height / 2) {
      const to = Math.max(1, Math.min(400, view.zoom * by));
      const [cx, cy] = [x - width / 2, y - height / 2];
      view.x = cx - (cx - view.x) * to / view.zoom;
      view.y = cy - (cy - view.y) * to / view.zoom;
      view.zoom = to;
      settle();
    }

    function settle() { // the map cannot be pushed out of its window
      const most = side() / 2 * view.zoom;
      view.x = Math.max(-most, Math.min(most, view.zoom === 1 ? 0 : view.x));
      view.y = Math.max(-most, Math.min(most, view.zoom === 1 ? 0 : view.y));
      // at rest a finger that moves up or down scrolls the page
      canvas.style.touchAction = view.zoom === 1 ? "pan-y" : "none";
      point(-1);
      redraw();
    }

    function reset() {
      Object.assign(view, { zoom: 1, x: 0, y: 0, yaw: data.view[0], pitch: data.view[1] });
      settle();
    }

    function turn(dx, dy) {
      view.yaw -= dx;
      view.pitch = Math.max(-Math.PI / 2, Math.min(Math.PI / 2, view.pitch + dy));
      point(-1);
      redraw();
    }

    const held = new Map(); // pointers that are down
    let moved = 0;
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return { x: event.clientX - box.left - canvas.clientLeft, y: event.clientY - box.top - canvas.clientTop };
    };
    const spread = () => {
      const [a, b] = held.values();
      return { far: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    };

    canvas.addEventListener("pointerdown", (event) => {
      held.set(event.pointerId, at(event));
      canvas.setPointerCapture(event.pointerId);
      moved = 0;
    });
    canvas.addEventListener("pointermove", (event) => {
      const now = at(event), was = held.get(event.pointerId);
      if (!was) return point(nearest(now.x, now.y));
      const before = held.size === 2 ? spread() : null;
      held.set(event.pointerId, now);
      moved += Math.hypot(now.x - was.x, now.y - was.y);
      if (moved < 4) return;
      if (before) {
        const after = spread();
        zoom(after.far / Math.max(1, before.far), after.x, after.y);
        view.x += after.x - before.x;
        view.y += after.y - before.y;
        settle();
      } else if (deep && !event.shiftKey) turn((now.x - was.x) / 140, (now.y - was.y) / 140);
      else {
        view.x += now.x - was.x;
        view.y += now.y - was.y;
        settle();
      }
    });
    const release = (event) => {
      if (held.delete(event.pointerId) && moved < 4 && event.type === "pointerup") {
        const { x, y } = at(event);
        const found = nearest(x, y), again = found === hover;
        point(found);
        if (found >= 0 && found < count && (again || event.pointerType === "mouse")) pin(found);
      }
    };
    canvas.addEventListener("pointerup", release);
    canvas.addEventListener("pointercancel", release);
    canvas.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse" && !held.size) point(-1); });
    canvas.addEventListener("dblclick", reset);

    let scrolled = -Infinity;
    document.addEventListener("scroll", () => { scrolled = performance.now(); }, { capture: true, passive: true });
    canvas.addEventListener("wheel", (event) => {
      // a reader who scrolls past the map, or out of the whole map, goes on scrolling the page
      const passing = performance.now() - scrolled < 250;
      if (!event.ctrlKey && (passing || (view.zoom === 1 && event.deltaY > 0))) return;
      event.preventDefault();
      const { x, y } = at(event);
      const lines = event.deltaMode === 1 ? 20 : 1;
      zoom(Math.exp(-Math.max(-60, Math.min(60, event.deltaY * lines)) * (event.ctrlKey ? 0.012 : 0.0045)), x, y);
    }, { passive: false });

    // keys

    function walk(dx, dy) { // to the nearest point in a direction
      if (hover < 0) return point(closest(width / 2, height / 2, () => true), true);
      const found = closest(sx[hover], sy[hover], (x, y) => {
        const along = x * dx + y * dy;
        return along > 0.5 && Math.abs(x * dy - y * dx) <= 1.2 * along;
      });
      if (found >= 0) point(found, true);
    }

    function closest(x, y, allowed) {
      let best = -1, least = Infinity;
      for (let i = 0; i < total; i++) {
        const far = (sx[i] - x) ** 2 + (sy[i] - y) ** 2;
        const inside = sx[i] >= 0 && sy[i] >= 0 && sx[i] <= width && sy[i] <= height;
        if (far < least && inside && (i >= count || alive(i)) && allowed(sx[i] - x, sy[i] - y)) [best, least] = [i, far];
      }
      return best;
    }

    const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const way = KEYS[event.key];
      if (way && deep && event.shiftKey) turn(way[0] * 0.15, way[1] * 0.15);
      else if (way) walk(...way);
      else if (event.key === "+" || event.key === "=") zoom(1.4);
      else if (event.key === "-") zoom(1 / 1.4);
      else if (event.key === "0") reset();
      else if (event.key === "Escape") point(-1);
      else if (event.key === "Enter" && hover >= 0 && hover < count) pin(hover);
      else return;
      event.preventDefault();
    });
    canvas.addEventListener("blur", () => point(-1));

    // buttons

    const keys = new Map([[choices[0], find(".key")]]); // each choice's own, with what is hidden in it
    const buttons = () => keys.get(colouring).querySelectorAll("[data-group]");
    function filter() {
      off.clear();
      for (const button of buttons()) if (button.getAttribute("aria-pressed") === "false") off.add(Number(button.dataset.group));
      root.dataset.off = [...off].join(" ");
      if (hover >= 0 && hover < count && !seen(hover)) point(-1);
      redraw();
    }
    find(".plot").addEventListener("click", ({ target }) => {
      const button = target.closest(".key button");
      if (!button) return;
      const every = { all: "true", none: "false" }[button.dataset.do];
      if (every) for (const one of buttons()) one.setAttribute("aria-pressed", every);
      else button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") === "false");
      filter();
    });
    const deeds = { in: () => zoom(1.5), out: () => zoom(1 / 1.5), reset };
    for (const [name, deed] of Object.entries(deeds)) find(`[data-do=${name}]`).addEventListener("click", deed);

    find("[data-do=colour]")?.addEventListener("change", ({ target }) => {
      const before = keys.get(colouring);
      colouring = choices[target.selectedIndex];
      if (!keys.has(colouring)) keys.set(colouring, legend(colouring, data.shapes, data.listed, find(".still svg").namespaceURI));
      before.replaceWith(keys.get(colouring));
      colours();
      filter();
    });
    find("[data-do=names]")?.addEventListener("change", ({ target }) => { written = target.checked; root.dataset.names = ""; redraw(); });

    const lower = [];
    function search(words) {
      const wanted = words.trim().toLowerCase();
      hits = wanted ? new Uint8Array(count) : null;
      let total = 0;
      for (let i = 0; wanted && i < count; i++) {
        lower[i] ??= data.excerpts[i].toLowerCase();
        hits[i] = lower[i].includes(wanted);
        total += hits[i];
      }
      root.dataset.hits = wanted ? total : "";
      find(".hits").textContent = wanted ? `${total.toLocaleString("en")} of ${count.toLocaleString("en")}` : "";
      point(-1);
      redraw();
    }
    const seeker = find("[data-do=search]");
    seeker?.addEventListener("input", () => search(seeker.value));
    seeker?.addEventListener("keydown", (event) => { // Enter goes from hit to hit
      if (event.key !== "Enter" || !hits) return;
      event.preventDefault();
      const next = (from) => hits.findIndex((hit, i) => hit && i > from && seen(i));
      const after = next(hover);
      point(after < 0 ? next(-1) : after, true);
    });

    // pinned points: their texts are listed, and numbered on the map

    function pin(i) {
      if (pins.includes(i)) pins.splice(pins.indexOf(i), 1);
      else pins.push(i);
      const list = find(".pins");
      list.hidden = !pins.length;
      root.dataset.pins = pins.join(" ");
      list.replaceChildren(...pins.map((one) => {
        const { text, rows } = facts(one), item = document.createElement("li"), away = document.createElement("button");
        add(item, "bdi", text);
        add(item, "span", rows.map(([name, what]) => `${name} ${what}`).join(" · "));
        Object.assign(away, { type: "button", textContent: "✕" });
        away.setAttribute("aria-label", `unpin ${text.slice(0, 60)}`);
        away.addEventListener("click", () => { pin(one); (list.querySelector("button") ?? canvas).focus(); });
        item.append(away);
        item.addEventListener("pointerenter", () => point(one));
        item.addEventListener("pointerleave", () => point(-1));
        return item;
      }));
      redraw();
    }
    for (const item of root.querySelectorAll("[data-point]")) {
      item.addEventListener("pointerenter", () => point(Number(item.dataset.point)));
      item.addEventListener("pointerleave", () => point(-1));
    }

    // the page around: its colours and its width

    const repaint = () => { colours(); redraw(); };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
    const themes = new MutationObserver(repaint);
    const named = { attributes: true, attributeFilter: ["class", "theme", "data-theme", "data-jp-theme-light", "data-vscode-theme-kind"] };
    for (const part of [document.documentElement, document.body]) themes.observe(part, named);
    new ResizeObserver(redraw).observe(stage);

    root.classList.add("started");
    find(".live").hidden = false;
    colours();
    settle();
    show(0, true);
  }
