#!/bin/sh
# Make a sandbox engine usable on this machine.
#
#   setup-engine.sh any   One engine is enough. Where none works: installs bubblewrap, or Docker if bubblewrap can't work here.
#   setup-engine.sh all   For the tests: bubblewrap, Docker, and a registry to pull from. What can't be had is named; exit 0.
#
# Installs only as root on Debian and Ubuntu, and only what is missing. Starts a Docker daemon; never stops or changes one.
set -u
export DEBIAN_FRONTEND=noninteractive
cd "$(dirname "$0")/.." || exit 1
VENV_BIN=.venv/bin
DOCKERD_LOG=/var/log/soloist-dockerd.log
HALF_WAIT=30 # seconds for each of the two ways to start a daemon

say() { printf 'engine: %s\n' "$*" >&2; }
is_root() { [ "$(id -u)" = 0 ]; }
has() { command -v "$1" >/dev/null 2>&1; }
may_install() { is_root && has apt-get; }

# As Soloist runs it: never as root, with namespaces of its own and a new /proc.
bubblewrap_works() (
    has bwrap || return 1
    cd / || return 1
    set -- bwrap --unshare-all --unshare-user --die-with-parent --ro-bind / / --proc /proc true
    if is_root; then set -- setpriv --reuid 10001 --regid 10001 --clear-groups "$@"; fi
    timeout 15 "$@" >/dev/null 2>&1
)

docker_works() { has docker && timeout 15 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

install() {
    log=$(mktemp) || return 1
    set -- apt-get -q -y -o DPkg::Lock::Timeout=120 install "$@"
    timeout 900 "$@" >"$log" 2>&1 </dev/null ||
        { timeout 300 apt-get -q update && timeout 900 "$@"; } >"$log" 2>&1 </dev/null || tail -n 5 "$log" >&2
    rm -f "$log"
}

wait_for_docker() {
    waited=0
    while [ "$waited" -lt "$HALF_WAIT" ]; do
        docker_works && return 0
        sleep 1
        waited=$((waited + 1))
        # A daemon that has died will not answer: give it a few seconds to appear, no more.
        [ "$waited" -lt 5 ] || pidof dockerd >/dev/null || return 1
    done
    return 1
}

start_docker() {
    docker_works && return 0
    is_root && has dockerd || return 1
    if ! pidof dockerd >/dev/null; then
        if [ -d /run/systemd/system ]; then
            systemctl start docker
        elif [ -x /etc/init.d/docker ]; then
            service docker start
        else
            setsid dockerd >"$DOCKERD_LOG" &
        fi </dev/null >/dev/null 2>&1
    fi
    wait_for_docker && return 0
    pidof dockerd >/dev/null && return 1
    # Where the kernel's network tables are not ours to change. Soloist's containers have no network anyway.
    setsid dockerd --bridge=none --iptables=false --ip6tables=false >"$DOCKERD_LOG" 2>&1 </dev/null &
    wait_for_docker
}

any() {
    bubblewrap_works && return 0
    docker_works && return 0
    if may_install; then
        has bwrap || install bubblewrap
        bubblewrap_works && return 0
        say "bubblewrap can't make namespaces here; trying Docker"
        has dockerd || install docker.io needrestart-
        start_docker && return 0
        say "neither bubblewrap nor Docker works on this machine (see $DOCKERD_LOG): allow user namespaces, or start Docker"
    elif has docker; then
        say "Docker does not answer: start it (sudo systemctl start docker; to use it: sudo usermod -aG docker $(id -un))"
    elif has bwrap; then
        say "bubblewrap is not allowed to make user namespaces here: install Docker (sudo apt-get install docker.io)"
    else
        say "no sandbox engine: sudo apt-get install bubblewrap (or install and start Docker)"
    fi
    return 1
}

all() {
    if may_install; then
        missing=
        has bwrap || missing=bubblewrap
        has docker || missing="$missing docker.io needrestart-"
        # shellcheck disable=SC2086 # a list of packages
        [ -z "$missing" ] || { say "installing ${missing% needrestart-}" && install $missing; }
    fi
    bubblewrap_works || say "bubblewrap does not work here (missing, or user namespaces are off): its tests are skipped"
    if start_docker; then
        unpack_registry || say "no docker-registry package: the test that pulls from one is skipped"
    else
        reason=$(cat /var/log/docker.log "$DOCKERD_LOG" 2>/dev/null | tail -n 1 | cut -c1-200)
        is_root || reason="this user may neither use nor start it"
        say "no Docker here (${reason:-no daemon}): its tests are skipped"
    fi
    return 0
}

# Unpacked beside the tests' tools, not installed: the package would start a service.
unpack_registry() {
    has docker-registry && return 0
    [ -x "$VENV_BIN/docker-registry" ] && return 0
    has apt-get && has dpkg-deb && [ -d "$VENV_BIN" ] || return 1
    folder=$(mktemp -d) || return 1
    (
        cd "$folder" || exit 1
        # Only where apt knows no packages yet: without a network, asking again would cost every `make test` half a minute.
        if is_root && ! ls /var/lib/apt/lists/*_Packages >&2; then timeout 300 apt-get -q update; fi
        timeout 60 apt-get -q download docker-registry
        dpkg-deb -x docker-registry_*.deb .
    ) >/dev/null 2>&1 </dev/null && cp "$folder/usr/bin/docker-registry" "$VENV_BIN/"
    unpacked=$?
    rm -rf "$folder"
    return $unpacked
}

case "${1-}" in
any | all) "$1" ;;
*)
    echo "usage: $0 any|all" >&2
    exit 2
    ;;
esac
