(() => {
'use strict';
const main = document.querySelector('main.report');
if (!main || main.dataset.ready) return;
main.dataset.ready = '1';
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_';
const STEPS = +main.dataset.steps;

// ---- texts: characters become coloured tokens once they come near the window
const worth = new Map([...DIGITS].map((digit, value) => [digit, value]));

function decode(codes) {
  const found = [];
  let at = 0;
  const number = () => {
    let value = 0, unit = 1;
    for (;;) {
      const digit = worth.get(codes[at++]);
      value += (digit % 32) * unit;
      if (digit < 32) return value;
      unit *= 32;
    }
  };
  while (at < codes.length) {
    const first = worth.get(codes[at++]);
    const token = first < 32 ? [first >> 4, (first & 15) + 1, true] : [number(), number(), first === 33];
    const zigzag = number();
    found.push([...token, zigzag % 2 ? (zigzag + 1) / 2 : -zigzag / 2]);
  }
  return found;
}

function words(value, decimals) {
  const digits = (Math.abs(value) / 10 ** decimals).toFixed(decimals);
  return value ? (value < 0 ? '−' : '+') + digits : digits;
}

function paint(text) {
  const codes = text.dataset.codes;
  if (!codes) return;
  delete text.dataset.codes;
  const scores = [];
  const { limit, decimals } = text.closest('[data-limit]').dataset;
  const letters = Array.from(text.textContent);
  const parts = document.createDocumentFragment();
  let at = 0;
  for (const [gap, length, known, value] of decode(codes)) {
    if (gap) between(parts, letters.slice(at, at + gap).join(''));
    at += gap;
    const step = +limit ? Math.round(STEPS * value / +limit) : 0;
    const token = document.createElement('span');
    token.className = 't' + (step > 0 ? ' p' + step : step < 0 ? ' n' + -step : '') + (known ? '' : ' u') + (gap || !at ? '' : ' j');
    token.dataset.s = words(value, +decimals);
    token.textContent = letters.slice(at, at + length).join('');
    scores.push({ token, value, at, end: at + length });
    at += length;
    parts.append(token);
  }
  scored.set(text, scores);
  between(parts, letters.slice(at).join(''));
  text.replaceChildren(parts);
}

// what no token covers: white space, or characters that the model did not read
function between(parts, gap) {
  if (!gap.trim()) { parts.append(gap); return; }
  const unread = document.createElement('span');
  unread.className = 'x';
  unread.textContent = gap;
  parts.append(unread);
}

const scored = new WeakMap(); // of each painted text its tokens, their scores and places

const near = new IntersectionObserver(entries => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    near.unobserve(entry.target);
    paint(entry.target.querySelector('.text'));
    clip(entry.target);
  }
}, { rootMargin: '400px' });

// a long text shows the few lines around its strongest words; a button shows the whole and the words' scores
function clip(item) {
  const text = item.querySelector('.text'), more = item.querySelector('.more');
  if (!more || !text.classList.contains('clipped')) return;
  const scores = scored.get(text) || [];
  more.hidden = !scores.length;
  if (text.scrollHeight <= text.clientHeight + 4) {
    text.classList.remove('clipped');
    return;
  }
  more.hidden = false;
  more.dataset.long = '';
  const bottom = text.getBoundingClientRect().bottom;
  const room = (scores.find(({ token }) => token.getBoundingClientRect().top >= bottom - 2) || { at: 0 }).at;
  const first = room ? beginning(scores, room) : 0;
  if (!first) return;
  const before = document.createElement('span'), dots = document.createElement('span');
  before.className = 'before';
  dots.className = 'dots';
  dots.textContent = '… ';
  while (text.firstChild !== scores[first].token) before.append(text.firstChild);
  text.prepend(before, dots);
}

// the token with which the excerpt of so many characters begins that holds the largest sum of scores' sizes; only those
// from a tenth of the largest on count, and what they leave free is shared by both sides
function beginning(scores, room) {
  const largest = Math.max(...scores.map(({ value }) => Math.abs(value)));
  const sizes = scores.map(({ value }) => Math.abs(value) >= largest / 10 ? Math.abs(value) : 0);
  let sum = 0, end = 0, best = { sum: -1 };
  for (let start = 0; start < scores.length; start++) {
    while (end < scores.length && scores[end].end - scores[start].at <= room) sum += sizes[end++];
    if (sum > best.sum) best = { sum, start, end };
    sum -= sizes[start];
  }
  let { start, end: last } = best;
  while (start < last - 1 && !sizes[start]) start++;
  while (last > start + 1 && !sizes[last - 1]) last--;
  const free = (room - (scores[last - 1].end - scores[start].at)) / 2, from = scores[start].at - free;
  while (start > 0 && scores[start - 1].at >= from) start--;
  return scores[start].at > room / 8 ? start : 0;
}

