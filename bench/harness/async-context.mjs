import { AsyncLocalStorage } from 'node:async_hooks';

/** Node 20 and 22 begin to track asynchronous context with the first `run` of a process, and never stop. */
export function useAsyncContext() {
  const storage = new AsyncLocalStorage();
  storage.run({}, () => undefined);
  return storage;
}
