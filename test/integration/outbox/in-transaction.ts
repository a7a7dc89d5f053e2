import pg from 'pg';

const isSaidByTheNextStatement = (): void => {};

/** As an application of pg opens it: a connection that breaks doesn't end the process, whoever has it. */
export function openPool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(config);
  pool.on('error', isSaidByTheNextStatement);
  // here and not later: a connection may break in the very moment in which it is there
  pool.on('connect', (client) => client.on('error', isSaidByTheNextStatement));
  return pool;
}

/** As an application of pg writes it. */
export async function inTransaction<T>(pool: pg.Pool, run: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const result = await run(client);
    await client.query('commit');
    client.release();
    return result;
  } catch (error) {
    // a connection in an unknown state is closed, which ends its transaction
    client.release(true);
    throw error;
  }
}
