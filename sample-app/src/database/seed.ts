import pg from 'pg';
import { billingSchema } from '../billing/billing.schema.js';
import { catalogueSchema } from '../catalogue/catalogue.schema.js';
import { inventorySchema } from '../inventory/inventory.schema.js';
import { reviewsSchema } from '../reviews/reviews.schema.js';
import { usersSchema } from '../users/users.schema.js';

const SCHEMAS = {
  catalogue: catalogueSchema,
  reviews: reviewsSchema,
  inventory: inventorySchema,
  users: usersSchema,
  billing: billingSchema,
};

const MARK = 'nestjs-hybrid-cache sample shop';

/** (Re)creates every service's schema with the same rows each time. */
export async function seed(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect().catch((error: NodeJS.ErrnoException) => {
    throw new Error(`The database can't be reached (${error.code ?? error.message})`, { cause: error });
  });
  try {
    await refuseForeignSchemas(client);
    for (const [name, sql] of Object.entries(SCHEMAS)) {
      await client.query(`
        drop schema if exists ${name} cascade;
        create schema ${name};
        comment on schema ${name} is '${MARK}';
        ${sql}`);
    }
    await client.query('analyze');
  } finally {
    await client.end();
  }
}

/** With a DATABASE_URL the schemas may be somebody's own: only what this function made is dropped. */
async function refuseForeignSchemas(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select nspname as name from pg_namespace
     where nspname = any($1) and obj_description(oid, 'pg_namespace') is distinct from $2`,
    [Object.keys(SCHEMAS), MARK],
  );
  if (rows.length > 0) {
    const names = rows.map((row) => row.name).join(', ');
    throw new Error(`The database already has schemas that are not the shop's: ${names}. Give it an empty database.`);
  }
}
