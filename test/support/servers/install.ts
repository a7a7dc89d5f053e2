import { execFile } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

export type ServerFlavour = 'redis' | 'valkey';

/** A program that tests start, and how the system comes by it. */
export interface Wanted {
  readonly program: string;
  /** Debian's packages. Default: one of the program's name. */
  readonly packages?: readonly string[];
  /** Whether what the program needs beside itself is there. */
  readonly isComplete?: () => boolean;
}

const LOCK = join(tmpdir(), 'test-server-install.lock');
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const run = promisify(execFile);

/** The path of the server's program. Installs Debian's package where that is possible; throws what to type otherwise. */
export const requireServer = async (flavour: ServerFlavour): Promise<string> =>
  requireProgram({ program: `${flavour}-server` });

/** The path of a program. Installs Debian's packages where that is possible; throws what to type otherwise. */
export async function requireProgram({ program, packages = [program], isComplete }: Wanted): Promise<string> {
  const find = (): string | undefined => (isComplete?.() === false ? undefined : findProgram(program));
  const found = find();
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0 || findProgram('apt-get') === undefined) throw missing(program, packages);
  return withLock(async () => {
    const installedMeanwhile = find();
    if (installedMeanwhile !== undefined) return installedMeanwhile;
    say(`${program} is not installed; installing it with apt-get …`);
    const before = new Set(servicesNamed(program));
    await install(packages).catch((error: unknown) => {
      throw missing(program, packages, error);
    });
    // the package may have started its service; these tests start servers of their own
    for (const pid of servicesNamed(program)) if (!before.has(pid)) process.kill(pid, 'SIGTERM');
    const path = find();
    if (path === undefined) throw missing(program, packages);
    say(`${program} is installed: ${path}`);
    return path;
  });
}

export function findProgram(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (folder !== '' && statSync(path).isFile()) return path;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

const say = (line: string) => process.stderr.write(`${line}\n`);

function missing(program: string, packages: readonly string[], cause?: unknown): Error {
  const line = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  const backports =
    program === 'valkey-server' ? ' (Debian 12 has it in bookworm-backports: add -t bookworm-backports)' : '';
  return new Error(
    `${program} isn't installed, or not all of it, and can't be installed from here. Type: sudo ${line}${backports}`,
    {
      cause,
    },
  );
}

async function install(packages: readonly string[]): Promise<void> {
  const fromSystem: string[] = [];
  if (await hasCandidates(packages, fromSystem)) return aptInstall(packages, fromSystem);
  await apt(['update', ...fromSystem]);
  if (await hasCandidates(packages, fromSystem)) return aptInstall(packages, fromSystem);
  // package lists of our own, so that the system's sources stay as they are
  const folder = mkdtempSync(join(tmpdir(), 'apt-'));
  try {
    const options = backportsIn(folder);
    await apt(['update', ...options]);
    await aptInstall(packages, [...options, '-t', `${codename()}-backports`]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function aptInstall(packages: readonly string[], options: readonly string[]): Promise<void> {
  const ways = ['-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=180'];
  await apt(['install', ...ways, ...options, ...packages]);
}

async function apt(args: readonly string[]): Promise<void> {
  say(`apt-get ${args.join(' ')}`);
  // at run level 1 no service is started
  const env = { ...process.env, RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', [...args], { env, timeout: 110_000, maxBuffer: 64 * 1024 * 1024 });
}

async function hasCandidates(packages: readonly string[], options: readonly string[]): Promise<boolean> {
  const each = packages.map(async (name) => {
    const { stdout } = await run('apt-cache', ['policy', ...options, name]);
    return /Candidate: (?!\(none\))\S/.test(stdout);
  });
  return (await Promise.all(each)).every(Boolean);
}

function backportsIn(folder: string): string[] {
  const suite = codename();
  const entry = (name: string) => `deb [signed-by=${KEYRING}] http://deb.debian.org/debian ${name} main\n`;
  const list = join(folder, 'sources.list');
  writeFileSync(list, entry(suite) + entry(`${suite}-backports`));
  mkdirSync(join(folder, 'lists', 'partial'), { recursive: true });
  const settings = {
    'Dir::Etc::SourceList': list,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    // the folder is root's alone, and the user that apt downloads as can't enter it
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(settings).flatMap(([setting, value]) => ['-o', `${setting}=${value}`]);
}

function codename(): string {
  const name = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  if (name === undefined) throw new Error('/etc/os-release names no codename');
  return name;
}

/** Processes of that name that nobody but the system looks after; a server of a test has the test for a parent. */
function servicesNamed(name: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/stat`, 'utf8').startsWith(`${pid} (${name}) `) && parentOf(pid) === 1;
      } catch {
        return false;
      }
    })
    .map(Number);
}

function parentOf(pid: string): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** One installation at a time, whichever process asks; a lock whose owner is gone counts for nothing. */
async function withLock<Result>(act: () => Promise<Result>): Promise<Result> {
  for (let waited = 0; !takeLock(); waited++) {
    if (waited === 0) say('another process is installing a server; waiting for it …');
    await pause(200);
  }
  try {
    return await act();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

function takeLock(): boolean {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  try {
    const owner = Number(readFileSync(LOCK, 'utf8'));
    if (owner > 0) process.kill(owner, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') rmSync(LOCK, { force: true });
  }
  return false;
}
