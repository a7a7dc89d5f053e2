import type { Rule } from './option-reader.js';

/** Names are part of keys and tags, in which a colon separates. */
export const isCacheName = (name: string): boolean => /^[\w.$-]{1,200}$/.test(name);

export const namespaceRule: Rule<string> = {
  takes: 'letters, digits, dots, dashes and underscores, 1 to 100 of them',
  read: (given) => (typeof given === 'string' && /^[\w.-]{1,100}$/.test(given) ? given : undefined),
};
