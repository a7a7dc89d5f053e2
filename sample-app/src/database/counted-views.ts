import pg from 'pg';

/** By product, of all processes. */
export async function countedViews(databaseUrl: string): Promise<Map<number, number>> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: number; views: number }>(
      'select product_id as id, sum(views)::int as views from catalogue.product_views group by product_id',
    );
    return new Map(rows.map(({ id, views }) => [id, views]));
  } finally {
    await client.end();
  }
}
