#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/groups/vm.sh BERTH GUESTS [OPTION…]: runs tests/groups/run.py in a machine of its own, whose kernel has all
# controllers of cgroup v2. For where the machine at hand keeps them elsewhere.
#
# Needs qemu-system-x86, busybox-static and a kernel: Debian's linux-image-cloud-amd64, or KERNEL=FILE. The machine is
# emulated, some 20 times slower than this one; ACCEL=kvm where there is that.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
berth=$1 guests=$2
shift 2
kernel=${KERNEL:-$(ls /boot/vmlinuz-*-cloud-amd64 | tail -1)}
root=$(mktemp -d)
trap 'rm -rf "$root" "$root.cpio.gz"' EXIT

mkdir -p "$root"/{bin,dev,proc,sys,tmp,etc,root,guests,usr/bin,usr/lib}
cp "$(command -v busybox)" "$root/bin/busybox"
for tool in sh mount poweroff mkdir; do ln -s busybox "$root/bin/$tool"; done
cp "$berth" "$root/bin/berth"
strip "$root/bin/berth"
cp "$guests"/{web,hello}.wasm "$root/guests/"
mkdir -p "$root"/tests/{groups,total}
cp "$here/run.py" "$root/tests/groups/"
cp "$here/../total/processes.py" "$root/tests/total/"

python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
library=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
mkdir -p "$root$(dirname "$python")" "$root$library"
cp "$python" "$root$python"
ln -sf "$python" "$root/bin/python3"
tar -C "$library" --exclude=test --exclude=dist-packages --exclude=site-packages --exclude=__pycache__ --exclude='config-*' \
  -c . | tar -C "$root$library" -x
ldd "$root/bin/berth" "$python" "$library"/lib-dynload/*.so | grep -oE '/[^ :]+\.so[^ :]*' | sort -u | while read -r file; do
  mkdir -p "$root$(dirname "$file")"
  cp -Ln "$file" "$root$file"
done

cat > "$root/init" <<END
#!/bin/sh
export PATH=/bin:/usr/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t cgroup2 cgroup /sys/fs/cgroup
mkdir -p /run/systemd/system  # as where systemd runs the machine
python3 /tests/groups/run.py --berth /bin/berth --guests /guests ${*@Q}
echo "status: \$?"
poweroff -f
END
chmod +x "$root/init"
(cd "$root" && find . -print0 | cpio --null --quiet -o -H newc | gzip -1) > "$root.cpio.gz"

qemu-system-x86_64 -accel "${ACCEL:-tcg}" -cpu max -smp 2 -m 3072 -display none -serial stdio -no-reboot \
  -kernel "$kernel" -initrd "$root.cpio.gz" -append "console=ttyS0 quiet panic=-1" | tee "$root/said"
grep -q '^status: 0' "$root/said"
