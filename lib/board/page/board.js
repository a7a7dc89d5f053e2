// The page of the board. Everything that comes from a cache is put in as text and as nothing else.
const meta = (name) => document.querySelector(`meta[name="${name}"]`).content;
const base = meta('board-base');
const token = meta('board-token');
const main = document.querySelector('#main');

/** Names that come from outside can't be mistaken for what every object has. */
const bare = () => Object.create(null);
const state = { about: undefined, now: undefined, caches: bare(), processes: bare(), history: {}, records: [] };
const MOST_RECORDS = 200;
const MOST_SAMPLES = 300;
const SAMPLE_EVERY_MS = 2_000;

// ——— words and numbers ———

/** What can't be seen, or turns around what follows, becomes something to see. */
const visible = (text) =>
  String(text).replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0).toString(16)}}`,
  );
const shortened = (text, most = 200) => (text.length > most ? `${text.slice(0, most)}…` : text);
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const number = (value) => whole.format(value ?? 0);
const percent = (part, all) => (all > 0 ? `${fine.format((100 * part) / all)} %` : '–');
const clock = (at) => new Date(at).toLocaleTimeString('en-GB');
const bytes = (value) => {
  if (value < 1_024) return `${number(value)} B`;
  return value < 1_048_576 ? `${fine.format(value / 1_024)} kB` : `${fine.format(value / 1_048_576)} MB`;
};
function span(ms) {
  const size = Math.abs(ms);
  if (size < 1_000) return `${fine.format(ms)} ms`;
  if (size < 60_000) return `${fine.format(ms / 1_000)} s`;
  if (size < 3_600_000) return `${fine.format(ms / 60_000)} min`;
  return size < 172_800_000 ? `${fine.format(ms / 3_600_000)} h` : `${fine.format(ms / 86_400_000)} days`;
}
/** What the hits would have taken, had they been loads. */
const savedMs = ({ hits, loads, loadMs }) => (loads > 0 ? (hits * loadMs) / loads : 0);

// ——— elements ———

function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}
const text = (value, most) => {
  const seen = visible(value);
  return h(
    'bdi',
    { class: 'code', ...(seen.length > (most ?? 200) && { title: shortened(seen, 2_000) }) },
    shortened(seen, most),
  );
};
const tags = (list, more = 0) =>
  h('span', {}, ...list.map((tag) => h('span', { class: 'tag' }, text(tag))), more > 0 && ` and ${more} more`);

function setText(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/** A table whose rows stay where they are while their numbers change, so that nobody loses the focus. */
function table(caption, columns, empty = 'Nothing yet.') {
  const body = h('tbody');
  const head = columns.map(({ name, isNumber }) => h('th', { scope: 'col', class: isNumber && 'number' }, name));
  const element = h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    h('table', {}, h('caption', {}, caption), h('thead', {}, h('tr', {}, ...head)), body),
  );
  const rows = new Map();
  const none = h('tr', {}, h('td', { colspan: String(columns.length), class: 'dim' }, empty));
  const make = (item) => {
    const cells = columns.map(({ isNumber, isHead }) =>
      h(isHead ? 'th' : 'td', { class: isNumber && 'number', scope: isHead && 'row' }),
    );
    return { cells, row: h('tr', {}, ...cells), said: columns.map(() => undefined), item };
  };
  const fill = (known, item) => {
    known.item = item;
    columns.forEach(({ value, render, kind }, index) => {
      const cell = known.cells[index];
      const said = JSON.stringify(value(item));
      if (kind !== undefined) cell.className = `${kind(item)}${columns[index].isNumber ? ' number' : ''}`;
      if (known.said[index] === said) return;
      known.said[index] = said;
      if (render === undefined) setText(cell, String(value(item)));
      else cell.replaceChildren(render(item, () => known.item));
    });
  };
  const update = (items, keyOf, isChosen = () => false) => {
    const seen = new Set();
    let before;
    for (const item of items) {
      const key = keyOf(item);
      if (seen.has(key)) continue;
      seen.add(key);
      const known = rows.get(key) ?? make(item);
      rows.set(key, known);
      fill(known, item);
      known.row.toggleAttribute('data-chosen', isChosen(item));
      const place = before === undefined ? body.firstChild : before.nextSibling;
      if (known.row !== place) body.insertBefore(known.row, place);
      before = known.row;
    }
    for (const [key, { row }] of rows) {
      if (seen.has(key)) continue;
      row.remove();
      rows.delete(key);
    }
    if (rows.size === 0) body.replaceChildren(none);
    else none.remove();
  };
  return { element, update };
}

const SVG = 'http://www.w3.org/2000/svg';
function chart(title, format) {
  const line = document.createElementNS(SVG, 'path');
  const area = document.createElementNS(SVG, 'path');
  area.setAttribute('class', 'area');
  const svg = document.createElementNS(SVG, 'svg');
  for (const [name, value] of [
    ['viewBox', '0 0 300 100'],
    ['preserveAspectRatio', 'none'],
    ['role', 'img'],
  ])
    svg.setAttribute(name, value);
  svg.append(area, line);
  const last = h('span');
  const element = h('figure', {}, svg, h('figcaption', {}, h('span', {}, title), last));
  /** @param points [at, value] in their order, `most` the top of the scale */
  const update = (points, most = Math.max(...points.map(([, value]) => value))) => {
    const from = points[0]?.[0] ?? 0;
    const length = Math.max(1, (points.at(-1)?.[0] ?? 1) - from);
    const places = points.map(
      ([at, value]) => `${((300 * (at - from)) / length).toFixed(1)} ${(96 - (92 * value) / (most || 1)).toFixed(1)}`,
    );
    const path = places.length > 1 ? `M${places.join('L')}` : '';
    line.setAttribute('d', path);
    area.setAttribute('d', path === '' ? '' : `${path}L300 100L0 100Z`);
    const newest = points.length > 0 ? format(points.at(-1)[1]) : 'no data yet';
    setText(last, `${newest} now, ${points.length > 0 ? format(most) : '–'} at most`);
    svg.setAttribute('aria-label', `${title}, the last ${span(length)}: ${newest} now`);
  };
  return { element, update };
}

// ——— doing ———

const may = (action) => state.about?.actions.includes(action) ?? false;
let silence;
function announce(message) {
  setText(document.querySelector('#announcements'), message);
  clearTimeout(silence);
  silence = setTimeout(() => setText(document.querySelector('#announcements'), ''), 8_000);
}

function confirmed(title, about, label) {
  const dialog = document.querySelector('#confirm');
  setText(document.querySelector('#confirm-title'), title);
  document.querySelector('#confirm-text').replaceChildren(...about);
  setText(document.querySelector('#confirm-yes'), label);
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

async function act(wish, title, about, label) {
  if (!(await confirmed(title, about, label))) return false;
  try {
    const answer = await fetch(`${base}/act`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-cache-board': token },
      body: JSON.stringify(wish),
    });
    const { ok, message } = await answer.json();
    announce(`${label}: ${visible(message)}`);
    return ok;
  } catch {
    announce(`${label}: there was no answer`);
    return false;
  }
}
const clearCache = (cache) =>
  act(
    { action: 'clear', cache },
    'Clear a cache?',
    ['Every entry of ', text(cache), ' becomes a miss, in all processes.'],
    'Clear',
  );
const resend = (cache, ids) =>
  act(
    { action: 'resend', cache, ids },
    'Send dead letters again?',
    ['They wait for the sink of ', text(cache), ' once more.'],
    'Resend',
  );
const openEntry = (cache, key) => {
  location.hash = `#entry?${new URLSearchParams({ cache, key })}`;
};

