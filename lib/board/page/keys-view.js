import { openEntry } from './act.js';
import { h, table, text } from './elements.js';
import { state } from './state.js';
import { fine, number, span } from './words.js';

export function keysView() {
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
