import { dice } from '../database/dice.js';
import { SIZE } from '../database/size.js';

export const inventorySchema = `
  create table inventory.products (id int primary key, version int not null default 1);
  create table inventory.warehouses (id int primary key, city text not null, country text not null);
  create table inventory.stock (
    product_id int not null references inventory.products,
    warehouse_id int not null references inventory.warehouses,
    quantity int not null check (quantity >= 0),
    reserved int not null default 0,
    primary key (product_id, warehouse_id)
  );
  create table inventory.deliveries (
    id int generated always as identity primary key,
    product_id int not null references inventory.products,
    warehouse_id int not null references inventory.warehouses,
    quantity int not null,
    due_on date not null,
    arrived_on date
  );

  insert into inventory.products select n from generate_series(1, ${SIZE.products}) n;

  insert into inventory.warehouses values
    (1, 'Hamburg', 'DE'), (2, 'Rotterdam', 'NL'), (3, 'Lyon', 'FR'), (4, 'Milan', 'IT'),
    (5, 'Poznań', 'PL'), (6, 'Gothenburg', 'SE'), (7, 'Zaragoza', 'ES'), (8, 'Dublin', 'IE');

  insert into inventory.stock
  select p.id, w.id, 10 + ${dice('p.id * 8 + w.id', 1, 190)}, ${dice('p.id * 8 + w.id', 2, 10)}
  from inventory.products p, inventory.warehouses w;

  insert into inventory.deliveries (product_id, warehouse_id, quantity, due_on, arrived_on)
  select p.id, 1 + ${dice('p.id * 8 + k', 3, 8)}, 20 + ${dice('p.id * 8 + k', 4, 80)}, due_on,
    case when due_on < '2026-11-01' then due_on + ${dice('p.id * 8 + k', 6, 4)} end
  from inventory.products p, generate_series(0, 7) k,
    lateral (select date '2026-06-01' + ${dice('p.id * 8 + k', 5, 240)} as due_on) d;

  create index on inventory.deliveries (product_id, warehouse_id) where arrived_on is null;
`;