// ——— views: each is made once, when it is opened, and told when something has changed ———

const tile = (name) => {
  const value = h('b', {}, '–');
  const element = h('div', { class: 'tile' }, value, name);
  return { element, update: (said) => setText(value, said) };
};

/** Differences of samples that follow one another, as [at, value]. */
function course(samples, value) {
  const points = [];
  for (let index = 1; index < samples.length; index++) {
    const [at, ...now] = samples[index];
    const [before, ...old] = samples[index - 1];
    const [reads, hits, loads, loadMs] = now.map((count, place) => Math.max(0, count - old[place]));
    points.push([at, value({ reads, hits, loads, loadMs, seconds: (at - before) / 1_000 || 1 })]);
  }
  return points;
}

function cachesView() {
  let chosen;
  const names = () => Object.keys(state.caches);
  const tiles = ['hit ratio', 'time saved', 'reads', 'loads', 'entries in memory', 'memory', 'loads under way'].map(
    tile,
  );
  const list = table('Caches of this process', [
    {
      name: 'Cache',
      isHead: true,
      value: ([name]) => name,
      render: ([name]) => h('button', { type: 'button', class: 'link', onclick: () => choose(name) }, text(name)),
    },
    {
      name: 'Tiers',
      value: ([name]) => (state.about.caches[name]?.tiers ?? []).join(' and ') || 'none',
    },
    { name: 'TTL', isNumber: true, value: ([name]) => span(state.about.caches[name]?.ttlMs ?? 0) },
    { name: 'Entries', isNumber: true, value: ([, { entries }]) => number(entries) },
    { name: 'Reads', isNumber: true, value: ([, { reads }]) => number(reads) },
    { name: 'Hit ratio', isNumber: true, value: ([, { hits, reads }]) => percent(hits, reads) },
    { name: 'Loads', isNumber: true, value: ([, { loads }]) => number(loads) },
    {
      name: 'Failed',
      isNumber: true,
      value: ([, { loadErrors }]) => number(loadErrors),
      kind: ([, { loadErrors }]) => (loadErrors > 0 ? 'bad' : ''),
    },
    { name: 'Mean load', isNumber: true, value: ([, { loads, loadMs }]) => (loads > 0 ? span(loadMs / loads) : '–') },
    { name: 'Time saved', isNumber: true, value: ([, cache]) => span(savedMs(cache)) },
  ]);
  const heading = h('h2', { id: 'over-time' });
  const clear = h('button', { type: 'button', class: 'danger', onclick: () => clearCache(chosen) }, 'Clear this cache');
  const buttons = h('div', { class: 'buttons' }, clear);
  const ratio = chart('Hit ratio', (value) => `${fine.format(100 * value)} %`);
  const reads = chart('Reads a second', fine.format);
  const loads = chart('Loads a second', fine.format);
  const times = chart('Mean time of a load', span);
  const saved = chart('Time saved a second', span);
  const outcomes = table('How its reads ended', [
    { name: 'Outcome', isHead: true, value: ([name]) => name },
    { name: 'Reads', isNumber: true, value: ([, count]) => number(count) },
  ]);
  const charts = h('div', { class: 'charts' }, ...[ratio, reads, loads, times, saved].map(({ element }) => element));
  const choose = (name) => {
    chosen = name;
    update();
    announce(`Showing ${visible(name)}`);
  };
  const update = () => {
    const all = Object.values(state.caches);
    const sum = (field) => all.reduce((total, cache) => total + cache[field], 0);
    const sums = [
      percent(sum('hits'), sum('reads')),
      span(all.reduce((total, cache) => total + savedMs(cache), 0)),
      number(sum('reads')),
      number(sum('loads')),
      number(state.now?.memory.entries),
      bytes(state.now?.memory.bytes ?? 0),
      number(state.now?.flights),
    ];
    tiles.forEach(({ update: say }, index) => say(sums[index]));
    if (chosen === undefined || !(chosen in state.caches)) chosen = names()[0];
    list.update(
      Object.entries(state.caches),
      ([name]) => name,
      ([name]) => name === chosen,
    );
    buttons.hidden = !may('clear') || chosen === undefined;
    if (chosen === undefined) return;
    heading.replaceChildren(text(chosen), ' over time');
    const samples = state.history[chosen] ?? [];
    let known = 0;
    ratio.update(
      course(samples, ({ reads: all, hits }) => (known = all > 0 ? hits / all : known)),
      1,
    );
    reads.update(course(samples, ({ reads: count, seconds }) => count / seconds));
    loads.update(course(samples, ({ loads: count, seconds }) => count / seconds));
    times.update(course(samples, ({ loads: count, loadMs }) => (count > 0 ? loadMs / count : 0)));
    const { loads: count, loadMs } = state.caches[chosen];
    const mean = count > 0 ? loadMs / count : 0;
    saved.update(course(samples, ({ hits, seconds }) => (hits * mean) / seconds));
    outcomes.update(Object.entries(state.caches[chosen].outcomes), ([name]) => name);
  };
  const element = h(
    'div',
    {},
    h('div', { class: 'tiles' }, ...tiles.map(({ element: each }) => each)),
    h('h2', {}, 'All caches'),
    list.element,
    heading,
    charts,
    buttons,
    h('h2', {}, 'Outcomes'),
    outcomes.element,
  );
  return { element, update };
}

