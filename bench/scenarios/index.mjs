import batch from './batch.mjs';
import crowd from './crowd.mjs';
import disturbedHit from './disturbed-hit.mjs';
import { events } from './events.mjs';
import failing from './failing.mjs';
import guards from './guards.mjs';
import httpHit from './http-hit.mjs';
import invalidateShared from './invalidate-shared.mjs';
import invalidation from './invalidation.mjs';
import l1Hit from './l1-hit.mjs';
import l2Hit from './l2-hit.mjs';
import missAndFill from './miss-and-fill.mjs';
import metricsOverhead from './metrics-overhead.mjs';
import miss from './miss.mjs';
import nested from './nested.mjs';
import overhead from './overhead.mjs';
import penetration from './penetration.mjs';
import push from './push.mjs';
import redisAway from './redis-away.mjs';
import redisBytes from './redis-bytes.mjs';
import strong from './strong.mjs';
import warmStart from './warm-start.mjs';
import writeBehind from './write-behind.mjs';

const inProcess = [
  l1Hit,
  disturbedHit,
  nested,
  crowd,
  failing,
  miss,
  invalidation,
  overhead,
  metricsOverhead,
  httpHit,
  guards,
];
const overRedis = [
  l2Hit,
  strong,
  missAndFill,
  batch,
  invalidateShared,
  push,
  redisBytes,
  redisAway,
  writeBehind,
  warmStart,
  penetration,
];

export const scenarios = [...inProcess, ...overRedis, ...events];
