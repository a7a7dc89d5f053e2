export const SERVICES = ['catalogue', 'reviews', 'inventory', 'users', 'billing'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Where each service listens on the loopback interface. */
export type ServicePorts = Readonly<Record<ServiceName, number>>;
