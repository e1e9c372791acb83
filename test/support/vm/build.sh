#!/usr/bin/env bash
# Builds what the guest boots, from Debian's own packages and without installing any of them: the kernel as an ELF file (which QEMU
# starts without unpacking it under emulation), the DAHDI modules for it, and an initramfs. Prints the folder; what is there already for
# these package versions is not built again. Needs cc, make, cpio, xz and the Debian archive, the latter the first time only.
set -euo pipefail
cd "$(dirname "$0")/../../.."
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

here=test/support/vm
cache=build/vm
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9

# The kernel is the one that Debian's metapackage names today; its modules need the headers of the very same build.
abi() { apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: linux-image-\(.*-amd64\)$/\1/p' | head -n 1; }
version() { apt-cache policy "$1" | sed -n 's/^  Candidate: //p'; }
packages() {
  local abi=$1
  echo "linux-image-$abi linux-headers-$abi linux-headers-${abi%-amd64}-common linux-kbuild-$(echo "$abi" | cut -d. -f1,2)" \
    dahdi-dkms dahdi libtonezone2.0 busybox-static
}

if [ -z "$(abi)" ] && [ "$(id -u)" = 0 ]; then apt-get -qq update >"$cache/apt.log" 2>&1 || true; fi
abi=$(abi)
if [ -z "$abi" ]; then
  # Without the archive's lists: the newest that was built before.
  last=$(find "$cache" -maxdepth 2 -name complete -printf '%T@ %h\n' | sort -n | tail -n 1 | cut -d' ' -f2)
  [ -n "$last" ] || { echo 'no package lists of the Debian archive: run apt-get update' >&2; exit 1; }
  echo "$last"
  exit 0
fi

# shellcheck disable=SC2046
read -ra wanted <<<"$(packages "$abi")"
key=$({ for package in "${wanted[@]}"; do echo "$package $(version "$package")"; done; cat "$here/build.sh" "$here/init"; } | sha256sum | cut -c1-16)
out=$cache/$key
[ -e "$out/complete" ] && { echo "$out"; exit 0; }

work=$cache/work
rm -rf "$work" "$out"
mkdir -p "$work/debs" "$work/root" "$work/image" "$out"
download() { (cd "$work/debs" && apt-get -qq -o APT::Sandbox::User=root download "${wanted[@]}" >../download.log 2>&1); }
# A list that is older than the last security update names files that are gone from the archive.
download || { apt-get -qq update >"$cache/apt.log" 2>&1 && download; } || { cat "$work/download.log" >&2; exit 1; }
for deb in "$work"/debs/*.deb; do dpkg-deb -x "$deb" "$work/root"; done

# The kernel: the payload of the bzImage is an xz stream with other things behind it.
image=$work/root/boot/vmlinuz-$abi
at=$(grep -abo -m 1 -P '\xFD7zXZ\x00' "$image" | head -n 1 | cut -d: -f1)
tail -c "+$((at + 1))" "$image" | xz -dc >"$out/vmlinux" 2>/dev/null || true
[ "$(head -c 4 "$out/vmlinux" | tail -c 3)" = ELF ] || { echo "no kernel was found in $image" >&2; exit 1; }

# The modules. The headers' makefile has an absolute path in it, and Kbuild takes a module that is named twice for none.
root=$PWD/$work/root
headers=$root/usr/src/linux-headers-$abi
sed -i "s#/usr/src/#$root/usr/src/#" "$headers/Makefile"
source=$(find "$root/usr/src" -maxdepth 1 -name 'dahdi-*')
make -s -j"$(nproc)" -C "$headers" M="$source/drivers/dahdi" KBUILD_EXTMOD="$source/drivers/dahdi" DAHDI_INCLUDE="$source/include" \
  DAHDI_BUILD_ALL= CONFIG_DAHDI=m CONFIG_DAHDI_DYNAMIC=m CONFIG_DAHDI_DYNAMIC_LOC=m CONFIG_DAHDI_DYNAMIC_ETH=m \
  CONFIG_DAHDI_DYNAMIC_ETHMF=m CONFIG_DAHDI_ECHOCAN_MG2=m modules >"$work/make.log" 2>&1 || { tail -n 20 "$work/make.log" >&2; exit 1; }

# The image: busybox, the modules in the order in which they load, the configuration tool as an independent witness.
busybox=$root/bin/busybox
"$busybox" depmod -b "$root" "$abi" 2>/dev/null || true
tree=$root/lib/modules/$abi
mkdir -p "$work/image"/{bin,sbin,proc,sys,dev,usr,tree,share,etc/dahdi,modules}
order() {
  local name file
  for name in "$@"; do
    file=$(sed -n "s#^\(.*/$name\.ko\):\(.*\)#\2 \1#p" "$tree/modules.dep" | head -n 1)
    [ -n "$file" ] || { echo "the kernel has no module $name" >&2; return 1; }
    # Dependencies are listed nearest first.
    echo "$file" | awk '{for (i = NF - 1; i > 0; i--) print $i; print $NF}'
  done | awk '!seen[$0]++'
}
n=10
for module in $(order virtio_pci 9pnet_virtio 9p virtio_net); do
  cp "$tree/$module" "$work/image/modules/$((n++))-$(basename "$module")"
done
for module in dahdi dahdi_dynamic dahdi_dynamic_loc dahdi_dynamic_eth dahdi_dynamic_ethmf dahdi_echocan_mg2; do
  strip -g "$source/drivers/dahdi/$module.ko" -o "$work/image/modules/$((n++))-$module.ko"
done
cp "$busybox" "$work/image/bin/"
cp "$root/usr/sbin/dahdi_cfg" "$work/image/sbin/"
mkdir -p "$work/image/opt"
cp -P "$root"/usr/lib/libtonezone.so* "$work/image/opt/" 2>/dev/null || cp -P "$root"/usr/lib/*/libtonezone.so* "$work/image/opt/"
ln -s usr/lib "$work/image/lib"
ln -s usr/lib64 "$work/image/lib64"
install -m 755 "$here/init" "$work/image/init"
(cd "$work/image" && find . | cpio -o -H newc --quiet -R 0:0) | gzip -1 >"$out/initramfs.gz"

for package in "${wanted[@]}"; do echo "$package $(version "$package")"; done >"$out/packages"
touch "$out/complete"
rm -rf "$work"
echo "$out"
