// Writes the figures of results/ into docs/performance.md, between its two markers.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { formatted } from './harness/report.mjs';
import { scenarios } from './scenarios/index.mjs';

const PAGE = new URL('../docs/performance.md', import.meta.url);
const BEGIN = '<!-- figures: written by `npm run publish-figures` in bench/ -->';
const END = '<!-- end of figures -->';

const row = (cells) => `| ${cells.join(' | ')} |`;

function cellOf(figure, ceiling) {
  if (figure === undefined) return '';
  const [least, largest] = [formatted(figure.min, ceiling), formatted(figure.max, ceiling)];
  return least === largest ? least : `**${least}** … ${largest}`;
}

function table({ figures: units, results }, { base, ceiling }) {
  const names = Object.keys(units);
  const [first] = names;
  const reference = results[base]?.figures?.[first].min;
  const heads = ['', ...names.map((name) => units[name]), ...(reference === undefined ? [] : ['ratio'])];
  const rows = Object.entries(results).map(([id, { label, figures, failed }]) => {
    if (failed !== undefined) return row([label, 'did not run']);
    const cells = names.map((name) => cellOf(figures[name], ceiling));
    const ratio = id === base ? '1' : (figures[first].min / reference).toFixed(2);
    return row([label, ...cells, ...(reference === undefined ? [] : [ratio])]);
  });
  return [row(heads), row(heads.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows].join('\n');
}

function aimLine({ text, value, met }) {
  if (met === undefined) return `- ${text}: ${value === undefined ? 'not measured' : formatted(value)}`;
  return `- ${text}: ${value === undefined ? '' : `${formatted(value)}, `}${met ? 'met' : '**missed**'}`;
}

function section(scenario) {
  const file = new URL(`results/${scenario.name}.json`, import.meta.url);
  if (!existsSync(file)) return `### ${scenario.title}\n\nNot measured.`;
  const saved = JSON.parse(readFileSync(file, 'utf8'));
  const aims = saved.aims.length === 0 ? '' : `\n\nAims:\n\n${saved.aims.map(aimLine).join('\n')}`;
  const { node, loadAverage } = saved.machine;
  const measured = `Node ${node.slice(1)}, ${saved.rounds} rounds, load average ${loadAverage[0]}; least … largest of the rounds.`;
  return `### ${scenario.title}\n\n${measured}\n\n${table(saved, scenario)}${aims}`;
}

function setting() {
  const first = scenarios
    .map(({ name }) => new URL(`results/${name}.json`, import.meta.url))
    .find((file) => existsSync(file));
  const { machine, versions } = JSON.parse(readFileSync(first, 'utf8'));
  const { cpu, cores, memoryGb, system } = machine;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Measured on: ${cpu}, ${cores} cores, ${memoryGb} GB, ${system}.\n\nWith: ${packages.join(', ')}.`;
}

const page = readFileSync(PAGE, 'utf8');
const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
if (before < 0 || after < before) throw new Error(`docs/performance.md has to hold the lines ${BEGIN} and ${END}`);
const figures = [setting(), ...scenarios.map(section)].join('\n\n');
writeFileSync(PAGE, `${page.slice(0, before)}${BEGIN}\n\n${figures}\n\n${page.slice(after)}`);
