import { h, setText, table, text } from './elements.js';
import { state } from './state.js';
import { bytes, number, percent, span } from './words.js';

export function processesView() {
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
      name: 'Knows',
      value: ([, process]) => known(process),
      kind: ([, process]) => (known(process) === 'everything' ? '' : 'soso'),
    },
    {
      name: 'Last heard of',
      isNumber: true,
      value: ([, { silentMs }]) => (silentMs === 0 ? 'just now' : `${span(silentMs)} ago`),
      kind: ([, { silentMs }]) => (silentMs === 0 ? '' : 'soso'),
    },
    {
      name: 'Since',
      value: ([, { startedAt }]) => new Date(startedAt).toISOString().slice(0, 16).replace('T', '\u00a0'),
    },
    { name: 'Waiting', isNumber: true, value: ([, { queued }]) => number(queued) },
    { name: 'Entries', isNumber: true, value: ([, { entries }]) => number(entries) },
    { name: 'Memory', isNumber: true, value: ([, { bytes: size }]) => bytes(size) },
    { name: 'Reads', isNumber: true, value: ([, { reads }]) => number(reads) },
    { name: 'Hit ratio', isNumber: true, value: ([, { hits, reads }]) => percent(hits, reads) },
  ]);
  const newest = () => Math.max(...Object.values(state.processes).map(({ position }) => position));
  const known = ({ epoch, position }) => {
    if (epoch !== state.now.journal.epoch) return 'another epoch';
    return position < newest() ? `up to ${position}` : 'everything';
  };
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
