import { dice, oneOf } from '../database/dice.js';
import { SIZE } from '../database/size.js';

const NAMES = ['Ada', 'Björn', 'Chiara', 'Dara', 'Emil', 'Fatima', 'Goran', 'Hana', 'Ines', 'Jonas', 'Kira', 'Luca'];
const PLACES = ['Bergen', 'Bologna', 'Cork', 'Dresden', 'Gdańsk', 'Ghent', 'Graz', 'Lyon', 'Porto', 'Turku'];
const TITLES = ['Does what it says', 'Better than expected', 'A present that stayed', 'Solid', 'Not for me', 'Again!'];
const BODIES = [
  'Used daily for three months and it still looks new.',
  'Arrived two days early, well packed. The finish is lovely.',
  'A little heavier than I thought, but that is what makes it feel right.',
  'The first one had a scratch; the second came the next morning without a question.',
  'I compared four of them. This is the one I kept.',
];

export const reviewsSchema = `
  create table reviews.products (id int primary key, version int not null default 1);
  create table reviews.authors (id int primary key, name text not null, place text not null);
  create table reviews.reviews (
    id int generated always as identity primary key,
    product_id int not null references reviews.products,
    author_id int not null references reviews.authors,
    rating int not null check (rating between 1 and 5),
    title text not null,
    body text not null,
    helpful int not null default 0,
    created_at timestamptz not null default now()
  );

  insert into reviews.products select n from generate_series(1, ${SIZE.products}) n;

  insert into reviews.authors
  select n, ${oneOf(NAMES, 'n', 1)} || ' ' || chr(65 + ${dice('n', 2, 26)}) || '.', ${oneOf(PLACES, 'n', 3)}
  from generate_series(1, ${SIZE.authors}) n;

  insert into reviews.reviews (product_id, author_id, rating, title, body, helpful, created_at)
  select 1 + ${dice('n', 4, SIZE.products)}, 1 + ${dice('n', 5, SIZE.authors)},
    greatest(1, 5 - ${dice('n', 6, 5)} * ${dice('n', 7, 2)}),
    ${oneOf(TITLES, 'n', 8)}, ${oneOf(BODIES, 'n', 9)}, ${dice('n', 10, 40)},
    timestamptz '2024-01-01' + n * interval '20 minutes'
  from generate_series(1, ${SIZE.reviews}) n;

  create index on reviews.reviews (product_id, created_at desc);
  create index on reviews.reviews (author_id);
`;
