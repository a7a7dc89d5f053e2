// What the page knows, and how it is kept up to date.

const meta = (name) => document.querySelector(`meta[name="${name}"]`).content;

export const base = meta('board-base');

export const token = meta('board-token');

/** Names that come from outside can't be mistaken for what every object has. */
export const bare = () => Object.create(null);

export const state = { about: undefined, now: undefined, caches: bare(), processes: bare(), history: {}, records: [] };

const MOST_RECORDS = 200;

const MOST_SAMPLES = 300;

const SAMPLE_EVERY_MS = 2_000;

export const may = (action) => state.about?.actions.includes(action) ?? false;

const nameOf = ({ epoch, position }) => `${String(epoch)} ${String(position)}`;

export function merge(sections) {
  for (const [name, section] of Object.entries(sections)) {
    const colon = name.indexOf(':');
    const group = colon > 0 ? { cache: state.caches, process: state.processes }[name.slice(0, colon)] : undefined;
    if (group !== undefined) {
      if (section === null) delete group[name.slice(colon + 1)];
      else group[name.slice(colon + 1)] = section;
    } else if (name === 'records') {
      const known = new Set(state.records.map(nameOf));
      const fresh = section.filter((record) => !known.has(nameOf(record)));
      state.records = [...state.records, ...fresh].slice(-MOST_RECORDS);
    } else state[name] = section;
  }
}

export function sample() {
  const at = Date.now();
  for (const [name, { reads, hits, loads, loadMs }] of Object.entries(state.caches)) {
    const samples = (state.history[name] ??= []);
    if (samples.length > 0 && at - samples.at(-1)[0] < SAMPLE_EVERY_MS) continue;
    samples.push([at, reads, hits, loads, loadMs]);
    if (samples.length > MOST_SAMPLES) samples.shift();
  }
}
