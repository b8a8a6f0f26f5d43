#!/bin/busybox sh
# The first process of the guest that tests boot. With "mode=write" it writes numbered files to its disk for ever and says
# each number once it is flushed; with "mode=check" it says the last number that it finds, checks all files, and ends.
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

case "$(cat /proc/cmdline)" in
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
