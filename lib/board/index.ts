export { CacheBoardModule } from './board.module.js';
export type { CacheBoardExtras } from './board.module-definition.js';
export type {
  BoardAction,
  BoardAuditEntry,
  BoardPermission,
  BoardRequest,
  CacheBoardOptions,
} from './board-options.interface.js';
export { BOARD_DEFAULTS } from './resolve-board-options.js';
