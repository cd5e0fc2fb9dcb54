"""The web server's configuration for a static site in a container."""

from devgem.domain.plan import StaticSite


def nginx_conf(site: StaticSite) -> list[str]:
    """Line by line. `__PORT__` stands for the port; everything is written below /tmp, so that it runs as any user on a
    read-only disk. Files that begin with a dot are not served, as on every static host, but for /.well-known."""
    last = f"/{site.fallback}" if site.fallback else "=404"
    temporary = [f"{name}_temp_path /tmp/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    return [
        "daemon off;",
        "pid /tmp/nginx.pid;",
        "error_log stderr;",
        "events {}",
        "http {",
        "include /etc/nginx/mime.types;",
        "default_type application/octet-stream;",
        "access_log /dev/stdout;",
        *temporary,
        "sendfile on;",
        "gzip on;",
        "gzip_types text/css text/plain application/javascript application/json image/svg+xml;",
        "server_tokens off;",
        "absolute_redirect off;",
        "server {",
        "listen __PORT__;",
        "root /site;",
        r"location ~ /\.(?!well-known/) { return 404; }",
        f"location / {{ try_files $uri $uri/ $uri.html {last}; }}",
        *([f"error_page 404 /{site.not_found};"] if site.not_found and not site.fallback else []),
        "}",
        "}",
    ]
