import type pg from 'pg';

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