/** Terms and what is said of them; kept, so that only texts change. */
function facts() {
  const element = h('dl');
  const known = new Map();
  const update = (entries) => {
    for (const [name, value, kind] of entries) {
      let place = known.get(name);
      if (place === undefined) {
        place = h('dd');
        known.set(name, place);
        element.append(h('dt', {}, name), place);
      }
      place.className = kind ?? '';
      if (value instanceof Node) place.replaceChildren(value);
      else setText(place, String(value));
    }
  };
  return { element, update };
}

function journalView() {
  const status = facts();
  const list = table(
    'Invalidations, newest first',
    [
      { name: 'Position', isNumber: true, isHead: true, value: ({ position }) => String(position) },
      { name: 'At', value: ({ at }) => clock(at) },
      { name: 'Tags', value: ({ tags: list }) => list, render: ({ tags: list, more }) => tags(list, more) },
    ],
    'No invalidation since this process started.',
  );
  const field = h('input', { name: 'tags', autocomplete: 'off', spellcheck: 'false', required: true });
  const form = h(
    'form',
    {
      class: 'row',
      onsubmit: (event) => {
        event.preventDefault();
        const wanted = field.value.split(/\s+/u).filter((tag) => tag !== '');
        if (wanted.length === 0) return;
        void act({ action: 'invalidate', tags: wanted }, 'Invalidate tags?', [tags(wanted)], 'Invalidate').then(
          (ok) => {
            if (ok) field.value = '';
          },
        );
      },
    },
    h('label', { class: 'wide' }, 'Tags to invalidate, separated by spaces', field),
    h('button', { class: 'danger' }, 'Invalidate'),
  );
  const update = () => {
    const { journal } = state.now;
    status.update([
      ['Trust', journal.trusted ? 'trusted' : 'in doubt', journal.trusted ? 'good' : 'bad'],
      ['Kind', journal.kind],
      ['Position', String(journal.position)],
      ['Epoch', text(journal.epoch)],
      ['Lag', span(journal.lag)],
      ['Floor', String(journal.floor)],
      ['Waiting to be sent', number(journal.queued), journal.queued > 0 ? 'bad' : ''],
      ['Tags remembered', number(journal.rememberedTags)],
      ...(journal.shared === undefined
        ? []
        : [
            ['Records are pushed', journal.shared.following ? 'yes' : 'no', journal.shared.following ? '' : 'soso'],
            [
              'Doubts',
              `${journal.shared.doubts}${journal.shared.lastDoubt ? `, last: ${journal.shared.lastDoubt}` : ''}`,
            ],
          ]),
    ]);
    form.hidden = !may('invalidate');
    list.update(state.records.toReversed(), ({ epoch, position }) => `${epoch} ${position}`);
  };
  const element = h('div', {}, h('h2', {}, 'Journal'), status.element, form, list.element);
  return { element, update };
}

