import { dice, oneOf } from '../database/dice.js';
import { SIZE } from '../database/size.js';

const FIRST = ['Agnes', 'Benoît', 'Clara', 'Dmitri', 'Elif', 'Frida', 'Gustav', 'Helena', 'Ivo', 'Josefa', 'Klaus'];
const LAST = ['Almeida', 'Brandt', 'Costa', 'Dubois', 'Eriksen', 'Fischer', 'Grünwald', 'Horvat', 'Ivanova', 'Jansen'];
const STREETS = ['Mill Lane', 'Harbour Road', 'Linden Street', 'Station Square', 'Castle Hill', 'Orchard Way'];
const CITIES = ['Antwerp', 'Brno', 'Cadiz', 'Delft', 'Esbjerg', 'Freiburg', 'Gijón', 'Helsinki'];

export const usersSchema = `
  create table users.users (
    id int primary key,
    name text not null,
    email text not null unique,
    member_since date not null,
    newsletter boolean not null,
    version int not null default 1
  );
  create table users.addresses (
    id int generated always as identity primary key,
    user_id int not null references users.users,
    label text not null,
    street text not null,
    city text not null
  );
  create table users.devices (
    id int generated always as identity primary key,
    user_id int not null references users.users,
    kind text not null,
    last_seen timestamptz not null
  );

  insert into users.users
  select n, ${oneOf(FIRST, 'n', 1)} || ' ' || ${oneOf(LAST, 'n', 2)}, 'user' || n || '@example.com',
    date '2019-01-01' + ${dice('n', 3, 2_500)}, ${dice('n', 4, 2)} = 1
  from generate_series(1, ${SIZE.users}) n;

  insert into users.addresses (user_id, label, street, city)
  select u.id, label, ${oneOf(STREETS, 'u.id * 2 + length(label)', 5)} || ' ' || 1 + ${dice('u.id', 6, 120)},
    ${oneOf(CITIES, 'u.id', 7)}
  from users.users u, unnest(array['home', 'invoices']) label;

  insert into users.devices (user_id, kind, last_seen)
  select u.id, ${oneOf(['phone', 'tablet', 'laptop'], 'u.id * 4 + k', 8)},
    timestamptz '2026-10-01' + ${dice('u.id * 4 + k', 9, 40_000)} * interval '1 minute'
  from users.users u, generate_series(0, 3) k;

  create index on users.addresses (user_id);
  create index on users.devices (user_id, last_seen desc);
`;
