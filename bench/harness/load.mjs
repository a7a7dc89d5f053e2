import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CONNECTIONS = 32;

/**
 * Requests over keep-alive connections of another process, as fast as they are answered (wrk).
 * @returns µs a request, and µs of this process's processor time a request
 */
export async function load(url, { seconds, headers = {} }) {
  const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const cpu = process.cpuUsage();
  let output;
  try {
    ({ stdout: output } = await run('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, ...fields, url]));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    throw new Error('wrk is not on the PATH: apt-get install wrk', { cause: error });
  }
  const { user, system } = process.cpuUsage(cpu);
  const requests = Number(/(\d+) requests in/.exec(output)[1]);
  const errors = /Socket errors: .*|Non-2xx or 3xx responses: .*/.exec(output);
  if (errors !== null) throw new Error(errors[0]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)[1]);
  return { wallUs: 1e6 / perSecond, cpuUs: (user + system) / requests };
}