function processesView() {
  const list = table('Processes that have this board', [
    {
      name: 'Process',
      isHead: true,
      value: ([, { host, pid, isThis }]) => [host, pid, isThis],
      render: ([, { host, pid, isThis }]) => h('span', {}, text(`${host} ${pid}`), isThis && ' (this one)'),
    },
    {
      name: 'Trust',
      value: ([, { trusted }]) => (trusted ? 'trusted' : 'in doubt'),
      kind: ([, { trusted }]) => (trusted ? 'good' : 'bad'),
    },
    { name: 'Lag', isNumber: true, value: ([, { lag }]) => span(lag) },
    {
      name: 'Behind',
      isNumber: true,
      value: ([, { position }]) => number(Math.max(0, furthest() - position)),
    },
    {
      name: 'Last heard of',
      isNumber: true,
      value: ([, { silentMs }]) => (silentMs === 0 ? 'just now' : `${span(silentMs)} ago`),
      kind: ([, { silentMs }]) => (silentMs === 0 ? '' : 'soso'),
    },
    { name: 'Since', value: ([, { startedAt }]) => new Date(startedAt).toISOString().slice(0, 16).replace('T', ' ') },
    { name: 'Waiting', isNumber: true, value: ([, { queued }]) => number(queued) },
    { name: 'Entries', isNumber: true, value: ([, { entries }]) => number(entries) },
    { name: 'Memory', isNumber: true, value: ([, { bytes: size }]) => bytes(size) },
    { name: 'Reads', isNumber: true, value: ([, { reads }]) => number(reads) },
    { name: 'Hit ratio', isNumber: true, value: ([, { hits, reads }]) => percent(hits, reads) },
  ]);
  const furthest = () => Math.max(...Object.values(state.processes).map(({ position }) => position));
  const count = h('p', { class: 'dim' });
  const update = () => {
    const all = Object.entries(state.processes);
    setText(
      count,
      `${all.length} ${all.length === 1 ? 'process' : 'processes'}, ${all.filter(([, { trusted }]) => trusted).length} trusted.`,
    );
    list.update(
      all,
      ([id]) => id,
      ([, { isThis }]) => isThis,
    );
  };
  return { element: h('div', {}, h('h2', {}, 'Processes'), count, list.element), update };
}

