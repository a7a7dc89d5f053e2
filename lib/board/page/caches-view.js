// Each view is made once, when it is opened, and told when something has changed.
import { announce, clearCache } from './act.js';
import { chart, course } from './chart.js';
import { h, table, text, tile } from './elements.js';
import { may, state } from './state.js';
import { bytes, fine, number, percent, savedMs, span, visible } from './words.js';

export function cachesView() {
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
  const reads = chart('Reads a second', number);
  const loads = chart('Loads a second', (value) => fine.format(value));
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
