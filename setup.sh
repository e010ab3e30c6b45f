#!/bin/bash
# Prepares this machine for kubeproof. Says what it does, does nothing that is already done, and never
# changes the configuration of an engine that runs.
#
#   1. tox, if there is none: in a Python environment of its own, linked into a folder of the PATH.
#   2. A container engine, if none answers and this is root on a Debian family: Docker from Debian's
#      packages, with mmdebstrap for source `built`; started with a runtime wrapper where the host
#      lacks CAP_SYS_RESOURCE (see clusters/runtime/).
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

TOX_VERSION=4.67.15
TOOLING="${XDG_DATA_HOME:-$HOME/.local/share}/kubeproof/tooling"
PACKAGES=(docker.io iptables mmdebstrap ca-certificates)
WRAPPER=/usr/local/lib/kubeproof/runc-without-sys-resource
ENGINE_LOG=/var/log/kubeproof-engine.log
ENGINE_START_TIMEOUT_S=60

say() { printf 'setup: %s\n' "$*"; }
stop() { printf 'setup: %s\n' "$*" >&2; exit 1; }

install_tox() {
  if command -v tox >/dev/null && [[ "$(tox --version 2>/dev/null)" == 4.* ]]; then return; fi
  local folder
  folder="$(writable_folder_of_path)" || stop "no writable folder in PATH to put tox into; add ~/.local/bin to PATH"
  say "installing tox $TOX_VERSION into $TOOLING, linked from $folder"
  python3 -m venv "$TOOLING" || stop "python3 needs its venv module: apt-get install python3-venv"
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

engine_answers() { docker info --format '{{.ServerVersion}}' >/dev/null 2>&1; }

provide_engine() {
  if engine_answers; then return; fi
  [[ $EUID -eq 0 ]] || stop "no container engine answers; start Docker, or add yourself to its group, then run this again"
  command -v apt-get >/dev/null || stop "no container engine answers, and this is not a Debian family: install and start Docker"
  install_packages
  start_engine
}

install_packages() {
  local missing=() package
  for package in "${PACKAGES[@]}"; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  say "installing ${missing[*]}"
  apt-get update --quiet=2
  DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}" >/dev/null
}

start_engine() {
  # The package may have started its service; what runs now is not ours to configure.
  if engine_answers; then return; fi
  local runtime=()
  if ! has_sys_resource; then
    say "this host lacks CAP_SYS_RESOURCE: containers are started by a wrapper of runc that does without"
    install -D -m 0755 "$here/clusters/runtime/runc_without_sys_resource.py" "$WRAPPER"
    runtime=(--add-runtime "without-sys-resource=$WRAPPER" --default-runtime without-sys-resource)
  fi
  if [[ -d /run/systemd/system && ${#runtime[@]} -eq 0 ]]; then
    say "starting Docker's service"
    systemctl start docker
  else
    say "starting Docker Engine, log in $ENGINE_LOG"
    rm -f /var/run/docker.pid
    setsid nohup dockerd "${runtime[@]}" >"$ENGINE_LOG" 2>&1 </dev/null &
  fi
  wait_engine_answers
}

wait_engine_answers() {
  local deadline=$((SECONDS + ENGINE_START_TIMEOUT_S))
  until engine_answers; do
    ((SECONDS < deadline)) || stop "the engine did not answer within $ENGINE_START_TIMEOUT_S s; its last words: $(tail -n 3 "$ENGINE_LOG" 2>/dev/null)"
    sleep 0.5 # the engine has no other sign of being ready than its answer
  done
}

# Capability 24 of capabilities(7), in this process's bounding set.
has_sys_resource() {
  local bounding
  bounding="$(sed -n 's/^CapBnd:\t//p' /proc/self/status)"
  (((16#$bounding >> 24) & 1))
}

install_tox
provide_engine
say "ready: $(tox --version | cut -d' ' -f1 | sed 's/^/tox /'), Docker Engine $(docker info --format '{{.ServerVersion}}')"
