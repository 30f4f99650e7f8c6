// Parts of the script of a map: legends, medians of groups, names with room, shading.

  function median(values) {
    values.sort();
    const half = values.length >> 1;
    return values.length % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
  }

  function groupNames(sign, names, where, D) { // each named group with its points and the median of their places
    const sizes = new Uint32Array(names.length + 1);
    for (const group of sign) sizes[group + 1]++;
    for (let g = 0; g < names.length; g++) sizes[g + 1] += sizes[g];
    const columns = Array.from({ length: D }, () => new Float32Array(sign.length)), next = sizes.slice();
    for (let i = 0; i < sign.length; i++) {
      const at = next[sign[i]]++;
      for (let k = 0; k < D; k++) columns[k][at] = where[i * D + k];
    }
    return names.flatMap((name, g) => (name && sizes[g] < sizes[g + 1]
      ? [{ name, group: g, count: sizes[g + 1] - sizes[g], at: columns.map((column) => median(column.slice(sizes[g], sizes[g + 1]))) }] : []));
  }

  function apart(names, width, height, high) { // those with room, the first before the others; x and y are their middles
    const placed = [];
    for (const one of names) {
      if (one.x < 0 || one.y < high / 2 || one.x > width || one.y > height - high / 2 || one.wide > width) continue;
      const x = Math.min(Math.max(one.x, one.wide / 2 + 3), width - one.wide / 2 - 3);
      if (placed.some((other) => Math.abs(x - other.x) < (one.wide + other.wide) / 2 + 6 && Math.abs(one.y - other.y) < high)) continue;
      placed.push({ ...one, x });
    }
    return placed;
  }

  const SHADE = 6; // pixels of a cell of the shading
  const FEW = 3; // points of a cell up to which they are drawn, beyond them the cell is shaded
  const channels = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);

  // How many points lie in each cell of the screen, as a picture of one pixel a cell: its colour is the mean of theirs.
  function shading({ sx, sy, sign, shown, count, width, height, inks }) {
    const columns = Math.ceil(width / SHADE), rows = Math.ceil(height / SHADE);
    const crowd = new Uint32Array(columns * rows), sums = new Float32Array(3 * columns * rows);
    const colours = inks.map(channels);
    for (let i = 0; i < count; i++) {
      if (!shown(i) || !(sx[i] >= 0 && sy[i] >= 0 && sx[i] < width && sy[i] < height)) continue;
      const cell = Math.floor(sy[i] / SHADE) * columns + Math.floor(sx[i] / SHADE);
      crowd[cell]++;
      for (let k = 0; k < 3; k++) sums[3 * cell + k] += colours[sign[i]][k];
    }
    const most = Math.log1p(crowd.reduce((a, b) => Math.max(a, b), 1));
    const picture = new ImageData(columns, rows);
    for (let cell = 0; cell < crowd.length; cell++) {
      if (crowd[cell] <= FEW) continue;
      for (let k = 0; k < 3; k++) picture.data[4 * cell + k] = sums[3 * cell + k] / crowd[cell];
      picture.data[4 * cell + 3] = 255 * (0.12 + 0.8 * Math.log1p(crowd[cell]) / most);
    }
    const made = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
    made.getContext("2d").putImageData(picture, 0, 0);
    return { picture: made, columns, rows, crowd };
  }

  function element(name, properties = {}, ...inside) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...inside);
    return made;
  }

  function symbol(shape, colour, space) {
    const draw = (name, attributes) => Object.entries(attributes).reduce((made, [key, value]) => (made.setAttribute(key, value), made), document.createElementNS(space, name));
    let path = "";
    for (let k = 0; k < shape.length; k += 2) path += `${k ? "L" : "M"}${shape[k]} ${-shape[k + 1]}`;
    const outline = draw("path", { d: `${path}z` }), made = draw("svg", { viewBox: "-1.6 -1.6 3.2 3.2", class: "symbol", "aria-hidden": "true" });
    outline.style.fill = `var(${colour})`;
    made.append(outline);
    return made;
  }

  function legend({ name, signs, sign, scale }, shapes, most, space) { // as the template makes it for the first choice of colours
    const made = element("div", { className: "key" });
    if (scale) {
      const ramp = element("div", { className: "ramp" });
      ramp.setAttribute("aria-hidden", "true");
      made.append(element("p", { className: "small" }, `colour: ${name}`), ramp, element("p", { className: "ends n small" }, element("span", {}, scale.low), element("span", {}, scale.high)));
      return made;
    }
    const counts = new Uint32Array(signs.length);
    for (const one of sign) counts[one]++;
    const list = element("ul", { className: "groups" }, ...signs.map((one, k) => {
      const button = element("button", { type: "button" }, symbol(shapes[one.shape], one.colour, space), element("bdi", {}, one.name), " ", element("span", { className: "n" }, counts[k].toLocaleString("en")));
      button.dataset.group = k;
      button.setAttribute("aria-pressed", "true");
      return element("li", {}, button);
    }));
    list.setAttribute("aria-label", "Groups: press one to hide or show its points");
    if (signs.length > 8) list.tabIndex = 0;
    const both = ["all", "none"].map((what) => {
      const button = element("button", { type: "button" }, what);
      button.dataset.do = what;
      return button;
    });
    const head = element("div", { className: "key-head" }, element("span", { className: "small" }, name), ...(signs.length > 2 ? [element("span", { className: "all-none" }, ...both)] : []));
    if (signs.length > most) made.append(element("details", {}, element("summary", {}, `${signs.length} groups, where there is room named on the map: choose which are shown`), head, list));
    else made.append(head, list);
    return made;
  }
