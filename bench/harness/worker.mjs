// One variant of one scenario in a process of its own. Its figures are the last line it prints.
const [scenarioName, variantId, quick] = process.argv.slice(2);
const { scenarios } = await import('../scenarios/index.mjs');
const scenario = scenarios.find(({ name }) => name === scenarioName);
const variant = scenario.variants.find(({ id }) => id === variantId);
const figures = await variant.run({ quick: quick === 'quick' });
process.stdout.write(`\n${JSON.stringify(figures)}\n`, () => process.exit(0));
