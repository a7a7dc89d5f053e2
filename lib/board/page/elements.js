// Elements. Everything that comes from a cache is put in as text and as nothing else.
import { shortened, visible } from './words.js';

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

export const text = (value, most) => {
  const seen = visible(value);
  return h(
    'bdi',
    { class: 'code', ...(seen.length > (most ?? 200) && { title: shortened(seen, 2_000) }) },
    shortened(seen, most),
  );
};

export const tags = (list, more = 0) =>
  h('span', {}, ...list.map((tag) => h('span', { class: 'tag' }, text(tag))), more > 0 && ` and ${more} more`);

export function setText(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/** A table whose rows stay where they are while their numbers change, so that nobody loses the focus. */
export function table(caption, columns, empty = 'Nothing yet.') {
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

/** Terms and what is said of them; kept, so that only texts change. */
export function facts() {
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

export const tile = (name) => {
  const value = h('b', {}, '–');
  const element = h('div', { class: 'tile' }, value, name);
  return { element, update: (said) => setText(value, said) };
};
