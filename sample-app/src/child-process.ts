import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** The first message of a forked process, which says that it is ready. */
export async function firstMessage<Message>(child: ChildProcess, name: string): Promise<Message> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${name} ended with code ${code} before it was ready`);
  });
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [Message];
  return message;
}

/** In a forked process: closes what it opens when nobody is connected to it any more, and ends. */
export function closeWithParent(opening: Promise<{ close(): Promise<void> }>): void {
  process.on('disconnect', () => void opening.then((opened) => opened.close()).finally(() => process.exit(0)));
  process.on('SIGINT', () => {}); // Ctrl+C reaches the whole group: the parent closes everybody in order
}

/** Lets go of a forked process, which ends when nobody is connected to it. */
export async function letGo(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.disconnect();
  await ended;
}
