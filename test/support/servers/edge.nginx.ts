/** The nginx configuration of docs/edge.md, for places of choice. */
export const edgeNginx = ({
  listen = '8080',
  origin = '127.0.0.1:3000',
  folder = '/var/cache/nginx/api',
}: { readonly listen?: string; readonly origin?: string; readonly folder?: string } = {}): string => `\
proxy_cache_path ${folder} keys_zone=api:10m max_size=1g inactive=10m use_temp_path=off;

server {
  listen ${listen};

  location / {
    proxy_pass http://${origin};
    proxy_http_version 1.1;
    proxy_set_header Host $host;
    proxy_set_header Connection "";

    # how long is up to Cache-Control: s-maxage, else max-age; without either nothing is kept
    proxy_cache api;
    proxy_cache_key $scheme://$host$request_uri;
    # one request fetches, and all who ask meanwhile get the old answer or wait for the new one
    proxy_cache_lock on;
    proxy_cache_use_stale updating;
    proxy_cache_revalidate on;
    # requests with credentials pass by the cache, both ways
    proxy_cache_bypass $http_authorization $http_cookie;
    proxy_no_cache $http_authorization $http_cookie;
  }
}
`;
