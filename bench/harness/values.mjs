/** Values that look like rows of a shop: texts, numbers, nested records, a date as text. */
const WORDS = 'cold brew filter paper grinder ceramic burr kettle gooseneck scale timer dripper server'.split(' ');

const words = (from, count) => Array.from({ length: count }, (_, i) => WORDS[(from * 7 + i * 3) % WORDS.length]);

const review = (n) => ({
  id: `r-${n}`,
  author: words(n, 2).join(' '),
  stars: 1 + (n % 5),
  text: words(n, 24).join(' '),
  createdAt: '2026-05-17T08:30:00.000Z',
  verified: n % 2 === 0,
});

/** About 400 bytes encoded. */
export const product = (id) => ({
  id,
  name: words(3, 4).join(' '),
  description: words(5, 22).join(' '),
  price: { amount: 1999, currency: 'EUR' },
  stock: 42,
  categories: ['coffee', 'kitchen', 'gifts'],
  seller: { id: 's-17', name: 'Brown & Daughters', rating: 4.7 },
  updatedAt: '2026-05-17T08:30:00.000Z',
  active: true,
});

/** About 8 kB encoded. */
export const productPage = (id) => ({ ...product(id), reviews: Array.from({ length: 38 }, (_, n) => review(n)) });

/** About 300 bytes encoded. */
export const row = (id) => ({ ...product(id), description: words(5, 7).join(' ') });

/** About 10 kB encoded. */
export const longPage = (id) => ({ ...product(id), reviews: Array.from({ length: 48 }, (_, n) => review(n)) });
