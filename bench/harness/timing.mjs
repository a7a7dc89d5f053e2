const now = () => performance.now();

/** How long to measure in one process, ms. Minima over many short batches: a neighbour rarely disturbs all of them. */
const BUDGET = { full: { warmUp: 250, measure: 700 }, quick: { warmUp: 80, measure: 200 } };
const BATCH_MS = 25;

async function awaitedBatch(call, inputs, count) {
  const begun = now();
  for (let i = 0; i < count; i++) await call(inputs[i % inputs.length]);
  return now() - begun;
}

function plainBatch(call, inputs, count) {
  const begun = now();
  for (let i = 0; i < count; i++) call(inputs[i % inputs.length]);
  return now() - begun;
}

/** So many callers, each with its next call as soon as it has the answer of the one before. */
const crowdBatch = (callers) => async (call, inputs, count) => {
  let next = 0;
  const caller = async () => {
    while (next < count) await call(inputs[next++ % inputs.length]);
  };
  const begun = now();
  await Promise.all(Array.from({ length: callers }, caller));
  return now() - begun;
};

/** The best batch, as ns per call. */
async function best(batch, call, inputs, quick) {
  const { warmUp, measure } = quick ? BUDGET.quick : BUDGET.full;
  let count = 256;
  let took = 0;
  for (const end = now() + warmUp; now() < end;) {
    took = await batch(call, inputs, count);
    if (took < BATCH_MS) count *= 2;
  }
  let least = Number.POSITIVE_INFINITY;
  for (const end = now() + measure; now() < end;) least = Math.min(least, await batch(call, inputs, count));
  return (least / count) * 1e6;
}

/** ns of `await call(input)` over the inputs in turn. */
export const awaitedNs = (call, inputs, quick) => best(awaitedBatch, call, inputs, quick);

/** ns of `call(input)` over the inputs in turn. */
export const plainNs = (call, inputs, quick) => best(plainBatch, call, inputs, quick);

/** µs a call when so many callers call at once: what one more call takes, and not how long one is waited for. */
export const crowdUs = async (callers, call, inputs, quick) =>
  (await best(crowdBatch(callers), call, inputs, quick)) / 1_000;

export const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)];
