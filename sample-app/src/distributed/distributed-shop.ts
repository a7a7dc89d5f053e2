import { freePort } from '../free-port.js';
import { LocalServer } from '../servers/local-server.js';
import { REDIS } from '../servers/programs.js';
import { SERVICES, type ServicePorts } from '../services.js';
import type { BrokerAddress } from './transports.js';
import type { MemberStatus } from './member-status.js';
import { Member } from './member.js';
import { REPLICAS, ROLES, type Role, type RoleOptions } from './roles.js';

export interface DistributedOptions {
  databaseUrl: string;
  /** Of the gateway; 0 is a free one. */
  port: number;
  /** `false`: the same processes without a cache, and without events. */
  cached: boolean;
  /** Where events go; `null`: the services tell nobody. */
  broker: BrokerAddress | null;
}

/** The gateway and the services as processes of their own, each role with a Redis of its own. */
export class DistributedShop {
  private closed: Promise<void> | undefined;

  private constructor(
    private readonly members: Member[],
    private readonly redises: readonly LocalServer[],
    readonly urls: readonly string[],
  ) {}

  static async open({ databaseUrl, port, cached, broker }: DistributedOptions): Promise<DistributedShop> {
    const redises: LocalServer[] = [];
    const members: Member[] = [];
    const gatewayPort = port === 0 ? await freePort() : port;
    const shop = new DistributedShop(members, redises, [`http://127.0.0.1:${gatewayPort}`]);
    try {
      const ports = await pickPorts();
      const told = { ports, databaseUrl, broker: cached ? broker : null };
      const processes: RoleOptions[] = [];
      for (const role of ROLES) {
        const redis = cached ? await LocalServer.start(REDIS) : undefined;
        if (redis) redises.push(redis);
        const own = role === 'gateway' ? [gatewayPort] : ports[role];
        for (const each of own) processes.push({ ...told, role, port: each, redisUrl: redis?.url ?? null });
      }
      const isGateway = ({ role }: RoleOptions) => role === 'gateway';
      await shop.start(processes.filter((process) => !isGateway(process)));
      await shop.start(processes.filter(isGateway)); // it asks the others for what it warms
      members.sort((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role));
      return shop;
    } catch (error) {
      await shop.close();
      throw error;
    }
  }

  private async start(processes: readonly RoleOptions[]): Promise<void> {
    const starting = processes.map((options) => Member.start(options));
    for (const started of await Promise.allSettled(starting)) {
      if (started.status === 'fulfilled') this.members.push(started.value);
    }
    await Promise.all(starting); // whoever failed says why
  }

  /** The first process of a role. */
  member(role: Role): Member {
    const member = this.members.find((each) => each.role === role);
    if (!member) throw new Error(`The shop has no ${role}`);
    return member;
  }

  /** One of each process, the gateway's first. */
  async statuses(): Promise<MemberStatus[]> {
    const statuses = await Promise.all(this.members.map((member) => member.status()));
    return statuses.filter((status) => status !== undefined);
  }

  close(): Promise<void> {
    return (this.closed ??= this.end());
  }

  private async end(): Promise<void> {
    await Promise.all(this.members.map((member) => member.close()));
    await Promise.all(this.redises.map((redis) => redis.kill()));
  }
}

async function pickPorts(): Promise<ServicePorts> {
  const picked = await Promise.all(
    SERVICES.map(async (name) => {
      const ports = await Promise.all(Array.from({ length: REPLICAS[name] }, freePort));
      return [name, ports] as const;
    }),
  );
  return Object.fromEntries(picked) as unknown as ServicePorts;
}
