import { setTimeout as pause } from 'node:timers/promises';
import { Browser, type Answer } from './browser.js';
import { Traffic, type Kind, type ShopRequest } from './traffic.js';
import { versionsIn } from './versions.js';
import { countView, type Views } from './views.js';
import { Witness, type LateRead } from './witness.js';

export interface DriverOptions {
  /** A process of the shop each; they are asked in turn. */
  urls: readonly string[];
  seed: number;
  /** How many requests are under way at any time. */
  concurrency: number;
  manners?: Manners | undefined;
}

/** What is different where the one who answers isn't the one who changes. */
export interface Manners {
  /** Those who are asked learn of every change from somebody else. */
  writesElsewhere: boolean;
  /** Who is asked may be gone for a while; a request that can't be sent has failed. */
  mayBeAway: boolean;
  /** Between an answer and the next request, ms. */
  restMs: number;
}

export interface Failure {
  kind: Kind;
  what: string;
  /** Ms since the epoch. */
  begunAt: number;
  endedAt: number;
}

export interface Sample {
  kind: Kind;
  /** When the answer was complete, counted from the begin of the drive. */
  atMs: number;
  ms: number;
}

export interface Drive {
  /** Ms since the epoch. */
  beganAt: number;
  durationMs: number;
  samples: Sample[];
  failures: Failure[];
  lateReads: LateRead[];
  /** Of product pages. */
  views: Views;
}

/** Instead of an answer. */
const NOBODY: Answer = { status: 0, body: undefined, ms: 0 };
/** No process that is asked. */
const ELSEWHERE = -1;

/** Sends the traffic of a seed: as many requests at a time as told, the next one as soon as one is answered. */
export class Driver {
  private readonly traffic: Traffic;
  private readonly browsers: readonly Browser[];
  private readonly witness = new Witness();
  private visits = 0;

  constructor(private readonly options: DriverOptions) {
    this.traffic = new Traffic(options.seed);
    this.browsers = options.urls.map((url) => new Browser(url, options.concurrency));
  }

  /** Goes on where the last drive ended. */
  async drive(requests: number, onProgress: (done: number) => void = () => {}): Promise<Drive> {
    const beganAt = Date.now();
    const begin = performance.now();
    const samples: Sample[] = [];
    const failures: Failure[] = [];
    const views: Views = {};
    const knownLate = this.witness.lateReads.length;
    const { restMs = 0 } = this.options.manners ?? {};
    let left = requests;

    const visitor = async (): Promise<void> => {
      while (left-- > 0) {
        const request = this.traffic.next();
        const begunAt = Date.now();
        const { status, ms } = await this.visit(request);
        samples.push({ kind: request.kind, atMs: performance.now() - begin, ms });
        const hasFailed = status === 0 || status >= 300;
        if (hasFailed) failures.push(failureOf(request, status, begunAt));
        if (request.kind === 'product page') countView(views, request.id, !hasFailed);
        onProgress(samples.length);
        if (restMs > 0) await pause(restMs);
      }
    };
    await Promise.all(Array.from({ length: this.options.concurrency }, visitor));

    return {
      beganAt,
      durationMs: performance.now() - begin,
      samples,
      failures,
      lateReads: this.witness.lateReads.slice(knownLate),
      views,
    };
  }

  close(): void {
    for (const browser of this.browsers) browser.close();
  }

  protected async visit(request: ShopRequest): Promise<Answer> {
    const process = this.visits++ % this.browsers.length;
    const begin = this.witness.now();
    const { writesElsewhere = false, mayBeAway = false } = this.options.manners ?? {};
    const sent = this.browsers[process]!.send(request);
    const answer = await (mayBeAway ? sent.catch(() => NOBODY) : sent);
    if (answer.status === 0 || answer.status >= 300) return answer;
    const versions = versionsIn(request.kind, request.id, answer.body);
    if (request.method === 'GET') this.witness.check(begin, versions, process);
    else this.witness.written(versions, writesElsewhere ? ELSEWHERE : process);
    return answer;
  }
}

const failureOf = ({ kind, method, path }: ShopRequest, status: number, begunAt: number): Failure => ({
  kind,
  what: `${method} ${path} → ${status === 0 ? 'nobody there' : status}`,
  begunAt,
  endedAt: Date.now(),
});