function keysView() {
  const hot = table(
    'Keys that are hit most in the memory of this process',
    [
      {
        name: 'Key',
        isHead: true,
        value: ({ cache, key }) => [cache, key],
        render: ({ cache, key }) =>
          h('button', { type: 'button', class: 'link', onclick: () => openEntry(cache, key) }, text(key)),
      },
      { name: 'Cache', value: ({ cache }) => cache, render: ({ cache }) => text(cache) },
      { name: 'Hits a second, about', isNumber: true, value: ({ perSecond }) => fine.format(perSecond) },
    ],
    'No hits in memory lately.',
  );
  const slow = table(
    'Slowest loaders of this process, by their last 256 loads',
    [
      { name: 'Cache', isHead: true, value: ({ cache }) => cache, render: ({ cache }) => text(cache) },
      { name: '95 % take at most', isNumber: true, value: ({ p95Ms }) => span(p95Ms) },
      { name: 'Mean', isNumber: true, value: ({ meanMs }) => span(meanMs) },
      { name: 'Longest', isNumber: true, value: ({ maxMs }) => span(maxMs) },
      { name: 'Loads', isNumber: true, value: ({ of }) => number(of) },
      {
        name: 'Failed',
        isNumber: true,
        value: ({ failed }) => number(failed),
        kind: ({ failed }) => (failed > 0 ? 'bad' : ''),
      },
    ],
    'Nothing was loaded yet.',
  );
  const update = () => {
    hot.update(state.hot, ({ cache, key }) => `${cache} ${key}`);
    slow.update(state.slow, ({ cache }) => cache);
  };
  const element = h('div', {}, h('h2', {}, 'Hottest keys'), hot.element, h('h2', {}, 'Slowest loaders'), slow.element);
  return { element, update };
}

const FRESHNESS = {
  fresh: ['fresh', 'good'],
  revalidate: ['stale, served while it is refreshed', 'soso'],
  fallback: ['stale, served only when loading fails', 'soso'],
  dead: ['stale, never served', 'bad'],
  missing: ['missing', 'bad'],
};

