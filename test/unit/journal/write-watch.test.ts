import { describe, expect, it } from 'vitest';
import { replicaAt } from '../../support/replicas.js';

const record = (position: number, ...tags: string[]) => ({ epoch: 'e1', position, tags });

describe('the watch of a write', () => {
  it('sees nothing while nothing happens to the tags of the write', () => {
    const replica = replicaAt(10);
    const watch = replica.watch(0);
    replica.apply(record(11, 't:other'));
    replica.begin(['t:another']);

    expect(replica.isUndisturbed(watch, ['t:a'])).toBe(true);
  });

  it('takes position and sequence when it is opened', () => {
    const replica = replicaAt(10);
    const watch = replica.watch(77);
    replica.apply(record(11, 't:a'));

    expect(watch.mark).toMatchObject({ epoch: 'e1', position: 10, at: 77 });
    expect(replica.mark(0).sequence).toBeGreaterThan(watch.mark.sequence);
  });

  it('sees a record of one of the tags', () => {
    const replica = replicaAt(10);
    const watch = replica.watch(0);
    replica.apply(record(11, 't:b'));

    expect(replica.isUndisturbed(watch, ['t:a', 't:b'])).toBe(false);
  });

  it('sees a call of this process, even before it is in the journal', () => {
    const replica = replicaAt(10);
    const watch = replica.watch(0);
    replica.begin(['t:a']);

    expect(replica.isUndisturbed(watch, ['t:a'])).toBe(false);
    expect(replica.isUndisturbed(watch, ['t:a'], 11)).toBe(false);
  });

  it('doesn’t count the record of the write itself', () => {
    const replica = replicaAt(10);
    const watch = replica.watch(0);
    replica.begin(['t:a']);
    replica.announced(watch);
    replica.apply(record(11, 't:a'));

    expect(replica.isUndisturbed(watch, ['t:a'], 11)).toBe(true);
    expect(replica.isUndisturbed(watch, ['t:a'])).toBe(false);
  });

  it('sees another record beside that of the write, before or behind it', () => {
    for (const positions of [
      [11, 12],
      [12, 11],
    ] as const) {
      const replica = replicaAt(10);
      const watch = replica.watch(0);
      replica.apply(record(11, 't:a'));
      replica.apply(record(12, 't:a'));
      expect(replica.isUndisturbed(watch, ['t:a'], positions[0])).toBe(false);
    }
  });

  it('sees another call of this process after the write was announced, which may share its record', () => {
    const replica = replicaAt(10);
    const watch = replica.watch(0);
    replica.begin(['t:a']);
    replica.announced(watch);
    replica.begin(['t:a']);
    replica.apply(record(11, 't:a'));

    expect(replica.isUndisturbed(watch, ['t:a'], 11)).toBe(false);
  });

  it('is disturbed by a new epoch', () => {
    const replica = replicaAt(10);
    const watch = replica.watch(0);
    replica.startEpoch('e2', 10);

    expect(replica.isUndisturbed(watch, ['t:a'])).toBe(false);
  });

  it('is disturbed by a new epoch after the announcement, too', () => {
    const replica = replicaAt(10);
    const watch = replica.watch(0);
    replica.announced(watch);
    replica.startEpoch('e1', 50);

    expect(replica.isUndisturbed(watch, ['t:a'])).toBe(false);
  });

  it('is disturbed when so much was forgotten that the floor lies above its position', () => {
    const replica = replicaAt(10, 1);
    const watch = replica.watch(0);
    replica.apply(record(11, 't:x'));
    replica.apply(record(12, 't:y'));

    expect(replica.floor).toBe(11);
    expect(replica.isUndisturbed(watch, ['t:a'])).toBe(false);
  });

  it('costs nothing once it is closed', () => {
    const replica = replicaAt(10);
    const watch = replica.watch(0);
    expect(replica.openWatches).toBe(1);

    replica.unwatch(watch);
    replica.apply(record(11, 't:a'));

    expect(replica.openWatches).toBe(0);
    expect(watch.touched.size).toBe(0);
  });

  it('is one of several that see the same', () => {
    const replica = replicaAt(10);
    const [first, second] = [replica.watch(0), replica.watch(0)];
    replica.apply(record(11, 't:a'));
    const third = replica.watch(0);

    expect([first, second, third].map((watch) => replica.isUndisturbed(watch, ['t:a']))).toEqual([false, false, true]);
  });
});