// the strongest words of a row as bars on its list's scale
const STRONGEST = 5;
function strongest(text) {
  const { limit, aim, poles } = text.closest('[data-limit]').dataset;
  const all = [...scored.get(text)].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const box = document.createElement('div');
  box.className = 'strongest';
  for (const [side, sign] of [['towards', 1], ['against', -1]]) {
    const words = all.filter(({ value }) => sign * value > 0).slice(0, STRONGEST);
    if (!words.length) continue;
    const table = document.createElement('table');
    table.className = `bars ${sign > 0 ? 'for' : 'against'}`;
    table.createCaption().textContent = `${poles.split(' ')[sign > 0 ? 0 : 1]} ${aim}`;
    for (const { token, value } of words) {
      const row = table.insertRow(), name = document.createElement('th'), word = document.createElement('bdi');
      name.scope = 'row';
      word.textContent = token.textContent;
      if (token.classList.contains('u')) word.className = 'u';
      name.append(word);
      row.append(name);
      const axis = row.insertCell(), bar = document.createElement('i'), score = row.insertCell();
      axis.className = 'axis';
      axis.ariaHidden = 'true';
      bar.className = side;
      bar.style.width = `${+limit ? 50 * Math.abs(value) / +limit : 0}%`;
      axis.append(bar);
      score.className = 'n';
      score.textContent = token.dataset.s;
    }
    box.append(table);
  }
  return box;
}

const PRINTED = 20; // texts of a long list that paper shows, so they are coloured wherever the reader is

for (const list of main.querySelectorAll('.texts')) {
  const long = list.classList.contains('long');
  [...list.children].forEach((item, place) => {
    const text = item.querySelector('.text');
    text.classList.add('clipped');
    if (!long || place < PRINTED) paint(text);
    if (long) near.observe(item);
    else clip(item);
  });
  list.addEventListener('click', event => {
    const more = event.target.closest('.more');
    if (!more) return;
    const open = more.getAttribute('aria-expanded') === 'true';
    const text = more.closest('li').querySelector('.text');
    more.setAttribute('aria-expanded', String(!open));
    more.textContent = open ? 'Show more' : 'Show less';
    if (open) more.closest('li').querySelector('.strongest')?.remove();
    else if (scored.has(text)) text.after(strongest(text));
    text.classList.toggle('clipped', open && more.dataset.long === '');
  });
}

// ---- a list shows its first items, and the others on demand
const AT_FIRST = 5;
for (const list of main.querySelectorAll('.texts:not(.long)')) {
  const rest = list.children.length - AT_FIRST;
  if (rest < 3) continue;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'rest';
  button.textContent = `Show ${rest.toLocaleString('en')} more`;
  button.addEventListener('click', () => { list.classList.remove('brief'); button.remove(); });
  list.classList.add('brief');
  list.after(button);
}

// ---- groups of which one is picked: a list to choose from instead of headings to open
for (const groups of main.querySelectorAll('.folded[data-picked]')) {
  const all = [...groups.querySelectorAll(':scope > details')];
  if (all.length < 2) continue;
  const names = all.map(group => group.querySelector('summary').textContent.trim());
  const select = document.createElement('select'), label = document.createElement('label');
  for (const name of names) select.append(new Option(name));
  label.className = 'picker';
  label.append(groups.dataset.picked, select);
  const pick = () => all.forEach((group, place) => {
    group.open = place === select.selectedIndex;
    group.classList.toggle('unpicked', !group.open);
  });
  select.addEventListener('change', pick);
  groups.prepend(label);
  if (groups.classList.contains('many')) find(names, select, label);
  groups.dataset.ready = '1';
  pick();
}

// of many names one is typed, and the nearest are offered where it is not one of them
function find(names, select, label) {
  const box = document.createElement('label'), field = document.createElement('input'), near = document.createElement('output');
  box.className = 'picker';
  field.type = 'search';
  field.autocomplete = 'off';
  field.spellcheck = false;
  box.append(`or type it (${names.length})`, field);
  near.className = 'picker near';
  label.after(box, near);
  const take = place => {
    select.selectedIndex = place;
    select.dispatchEvent(new Event('change'));
    near.replaceChildren();
  };
  field.addEventListener('input', () => {
    const wanted = field.value.trim().toLowerCase();
    const place = names.findIndex(name => name.toLowerCase() === wanted);
    if (!wanted || place >= 0) {
      if (place >= 0) take(place);
      near.replaceChildren();
      return;
    }
    const far = new Map(names.map((name, k) => [k, distance(name.toLowerCase(), wanted)]));
    const offered = [...far].sort((a, b) => a[1] - b[1] || a[0] - b[0]).slice(0, 5);
    near.replaceChildren('did you mean', ...offered.map(([k]) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = names[k];
      button.addEventListener('click', () => { field.value = names[k]; take(k); select.focus(); });
      return button;
    }));
  });
}

// letters to change until the one is the other; what contains the wanted is nearest
function distance(name, wanted) {
  if (name.includes(wanted)) return (name.startsWith(wanted) ? -2 : -1);
  let row = [...Array(wanted.length + 1).keys()];
  for (let i = 1; i <= name.length; i++) {
    const next = [i];
    for (let j = 1; j <= wanted.length; j++) {
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (name[i - 1] !== wanted[j - 1])));
    }
    row = next;
  }
  return row.at(-1);
}

