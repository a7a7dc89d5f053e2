import { SERVICES, type ServiceName, type ServicePorts } from '../services.js';
import type { BrokerAddress } from './transports.js';

/** What a process can be. */
export type Role = 'gateway' | ServiceName;

export const ROLES: readonly Role[] = ['gateway', ...SERVICES];

/** Which service writes its events in the transaction of the change they tell of. */
export const WITH_OUTBOX: Role = 'billing';

/** How many processes each has. Those of one role share a Redis. */
export const REPLICAS: Readonly<Record<Role, number>> = {
  gateway: 1,
  catalogue: 2,
  reviews: 1,
  inventory: 1,
  users: 2,
  billing: 1,
};

/** All that a process is told when it starts. */
export interface RoleOptions {
  role: Role;
  /** Where it listens: the gateway for HTTP, a service for the gateway's questions. */
  port: number;
  /** Where the services answer. */
  ports: ServicePorts;
  databaseUrl: string;
  /** Its own Redis; `null`: it caches nothing. */
  redisUrl: string | null;
  /** Where events go and come from; `null`: nobody is told anything. */
  broker: BrokerAddress | null;
}
