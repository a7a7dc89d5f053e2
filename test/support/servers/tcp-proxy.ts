import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** It was used for a blocking read. */
  isFeed: boolean;
  isSilent: boolean;
}

/** Which connections something happens to. */
export type Links = 'all' | 'feed';

/** Stands between a client and a server, and can be cut. */
export class TcpProxy {
  readonly #links = new Set<Link>();
  readonly #listener = createServer((client) => this.#accept(client));

  private constructor(private readonly target: number) {}

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#listener.listen(0, '127.0.0.1');
    await once(proxy.#listener, 'listening');
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  /** The connections break, as both ends notice; new ones come up. */
  cut(links: Links = 'all'): void {
    for (const link of this.#those(links)) link.client.destroy();
  }

  /** The connections stay open and nothing comes through any more; new ones work. */
  silence(links: Links = 'all'): void {
    for (const link of this.#those(links)) link.isSilent = true;
  }

  stop(): void {
    this.#listener.close();
    this.cut();
  }

  #those(links: Links): Link[] {
    return [...this.#links].filter(({ isFeed }) => links === 'all' || isFeed);
  }

  #accept(client: Socket): void {
    const server = connect(this.target, '127.0.0.1');
    const link: Link = { client, server, isFeed: false, isSilent: false };
    this.#links.add(link);
    const end = (): void => {
      this.#links.delete(link);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.setNoDelay(true).on('error', end).on('close', end);
    client.on('data', (chunk) => {
      link.isFeed ||= chunk.includes('xread');
      if (!link.isSilent) server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (!link.isSilent) client.write(chunk);
    });
  }
}