// ---- search: the first texts that fit, and more on demand
const FIRST = 3, MORE = 50;
for (const form of main.querySelectorAll('form.search')) {
  const list = form.parentElement.querySelector('.texts');
  const items = [...list.children].map(item => ({
    item,
    words: item.querySelector('.text').textContent.toLowerCase(),
    labels: item.dataset.label.split('\n'),
    truth: item.dataset.truth,
    verdict: item.dataset.verdict,
  }));
  const said = form.querySelector('output');
  const rest = document.createElement('button');
  rest.type = 'button';
  rest.className = 'rest';
  list.after(rest);
  let room = FIRST;
  rest.addEventListener('click', () => { room += MORE; apply(); });
  const apply = () => {
    const wanted = form.elements.words.value.trim().toLowerCase();
    const label = form.elements.label ? form.elements.label.value : '';
    const truth = form.elements.truth ? form.elements.truth.value : '';
    const verdict = form.elements.verdict ? form.elements.verdict.value : '';
    let shown = 0;
    for (const one of items) {
      const fits = (!wanted || one.words.includes(wanted)) && (!label || one.labels.includes(label))
        && (!truth || one.truth === truth) && (!verdict || one.verdict === verdict);
      one.item.hidden = !fits;
      one.item.classList.toggle('later', shown >= room);
      shown += fits;
    }
    rest.hidden = shown <= room;
    rest.textContent = `Show ${Math.min(MORE, shown - room).toLocaleString('en')} more`;
    const all = `${items.length.toLocaleString('en')} text${items.length === 1 ? '' : 's'}`;
    said.textContent = shown === items.length ? all : `${shown.toLocaleString('en')} of ${all}`;
  };
  let waiting = 0;
  form.addEventListener('input', () => { room = FIRST; clearTimeout(waiting); waiting = setTimeout(apply, 60); });
  form.addEventListener('submit', event => { event.preventDefault(); apply(); });
  form.hidden = false;
  apply();
}
document.addEventListener('keydown', event => {
  const field = [...main.querySelectorAll('form.search input')].at(-1);
  if (event.key !== '/' || !field || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest('input, select, textarea')) return;
  event.preventDefault();
  field.focus();
});

// ---- tables sort by a click on a column's name: down, up, as they came
const amount = text => {
  const plain = text.replaceAll('−', '-').replace(/[,%+]/g, '').trim();
  return plain === '' || isNaN(+plain) ? null : +plain;
};
for (const table of main.querySelectorAll('table.table')) {
  const body = table.tBodies[0], original = [...body.rows];
  if (original.length < 3 || !table.tHead.querySelector('.n')) continue;
  for (const head of table.tHead.querySelectorAll('th')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'sort';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const state = head.getAttribute('aria-sort');
      const next = state === null ? 'descending' : state === 'descending' ? 'ascending' : null;
      for (const other of table.tHead.querySelectorAll('th')) other.removeAttribute('aria-sort');
      if (next) head.setAttribute('aria-sort', next);
      const column = head.cellIndex, numbers = head.classList.contains('n');
      const key = row => numbers ? amount(row.cells[column].textContent) : row.cells[column].textContent;
      const turn = next === 'descending' ? -1 : 1;
      const order = next === null ? original : [...original].sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === null || y === null) return (x === null) - (y === null);
        return turn * (numbers ? x - y : x.localeCompare(y));
      });
      body.append(...order);
    });
  }
}

// ---- light and dark
const theme = main.querySelector('.theme');
const system = matchMedia('(prefers-color-scheme: dark)');
const dark = () => (document.documentElement.dataset.theme || (system.matches ? 'dark' : 'light')) === 'dark';
const name = () => { theme.textContent = dark() ? 'Light colours' : 'Dark colours'; };
theme.addEventListener('click', () => { document.documentElement.dataset.theme = dark() ? 'light' : 'dark'; name(); });
system.addEventListener('change', name);
theme.hidden = false;
name();

// ---- the table of contents says where one is
const links = new Map([...main.querySelectorAll('.contents a')].map(link => [link.hash.slice(1), link]));
const seen = new IntersectionObserver(() => {
  const sections = [...main.querySelectorAll('section.chapter')];
  const above = sections.filter(section => section.getBoundingClientRect().top < innerHeight * 0.35);
  const current = (above.at(-1) || sections[0]).id;
  for (const [id, link] of links) {
    if (id === current) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
}, { threshold: [0, 0.01, 0.1, 0.25, 0.5, 1], rootMargin: '0px 0px -60% 0px' });
for (const section of main.querySelectorAll('section.chapter')) seen.observe(section);
addEventListener('beforeprint', () => {
  for (const text of main.querySelectorAll('.texts li:nth-child(-n+20) .text')) paint(text);
});
})();
