// The page of the board.
import { cachesView } from './caches-view.js';
import { setText } from './elements.js';
import { entryView } from './entry-view.js';
import { journalView } from './journal-view.js';
import { keysView } from './keys-view.js';
import { processesView } from './processes-view.js';
import { bare, base, merge, sample, state } from './state.js';
import { visible } from './words.js';
import { workView } from './work-view.js';

const main = document.querySelector('#main');

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
