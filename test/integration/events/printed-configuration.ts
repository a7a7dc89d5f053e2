import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClientsModule, Transport, type MicroserviceOptions } from '@nestjs/microservices';

/** What the pages of docs/transports print, as somebody would use it who copies it. */
export type Printed = 'Sending' | 'Every process' | 'One process of each service';

/** The first code below a heading; undefined where the page has none. */
function codeOf(page: string, heading: Printed): string | undefined {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/transports', `${page}.md`), 'utf8');
  const section = text.split(/^## /m).find((each) => each.startsWith(`${heading}\n`));
  return section === undefined ? undefined : /```ts\n([\s\S]*?)```/.exec(section)?.[1];
}

/** Runs it with these names in it. */
function evaluate(code: string, names: Readonly<Record<string, unknown>>): void {
  // eslint-disable-next-line typescript/no-implied-eval -- it is code of our own pages
  new Function(...Object.keys(names), code)(...Object.values(names));
}

type Clients = Parameters<typeof ClientsModule.register>[0];

/** What is given to `ClientsModule.register`. */
export function printedClients(page: string, names: Readonly<Record<string, unknown>>): Clients {
  let clients: Clients | undefined;
  const register = (given: Clients): void => void (clients = given);
  evaluate(codeOf(page, 'Sending')!, { ...names, Transport, ClientsModule: { register } });
  return clients!;
}

/** What is given to `connectMicroservice`; undefined where the transport can't do that. */
export function printedServer(
  page: string,
  heading: Exclude<Printed, 'Sending'>,
  names: Readonly<Record<string, unknown>>,
): MicroserviceOptions | undefined {
  const code = codeOf(page, heading);
  if (code === undefined) return undefined;
  let options: MicroserviceOptions | undefined;
  const connectMicroservice = (given: MicroserviceOptions): void => void (options = given);
  evaluate(code, { ...names, Transport, app: { connectMicroservice } });
  return options;
}