function entryView(parameters) {
  const cacheField = h('select', { name: 'cache' });
  const keyField = h('input', { name: 'key', autocomplete: 'off', spellcheck: 'false' });
  keyField.value = parameters.get('key') ?? '';
  const result = h('div', { 'aria-live': 'polite' });
  const look = async () => {
    const query = new URLSearchParams({ cache: cacheField.value, key: keyField.value });
    try {
      const answer = await fetch(`${base}/entry?${query}`);
      const shown = await answer.json();
      result.replaceChildren(
        ...(answer.ok ? explained(shown, look) : [h('p', { class: 'bad' }, visible(shown.message))]),
      );
    } catch {
      result.replaceChildren(h('p', { class: 'bad' }, 'There was no answer.'));
    }
  };
  const form = h(
    'form',
    {
      class: 'row',
      onsubmit: (event) => {
        event.preventDefault();
        void look();
      },
    },
    h('label', {}, 'Cache', cacheField),
    h('label', { class: 'wide' }, 'Key, as it is written or stored (#n7 is the number 7)', keyField),
    h('button', {}, 'Explain'),
  );
  let named = '';
  const update = () => {
    const names = Object.keys(state.caches);
    if (names.join('\n') === named) return;
    const before = named === '' ? parameters.get('cache') : cacheField.value;
    named = names.join('\n');
    cacheField.replaceChildren(...names.map((name) => h('option', { value: name }, visible(name))));
    if (before !== null && names.includes(before)) cacheField.value = before;
  };
  update();
  if (parameters.has('key')) void look();
  return { element: h('div', {}, h('h2', {}, 'One entry'), form, result), update };
}

function explained({ explanation, journal, tags: list, times, kind, value }, again) {
  const { cache, key, tier, freshness, reason, invalidatedBy } = explanation;
  const [word, colour] = FRESHNESS[freshness];
  const about = facts();
  about.update([
    ['Key as stored', text(key, 2_000)],
    ['State', word, colour],
    ['Why', visible(reason)],
    ['Found in', tier === 'shared' ? 'Redis' : tier],
    ...(explanation.bytes === undefined ? [] : [['Takes', bytes(explanation.bytes)]]),
    ...(times === undefined
      ? []
      : [
          [
            'TTL left',
            explanation.expiresInMs > 0
              ? span(explanation.expiresInMs)
              : `none, it expired ${span(-explanation.expiresInMs)} ago`,
          ],
          ['Of use at most until', `${new Date(times.graceUntil).toISOString()} (grace)`],
          ['True at least', `${span(explanation.ageMs)} ago`],
          ['Its load took', span(times.costMs)],
          ['Holds', kind],
          ['Loaded at position', `${explanation.position} of epoch ${visible(explanation.epoch)}`],
        ]),
    [
      'This process knows up to',
      `${journal.applied} of epoch ${visible(journal.epoch)}, nothing before ${journal.floor}`,
    ],
    ...(invalidatedBy === undefined
      ? []
      : [
          [
            'Made stale by',
            `the record at ${invalidatedBy.position ?? 'a position to come'}, through ${visible(invalidatedBy.tag)}`,
            'bad',
          ],
        ]),
  ]);
  const rows = table('Its tags, and their last records', [
    { name: 'Tag', isHead: true, value: ({ tag }) => tag, render: ({ tag }) => text(tag) },
    {
      name: 'Last record',
      isNumber: true,
      value: ({ last, lastSoft }) => (Math.max(last, lastSoft) === 0 ? 'none' : String(Math.max(last, lastSoft))),
      kind: ({ last, lastSoft }) => (Math.max(last, lastSoft) > explanation.position ? 'bad' : ''),
    },
  ]);
  rows.update(list, ({ tag }) => tag);
  const button = (action, label, title, effect) =>
    may(action) &&
    h(
      'button',
      {
        type: 'button',
        class: 'danger',
        onclick: () => void act({ action, cache, key }, title, [text(key), effect], label).then((ok) => ok && again()),
      },
      label,
    );
  return [
    about.element,
    h(
      'div',
      { class: 'buttons' },
      button('evict', 'Evict', 'Evict an entry?', ' becomes a miss, in all processes.'),
      button(
        'refresh',
        'Refresh',
        'Refresh an entry?',
        ' counts as just expired: whoever reads it next has it loaded.',
      ),
    ),
    list.length > 0 && rows.element,
    value !== undefined && h('h2', {}, 'Value'),
    value !== undefined && h('pre', { tabindex: '0' }, value.split('\n').map(visible).join('\n')),
  ].filter((each) => each !== false);
}

