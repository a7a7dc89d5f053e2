import { callback, flag, OptionReader, show, type Problems, type Rule } from '../options/option-reader.js';
import type { BoardAction, CacheBoardOptions } from './board-options.interface.js';

export interface ResolvedBoardOptions {
  readonly path: string;
  readonly authorize: CacheBoardOptions['authorize'];
  readonly actions: ReadonlySet<BoardAction>;
  readonly showValues: boolean;
  readonly audit: CacheBoardOptions['audit'];
}

const BOARD_ACTIONS: readonly BoardAction[] = ['evict', 'invalidate', 'clear', 'refresh', 'resend'];
export const BOARD_DEFAULTS = { path: '/cache-board', actions: false, showValues: false } as const;

const path: Rule<string> = {
  takes: "a path such as '/cache' or '/admin/cache', without a slash at its end",
  read: (given) => (typeof given === 'string' && /^(\/[\w.~-]*[\w~-])+$/.test(given) ? given : undefined),
};
const actions: Rule<readonly BoardAction[]> = {
  takes: `true, false or a list of ${BOARD_ACTIONS.map((action) => `'${action}'`).join(', ')}`,
  read: (given) => {
    if (typeof given === 'boolean') return given ? BOARD_ACTIONS : [];
    const isList = Array.isArray(given) && given.every((each) => BOARD_ACTIONS.includes(each as BoardAction));
    return isList ? (given as BoardAction[]) : undefined;
  },
};
const MISSING = 'is missing: say who may see the board, for example (request) => isAdmin(request)';

export function resolveBoardOptions(options: CacheBoardOptions, problems: Problems): ResolvedBoardOptions {
  const where = 'CacheBoardModule';
  const reader = new OptionReader(options, where, problems);
  reader.refuseUnknown(['path', 'authorize', 'actions', 'showValues', 'audit', 'isGlobal', 'registration']);
  const { authorize } = options as Partial<CacheBoardOptions>;
  if (typeof authorize !== 'function') {
    const problem = authorize === undefined ? MISSING : `got ${show(authorize)}; takes a function (request) => boolean`;
    problems.add(`${where}.authorize`, problem);
  }
  return {
    path: reader.take('path', path) ?? BOARD_DEFAULTS.path,
    authorize: authorize ?? (() => false),
    actions: new Set(reader.take('actions', actions) ?? []),
    showValues: reader.take('showValues', flag) ?? BOARD_DEFAULTS.showValues,
    audit: reader.take('audit', callback<NonNullable<CacheBoardOptions['audit']>>('a function (entry) => void')),
  };
}
