#!/bin/busybox sh
# The first process of the guest that tests boot. With "mode=write" it writes numbered files to its disk for ever and says
# each number once it is flushed; with "mode=database" it changes pages of a table in place, as a database with a log does;
# with "mode=check" it says the last number that it finds, checks all files or pages, and ends.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk; do
  insmod /modules/$module.ko
done
tries=0
until [ -b /dev/vda ] || [ $tries = 100 ]; do sleep 0.1; tries=$((tries + 1)); done
mount -t ext4 /dev/vda /mnt || { echo "GUEST cannot mount its disk"; poweroff -f; }

# The database: /mnt/log has a line "number page md5" for each change, /mnt/image the page that the last line is about, and
# both are flushed before /mnt/table is changed. After a power loss only that page can be torn, and is put right from image.
put() {
  dd if=$1 of=$2 bs=8192 conv=notrunc,fsync $3 2> /dev/null
}

recover() {
  set -- $(tail -n 1 /mnt/log 2> /dev/null)
  n=${1:-0}
  [ $n = 0 ] || [ "$(md5sum < /mnt/image)" != "$3  -" ] || put /mnt/image /mnt/table seek=$2
} 2> /dev/null

case "$(cat /proc/cmdline)" in
*mode=database*)
  [ -f /mnt/table ] || head -c 2097152 /dev/urandom > /mnt/table
  recover
  sync
  while true; do
    n=$((n + 1))
    page=$((n * 37 % 256))
    head -c 8192 /dev/urandom > /page
    echo "$n $page $(md5sum < /page | cut -c 1-32)" > /line
    put /page /mnt/image
    put /line /mnt/log oflag=append
    put /page /mnt/table seek=$page
    echo "GUEST flushed $n"
  done
  ;;
*mode=write*)
  n=$(cat /mnt/number 2> /dev/null || echo 0)
  while true; do
    n=$((n + 1))
    file=/mnt/file$((n % 20))
    head -c 131072 /dev/urandom > $file
    md5sum < $file > $file.sum
    sync
    echo $n > /mnt/number
    sync
    echo "GUEST flushed $n"
  done
  ;;
*)
  bad=0
  if [ -f /mnt/table ]; then
    recover
    awk '{ sum[$2] = $3 } END { for (page in sum) print page, sum[page] }' /mnt/log > /pages
    while read -r page sum; do
      [ "$(dd if=/mnt/table bs=8192 skip=$page count=1 2> /dev/null | md5sum)" = "$sum  -" ] || bad=$((bad + 1))
    done < /pages
    echo "GUEST found $n with $bad bad pages"
    umount /mnt
    poweroff -f
  fi
  last=$(cat /mnt/number)
  for file in /mnt/file*; do
    # The file after the last number may have been being written.
    case $file in *.sum | /mnt/file$(((last + 1) % 20))) continue ;; esac
    [ "$(md5sum < $file)" = "$(cat $file.sum)" ] || bad=$((bad + 1))
  done
  echo "GUEST found $last with $bad bad files"
  umount /mnt
  poweroff -f
  ;;
esac
