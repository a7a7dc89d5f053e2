import crowd from './crowd.mjs';
import disturbedHit from './disturbed-hit.mjs';
import failing from './failing.mjs';
import invalidation from './invalidation.mjs';
import l1Hit from './l1-hit.mjs';
import miss from './miss.mjs';
import nested from './nested.mjs';
import overhead from './overhead.mjs';

export const scenarios = [l1Hit, disturbedHit, nested, crowd, failing, miss, invalidation, overhead];
