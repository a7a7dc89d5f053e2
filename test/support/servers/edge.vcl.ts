export interface Origin {
  readonly host: string;
  readonly port: number;
}

/** The VCL of docs/edge.md, for an origin of choice. */
export const edgeVcl = ({ host, port }: Origin = { host: '127.0.0.1', port: 3000 }): string => `vcl 4.1;

import std;
import xkey;

backend api {
  .host = "${host}";
  .port = "${port}";
}

# the application; behind a proxy on this machine that doesn't speak PROXY every client would be 127.0.0.1
acl purgers {
  "127.0.0.1";
  "::1";
}

sub vcl_recv {
  if (req.method == "PURGE") {
    if (client.ip !~ purgers) {
      return (synth(403, "Forbidden"));
    }
    if (req.http.xkey-purge) {
      set req.http.purged = xkey.purge(req.http.xkey-purge);
    } else if (req.http.xkey-softpurge) {
      set req.http.purged = xkey.softpurge(req.http.xkey-softpurge);
    } else {
      return (synth(400, "No keys"));
    }
    return (synth(200, req.http.purged + " purged"));
  }
  # requests with Authorization or Cookie pass by the cache
  if (req.http.Authorization || req.http.Cookie) {
    return (pass);
  }
}

sub vcl_backend_response {
  if (beresp.http.CDN-Cache-Control && beresp.status < 500) {
    # goes before Cache-Control (RFC 9213), and isn't read by Varnish itself
    set beresp.ttl = std.duration(regsub(beresp.http.CDN-Cache-Control,
      "(?i)^(.*[\\s,])?max-age=(\\d+).*$", "\\2s"), 0s) - beresp.age;
    set beresp.grace = std.duration(regsub(beresp.http.CDN-Cache-Control,
      "(?i)^(.*[\\s,])?stale-while-revalidate=(\\d+).*$", "\\2s"), 0s);
    if (beresp.http.CDN-Cache-Control ~ "(?i)no-store|no-cache|private") {
      set beresp.ttl = 0s;
    }
  } else if (beresp.http.Cache-Control !~ "(?i)stale-while-revalidate=") {
    # nothing is served stale, after a soft purge neither, unless the response allows it
    set beresp.grace = 0s;
  }
}

sub vcl_deliver {
  unset resp.http.xkey;
}
`;
