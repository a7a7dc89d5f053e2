import { Inject, Module, type DynamicModule } from '@nestjs/common';
import { ClientsModule, Transport, type ClientProxy } from '@nestjs/microservices';
import { SERVICES, type ServiceName, type ServicePorts } from '../services.js';
import { RemoteService } from './remote-service.js';
import { WorkReceipts } from './work-receipts.js';

const clientOf = (name: ServiceName, port: number) => `${name} client ${port}`;
const serviceOf = (name: ServiceName) => `${name} service`;

export const InjectService = (name: ServiceName) => Inject(serviceOf(name));

/** Every service within reach, by its name: `@InjectService('catalogue')`. */
@Module({})
export class RpcModule {
  static forRoot(ports: ServicePorts): DynamicModule {
    const clients = SERVICES.flatMap((name) =>
      ports[name].map((port) => ({
        name: clientOf(name, port),
        transport: Transport.TCP as const,
        options: { host: '127.0.0.1', port },
      })),
    );
    const services = SERVICES.map((name) => ({
      provide: serviceOf(name),
      inject: [WorkReceipts, ...ports[name].map((port) => clientOf(name, port))],
      useFactory: (receipts: WorkReceipts, ...own: ClientProxy[]) => new RemoteService(name, own, receipts),
    }));
    return {
      module: RpcModule,
      global: true,
      imports: [ClientsModule.register(clients)],
      providers: [WorkReceipts, ...services],
      exports: [WorkReceipts, ...services.map(({ provide }) => provide)],
    };
  }
}
