import { resend } from './act.js';
import { h, table, text } from './elements.js';
import { may, state } from './state.js';
import { clock, number } from './words.js';

export function workView() {
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
