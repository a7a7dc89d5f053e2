import { Agent, createServer, request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { DynamicModule, INestApplication, ModuleMetadata } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterEach } from 'vitest';
import { CacheModule, CacheService, type CacheModuleOptions, type CacheStatisticsSnapshot } from '../../lib/index.js';

export const PLATFORMS = ['express', 'fastify'] as const;
export type Platform = (typeof PLATFORMS)[number];

export interface Answer {
  readonly status: number;
  /** Several fields of one name as Node joins them. */
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly bytes: Buffer;
}

/** What handlers use of a response, on both platforms. */
export interface Reply {
  header(name: string, value: string | readonly string[]): unknown;
  status(code: number): unknown;
}

export interface HttpApp {
  readonly app: INestApplication;
  readonly cache: CacheService;
  readonly port: number;
  get(path: string, headers?: OutgoingHttpHeaders): Promise<Answer>;
  send(method: string, path: string, headers?: OutgoingHttpHeaders, body?: string): Promise<Answer>;
  /** What is counted of a cache. */
  counted(cache: string): CacheStatisticsSnapshot;
  close(): Promise<void>;
}

export interface Rewritable {
  url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

export interface HttpAppParts extends ModuleMetadata {
  readonly cache?: CacheModuleOptions;
  /** Instead of `CacheModule.forRoot(cache)`; `false`: no cache at all. */
  readonly cacheModule?: DynamicModule | false;
  readonly configure?: (app: INestApplication) => void;
  /** The most that the headers of a request may take. Default: that of Node, 16 KB. */
  readonly maxHeaderBytes?: number;
  /** Believes what a proxy says of the client, `X-Forwarded-Host` for one. */
  readonly trustsProxy?: boolean;
  /** What is asked for, on its way to the router. */
  readonly rewrite?: (request: Rewritable) => string;
}

interface Running {
  readonly app: INestApplication;
  readonly agent: Agent;
}

const open = new Set<Running>();

// after every test: what was started is closed, nothing is under way, and every read was counted once
afterEach(async () => {
  for (const running of open) {
    open.delete(running);
    const status = serviceOf(running.app)?.status();
    await close(running);
    if (status === undefined) continue;
    const { flights, background, caches } = status;
    if (flights + background > 0) throw new Error(`${flights} flights and ${background} pieces of work are left`);
    for (const [name, { hits, misses, reads }] of Object.entries(caches)) {
      if (hits + misses !== reads) throw new Error(`${name}: ${hits} hits + ${misses} misses are not ${reads} reads`);
    }
  }
});

/** A real application on a free port of the loopback interface; closed and checked after the test. */
export async function startHttpApp(platform: Platform, parts: HttpAppParts): Promise<HttpApp> {
  const { cache = {}, cacheModule, configure, maxHeaderBytes, trustsProxy = false, rewrite, ...metadata } = parts;
  const imports = cacheModule === false ? [] : [cacheModule ?? CacheModule.forRoot(cache)];
  const module = await Test.createTestingModule({
    ...metadata,
    imports: [...imports, ...(metadata.imports ?? [])],
  }).compile();
  const app =
    platform === 'express'
      ? module.createNestApplication(new SizedExpressAdapter(maxHeaderBytes), { logger: false })
      : module.createNestApplication<NestFastifyApplication>(
          new FastifyAdapter({
            trustProxy: trustsProxy,
            ...(maxHeaderBytes !== undefined && { http: { maxHeaderSize: maxHeaderBytes } }),
            ...(rewrite !== undefined && { rewriteUrl: (request: Rewritable) => rewrite(request) }),
          }),
          { logger: false },
        );
  if (platform === 'express' && rewrite !== undefined) {
    app.use((request: Rewritable, _response: unknown, next: () => void) => {
      request.url = rewrite(request);
      next();
    });
  }
  if (platform === 'express') (app.getHttpAdapter().getInstance() as Express).set('trust proxy', trustsProxy);
  const running = { app, agent: new Agent({ keepAlive: true }) };
  configure?.(app);
  await app.listen(0, '127.0.0.1');
  open.add(running);
  const { port } = app.getHttpServer().address() as AddressInfo;
  const send: HttpApp['send'] = (method, path, headers, body) =>
    ask({ port, method, path, headers: headers ?? {}, agent: running.agent }, body);
  const service = serviceOf(app);
  return {
    app,
    get cache() {
      if (service === undefined) throw new Error('there is no cache');
      return service;
    },
    port,
    send,
    get: (path, headers) => send('GET', path, headers),
    counted: (name) => service!.status().caches[name]!,
    close: async () => {
      open.delete(running);
      await close(running);
    },
  };
}

/** What is used of an Express application. */
export interface Express {
  set(setting: string, value: unknown): void;
}

async function close({ app, agent }: Running): Promise<void> {
  agent.destroy();
  await app.close();
}

/** The message with which an application refuses to start. */
export async function refusalOf(platform: Platform, parts: HttpAppParts): Promise<string> {
  try {
    await startHttpApp(platform, parts);
  } catch (error) {
    return (error as Error).message;
  }
  return 'it started';
}

function serviceOf(app: INestApplication): CacheService | undefined {
  try {
    return app.get(CacheService, { strict: false });
  } catch {
    return undefined;
  }
}

/** Nest has no option for the size of headers on Express. */
class SizedExpressAdapter extends ExpressAdapter {
  constructor(private readonly maxHeaderBytes: number | undefined) {
    super();
  }

  override initHttpServer(options: Parameters<ExpressAdapter['initHttpServer']>[0]): void {
    super.initHttpServer(options);
    if (this.maxHeaderBytes === undefined) return;
    const handle = this.getInstance<Parameters<typeof createServer>[1]>();
    this.setHttpServer(createServer({ maxHeaderSize: this.maxHeaderBytes }, handle));
  }
}

interface Question {
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly agent: Agent | false;
}

/** One request, the path as it is. */
export function ask(question: Question, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', maxHeaderSize: 2 ** 20, ...question }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(parts);
        resolve({ status: response.statusCode!, headers: response.headers, body: bytes.toString(), bytes });
      });
    });
    sent.on('error', reject).end(body);
  });
}

/** A request that can be given up. */
export function begin(
  port: number,
  path: string,
  headers: OutgoingHttpHeaders = {},
): { leave(): Promise<void>; readonly answered: Promise<'answered' | 'left'> } {
  const sent = request({ host: '127.0.0.1', agent: false, port, path, headers });
  const answered = new Promise<'answered' | 'left'>((resolve) => {
    sent.on('response', (response) => response.resume().on('end', () => resolve('answered')));
    sent.on('error', () => resolve('left'));
  });
  sent.end();
  const leave = async (): Promise<void> => {
    const closed = new Promise((resolve) => sent.on('close', resolve));
    sent.destroy();
    await closed;
  };
  return { leave, answered };
}

/** What a server says to these very bytes, until it closes the connection. */
export function talk(port: number, said: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const done = (): void => resolve(text);
    const socket = connect(port, '127.0.0.1', () => socket.write(said, 'latin1'));
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => (text += part));
    socket.on('end', done).on('error', done).on('close', done);
  });
}

/** Held until it is opened; whoever passes is counted. */
export class Gate {
  passed = 0;
  #isOpen = false;
  #waiting: (() => void)[] = [];

  async pass(): Promise<void> {
    this.passed++;
    if (!this.#isOpen) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  open(): void {
    this.#isOpen = true;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Whoever comes now waits again. */
  shut(): void {
    this.#isOpen = false;
  }
}
