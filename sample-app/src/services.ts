export const SERVICES = ['catalogue', 'reviews', 'inventory', 'users', 'billing'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Where each service listens on the loopback interface: every process of it at a port of its own. */
export type ServicePorts = Readonly<Record<ServiceName, readonly [port: number, ...others: number[]]>>;
