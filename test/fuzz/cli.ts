import { parseArgs } from 'node:util';
import { EVENTS_DEFAULTS } from '../../lib/events/resolve-events-options.js';
import { fuzzEvents } from './fuzz-events.js';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
});
const [runs, seed] = [Number(values.runs), Number(values.seed)];
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) {
  throw new Error('--runs and --seed take whole numbers');
}
const { maxBytes, maxTargets } = EVENTS_DEFAULTS;
const begun = performance.now();
const { ends, thrown, broken, largestHeapBytes } = fuzzEvents({ runs, seed, limits: { maxBytes, maxTargets } });
const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
const counts = Object.entries(ends).map(([end, count]) => `${end} ${count}`);
process.stdout.write(
  `${runs} events in ${seconds} s, seed ${seed}: ${counts.join(', ')}; ${thrown.length} thrown, ${broken.length} broken; ` +
    `heap ${(largestHeapBytes / 2 ** 20).toFixed(0)} MB at most\n`,
);
for (const line of [...thrown, ...broken].slice(0, 10)) process.stdout.write(`${line}\n`);
process.exitCode = thrown.length + broken.length > 0 ? 1 : 0;