function workView() {
  const warmers = table(
    'Warmers of this process',
    [
      { name: 'Warmer', isHead: true, value: ([name]) => name, render: ([name]) => text(name) },
      { name: 'Cache', value: ([, { cache }]) => cache, render: ([, { cache }]) => text(cache) },
      { name: 'State', value: ([, { state: word }]) => word },
      { name: 'Runs', isNumber: true, value: ([, { runs }]) => number(runs) },
      { name: 'Loaded', isNumber: true, value: ([, { loaded }]) => number(loaded) },
      {
        name: 'Failed',
        isNumber: true,
        value: ([, { failed }]) => number(failed),
        kind: ([, { failed }]) => (failed > 0 ? 'bad' : ''),
      },
    ],
    'There are none.',
  );
  const queues = table(
    'Caches that are written behind',
    [
      { name: 'Cache', isHead: true, value: ([name]) => name, render: ([name]) => text(name) },
      { name: 'Waiting', isNumber: true, value: ([, { waiting }]) => number(waiting) },
      {
        name: 'Dead letters',
        isNumber: true,
        value: ([, { deadLetters }]) => number(deadLetters),
        kind: ([, { deadLetters }]) => (deadLetters > 0 ? 'bad' : ''),
      },
      { name: 'Written here', isNumber: true, value: ([, { written }]) => number(written) },
      {
        name: 'Last error',
        value: ([, { lastError }]) => lastError ?? '',
        render: ([, { lastError }]) => text(lastError ?? ''),
      },
      {
        name: 'Do',
        value: ([, { deadLetters }]) => deadLetters > 0 && may('resend'),
        render: ([name, { deadLetters }]) =>
          deadLetters > 0 && may('resend')
            ? h('button', { type: 'button', class: 'danger', onclick: () => void resend(name) }, 'Resend all')
            : h('span', { class: 'dim' }, '–'),
      },
    ],
    'There are none.',
  );
  const letters = table(
    'Dead letters, the first twenty of each cache',
    [
      { name: 'Key', isHead: true, value: ({ key }) => key, render: ({ key }) => text(key) },
      { name: 'Cache', value: ({ cache }) => cache, render: ({ cache }) => text(cache) },
      { name: 'Reason', value: ({ reason }) => reason, render: ({ reason }) => text(reason) },
      { name: 'Attempts', isNumber: true, value: ({ attempts }) => number(attempts) },
      {
        name: 'Do',
        value: () => may('resend'),
        render: ({ cache, id }) =>
          may('resend')
            ? h('button', { type: 'button', class: 'danger', onclick: () => void resend(cache, [id]) }, 'Resend')
            : h('span', { class: 'dim' }, '–'),
      },
    ],
    'There are none.',
  );
  const audit = table(
    'What was done from the board of this process',
    [
      { name: 'At', isHead: true, value: ({ at }) => clock(at) },
      { name: 'Action', value: ({ action }) => action, render: ({ action }) => text(action) },
      {
        name: 'On',
        value: ({ cache, key, tags: list }) => [cache, key, list],
        render: ({ cache, key, tags: list }) => text([cache, key, ...(list ?? [])].filter(Boolean).join(' ')),
      },
      { name: 'By', value: ({ by }) => by ?? '', render: ({ by }) => text(by ?? 'somebody') },
      {
        name: 'Outcome',
        value: ({ outcome }) => outcome,
        kind: ({ outcome }) => (outcome === 'done' ? 'good' : 'bad'),
      },
      { name: 'Detail', value: ({ detail }) => detail, render: ({ detail }) => text(detail) },
    ],
    'Nothing.',
  );
  const update = () => {
    warmers.update(Object.entries(state.warmers.warmers), ([name]) => name);
    queues.update(Object.entries(state.queues), ([name]) => name);
    const dead = Object.entries(state.queues).flatMap(([cache, queue]) =>
      queue.letters.map((letter) => ({ cache, ...letter })),
    );
    letters.update(dead, ({ cache, id }) => `${cache} ${id}`);
    audit.update(
      state.audit.map((entry, index) => ({ ...entry, index })).toReversed(),
      ({ at, index }) => `${at} ${index}`,
    );
  };
  const parts = [
    ['Warming', warmers],
    ['Writes on their way', queues],
    ['Dead letters', letters],
    ['Audit', audit],
  ];
  const element = h('div', {}, ...parts.flatMap(([name, part]) => [h('h2', {}, name), part.element]));
  return { element, update };
}

