import type { RedisClientLike } from '../options/redis-options.interface.js';

interface ClusterNode {
  asking?(): Promise<unknown>;
}

const handled = new WeakSet<ClusterNode>();

/** The nodes that a client of a cluster has so far; it tells of others by the event `+node`. */
export const nodesOf = (client: RedisClientLike & { nodes?(): readonly unknown[] }): readonly unknown[] =>
  client.isCluster ? (client.nodes?.() ?? []) : [];

/**
 * Before a command goes to the node that a slot is on its way to, ioredis 5 and 6 send `ASKING` there and leave its
 * promise to nobody. When the connection breaks, its rejection would be unhandled, and Node.js ends the process for it.
 * The command itself is rejected as well, so nothing is lost by not listening.
 */
export function handleAsking(given: unknown): void {
  const node = given as ClusterNode;
  if (node.asking === undefined || handled.has(node)) return;
  handled.add(node);
  const asking = node.asking.bind(node);
  node.asking = () => {
    const answer = asking();
    answer.catch(() => undefined);
    return answer;
  };
}
