import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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
const limits = { maxBytes, maxTargets };

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const heapInUse = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};
const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

// what the first inputs leave is code
fuzzEvents({ runs: 10_000, seed, limits });
const heapAtFirst = heapInUse();
const begun = performance.now();
const { ends, signed, thrown, broken, largestHeapBytes } = fuzzEvents({ runs, seed, limits });
const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
const growth = heapInUse() - heapAtFirst;
const counts = Object.entries(ends).map(([end, count]) => `${end} ${count}`);
process.stdout.write(
  `${runs} events in ${seconds} s, seed ${seed}: ${counts.join(', ')}; ${signed} signed; ` +
    `${thrown.length} thrown, ${broken.length} broken; ` +
    `heap ${megabytes(largestHeapBytes)} MB at most, ${megabytes(growth)} MB more than at first\n`,
);
for (const line of [...thrown, ...broken].slice(0, 10)) process.stdout.write(`${line}\n`);
process.exitCode = thrown.length + broken.length > 0 ? 1 : 0;
