import { CacheConfigurationError, CacheError } from '../cache.errors.js';
import { isMisspelt } from '../options/option-reader.js';
import { addressOf } from '../redis/ioredis-clients.js';
import { RedisFault } from '../redis/redis-fault.js';
import { CliError, EXIT, redisError, usageError, type ExitCode } from './cli-errors.js';
import type { CliIo } from './cli-io.js';
import { CliServer } from './cli-server.js';
import type { Command } from './command.js';
import { readCommandLine } from './command-line.js';
import { COMMANDS } from './commands.js';
import { helpOf, overview, PROGRAM } from './help.js';
import { Output, wantsColours } from './output.js';
import { Progress } from './progress.js';
import { faultSentence } from './redis-advice.js';
import { targetOf } from './target.js';

/** Runs one command line. Never rejects, and never ends the process. */
export async function runCli(args: readonly string[], io: CliIo): Promise<ExitCode> {
  try {
    return await run(args, io);
  } catch (error) {
    io.stderr.write(`${PROGRAM}: ${sentenceOf(error)}\n`);
    return error instanceof CliError ? error.exitCode : EXIT.redis;
  }
}

async function run([first, ...rest]: readonly string[], io: CliIo): Promise<ExitCode> {
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
    const [name] = rest;
    const command = name === undefined || name.startsWith('-') ? undefined : commandOf(name);
    (first === undefined ? io.stderr : io.stdout).write(command === undefined ? overview(COMMANDS) : helpOf(command));
    return first === undefined ? EXIT.usage : EXIT.ok;
  }
  if (first === '--version') {
    io.stdout.write(`${io.version()}\n`);
    return EXIT.ok;
  }
  const command = commandOf(first);
  const { said, wantsHelp } = readCommandLine(command, rest, io.env);
  if (wantsHelp) {
    io.stdout.write(helpOf(command));
    return EXIT.ok;
  }
  command.check?.(said);
  const target = targetOf(said);
  const out = new Output(io.stdout, said.flag('json'), wantsColours(io.stdout, io.env));
  const progress = new Progress(io);
  const servers: CliServer[] = [];
  const connect = async (): Promise<CliServer> => {
    const server = await CliServer.open(target, io.runtime);
    servers.push(server);
    return server;
  };
  try {
    const running = command.run({ said, target, out, io, progress, connect });
    return await (command.isEndless === true ? running : Promise.race([running, interruption(io.signal)]));
  } catch (error) {
    if (error instanceof RedisFault) throw redisError(faultSentence(error, addressOf(target.redis)));
    throw error;
  } finally {
    progress.end();
    await Promise.all(servers.map(async (server) => server.close()));
  }
}

const interruption = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new CliError(EXIT.interrupted, 'interrupted')));
  });

function commandOf(name: string): Command {
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  if (name.startsWith('-')) throw usageError(`the command comes first: ${PROGRAM} <command> ${name} …`);
  const meant = COMMANDS.find((candidate) => isMisspelt(name, candidate.name));
  const known = COMMANDS.map((candidate) => candidate.name).join(', ');
  const hint = meant === undefined ? `known are ${known}` : `did you mean ${meant.name}?`;
  throw usageError(`there is no command '${name}'; ${hint}`);
}

function sentenceOf(error: unknown): string {
  if (error instanceof CacheConfigurationError)
    return error.problems.map(({ where, problem }) => `${where} ${problem}`).join('; ');
  if (error instanceof CliError || error instanceof CacheError) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `something went wrong that shouldn't have: ${message}. Please report it, with what you typed`;
}
