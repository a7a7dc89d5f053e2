// The driver in a process of its own, so that it doesn't share the shop's event loop.
import type { DriverMessage } from './driver-process.js';
import { Driver, type DriverOptions } from './driver.js';

const PROGRESS_EVERY_MS = 200;

const tell = (message: DriverMessage) => process.send?.(message);
const driver = new Driver(JSON.parse(process.argv[2] ?? '') as DriverOptions);

process.on('message', (requests: number) => {
  let told = 0;
  const onProgress = (done: number) => {
    const now = performance.now();
    if (now - told < PROGRESS_EVERY_MS) return;
    told = now;
    tell({ progress: done });
  };
  driver.drive(requests, onProgress).then(
    (drive) => tell({ drive }),
    (error: unknown) => tell({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
