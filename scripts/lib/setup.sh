# shellcheck shell=bash
# The set-up that every script shares. To be sourced from the tree's root; afterwards the pinned runtime is the `node` of the
# path. Each step does nothing when it is done already, and a lock keeps two scripts from doing the same step at once.

# What a step needs of Debian: a command or a path that shows it is there = the package that brings it.
run_needs=(
  npm=npm
  cc=gcc
  c++=g++
  /usr/include/stdio.h=libc6-dev
  /usr/include/pcap/pcap.h=libpcap-dev
  /etc/ssl/certs/ca-certificates.crt=ca-certificates
)
check_needs=(
  git=git
)
test_needs=(
  sipp=sip-tester
  sox=sox
  tshark=tshark
  openssl=openssl
  /usr/lib/baresip/modules/aufile.so=baresip-core
  /usr/lib/python3/dist-packages/numpy=python3-numpy
  /usr/include/libpri.h=libpri-dev
  /usr/include/osipparser2/osip_parser.h=libosip2-dev
  qemu-system-x86_64=qemu-system-x86
  /usr/share/seabios/bios-256k.bin=seabios
  make=make
  cpio=cpio
  xz=xz-utils
  ip=iproute2
)

# Installs the packages that are missing, as root; otherwise says how to.
install_packages() {
  local need probe missing=()
  for need in "$@"; do
    probe=${need%%=*}
    if [[ $probe == /* ]]; then [ -e "$probe" ]; else command -v "$probe" >/dev/null; fi || missing+=("${need#*=}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    printf 'Some Debian packages are missing. As root, run this line and start again:\n\n' >&2
    printf '  apt-get install -y --no-install-recommends %s\n\n' "${missing[*]}" >&2
    return 1
  fi
  printf 'Installing Debian packages: %s\n' "${missing[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  local apt=(apt-get -qq -o DPkg::Lock::Timeout=120)
  { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } >build/apt.log 2>&1 && return 0
  tail -n 20 build/apt.log >&2
  printf 'The packages could not be installed; all that was said is in build/apt.log\n' >&2
  return 1
}

# Installs the npm packages of the lock file. Only npm runs under the system's Node; all else under the pinned one.
install_modules() {
  local wanted stamp=node_modules/.lock-hash quiet=(--no-audit --no-fund --loglevel=error)
  wanted=$(sha256sum <package-lock.json)
  [ "$(cat $stamp 2>/dev/null)" != "$wanted" ] || return 0
  printf 'Installing npm packages\n' >&2
  # From npm 10 on `npm ci` refuses a lock file that lacks optional packages of other platforms, as one made from a registry that
  # does not carry them does. Then `npm install` takes what is locked, and what it took is held against the lock file.
  if npm ci "${quiet[@]}" >build/npm.log 2>&1 || npm install --no-save "${quiet[@]}" >>build/npm.log 2>&1; then
    node_modules/.bin/node scripts/lib/verify-modules.ts >&2 && printf '%s\n' "$wanted" >$stamp
    return
  fi
  grep -v 'npm error \[' build/npm.log | tail -n 20 >&2
  printf 'The npm packages could not be installed; all that was said is in build/npm.log\n' >&2
  return 1
}

# set_up NEED…: packages, modules, native addon.
set_up() {
  mkdir -p build
  (
    flock -n 9 || { printf 'Waiting for another set-up of this tree\n' >&2 && flock 9; }
    install_packages "$@" && install_modules && scripts/build-native >&2
  ) 9>build/setup.lock || return 1
  PATH=$PWD/node_modules/.bin:$PATH
  # Node keeps what it made of a source file, by its content: every later start takes half the time.
  export NODE_COMPILE_CACHE=$PWD/build/compiled
}
