#!/bin/bash
# Makes the corpus of the scenarios: disks of two virtual machines with real installed systems, in generations.
# usage: benchmarks/make-corpus.sh OUT_FOLDER     (see benchmarks/README.md, "The corpus")
set -euo pipefail

out=${1:?usage: $0 OUT_FOLDER}
suite=${SUITE:-bookworm}
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
  awk -v "suite=$suite" '$1 == suite { print $2; exit }')}
disk_size=${DISK_SIZE:-4G}
block_size=${BLOCK_SIZE:-1M}
packages=${PACKAGES:-systemd-sysv linux-image-amd64 openssh-server ca-certificates python3 git perl vim gcc g++ make
  cmake man-db less curl sqlite3 nginx-light}
reinstalled=${REINSTALLED:-git perl-modules-5.36 perl-base libperl5.36 vim-runtime python3.11 libpython3.11-stdlib
  coreutils openssh-client systemd bash libc6}
windows_package=${WINDOWS_PACKAGE:-libwine}
mib=$((1024 * 1024))
system_start=$mib
system_bytes=$((${SYSTEM_MIB:-2900} * mib))
data_start=$((system_start + system_bytes))
data_bytes=$(($(numfmt --from=iec "$disk_size") - data_start - mib))
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin

fail() { echo "$0: $1" >&2; exit 1; }

[ -n "$mirror" ] || fail "apt is not set up for $suite; name a mirror in DEBIAN_MIRROR."
[ "$(id -u)" = 0 ] || fail "must run as root, which debootstrap and mounting need."
for tool in debootstrap:debootstrap qemu-img:qemu-utils qemu-io:qemu-utils mke2fs:e2fsprogs sfdisk:fdisk \
  mkntfs:ntfs-3g ntfs-3g:ntfs-3g python3:python3 sqlite3:sqlite3 losetup:mount; do
  command -v "${tool%%:*}" > /dev/null || fail "needs ${tool%%:*}: apt-get install ${tool##*:}"
done
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$out/work.tmp
system=$work/system
data=$work/data
packed=$work/packages
log=$out/install.log
loop=

unmount_all() {
  for folder in "$system/proc" "$system/var/cache/apt/archives" "$system" "$data"; do
    if mountpoint -q "$folder"; then umount "$folder"; fi
  done
  if [ -n "$loop" ]; then losetup -d "$loop"; fi
  loop=
  sync
}

leave() {
  unmount_all
  rm -rf --one-file-system "$work"
}
trap leave EXIT

# mount_disk RAW: the system's file system and that of the data.
mount_disk() {
  mkdir -p "$system" "$data" "$packed/partial"
  mount -o "loop,offset=$system_start,sizelimit=$system_bytes" "$1" "$system"
  loop=$(losetup -f --show -o "$data_start" --sizelimit "$data_bytes" "$1")
  ntfs-3g -o big_writes "$loop" "$data"
}

# within COMMAND…: runs a command of the installed system, none of whose services may start. Downloads stay outside.
within() {
  local status=0
  mount -t proc proc "$system/proc"
  mkdir -p "$system/var/cache/apt/archives"
  mount --bind "$packed" "$system/var/cache/apt/archives"
  chroot "$system" env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@" >> "$log" 2>&1 < /dev/null || status=$?
  umount "$system/var/cache/apt/archives" "$system/proc"
  [ "$status" = 0 ] || fail "$1 failed in the installed system; see $log"
}

# make_disk RAW: an empty disk with an ext4 and an NTFS partition.
make_disk() {
  truncate -s "$disk_size" "$1"
  sfdisk -q --label dos "$1" <<< "start=$((system_start / 512)), size=$((system_bytes / 512)), type=L, bootable
start=$((data_start / 512)), size=$((data_bytes / 512)), type=7"
  mke2fs -q -t ext4 -L system -E "offset=$system_start" "$1" $((system_bytes / 1024))k
  loop=$(losetup -f --show -o "$data_start" --sizelimit "$data_bytes" "$1")
  mkntfs -q -Q -F -L data "$loop" > /dev/null 2>&1
  losetup -d "$loop"
  loop=
}

# litter FOLDER: files of many sizes, every other one removed again, so that what comes next is laid out otherwise. They
# hold zeros, which nobody stores.
litter() {
  mkdir "$1/litter"
  for number in $(seq 600); do
    head -c $(((number * 7919 % 400 + 1) * 1024)) /dev/zero > "$1/litter/$number"
  done
  for number in $(seq 1 2 600); do
    rm "$1/litter/$number"
  done
}

# install_system NAME PACKAGE…: into the mounted file system, in the order given.
install_system() {
  local name=$1
  shift
  mkdir -p "$system/etc/dpkg/dpkg.cfg.d"
  echo force-unsafe-io > "$system/etc/dpkg/dpkg.cfg.d/corpus"
  debootstrap --variant=minbase "$suite" "$system" "$mirror" >> "$log" 2>&1 || fail "debootstrap failed; see $log"
  printf '#!/bin/sh\nexit 101\n' > "$system/usr/sbin/policy-rc.d"
  chmod +x "$system/usr/sbin/policy-rc.d"
  for package; do
    within apt-get install -y --no-install-recommends "$package"
  done
  echo "$name" > "$system/etc/hostname"
  echo "LABEL=system / ext4 defaults 0 1" > "$system/etc/fstab"
  make_database "$system/var/lib/corpus.db"
}

