import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answersHttp } from './http-probe.js';
import { LocalServer, type Place } from './local-server.js';

export interface NginxOptions {
  /** What goes into `http { … }`; it has to listen on `127.0.0.1:port`, and may keep what it likes in the folder. */
  readonly config: (place: Place) => string;
  /** Default: a free one. */
  readonly port?: number;
}

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

export class NginxServer extends LocalServer {
  static async start({ config, port }: NginxOptions): Promise<NginxServer> {
    const prepare = (place: Place): string[] => {
      const file = join(place.folder, 'nginx.conf');
      writeFileSync(file, wholeConfig(config(place), place.folder));
      mkdirSync(join(place.folder, 'temporary'));
      return ['-p', place.folder, '-c', file, '-e', 'stderr'];
    };
    const packages = ['nginx-light'];
    const kind = { name: 'nginx', scheme: 'http', program: 'nginx', packages, prepare, isUp: answersHttp };
    return new NginxServer(...(await NginxServer.launch(kind, port)));
  }
}

/** One process, so that killing it leaves none behind. */
const wholeConfig = (http: string, folder: string): string => `
daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr;
events {}
http {
  access_log off;
${TEMPORARY.map((name) => `  ${name}_temp_path ${folder}/temporary/${name};`).join('\n')}
${http}
}
`;

/** Starts nginx; it is ready when this resolves. */
export const startNginx = async (options: NginxOptions): Promise<NginxServer> => NginxServer.start(options);
