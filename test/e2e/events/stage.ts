import { Module, type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport, type ClientProxy, type MicroserviceOptions } from '@nestjs/microservices';
import { EMPTY, NEVER, throwError, type Observable } from 'rxjs';
import { onTestFinished } from 'vitest';
import { CacheModule, type CacheModuleOptions } from 'nestjs-hybrid-cache';
import { CacheEvents, CacheEventsModule, type CacheEventsOptions } from 'nestjs-hybrid-cache/events';
import { freePorts } from '../../support/servers/ports.js';

/** What an application is made of. */
export interface Parts extends ModuleMetadata {
  /** Default: an hour for everything. `false`: no cache. */
  readonly cache?: CacheModuleOptions | false;
  /** `false`: no `CacheEventsModule`, or one of the imports. */
  readonly events?: CacheEventsOptions | false;
}

export function moduleOf({ cache = {}, events = {}, imports = [], ...parts }: Parts): new () => object {
  class AppModule {}
  Module({
    ...parts,
    imports: [
      ...(cache === false ? [] : [CacheModule.forRoot({ ttl: '1h', ...cache })]),
      ...(events === false ? [] : [CacheEventsModule.forRoot(events)]),
      ...imports,
    ],
  })(AppModule);
  return AppModule;
}

/** An application that isn't initialised; closed after the test. */
export async function created(parts: Parts): Promise<INestApplication> {
  const app = await NestFactory.create(moduleOf(parts), { logger: false, abortOnError: false });
  onTestFinished(async () => app.close());
  return app;
}

export async function started(parts: Parts): Promise<INestApplication> {
  return (await created(parts)).init();
}

/** What an application says when it doesn't start. */
export async function refusalOf(parts: Parts): Promise<string> {
  const starting = NestFactory.create(moduleOf(parts), { logger: false, abortOnError: false });
  return starting.then(
    async (app) => {
      const failure = await app.init().then(
        () => 'it started',
        (error: Error) => error.message,
      );
      await app.close();
      return failure;
    },
    (error: Error) => error.message,
  );
}

/** Where a service listens, and how it is reached. */
export async function tcpLine() {
  const [port] = (await freePorts(1)) as [number];
  return { transport: Transport.TCP, options: { host: '127.0.0.1', port } } as const satisfies MicroserviceOptions;
}

/** An application that listens over TCP, which another one can reach with `line`. */
export async function listening(
  parts: Parts,
  { inheritAppConfig = false, configure = (_app: INestApplication): void => undefined } = {},
) {
  const line = await tcpLine();
  const app = await created(parts);
  configure(app);
  app.connectMicroservice<MicroserviceOptions>(line, { inheritAppConfig });
  await app.startAllMicroservices();
  await app.init();
  return { app, line, events: app.get(CacheEvents) };
}

type Answer = () => Observable<unknown>;

export const takes: Answer = () => EMPTY;
export const neverAnswers: Answer = () => NEVER;
export const refuses: Answer = () => throwError(() => new Error('no broker'));

/** A client whose broker isn't there: it keeps what it is given, and answers as it is told. */
export class Client {
  readonly sent: { readonly pattern: string; readonly data: Record<string, unknown>; readonly at: number }[] = [];
  answer: Answer = takes;

  /** @param token what it is provided as */
  constructor(readonly token: string) {}

  emit(pattern: string, data: Record<string, unknown>): Observable<unknown> {
    this.sent.push({ pattern, data, at: performance.now() });
    return this.answer();
  }

  get provider() {
    return { provide: this.token, useValue: this as unknown as ClientProxy };
  }
}
