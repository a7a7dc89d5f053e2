// What can be done, asked twice.
import { setText, text } from './elements.js';
import { base, token } from './state.js';
import { visible } from './words.js';

let silence;

export function announce(message) {
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

export async function act(wish, title, about, label) {
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

export const clearCache = (cache) =>
  act(
    { action: 'clear', cache },
    'Clear a cache?',
    ['Every entry of ', text(cache), ' becomes a miss, in all processes.'],
    'Clear',
  );

export const resend = (cache, ids) =>
  act(
    { action: 'resend', cache, ids },
    'Send dead letters again?',
    ['They wait for the sink of ', text(cache), ' once more.'],
    'Resend',
  );

export const openEntry = (cache, key) => {
  location.hash = `#entry?${new URLSearchParams({ cache, key })}`;
};
