#!/bin/bash
# Installs what the scenarios run beside hvbackup, and what the corpus is made with, as far as it is missing (Debian).
set -euo pipefail

# command:package
needed="restic:restic borg:borgbackup time:time debootstrap:debootstrap qemu-img:qemu-utils mke2fs:e2fsprogs
  mkntfs:ntfs-3g sfdisk:fdisk python3:python3 sqlite3:sqlite3"
PATH=$PATH:/usr/sbin:/sbin

missing=
for pair in $needed; do
  [ -x "$(type -P "${pair%%:*}" || true)" ] || missing="$missing ${pair##*:}"
done
[ -n "$missing" ] || exit 0

fail() { echo "The scenarios need these Debian packages:$missing ($1)" >&2; exit 1; }

command -v apt-get > /dev/null || fail "and apt-get is not here to install them"
[ "$(id -u)" = 0 ] || fail "install them as root"
echo "installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq -o Acquire::Retries=3 >&2 || echo "apt-get update failed; going on with the lists at hand" >&2
apt-get install -y -qq --no-install-recommends -o Acquire::Retries=3 $missing > /dev/null ||
  fail "installing them failed"
