import 'reflect-metadata';
import { HELP, readCommandLine, type Settings } from './command-line.js';
import { compare, say } from './compare.js';
import { distributedSetup } from './distributed/distributed-setup.js';
import { fleetSetup } from './fleet/fleet-setup.js';
import { portsFrom } from './fleet/shop-fleet.js';
import { isFree } from './free-port.js';
import type { Setup } from './setup.js';
import { shopSetup } from './shop-setup.js';

async function main(settings: Settings): Promise<void> {
  const port = await choosePort(settings);
  await compare(await setupOf({ ...settings, port }), settings);
}

async function setupOf(settings: Settings): Promise<Setup> {
  if (settings.distributed) return distributedSetup(settings);
  if (settings.redis) return fleetSetup(settings.port);
  return shopSetup(settings.port);
}

/** A taken port is no reason not to measure; only the tour needs the one that was asked for. */
async function choosePort({ once, port, redis }: Settings): Promise<number> {
  for (const wanted of port === 0 ? [] : redis ? portsFrom(port) : [port]) {
    if (await isFree(wanted)) continue;
    if (once) return 0;
    throw new Error(`Port ${wanted} is taken: free it, or choose another one with --port`);
  }
  return port;
}

try {
  const settings = readCommandLine(process.argv.slice(2));
  if (settings.help) say(HELP);
  else await main(settings);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
