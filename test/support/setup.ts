import 'reflect-metadata';
import fc from 'fast-check';

// The same random values in every run, so that a failure is a change's and not chance's; FC_SEED tries others.
const seed = process.env['FC_SEED'];
fc.configureGlobal({ seed: seed === undefined ? 20_261_120 : Number(seed) });
