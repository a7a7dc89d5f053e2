/** Resolves when the signal is aborted; leaves no listener behind once it is forgotten. */
export function whenAborted(signal: AbortSignal): { readonly happened: Promise<void>; forget(): void } {
  let listener = (): void => undefined;
  const happened = new Promise<void>((resolve) => (listener = () => resolve()));
  signal.addEventListener('abort', listener);
  if (signal.aborted) listener();
  return { happened, forget: () => signal.removeEventListener('abort', listener) };
}
