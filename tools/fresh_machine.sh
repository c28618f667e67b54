#!/bin/bash
# fresh_machine.sh: tries the README's two commands on a Debian 12 with only the base system: no
# make, no compiler. Needs root, debootstrap, git and this machine's apt mirror; takes minutes.
#
# It makes a root in a temporary folder, unpacks HEAD there, runs each command in a chroot, then
# both again without a network, and plain `make run` and `make test`. Prints seconds and exit codes.
# Exit: 0 all ended with 0; 1 one did not; 3 no such root could be made.
# KEEP=1 keeps the folder and prints its name.
set -u

commands=(
    'sh tools/setup.sh build && make run'
    'sh tools/setup.sh test && make test'
)
suite=bookworm

fail() {
    echo "fresh_machine.sh: $1" >&2
    exit 3
}

[ "$(id -u)" = 0 ] || fail 'this needs root'
command -v debootstrap >/dev/null || fail 'this needs debootstrap (apt-get install debootstrap)'
cd "$(dirname "$0")/.." || exit 3
root=$(mktemp -d "${TMPDIR:-/var/tmp}/fresh-machine.XXXXXX") || exit 3

clean_up() {
    umount "$root/proc" 2>/dev/null
    if mountpoint -q "$root/proc"; then
        echo "fresh_machine.sh: $root/proc is still mounted: $root is left as it is" >&2
    elif [ -n "${KEEP:-}" ]; then
        echo "kept: $root"
    else
        rm -rf --one-file-system "$root"
    fi
}
trap clean_up EXIT

# The mirror and everything else that apt needs here, it needs in there, too.
# shellcheck disable=SC2016 # those are apt's variables, not ours
mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' |
    awk -v suite=$suite '$2 == suite { print $1; exit }')
apt_paths=(/etc/apt /usr/share/keyrings)
if [ -z "$mirror" ]; then # another system: its sources would be wrong in there
    mirror=http://deb.debian.org/debian
    apt_paths=(/etc/apt/apt.conf.d)
fi

make_root() {
    debootstrap --variant=minbase $suite "$root" "$mirror" >"$root.log" 2>&1 || {
        tail -n 20 "$root.log" >&2
        return 1
    }
    rm -f "$root.log"
    chmod 755 "$root"
    local path
    for path in "${apt_paths[@]}" /etc/resolv.conf /etc/hosts /usr/local/share/ca-certificates; do
        [ -e "$path" ] || continue
        mkdir -p "$root$(dirname "$path")"
        rm -rf "${root:?}$path"
        cp -aL "$path" "$root$path" 2>/dev/null
    done
    mount -t proc proc "$root/proc" || echo 'note: no /proc in there; sanitizers will not work'
    # As on a new machine: no package lists yet.
    rm -rf "${root:?}"/var/lib/apt/lists/*
    mkdir -p "$root/root/postern"
    git archive HEAD | tar -x -C "$root/root/postern"
}

# try WHERE COMMAND: WHERE is "" or "unshare -n" (no network).
failures=0
try() {
    local start end code
    start=$(date +%s%N)
    # shellcheck disable=SC2086
    $1 chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        sh -c "cd /root/postern && $2" >"$root/tmp/log" 2>&1 </dev/null
    code=$?
    end=$(date +%s%N)
    printf 'exit %d, %d.%d s%s: %s\n' $code $(((end - start) / 1000000000)) \
        $(((end - start) / 100000000 % 10)) "${1:+ (no network)}" "$2"
    if [ $code = 0 ]; then
        tail -n 1 "$root/tmp/log" | sed 's/^/    /'
    else
        tail -n 30 "$root/tmp/log" | sed 's/^/    /'
        failures=$((failures + 1))
    fi
}

make_root || fail "debootstrap from $mirror failed"
echo "a root with $(chroot "$root" dpkg-query -f '.\n' -W | wc -l) packages, from $mirror"
for command in make gcc cc clang; do
    ! chroot "$root" sh -c "command -v $command" >/dev/null || fail "$command is already in there"
done
for command in "${commands[@]}"; do
    try '' "$command"
done
no_network=
! unshare -n true 2>/dev/null || no_network='unshare -n'
for command in "${commands[@]}" 'make run' 'make test'; do
    try "$no_network" "$command"
done
[ $failures = 0 ]
