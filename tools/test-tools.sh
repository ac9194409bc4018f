#!/bin/sh
# What tests and benchmarks need from the system. The servers they start live in a Debian root under build/, not here.
set -eu
missing=
for pair in debootstrap:debootstrap busybox:busybox-static ssh:openssh-client openssl:openssl ip:iproute2 \
            getcap:libcap2-bin unshare:util-linux dash:dash bash:bash mkfs.btrfs:btrfs-progs gawk:gawk; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
[ "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing for the tests:$missing" >&2
  apt-get update -qq
  # shellcheck disable=SC2086  # a list of packages
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "Not installed:$missing. Tests that need them are skipped." >&2
fi
