import { connect } from 'node:net';

/**
 * Whether an HTTP server works on that port: what is no request is answered with 400 by the server itself, so that
 * nothing reaches an origin or a cache.
 */
export const answersHttp = async (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => void socket.write('no request\r\n\r\n'));
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.once('data', (chunk) => end(chunk.includes(' 400')));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
