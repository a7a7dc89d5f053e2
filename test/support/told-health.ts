/** What the shop says to an orchestrator. */
export interface ToldHealth {
  http: number;
  /** Of everything, as terminus puts it. */
  status: string;
  cache: {
    status: string;
    state: string;
    reasons: string[];
    details: { redis: string; trusted: boolean; warm: boolean };
  };
}

/** @param path `/health` or `/ready` */
export async function toldAt(url: string, path: string): Promise<ToldHealth> {
  const answer = await fetch(new URL(path, url));
  const { status, details } = (await answer.json()) as { status: string; details: Pick<ToldHealth, 'cache'> };
  return { http: answer.status, status, cache: details.cache };
}
