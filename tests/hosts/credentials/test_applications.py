"""Readers of applications' own configuration: what is a credential, and what only looks like one."""

from __future__ import annotations

import pytest

from secops.hosts.credentials.text import is_secret
from tests.hosts.credentials.kit import read, refused

ENV = """# APP_PASSWORD=no
APP_NAME=shop
export DB_PASSWORD="pa ss\\"1" # comment
MYSQL_ROOT_PASSWORD='$literal #x'
REDIS_PASS=口令#1 # comment
SECRET_KEY=
API_TOKEN=${TOKEN}
OTHER_TOKEN=$TOKEN
FALLBACK_TOKEN=${TOKEN:-fallback}
SHELL_SECRET=$(cat /run/secret)
DATABASE_URL=postgresql://app:p%40ss@db:5432/app?x=1
CACHE_URL=redis://:r@dis@cache/0
DOCS_URL=https://user@example.org/a:b@c
JDBC=jdbc:mysql://db/x?user=u&password=jdbc1
MAIL_URL=smtp://u:${SMTP_PASSWORD}@mail
ALLOW_EMPTY_PASSWORD=yes
TLS_PRIVATE_KEY=/etc/ssl/key.pem
APP_KEY=/etc/app.key
POSTGRES_PASSWORD_FILE=/run/secrets/pg
PRIMARY_KEY=id
TEMPLATED_PASSWORD={{ vault_password }}
"""


def test_dotenv() -> None:
    found = [
        (3, "DB_PASSWORD", "plain", b'pa ss"1'),
        (4, "MYSQL_ROOT_PASSWORD", "plain", b"$literal #x"),
        (5, "REDIS_PASS", "plain", "口令#1".encode()),
        (9, "FALLBACK_TOKEN", "plain", b"fallback"),
        (11, "DATABASE_URL", "plain", b"p@ss"),
        (12, "CACHE_URL", "plain", b"r@dis"),
        (14, "JDBC", "plain", b"jdbc1"),
    ]
    assert read("/opt/shop/.env", ENV) == found
    assert read("/var/www/shop/.env.production", ENV.replace("\n", "\r\n")) == found
    assert read("/opt/shop/.env.example", ENV) == []
    assert read("/opt/shop/.env", b"\xef\xbb\xbfDB_PASSWORD=\xc3\xdc\xc2\xeb\n") == [
        (1, "DB_PASSWORD", "plain", b"\xc3\xdc\xc2\xeb")  # GBK: as it stands
    ]
    assert read("/opt/shop/.env", "DB_PASSWORD=x\n".encode("utf-16")) == [(1, "DB_PASSWORD", "plain", b"x")]
    assert "NUL" in refused("/opt/shop/.env", b"DB_PASSWORD=x\0\n")


@pytest.mark.parametrize(
    "name", ["PASSWORD", "db.passwd", "rootPwd", "dbPass", "smtp_pass", "api-key", "AUTH_KEY", "jwtSecret"]
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["PWD", "OLDPWD", "bypass", "compass", "keyboard", "primary_key", "passwords", "csrf_token", "user"]
)
def test_names_that_are_none(name: str) -> None:
    assert not is_secret(name)


PROPERTIES = """# spring.datasource.password=old
spring.datasource.url=jdbc:mysql://db:3306/app
spring.datasource.username = app
spring.datasource.password = Root\\u53e3\\u4ee4\\
    123
! management.password=x
spring.redis.password: ${REDIS_PASSWORD:redis123}
spring.mail.password ENC(abcdef==)
spring.rabbitmq.password={cipher}0011
spring.cloud.token=@build.token@
spring.security.user.password={bcrypt}$2a$10$0123456789012345678901234567890123456789012345678901
other.password={noop}text
"""

YAML = """spring:
  datasource:
    url: jdbc:postgresql://db/app?password=inurl
    password: 0123.10
  redis: {password: "${REDIS_PASSWORD}"}
---
spring:
  config.activate.on-profile: prod
  mail:
    password: 'it''s'
  data: {mongodb: {uri: "mongodb://m:mp@h/db"}}
vaulted:
  password: !vault |
    $ANSIBLE_VAULT;1.1;AES256
"""

COMPOSE = """services:
  db:
    image: mysql
    environment:
      - MYSQL_ROOT_PASSWORD=123456
      - MYSQL_PASSWORD=${PASSWORD}
  web:
    environment: {DB_PASSWORD: web1, ALLOW_EMPTY_PASSWORD: "yes"}
"""


def test_spring() -> None:
    bcrypt = b"$2a$10$0123456789012345678901234567890123456789012345678901"
    assert read("/opt/shop/application.properties", PROPERTIES) == [
        (4, "spring.datasource.password", "plain", "Root口令123".encode()),
        (7, "spring.redis.password", "plain", b"redis123"),
        (11, "spring.security.user.password", "hash", bcrypt),
        (12, "other.password", "plain", b"text"),
    ]
    assert read("/opt/shop/config/application-prod.yml", YAML) == [
        (3, "spring.datasource.url", "plain", b"inurl"),
        (4, "spring.datasource.password", "plain", b"0123.10"),
        (10, "spring.mail.password", "plain", b"it's"),
        (11, "spring.data.mongodb.uri", "plain", b"mp"),
    ]
    assert "line" in refused("/opt/shop/application.yml", "a: {password: secret\n")


def test_compose() -> None:
    assert read("/opt/shop/docker-compose.yml", COMPOSE) == [
        (5, "MYSQL_ROOT_PASSWORD", "plain", b"123456"),
        (8, "services.web.environment.DB_PASSWORD", "plain", b"web1"),
    ]


WP_CONFIG = """<?php
/**
 * define( 'DB_PASSWORD', 'in_a_comment' );
 */
/** Database username */
define( 'DB_USER', 'wp' );
define( 'DB_PASSWORD', 'wp\\'pw' );
// define( 'DB_PASSWORD', 'old' );
define('AUTH_KEY',         'put your unique phrase here');
$dbpass="$other";
$cfg['Servers'][$i]['password'] = 'pma';
return ['password' => env('DB_PASSWORD', ''), 'host' => 'x'];
"""

SETTINGS = """# SECRET_KEY = 'old'
SECRET_KEY = 'django-insecure-1'
DATABASES = {'default': {'USER': 'app', 'PASSWORD': "dj-pw", 'HOST': ''}}
EMAIL_HOST_PASSWORD = os.environ.get('EMAIL_PASSWORD', '')
TOKEN = None
"""


def test_php_and_python() -> None:
    assert read("/var/www/html/wp-config.php", WP_CONFIG) == [
        (7, "DB_PASSWORD", "plain", b"wp'pw"),
        (9, "AUTH_KEY", "plain", b"put your unique phrase here"),
        (11, "password", "plain", b"pma"),
    ]
    assert read("/opt/shop/shop/settings.py", SETTINGS) == [
        (2, "SECRET_KEY", "plain", b"django-insecure-1"),
        (3, "PASSWORD", "plain", b"dj-pw"),
    ]


def test_ini() -> None:
    grafana = '[security]\n;admin_password = admin\nadmin_password = """"\n[database]\npassword = \'db\'\nx = %(y)s\n'
    assert read("/etc/grafana/grafana.ini", grafana)[-1] == (5, "password", "plain", b"db")
    zabbix = "# DBPassword=old\nDBName=zabbix\nDBPassword=zbx%(1)\n"
    assert read("/etc/zabbix/zabbix_server.conf", zabbix) == [(3, "DBPassword", "plain", b"zbx%(1)")]
