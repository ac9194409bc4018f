"""htpasswd and htdigest files of Apache and nginx."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secops.hosts.credentials.kind import Credential, Kind
from secops.hosts.credentials.text import credential, is_hash, lines

_SERVICE = "htpasswd"
_DES = re.compile(r"[./0-9A-Za-z]{13}")  # a plain password of this form is taken for a hash by the servers too
_DIGEST = re.compile(r"[0-9a-f]{32}")


def read(path: str, content: bytes) -> Iterator[Credential]:
    for number, line in lines(content):
        user, colon, field = line.partition(":")
        if not colon or line.startswith("#"):
            continue
        realm, _, digest = field.rpartition(":")
        value = field.partition(":")[0].strip()
        if realm and _DIGEST.fullmatch(digest):
            yield credential(_SERVICE, path, number, user, f"htdigest:{user}:{realm}:{digest}", "hash")
        elif is_hash(value) or _DES.fullmatch(value):
            yield credential(_SERVICE, path, number, user, value, "hash")
        elif value:
            yield credential(_SERVICE, path, number, user, value.removeprefix("{PLAIN}"))


KIND = Kind(
    _SERVICE,
    (
        "/etc/nginx/*htpasswd*",
        "/etc/nginx/.htpasswd*",
        "/etc/nginx/*/*htpasswd*",
        "/etc/nginx/*/.htpasswd*",
        "/etc/nginx/*.passwd",
        "/etc/nginx/passwd*",
        "/etc/httpd/*htpasswd*",
        "/etc/httpd/.htpasswd*",
        "/etc/httpd/*/*htpasswd*",
        "/etc/httpd/*/.htpasswd*",
        "/etc/httpd/passwd*",
        "/etc/httpd/conf/passwd*",
        "/etc/apache2/*htpasswd*",
        "/etc/apache2/.htpasswd*",
        "/etc/apache2/*/*htpasswd*",
        "/etc/apache2/*/.htpasswd*",
        "/etc/apache2/passwd*",
        "/etc/apache2/*htdigest*",
        "/etc/httpd/*htdigest*",
        "/etc/htpasswd*",
        "/etc/.htpasswd*",
        "/usr/local/nginx/conf/*htpasswd*",
        "/usr/local/nginx/conf/.htpasswd*",
        "/usr/local/nginx/conf/*/*htpasswd*",
        "/usr/local/apache*/conf/*htpasswd*",
        "/var/www/.htpasswd*",
        "/var/www/*/.htpasswd*",
        "/var/www/*/*/.htpasswd*",
        "/srv/*/.htpasswd*",
        "/opt/*/.htpasswd*",
        "/usr/share/nginx/.htpasswd*",
        "/usr/share/nginx/*/.htpasswd*",
    ),
    read,
)
