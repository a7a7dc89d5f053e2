export { TestClock } from './test-clock.js';
export { CacheTestingModule } from './cache-testing.module.js';
