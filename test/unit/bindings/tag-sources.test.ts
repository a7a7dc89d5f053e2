import { describe, expect, it } from 'vitest';
import { combineTags } from '../../../lib/bindings/tag-sources.js';

describe('the tags of a call', () => {
  it('are none when nobody says any', () => {
    const tags = combineTags([undefined, undefined]);

    expect(tags.ofArguments(['7'])).toEqual([]);
    expect(tags.ofResult).toBeUndefined();
  });

  it('come from texts, lists and functions of the arguments', () => {
    const tags = combineTags([
      'users',
      ['a', 'b'],
      (id: string) => [`user:${id}`],
      (id: string, page: number) => [`${id}:${page}`],
    ]);

    expect(tags.ofArguments(['7', 2])).toEqual(['users', 'a', 'b', 'user:7', '7:2']);
    expect(tags.ofResult).toBeUndefined();
  });

  it('come from the result and the arguments, too', () => {
    const tags = combineTags([
      'users',
      { fromResult: (user: { name: string }, id: string) => [user.name, id] },
      { fromResult: () => ['last'] },
    ]);

    expect(tags.ofArguments(['7'])).toEqual(['users']);
    expect(tags.ofResult!({ name: 'Ada' }, ['7'])).toEqual(['Ada', '7', 'last']);
  });

  it('are asked for anew at every call', () => {
    let calls = 0;
    const tags = combineTags([() => [`call:${++calls}`]]);

    expect([tags.ofArguments([]), tags.ofArguments([])]).toEqual([['call:1'], ['call:2']]);
  });

  it('let an error of a function through', () => {
    const tags = combineTags([(user: { id: string }) => [user.id]]);

    expect(() => tags.ofArguments([undefined])).toThrow(TypeError);
  });
});
