import type { BoardPermission, BoardRequest } from 'nestjs-hybrid-cache/board';

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;
const OWN_NAME = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

/**
 * Whoever sits at this machine. A rule for a shop that anybody may start and nobody can reach: an application asks who has
 * logged in. The `Host` is looked at because a page of another site can have its own name lead here.
 */
export function whoeverSitsHere({ headers, socket }: BoardRequest): BoardPermission {
  const { remoteAddress = '' } = socket as { remoteAddress?: string };
  return LOOPBACK.test(remoteAddress) && OWN_NAME.test(headers.host ?? '') && 'whoever sits here';
}
