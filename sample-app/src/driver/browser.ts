import { Agent, request } from 'node:http';
import type { ShopRequest } from './traffic.js';

export interface Answer {
  status: number;
  body: unknown;
  /** From the first byte sent to the last one received. */
  ms: number;
}

/** Keeps its connections open, as a load balancer in front of the shop would. */
export class Browser {
  private readonly agent: Agent;

  constructor(
    private readonly url: string,
    connections: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  send({ method, path, body }: ShopRequest): Promise<Answer> {
    const payload = body && JSON.stringify(body);
    const headers = payload
      ? { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }
      : {};
    return new Promise((resolve, reject) => {
      const begin = performance.now();
      const sent = request(new URL(path, this.url), { method, headers, agent: this.agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const ms = performance.now() - begin;
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text), ms });
        });
      });
      sent.on('error', reject);
      sent.end(payload);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
