import { act } from './act.js';
import { facts, h, table, tags, text } from './elements.js';
import { may, state } from './state.js';
import { clock, number, span } from './words.js';

export function journalView() {
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
