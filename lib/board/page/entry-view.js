import { act } from './act.js';
import { facts, h, table, text } from './elements.js';
import { base, may, state } from './state.js';
import { bytes, span, visible } from './words.js';

const FRESHNESS = {
  fresh: ['fresh', 'good'],
  revalidate: ['stale, served while it is refreshed', 'soso'],
  fallback: ['stale, served only when loading fails', 'soso'],
  dead: ['stale, never served', 'bad'],
  missing: ['missing', 'bad'],
};

export function entryView(parameters) {
  const cacheField = h('select', { name: 'cache' });
  const keyField = h('input', { name: 'key', autocomplete: 'off', spellcheck: 'false' });
  const given = parameters.get('key') ?? '';
  keyField.value = given;
  // a field holds no line breaks, but a key may
  const initial = keyField.value;
  const wanted = () => (keyField.value === initial ? given : keyField.value);
  const result = h('div', { 'aria-live': 'polite' });
  const look = async () => {
    const query = new URLSearchParams({ cache: cacheField.value, key: wanted() });
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
