export interface Series {
  name: string;
  /** A CSS class that gives the line its colour. */
  style: string;
  /** Ordered by x. */
  points: readonly (readonly [x: number, y: number])[];
}

/** A stretch of the x axis that something is to be said of. */
export interface Band {
  name: string;
  from: number;
  until: number;
}

export interface LineChart {
  title: string;
  xLabel: string;
  yLabel: string;
  series: readonly Series[];
  bands?: readonly Band[];
}

const WIDTH = 720;
const HEIGHT = 300;
const EDGE = { left: 64, right: 120, top: 16, bottom: 44 };
const PLOT = { width: WIDTH - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom };

/** A line chart as an SVG element, each line named at its end. */
export function lineChart({ title, xLabel, yLabel, series, bands = [] }: LineChart): string {
  const xTicks = ticks(Math.max(0, ...series.flatMap(({ points }) => points.map(([x]) => x))));
  const yTicks = ticks(Math.max(0, ...series.flatMap(({ points }) => points.map(([, y]) => y))));
  const x = (value: number) => round(EDGE.left + (value / last(xTicks)) * PLOT.width);
  const y = (value: number) => round(EDGE.top + PLOT.height - (value / last(yTicks)) * PLOT.height);
  const bottom = EDGE.top + PLOT.height;
  const middle = EDGE.top + PLOT.height / 2;

  const stretches = bands.map(
    ({ name, from, until }) =>
      `<rect class="band" x="${x(from)}" width="${round(x(until) - x(from))}" y="${EDGE.top}" height="${PLOT.height}"/>` +
      `<text class="tick" x="${x(from) + 4}" y="${EDGE.top + 12}">${name}</text>`,
  );
  const grid = yTicks.map(
    (tick) =>
      `<line class="grid" x1="${EDGE.left}" x2="${EDGE.left + PLOT.width}" y1="${y(tick)}" y2="${y(tick)}"/>` +
      `<text class="tick" text-anchor="end" x="${EDGE.left - 8}" y="${y(tick) + 4}">${tick.toLocaleString('en')}</text>`,
  );
  const axis = xTicks.map(
    (tick) => `<text class="tick" text-anchor="middle" x="${x(tick)}" y="${bottom + 18}">${tick}</text>`,
  );
  const labels = endLabels(series, y);
  const lines = series.map(({ name, style, points }, index) => {
    const path = points.map(([px, py], point) => `${point === 0 ? 'M' : 'L'}${x(px)} ${y(py)}`).join('');
    const [endX, endY] = points.at(-1) ?? [0, 0];
    return (
      `<path class="line ${style}" d="${path}"/><circle class="end ${style}" cx="${x(endX)}" cy="${y(endY)}" r="4"/>` +
      `<text class="name" x="${x(endX) + 10}" y="${labels[index] ?? 0}">${name}</text>`
    );
  });
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
    ${[...stretches, ...grid].join('\n    ')}
    ${axis.join('\n    ')}
    <text class="tick" text-anchor="middle" x="${EDGE.left + PLOT.width / 2}" y="${HEIGHT - 6}">${xLabel}</text>
    <text class="tick" text-anchor="middle" transform="rotate(-90 14 ${middle})" x="14" y="${middle}">${yLabel}</text>
    ${lines.join('\n    ')}
  </svg>`;
}

/** Where the names stand: at the end of their lines, or apart if those end close together. */
function endLabels(series: readonly Series[], y: (value: number) => number): number[] {
  const wanted = series.map(({ points }) => y(points.at(-1)?.[1] ?? 0) + 4);
  const [first = 0, second] = wanted;
  if (second === undefined || Math.abs(first - second) >= 18) return wanted;
  return first <= second ? [first - 9, second + 9] : [first + 9, second - 9];
}

/** Round numbers from 0 to at least `max`. */
function ticks(max: number): number[] {
  const rough = Math.max(max, Number.EPSILON) / 5;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = magnitude * ([1, 2, 5, 10].find((factor) => factor * magnitude >= rough) ?? 10);
  const count = Math.ceil(max / step);
  return Array.from({ length: Math.max(1, count) + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}

const last = (values: readonly number[]): number => values.at(-1) ?? 1;
const round = (value: number): number => Math.round(value * 10) / 10;
