// Each room of lib/, and the rooms it may look into; everything else is an error, type imports included. The words
// behind it are in docs/map.md.
const ground = [
  'entry',
  'options',
  'cache\\.errors',
  'cache\\.events',
  'cache\\.constants',
  'cache\\.runtime',
  'cache\\.tracing',
];
const storage = ['tiers', 'journal', 'coalescing', 'known-ids', 'processes'];
const desk = ['desk', 'cache\\.service', 'cache\\.handle'];

const rooms = {
  'cache\\.errors': [],
  'cache\\.constants': [],
  'cache\\.runtime': [],
  'cache\\.tracing': [],
  'cache\\.events': ['cache\\.errors'],
  http: [],
  edge: ['http', 'entry', 'cache\\.runtime'],
  responses: ['bindings', 'http', 'edge', ...desk, 'flow', ...storage, ...ground],
  entry: ['cache\\.errors', 'cache\\.constants'],
  options: ['entry', 'edge', 'cache\\.errors', 'cache\\.constants', 'cache\\.runtime'],
  policy: [],
  redis: ['policy', ...ground],
  tiers: ['policy', 'redis', ...ground],
  journal: ['policy', 'redis', ...ground],
  'known-ids': ['policy', 'redis', ...ground],
  processes: ['redis', ...ground],
  coalescing: ['policy', 'redis', ...ground],
  'write-behind': ['journal', 'redis', ...ground],
  probe: ['journal', 'redis', ...ground],
  flow: ['policy', 'edge', 'write-behind', 'probe', ...storage, ...ground],
  desk: ['flow', 'policy', 'edge', 'write-behind', 'probe', ...storage, ...ground],
  'cache\\.service': ['desk', 'flow', 'write-behind', ...ground],
  'cache\\.handle': ['cache\\.service', 'desk', 'flow', ...ground],
  bindings: [...desk, 'flow', 'write-behind', ...ground],
  warmup: ['bindings', ...desk, 'flow', ...storage, ...ground],
  decorators: ['warmup', 'bindings', 'responses', ...desk, 'flow', 'write-behind', ...ground],
  board: ['warmup', 'bindings', ...desk, 'flow', ...storage, 'cache\\.providers', ...ground],
  cli: ['warmup', 'write-behind', 'journal', 'redis', ...ground],
  events: ['decorators', 'edge', 'redis', 'coalescing', ...desk, 'flow', 'cache\\.providers', ...ground],
  metrics: [
    'events',
    'warmup',
    'decorators',
    ...desk,
    'flow',
    'probe',
    'policy',
    'edge',
    ...storage,
    'cache\\.providers',
    ...ground,
  ],
};

const at = (room) => `^lib/${room}(/|\\.ts$)`;
const knowsNest =
  '^lib/(bindings|warmup|decorators|responses|events|metrics|board|testing|cache\\.(module|module-definition|providers))(/|\\.ts$)';

module.exports = {
  forbidden: [
    { name: 'no circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'only the wiring sees the wiring',
      severity: 'error',
      from: {
        path: '^lib/',
        pathNot:
          '^lib/(index|cache\\.module|cache\\.providers|events/events\\.(module|providers)|metrics/metrics\\.(module|providers)|board/board\\.(module|providers)|testing/.*)\\.ts$',
      },
      to: { path: '^lib/(index|cache\\.module|cache\\.module-definition|cache\\.providers|cache\\.storage)\\.ts$' },
    },
    {
      name: 'only the doors and the wiring know Nest and rxjs',
      severity: 'error',
      from: { path: '^lib/', pathNot: knowsNest },
      to: { path: 'node_modules/(@nestjs|rxjs|reflect-metadata)/' },
    },
    {
      name: 'only one file loads ioredis',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/redis/ioredis-clients\\.ts$' },
      to: { path: 'node_modules/ioredis/' },
    },
    {
      name: 'the core imports no optional peer',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/events/' },
      to: { path: 'node_modules/@nestjs/microservices/' },
    },
    {
      name: 'only one folder knows prom-client and OpenTelemetry',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/metrics/' },
      to: { path: 'node_modules/(prom-client|@opentelemetry)/' },
    },
    ...Object.entries(rooms).map(([room, mayImport]) => ({
      name: `${room.replace('\\', '')} may import ${mayImport.join(', ').replaceAll('\\', '') || 'no room'}`,
      severity: 'error',
      from: { path: at(room) },
      to: { path: '^lib/', pathNot: [at(room), ...mayImport.map(at)] },
    })),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
