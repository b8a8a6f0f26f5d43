#!/bin/bash
# Makes a disk with a real installed Debian system in it, in three generations, for the main job and the benchmarks.
# usage: benchmarks/make-real-disk.sh OUT_FOLDER     (see benchmarks/README.md, "A real disk")
set -euo pipefail

out=${1:?usage: $0 OUT_FOLDER}
suite=${SUITE:-bookworm}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
disk_size=${DISK_SIZE:-8G}
block_size=${BLOCK_SIZE:-1M}
packages=${PACKAGES:-systemd-sysv linux-image-amd64 openssh-server ca-certificates python3 git perl vim gcc g++ make cmake
  man-db less curl sqlite3 nginx-light emacs-nox golang-go}
reinstalled=${REINSTALLED:-git perl-modules-5.36 vim-runtime python3.11 libpython3.11-stdlib coreutils openssh-client}
partition_start=$((1024 * 1024))
here=$(cd "$(dirname "$0")" && pwd)

fail() { echo "$0: $1" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "must run as root, which debootstrap and mounting need."
for tool in debootstrap:debootstrap qemu-img:qemu-utils mke2fs:e2fsprogs sfdisk:fdisk python3:python3 losetup:mount; do
  command -v "${tool%%:*}" > /dev/null || fail "needs ${tool%%:*}: apt-get install ${tool##*:}"
done
mkdir -p "$out"
out=$(cd "$out" && pwd)
for file in gen0.vhdx gen1.vhdx gen2.vhdx; do
  [ ! -e "$out/$file" ] || fail "$out/$file exists already; remove it or name another folder."
done

tree=$out/tree.tmp
mounted=$out/mount.tmp

leave() {
  for folder in "$tree/proc" "$mounted/proc" "$mounted"; do
    if mountpoint -q "$folder"; then umount "$folder"; fi
  done
  rm -rf --one-file-system "$tree" "$mounted"
}
trap leave EXIT

# within FOLDER COMMAND…: runs a command of the installed system, none of whose services may start.
within() {
  local folder=$1 status=0
  shift
  mount -t proc proc "$folder/proc"
  chroot "$folder" env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@" >> "$out/install.log" 2>&1 < /dev/null || status=$?
  umount "$folder/proc"
  [ "$status" = 0 ] || fail "$1 failed in the installed system; see $out/install.log"
}

install_system() {
  echo "installing $suite into a folder"
  debootstrap --variant=minbase "$suite" "$tree" "$mirror" > "$out/install.log" 2>&1 ||
    fail "debootstrap failed; see $out/install.log"
  printf '#!/bin/sh\nexit 101\n' > "$tree/usr/sbin/policy-rc.d"
  chmod +x "$tree/usr/sbin/policy-rc.d"
  within "$tree" apt-get install -y --no-install-recommends $packages
  within "$tree" apt-get install -y --reinstall --download-only $reinstalled
  echo real-disk > "$tree/etc/hostname"
  echo "LABEL=system / ext4 defaults 0 1" > "$tree/etc/fstab"
}

make_image() {
  truncate -s "$disk_size" "$out/gen0.raw"
  echo "start=2048, type=L, bootable" | sfdisk -q --label dos "$out/gen0.raw"
  local bytes
  bytes=$(($(stat -c %s "$out/gen0.raw") - partition_start))
  mke2fs -q -t ext4 -L system -d "$tree" -E "offset=$partition_start" "$out/gen0.raw" $((bytes / 1024))k
  rm -rf --one-file-system "$tree"
}

# mount_generation N: copies generation N-1 to N and mounts its file system.
mount_generation() {
  cp --sparse=always "$out/gen$(($1 - 1)).raw" "$out/gen$1.raw"
  mkdir -p "$mounted"
  mount -o "loop,offset=$partition_start" "$out/gen$1.raw" "$mounted"
}

# A day on which nothing but the system itself was at work: logs grow, some files are edited, some come and go.
change_quiet_day() {
  mount_generation 1
  (
    cd "$mounted"
    for log in syslog auth.log daemon.log kern.log; do
      yes "Jan  2 03:04:05 real-disk systemd[1]: Started Daily Cleanup of Temporary Directories." |
        head -c 1500000 >> "var/log/$log" || true
    done
    find etc -type f -name '*.conf' | sort | awk 'NR % 9 == 0' | while read -r file; do
      echo "# looked at on a quiet day" >> "$file"
    done
    find usr/share/doc -type f -name copyright | sort | awk 'NR % 40 == 0' | while read -r file; do
      printf 'x' | dd of="$file" bs=1 seek=100 conv=notrunc status=none
    done
    mkdir -p home/anna
    for number in $(seq 400); do
      seq "$number" $((number + 300)) > "home/anna/note-$number.txt"
    done
    find usr/share/locale -type f | sort | awk 'NR % 25 == 0' | xargs -r rm -f
    cp usr/bin/vim.basic home/anna/vim-copy
  )
  umount "$mounted"
}

# A day on which packages were installed anew: old content at new places, and dpkg's own files rewritten.
change_packages() {
  mount_generation 2
  within "$mounted" apt-get install -y --reinstall --no-download $reinstalled
  within "$mounted" apt-get clean
  umount "$mounted"
}

# publish_generation N: what changed as a ranges file, and the same changes written in place into a copy of the VHDX.
publish_generation() {
  echo "generation $1: finding the changed ranges and writing them into the VHDX"
  cp --sparse=always "$out/gen$(($1 - 1)).vhdx" "$out/gen$1.vhdx"
  python3 "$here/apply-changes.py" "$out/gen$(($1 - 1)).raw" "$out/gen$1.raw" \
    "gen$(($1 - 1))" "gen$1" "$out/gen$1.json" "$out/gen$1.vhdx"
  qemu-img compare -q -f raw -F vhdx "$out/gen$1.raw" "$out/gen$1.vhdx" ||
    fail "generation $1 differs between its raw image and its VHDX."
}

install_system
make_image
qemu-img convert -f raw -O vhdx -o "subformat=dynamic,block_size=$block_size" "$out/gen0.raw" "$out/gen0.vhdx"
echo '{"since": null, "id": "gen0", "ranges": []}' > "$out/gen0.json"
change_quiet_day
publish_generation 1
change_packages
publish_generation 2
for generation in 0 1 2; do
  e2fsck -fn "$out/gen$generation.raw?offset=$partition_start" > "$out/fsck.log" 2>&1 ||
    fail "e2fsck finds errors in generation $generation; see $out/fsck.log"
done
du -sh "$out"/gen*
