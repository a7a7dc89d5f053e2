import { mutantsOf } from './fleet-mutants.suite.js';

mutantsOf(1);
