import { Module, type DynamicModule } from '@nestjs/common';
import pg from 'pg';
import { WorkReceipts } from '../rpc/work-receipts.js';
import { Database } from './database.js';
import { QueryCounter } from './query-counter.js';

const DATABASE_URL = Symbol('DATABASE_URL');
const POOL_SIZE = 5;

@Module({})
export class DatabaseModule {
  static forRoot(databaseUrl: string): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      providers: [{ provide: DATABASE_URL, useValue: databaseUrl }, QueryCounter],
      exports: [DATABASE_URL, QueryCounter],
    };
  }

  /** A pool for the module that imports it. */
  static forFeature(): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        {
          provide: Database,
          inject: [DATABASE_URL, QueryCounter, WorkReceipts],
          useFactory: (connectionString: string, counter: QueryCounter, receipts: WorkReceipts) =>
            new Database(new pg.Pool({ connectionString, max: POOL_SIZE }), counter, receipts),
        },
      ],
      exports: [Database],
    };
  }
}
