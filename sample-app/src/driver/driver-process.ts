import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { letGo } from '../child-process.js';
import type { Drive, DriverOptions } from './driver.js';

export type DriverMessage = { progress: number } | { drive: Drive } | { error: string };

const PROGRAM = fileURLToPath(new URL('./driver.process.js', import.meta.url));

/** A `Driver` in a child process. */
export class DriverProcess {
  private readonly child: ChildProcess;

  constructor(options: DriverOptions) {
    this.child = fork(PROGRAM, [JSON.stringify(options)]);
  }

  drive(requests: number, onProgress: (done: number) => void): Promise<Drive> {
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('The driver ended before its drive'));
      const onMessage = (message: DriverMessage) => {
        if ('progress' in message) return onProgress(message.progress);
        this.child.off('message', onMessage).off('exit', onExit);
        if ('drive' in message) resolve(message.drive);
        else reject(new Error(`The driver failed: ${message.error}`));
      };
      this.child.on('message', onMessage).once('exit', onExit);
      this.child.send(requests);
    });
  }

  close(): Promise<void> {
    return letGo(this.child);
  }
}