// ——— the page ———

const VIEWS = {
  caches: ['Caches', cachesView],
  journal: ['Journal', journalView],
  processes: ['Processes', processesView],
  keys: ['Hot and slow', keysView],
  entry: ['One entry', entryView],
  work: ['Work', workView],
};
let view;
let isPaused = false;

function open() {
  if (state.about === undefined) return;
  const [name, query] = location.hash.slice(1).split('?', 2);
  const known = Object.hasOwn(VIEWS, name) ? name : 'caches';
  const [title, make] = VIEWS[known];
  view = make(new URLSearchParams(query));
  main.replaceChildren(view.element);
  view.update();
  document.title = `${title} – ${visible(state.about.namespace)}`;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${known}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

function merge(sections) {
  for (const [name, section] of Object.entries(sections)) {
    const colon = name.indexOf(':');
    const group = colon > 0 ? { cache: state.caches, process: state.processes }[name.slice(0, colon)] : undefined;
    if (group !== undefined) {
      if (section === null) delete group[name.slice(colon + 1)];
      else group[name.slice(colon + 1)] = section;
    } else if (name === 'records') {
      const known = new Set(state.records.map(({ epoch, position }) => `${epoch} ${position}`));
      const fresh = section.filter(({ epoch, position }) => !known.has(`${epoch} ${position}`));
      state.records = [...state.records, ...fresh].slice(-MOST_RECORDS);
    } else state[name] = section;
  }
}

function sample() {
  const at = Date.now();
  for (const [name, { reads, hits, loads, loadMs }] of Object.entries(state.caches)) {
    const samples = (state.history[name] ??= []);
    if (samples.length > 0 && at - samples.at(-1)[0] < SAMPLE_EVERY_MS) continue;
    samples.push([at, reads, hits, loads, loadMs]);
    if (samples.length > MOST_SAMPLES) samples.shift();
  }
}

function connection(words, isBad) {
  const place = document.querySelector('#connection');
  place.classList.toggle('bad', isBad);
  setText(place, words);
}

function listen() {
  const source = new EventSource(`${base}/live`);
  source.addEventListener('open', () => connection('Live', false));
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) {
      connection('Not connected; trying again …', true);
      setTimeout(listen, 3_000);
    } else connection('Connecting again …', false);
  });
  source.addEventListener('whole', ({ data }) => {
    const sections = JSON.parse(data);
    state.caches = bare();
    state.processes = bare();
    state.records = [];
    merge(sections);
    const isFirst = view === undefined;
    setText(document.querySelector('#namespace'), visible(state.about.namespace));
    if (isFirst) open();
    else if (!isPaused) view.update();
  });
  source.addEventListener('changes', ({ data }) => {
    merge(JSON.parse(data));
    sample();
    if (!isPaused) view?.update();
  });
}

document.querySelector('#pause').addEventListener('click', ({ currentTarget }) => {
  isPaused = !isPaused;
  currentTarget.setAttribute('aria-pressed', String(isPaused));
  if (!isPaused) view?.update();
});
addEventListener('hashchange', () => {
  if (location.hash === '#main') main.focus();
  else open();
});
listen();