make_database() {
  sqlite3 "$1" "PRAGMA page_size = 4096; CREATE TABLE event (id INTEGER PRIMARY KEY, kind TEXT, detail TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
    INSERT INTO event SELECT i, 'kind ' || (i * 7919 % 97), hex(i * 104729) || ' happened at ' || i FROM n;"
}

# unpack_windows FILTER: programs and libraries of Windows into the NTFS volume, those whose number passes.
unpack_windows() {
  local archive source
  [ -n "$(find "$packed" -name "${windows_package}_*.deb")" ] ||
    within sh -c "cd /var/cache/apt/archives && apt-get download $windows_package"
  archive=$(find "$packed" -name "${windows_package}_*.deb")
  source=$work/windows
  [ -d "$source" ] || dpkg-deb -x "$archive" "$source"
  mkdir -p "$data/Windows/System32"
  find "$source" -type f | LC_ALL=C sort | awk "$1" | while read -r file; do
    cp "$file" "$data/Windows/System32/"
  done
}

install_anna() {
  install_system anna $packages
  unpack_windows '1'
}

# The same, independently: in another order, and between other files.
install_bert() {
  litter "$system"
  litter "$data"
  install_system bert $(echo $packages | tr ' ' '\n' | tac)
  unpack_windows 'NR % 2'
  unpack_windows '(NR + 1) % 2'
}

# A day on which nothing but the system itself was at work: logs and a database grow and change, files are edited.
change_quiet_day() {
  local day=$1
  (
    cd "$system"
    for name in syslog auth.log daemon.log; do
      seq 6000 | sed "s/.*/Jan  $day 03:04:05 real-disk systemd[&]: Started Daily Cleanup of Temporary Directories./" \
        >> "var/log/$name"
    done
    sqlite3 var/lib/corpus.db "UPDATE event SET kind = 'kind $day' WHERE id % 397 = $day;"
    find etc -type f -name '*.conf' | sort | awk "NR % 9 == $day" | while read -r file; do
      echo "# looked at on day $day" >> "$file"
    done
    find usr/share/doc usr/share/man -type f | sort | awk "NR % 8 == $day" | while read -r file; do
      printf '%s' "$day" | dd of="$file" bs=1 seek=100 conv=notrunc status=none
    done
    mkdir -p home/anna
    for number in $(seq 300); do
      seq "$number" $((number + 300)) > "home/anna/note-$day-$number.txt"
    done
    find usr/share/locale -type f | sort | awk "NR % 25 == $day" | xargs -r rm -f
  )
  find "$data/Windows/System32" -type f -size +8k | LC_ALL=C sort | awk "NR % 8 == $day" | while read -r file; do
    printf '%s' "$day" | dd of="$file" bs=1 seek=5000 conv=notrunc status=none
  done
  mkdir -p "$data/Users/Anna"
  for number in $(seq 60); do
    seq "$number" $((number + 2000)) > "$data/Users/Anna/report-$day-$number.txt"
  done
}

# A day on which packages were installed anew: old content at new places, and dpkg's own files rewritten.
change_packages() {
  within apt-get install -y --reinstall $reinstalled
  find "$data/Windows/System32" -type f | LC_ALL=C sort | awk 'NR % 16 == 3' | tr '\n' '\0' | xargs -0 rm -f
  unpack_windows 'NR % 16 == 5'
}

# is_made NAME: its ranges file comes last.
is_made() { [ -e "$out/$1.json" ]; }

# first_generation NAME INSTALL…: a disk, what is installed on it, its VHDX and its ranges file.
first_generation() {
  local name=$1
  shift
  if is_made "$name"; then return; fi
  echo "$name: installing $suite"
  rm -f "$out/$name".*
  make_disk "$out/$name.raw"
  mount_disk "$out/$name.raw"
  "$@"
  unmount_all
  check_disk "$name"
  qemu-img convert -f raw -O vhdx -o "subformat=dynamic,block_size=$block_size" "$out/$name.raw" "$out/$name.vhdx"
  echo "{\"since\": null, \"id\": \"$name\", \"ranges\": []}" > "$out/$name.json"
}

# next_generation OLD NEW CHANGE…: a copy of the disk, changed, and the same changes in place in a copy of the VHDX.
next_generation() {
  local old=$1 new=$2
  shift 2
  if is_made "$new"; then return; fi
  echo "$new: changing $old"
  cp --sparse=always "$out/$old.raw" "$out/$new.raw"
  mount_disk "$out/$new.raw"
  "$@"
  unmount_all
  check_disk "$new"
  cp --sparse=always "$out/$old.vhdx" "$out/$new.vhdx"
  python3 "$here/apply-changes.py" \
    "$out/$old.raw" "$out/$new.raw" "$old" "$new" "$work/$new.json" "$out/$new.vhdx"
  qemu-img compare -q -f raw -F vhdx "$out/$new.raw" "$out/$new.vhdx" ||
    fail "$new differs between its raw image and its VHDX."
  mv "$work/$new.json" "$out/$new.json"
}

# check_disk NAME: the file system of Linux must be whole.
check_disk() {
  e2fsck -fn "$out/$1.raw?offset=$system_start" >> "$log" 2>&1 || fail "e2fsck finds errors in $1; see $log"
}

: > "$log"
mkdir -p "$work"
first_generation a0 install_anna
next_generation a0 a1 change_quiet_day 1
next_generation a1 a2 change_packages
first_generation b0 install_bert
next_generation b0 b1 change_quiet_day 2
du -sh "$out"/*.raw "$out"/*.vhdx
