#!/bin/bash
# Prepares this machine for kubeproof. Prints each step, skips steps that are already done, and never changes
# the configuration of a running container engine.
#
#   1. Installs tox, if it is missing, into a Python environment of its own, and links it from a folder in PATH.
#   2. Installs and starts Docker, if no container engine responds and this script runs as root on Debian or a
#      derivative. Docker comes from Debian's packages, together with mmdebstrap for source `built` and Chromium for
#      the tests of pages. On a host without CAP_SYS_RESOURCE it uses a wrapper of runc (see clusters/runtime/).
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

TOX_VERSION=4.67.15
TOOLING="${XDG_DATA_HOME:-$HOME/.local/share}/kubeproof/tooling"
PACKAGES=(docker.io iptables mmdebstrap ca-certificates chromium fonts-dejavu-core)
WRAPPER=/usr/local/lib/kubeproof/runc-without-sys-resource
ENGINE_LOG=/var/log/kubeproof-engine.log
ENGINE_START_TIMEOUT_S=60

log() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

install_tox() {
  if command -v tox >/dev/null && [[ "$(tox --version 2>/dev/null)" == 4.* ]]; then return; fi
  local folder
  folder="$(writable_folder_of_path)" ||
    fail "cannot install tox: PATH contains no writable folder; add ~/.local/bin to PATH"
  log "installing tox $TOX_VERSION into $TOOLING, with a link in $folder"
  python3 -m venv "$TOOLING" || fail "python3 lacks its venv module; run: apt-get install python3-venv"
  "$TOOLING/bin/pip" install --quiet --disable-pip-version-check "tox==$TOX_VERSION"
  ln -sf "$TOOLING/bin/tox" "$folder/tox"
}

writable_folder_of_path() {
  local folder
  for folder in "$HOME/.local/bin" /usr/local/bin; do
    if [[ ":$PATH:" == *":$folder:"* ]] && mkdir -p "$folder" 2>/dev/null && [[ -w "$folder" ]]; then
      echo "$folder"
      return
    fi
  done
  return 1
}

engine_responds() { docker info --format '{{.ServerVersion}}' >/dev/null 2>&1; }

provide_engine() {
  if engine_responds; then return; fi
  [[ $EUID -eq 0 ]] ||
    fail "no container engine responds; start Docker, or add yourself to its group, and run this script again"
  command -v apt-get >/dev/null ||
    fail "no container engine responds, and this host is not Debian or a derivative; install and start Docker"
  install_packages
  start_engine
}

install_packages() {
  local missing=() package
  for package in "${PACKAGES[@]}"; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  log "installing ${missing[*]}"
  apt-get update --quiet=2
  DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}" >/dev/null
}

start_engine() {
  # The package may have started its service. Do not change the configuration of a running engine.
  if engine_responds; then return; fi
  local runtime=()
  if ! has_sys_resource; then
    log "this host lacks CAP_SYS_RESOURCE; configuring a wrapper of runc that does not need it"
    install -D -m 0755 "$here/clusters/runtime/runc_without_sys_resource.py" "$WRAPPER"
    runtime=(--add-runtime "without-sys-resource=$WRAPPER" --default-runtime without-sys-resource)
  fi
  if [[ -d /run/systemd/system && ${#runtime[@]} -eq 0 ]]; then
    log "starting the Docker service"
    systemctl start docker
  else
    log "starting Docker Engine; its log is $ENGINE_LOG"
    rm -f /var/run/docker.pid
    setsid nohup dockerd "${runtime[@]}" >"$ENGINE_LOG" 2>&1 </dev/null &
  fi
  wait_engine_responds
}

wait_engine_responds() {
  local deadline=$((SECONDS + ENGINE_START_TIMEOUT_S))
  until engine_responds; do
    ((SECONDS < deadline)) ||
      fail "the container engine did not respond within $ENGINE_START_TIMEOUT_S s;" \
        "the last lines of its log: $(tail -n 3 "$ENGINE_LOG" 2>/dev/null)"
    sleep 0.5 # The engine signals its readiness in no other way than by responding.
  done
}

# Succeeds if CAP_SYS_RESOURCE, capability 24 of capabilities(7), is in this process's bounding set.
has_sys_resource() {
  local bounding
  bounding="$(sed -n 's/^CapBnd:\t//p' /proc/self/status)"
  (((16#$bounding >> 24) & 1))
}

install_tox
provide_engine
log "ready: $(tox --version | cut -d' ' -f1 | sed 's/^/tox /'), Docker Engine $(docker info --format '{{.ServerVersion}}')"
