import type { RedisClientLike } from '../options/redis-options.interface.js';

interface ClusterNode {
  asking?(): Promise<unknown>;
}

/**
 * Before a command goes to the node that a slot is on its way to, ioredis 5 and 6 send `ASKING` there and leave its
 * promise to nobody. When the connection breaks, its rejection would be unhandled, and Node.js ends the process for it.
 * The command itself is rejected as well, so nothing is lost by not listening.
 */
export function handleAsking(client: RedisClientLike): void {
  if (!client.isCluster) return;
  client.on('+node', handle);
  for (const node of (client as RedisClientLike & { nodes?(): ClusterNode[] }).nodes?.() ?? []) handle(node);
}

const handled = new WeakSet<ClusterNode>();

function handle(given: unknown): void {
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
