import { Inject, Injectable, Module, type INestApplication, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, Transport } from '@nestjs/microservices';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Cacheable, CacheModule, CacheService } from 'nestjs-hybrid-cache';
import { CacheEvents, CacheEventsModule, CacheOutbox, PostgresOutbox } from 'nestjs-hybrid-cache/events';
import { eventually } from '../../support/servers/eventually.js';
import { freePorts } from '../../support/servers/ports.js';
import { startPostgres, type PostgresServer } from '../../support/servers/postgres.js';
import { inTransaction } from './in-transaction.js';

let server: PostgresServer;
let pool: pg.Pool;
beforeAll(async () => {
  server = await startPostgres();
  pool = new pg.Pool({ connectionString: server.url });
  await pool.query("create table users (id text primary key, name text); insert into users values ('7', 'Ada')");
});
afterAll(async () => {
  await pool?.end();
  await server?.stop();
});

const nameInDatabase = async (): Promise<string> =>
  (await pool.query<{ name: string }>("select name from users where id = '7'")).rows[0]!.name;

@Injectable()
class Users {
  @Cacheable({ tags: (id: string) => [`user:${id}`] })
  async nameOf(_id: string): Promise<string> {
    return nameInDatabase();
  }
}

@Injectable()
class Renaming {
  constructor(
    @Inject(CacheService) private readonly cache: CacheService,
    @Inject(CacheOutbox) private readonly outbox: CacheOutbox<pg.PoolClient>,
  ) {}

  async rename(name: string, fails = false): Promise<void> {
    await this.cache.afterCommit(async () =>
      inTransaction(pool, async (client) => {
        await client.query("update users set name = $1 where id = '7'", [name]);
        await this.outbox.add(client, { tags: ['user:7'] });
        if (fails) throw new Error('no');
      }),
    );
  }

  async renameWithoutScope(name: string): Promise<void> {
    await inTransaction(pool, async (client) => {
      await client.query("update users set name = $1 where id = '7'", [name]);
      await this.outbox.add(client, { tags: ['user:7'] });
    });
  }
}

describe('a service with an outbox', () => {
  let port: number;
  let reader: INestApplication;
  let writer: INestApplicationContext;

  async function startReader(): Promise<INestApplication> {
    @Module({ imports: [CacheModule.forRoot(), CacheEventsModule.forRoot()], providers: [Users] })
    class ReaderModule {}
    const app = await NestFactory.create(ReaderModule, { logger: false, abortOnError: false });
    app.connectMicroservice({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    await app.startAllMicroservices();
    return app.init();
  }

  async function startWriter(): Promise<INestApplicationContext> {
    const store = new PostgresOutbox({ transaction: async (run) => inTransaction(pool, run) });
    await store.createTable();
    await pool.query('truncate cache_outbox');
    @Module({
      imports: [
        CacheModule.forRoot(),
        ClientsModule.register([{ name: 'READER', transport: Transport.TCP, options: { host: '127.0.0.1', port } }]),
        CacheEventsModule.forRoot({ clients: ['READER'], emitRetries: 0, outbox: { store, pollEvery: 50 } }),
      ],
      providers: [Users, Renaming],
    })
    class WriterModule {}
    const app = await NestFactory.createApplicationContext(WriterModule, { logger: false, abortOnError: false });
    return app;
  }

  beforeEach(async () => {
    [port] = (await freePorts(1)) as [number];
    reader = await startReader();
    writer = await startWriter();
  });
  afterEach(async () => {
    await writer.close();
    await reader.close();
  });

  const readerHas = async (name: string): Promise<unknown> =>
    eventually(`the reader has ${name}`, async () => (await reader.get(Users).nameOf('7')) === name);

  it('lets go by itself at the commit, and has the others do so', async () => {
    const before = await nameInDatabase();
    expect(await writer.get(Users).nameOf('7')).toBe(before);
    expect(await reader.get(Users).nameOf('7')).toBe(before);
    await writer.get(Renaming).rename('Grace');
    expect(await writer.get(Users).nameOf('7')).toBe('Grace');
    await readerHas('Grace');
  });

  it('tells nobody of a change that was rolled back', async () => {
    const before = await nameInDatabase();
    await reader.get(Users).nameOf('7');
    await expect(writer.get(Renaming).rename('Nobody', true)).rejects.toThrow('no');
    await writer.get(Renaming).rename(`${before}!`);
    await readerHas(`${before}!`);
    await eventually('nothing is left', () => writer.get(CacheOutbox).status().published === 1);
    expect(reader.get(CacheEvents).status().events.received).toBe(1);
  });

  it('lets go itself as well when the outbox is looked into, without a scope', async () => {
    await writer.get(Users).nameOf('7');
    await reader.get(Users).nameOf('7');
    await writer.get(Renaming).renameWithoutScope('Edsger');
    await eventually('the writer has it', async () => (await writer.get(Users).nameOf('7')) === 'Edsger');
    await readerHas('Edsger');
    expect(await reader.get(Users).nameOf('7')).toBe('Edsger');
  });

  it('keeps events while the other one is away, and sends them when it is back', async () => {
    await reader.close();
    await writer.get(Renaming).rename('Barbara');
    const outbox = writer.get(CacheOutbox);
    await eventually('it fails', () => outbox.status().state === 'failing');
    reader = await startReader();
    await eventually('it is received', () => reader.get(CacheEvents).status().events.applied === 1);
    await eventually('it is gone', () => outbox.status().published === 1);
    expect(outbox.status()).toMatchObject({ state: 'publishing', unreadable: 0 });
  });
});
