import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication, ModuleMetadata, Type } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { CacheModule, CacheService, type CacheModuleOptions } from '../../lib/index.js';

export const PLATFORMS = ['express', 'fastify'] as const;
export type Platform = (typeof PLATFORMS)[number];

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpApp {
  readonly app: INestApplication;
  readonly cache: CacheService;
  readonly port: number;
  get(path: string, headers?: OutgoingHttpHeaders): Promise<Answer>;
  send(method: string, path: string, headers?: OutgoingHttpHeaders, body?: string): Promise<Answer>;
  close(): Promise<void>;
}

/** A real application on a free port of the loopback interface. */
export async function startHttpApp(
  platform: Platform,
  {
    cache = {},
    configure,
    ...metadata
  }: ModuleMetadata & { cache?: CacheModuleOptions; configure?: (app: INestApplication) => void },
): Promise<HttpApp> {
  const module = await Test.createTestingModule({
    ...metadata,
    imports: [CacheModule.forRoot(cache), ...(metadata.imports ?? [])],
  }).compile();
  const app =
    platform === 'express'
      ? module.createNestApplication(new ExpressAdapter())
      : module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  configure?.(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const send: HttpApp['send'] = (method, path, headers, body) =>
    ask({ port, method, path, headers: headers ?? {} }, body);
  return {
    app,
    cache: app.get(CacheService as Type<CacheService>),
    port,
    send,
    get: (path, headers) => send('GET', path, headers),
    close: () => app.close(),
  };
}

interface Question {
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
}

/** One request over a connection of its own, the path as it is. */
export async function ask(question: Question, body?: string): Promise<Answer> {
  const sent = request({ host: '127.0.0.1', agent: false, ...question });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  let text = '';
  response.setEncoding('utf8').on('data', (part: string) => (text += part));
  await once(response, 'end');
  return { status: response.statusCode!, headers: response.headers, body: text };
}
