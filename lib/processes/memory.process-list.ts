import type { ProcessList, ProcessNote } from './process-list.interface.js';

/** A registration that shares nothing: this process, and no other. */
export class MemoryProcessList implements ProcessList {
  note(id: string, note: string): Promise<readonly ProcessNote[]> {
    return Promise.resolve([{ id, ageMs: 0, note }]);
  }

  noteOnly(): Promise<void> {
    return Promise.resolve();
  }

  leave(): Promise<void> {
    return Promise.resolve();
  }
}
