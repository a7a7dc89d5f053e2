// Lines over time.
import { h, setText } from './elements.js';
import { span } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';

export function chart(title, format) {
  const line = document.createElementNS(SVG, 'path');
  const area = document.createElementNS(SVG, 'path');
  area.setAttribute('class', 'area');
  const svg = document.createElementNS(SVG, 'svg');
  for (const [name, value] of [
    ['viewBox', '0 0 300 100'],
    ['preserveAspectRatio', 'none'],
    ['role', 'img'],
  ])
    svg.setAttribute(name, value);
  svg.append(area, line);
  const last = h('span');
  const element = h('figure', {}, svg, h('figcaption', {}, h('span', {}, title), last));
  /** @param points [at, value] in their order, `most` the top of the scale */
  const update = (points, most = Math.max(...points.map(([, value]) => value))) => {
    const from = points[0]?.[0] ?? 0;
    const length = Math.max(1, (points.at(-1)?.[0] ?? 1) - from);
    const places = points.map(
      ([at, value]) => `${((300 * (at - from)) / length).toFixed(1)} ${(96 - (92 * value) / (most || 1)).toFixed(1)}`,
    );
    const path = places.length > 1 ? `M${places.join('L')}` : '';
    line.setAttribute('d', path);
    area.setAttribute('d', path === '' ? '' : `${path}L300 100L0 100Z`);
    const newest = points.length > 0 ? format(points.at(-1)[1]) : 'no data yet';
    setText(last, `${newest} now, ${points.length > 0 ? format(most) : '–'} at most`);
    svg.setAttribute('aria-label', `${title}, the last ${span(length)}: ${newest} now`);
  };
  return { element, update };
}

/** Differences of samples that follow one another, as [at, value]. */
export function course(samples, value) {
  const points = [];
  for (let index = 1; index < samples.length; index++) {
    const [at, ...now] = samples[index];
    const [before, ...old] = samples[index - 1];
    const [reads, hits, loads, loadMs] = now.map((count, place) => Math.max(0, count - old[place]));
    points.push([at, value({ reads, hits, loads, loadMs, seconds: (at - before) / 1_000 || 1 })]);
  }
  return points;
}
