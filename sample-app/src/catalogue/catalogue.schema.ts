import { dice, oneOf } from '../database/dice.js';
import { SIZE } from '../database/size.js';

const DEPARTMENTS = {
  Kitchen: ['Kettle', 'Saucepan', 'Chef Knife', 'Coffee Grinder', 'Cutting Board'],
  Garden: ['Watering Can', 'Pruning Shears', 'Planter', 'Rake', 'Bird Feeder'],
  Audio: ['Headphones', 'Turntable', 'Loudspeaker', 'Microphone', 'Radio'],
  Office: ['Desk Chair', 'Notebook', 'Fountain Pen', 'Monitor Arm', 'Filing Box'],
  Outdoor: ['Tent', 'Sleeping Bag', 'Camp Stove', 'Backpack', 'Water Bottle'],
  Workshop: ['Hand Plane', 'Cordless Drill', 'Chisel Set', 'Workbench', 'Clamp'],
  Lighting: ['Desk Lamp', 'Pendant', 'Floor Lamp', 'Lantern', 'Wall Light'],
  Travel: ['Suitcase', 'Duffel Bag', 'Passport Wallet', 'Neck Pillow', 'Packing Cube'],
};
const departments = Object.keys(DEPARTMENTS);
const categories = Object.entries(DEPARTMENTS).flatMap(([department, names]) =>
  names.map((name) => ({ name, parent: departments.indexOf(department) + 1 })),
);
const FINISHES = ['Oak', 'Walnut', 'Copper', 'Steel', 'Linen', 'Slate', 'Ivory', 'Cobalt', 'Olive', 'Graphite'];
const MODELS = ['Classic', 'Compact', 'Pro', 'Studio', 'Heritage', 'Light', 'Everyday', 'Grand', 'Mk II', 'No. 5'];
const MAKERS = ['Alder', 'Brook', 'Cairn', 'Dove', 'Ember', 'Fjord', 'Grove', 'Heron', 'Isle', 'Juniper'];
const HOUSES = ['& Sons', 'Works', 'Supply', 'Atelier', 'Goods', 'Brothers'];

export const catalogueSchema = `
  create table catalogue.categories (
    id int primary key,
    parent_id int references catalogue.categories,
    name text not null
  );
  create table catalogue.brands (id int primary key, name text not null);
  create table catalogue.products (
    id int primary key,
    sku text not null unique,
    name text not null,
    description text not null,
    category_id int not null references catalogue.categories,
    brand_id int not null references catalogue.brands,
    price_cents int not null check (price_cents > 0),
    version int not null default 1
  );
  create table catalogue.price_changes (
    id int generated always as identity primary key,
    product_id int not null references catalogue.products,
    price_cents int not null,
    changed_at timestamptz not null
  );
  create table catalogue.order_lines (
    order_id int not null,
    product_id int not null references catalogue.products,
    primary key (order_id, product_id)
  );
  create table catalogue.view_counters (id text primary key);
  create table catalogue.product_views (
    product_id int not null references catalogue.products,
    counter text not null references catalogue.view_counters,
    views int not null,
    primary key (product_id, counter)
  );

  insert into catalogue.categories values
    ${departments.map((name, index) => `(${index + 1}, null, '${name}')`).join(', ')},
    ${categories.map(({ name, parent }, index) => `(${index + 101}, ${parent}, '${name}')`).join(', ')};

  insert into catalogue.brands
  select n, ${oneOf(MAKERS, 'n', 1)} || ' ' || ${oneOf(HOUSES, 'n', 2)} from generate_series(1, 60) n;

  insert into catalogue.products
  select n, 'SKU-' || lpad(n::text, 6, '0'),
    ${oneOf(FINISHES, 'n', 3)} || ' ' || c.name || ' ' || ${oneOf(MODELS, 'n', 4)},
    'A ' || lower(c.name) || ' made to be used every day. '
      || 'Cut, finished and checked by hand; spare parts are kept for ten years.',
    c.id, 1 + ${dice('n', 6, 60)}, 500 + ${dice('n', 7, 400)} * 50
  from generate_series(1, ${SIZE.products}) n
  join catalogue.categories c on c.id = 101 + ${dice('n', 5, categories.length)};

  insert into catalogue.price_changes (product_id, price_cents, changed_at)
  select p.id, greatest(100, p.price_cents + 50 * (${dice('p.id * 8 + k', 8, 21)} - 10)),
    timestamptz '2026-01-01' + k * interval '37 days' + ${dice('p.id', 9, 30)} * interval '1 day'
  from catalogue.products p, generate_series(0, 7) k;

  -- An order is a product and two that go with it.
  insert into catalogue.order_lines
  select o, 1 + line % ${SIZE.products}
  from generate_series(1, ${SIZE.orders}) o,
    lateral (select ${dice('o', 10, SIZE.products)} as product) p,
    unnest(array[product, product * 37 + ${dice('o', 11, 3)}, product * 53 + 7 + ${dice('o', 12, 4)}]) line
  on conflict do nothing;

  create index on catalogue.products (category_id);
  create index on catalogue.price_changes (product_id, changed_at desc);
  create index on catalogue.order_lines (product_id, order_id);
`;
