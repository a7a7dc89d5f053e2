import type { DynamicModule } from '@nestjs/common';
import { CacheEventsModule, PostgresOutbox } from 'nestjs-hybrid-cache/events';
import { DatabaseModule } from '../database/database.module.js';
import { Database } from '../database/database.js';
import { EVENTS } from './transports.js';
import { WITH_OUTBOX, type Role } from './roles.js';

/** Whoever was cut off lets go of everything: with `expire` each old value might be shown once more. */
const OPTIONS = { clients: [EVENTS], onGap: 'clear' as const };

/**
 * Events are sent from the outbox inside a transaction, and for as long as there is one the embedded Postgres, which has
 * a single session, answers nobody else. So an attempt is short.
 */
const ATTEMPT = { emitTimeout: '200ms', emitRetries: 0 };

export const eventsOf = (role: Role): DynamicModule =>
  role === WITH_OUTBOX
    ? CacheEventsModule.forRootAsync({
        imports: [DatabaseModule.forFeature()],
        inject: [Database],
        useFactory: (database: Database) => {
          const table = 'billing.cache_outbox';
          const store = new PostgresOutbox({ transaction: (run) => database.transaction(run), table });
          return { ...OPTIONS, ...ATTEMPT, outbox: { store } };
        },
      })
    : CacheEventsModule.forRoot(OPTIONS);
