/** What a process is asked, and what it answers. */
export interface Question {
  readonly id: number;
  readonly call: string;
  readonly args: unknown[];
}

/** Calls by their names. */
export type Calls<Of> = { readonly [Call in keyof Of]: (...args: never[]) => Promise<unknown> };

/** The other end: has calls of the parent answered, and ends with it. */
export function answerTo<Of extends Calls<Of>>(calls: Of): void {
  process.on('message', ({ id, call, args }: Question) => {
    const answering = calls[call as keyof Of](...(args as never[]));
    answering.then(
      (answer) => process.send?.({ id, answer }),
      (error: unknown) => process.send?.({ id, error: error instanceof Error ? error.message : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ id: 0 });
}
