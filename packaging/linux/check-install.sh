#!/bin/sh
# Installs a .deb in a fresh Debian below a folder, as a person would, starts both programs there, and removes it again.
# Called by `cargo xtask bundle --check`, inside mounts of its own: they go with it.
#
#   check-install.sh DEB FOLDER SUITE MIRROR
set -eu
deb=$1
folder=$2
suite=$3
mirror=$4
root=$folder/root
here=$(dirname "$0")

step() { printf '\n-- %s\n' "$*"; }

step "a fresh Debian ($suite)"
rm -rf "$root"
mkdir -p "$root"
debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror" > "$folder/debootstrap.txt" 2>&1 ||
    { tail -n 20 "$folder/debootstrap.txt"; exit 1; }
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount --bind /proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs tmpfs "$root/run"
# Nothing that is installed may start a service.
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }
as_ann() { chroot --userspec=ann:ann "$root" env -i PATH=/usr/bin:/bin LANG=C.UTF-8 HOME=/home/ann "$@"; }

step "the package, with what it depends on and nothing else"
in_root sh -c 'find / -xdev | sort' > "$folder/before.txt"
cp "$deb" "$root/windlass.deb"
in_root apt-get update -qq
in_root apt-get install -y -qq --no-install-recommends /windlass.deb > "$folder/apt.txt" 2>&1 ||
    { tail -n 20 "$folder/apt.txt"; exit 1; }
in_root dpkg --status windlass | grep '^Status: install ok installed'
in_root sh -c 'for program in windlass windlass-desktop; do ! ldd /usr/bin/$program | grep "not found"; done'

step "the command line, as somebody else than root"
in_root useradd --create-home --shell /bin/sh ann
as_ann windlass --version
as_ann sh -euc '
    cd ~
    mkdir nas things
    head -c 20000000 /dev/urandom > "things/film ü.mov"
    windlass dest add nas --folder ~/nas --json
    windlass up things --group First --to nas
    cmp "things/film ü.mov" "$(find nas -name "film*" -type f)"
    windlass receipt First > /dev/null
    windlass verify First > /dev/null'

step "the window, opened with a file"
in_root apt-get install -y -qq --no-install-recommends xvfb xauth x11-utils x11-apps dbus > "$folder/apt-x.txt" 2>&1 ||
    { tail -n 20 "$folder/apt-x.txt"; exit 1; }
in_root mkdir -p /tmp/.X11-unix
in_root chmod 1777 /tmp /tmp/.X11-unix /dev/shm
cp "$here/check-window.sh" "$root/check-window.sh"
as_ann sh /check-window.sh
cp "$root/home/ann/window.xwd" "$folder/window.xwd"

step "removed, it leaves nothing that is its own"
in_root dpkg --listfiles windlass > "$folder/files.txt"
in_root apt-get purge -y -qq windlass > "$folder/purge.txt" 2>&1
while read -r file; do
    case $file in */windlass* | */app.windlass*) [ ! -e "$root$file" ] || { echo "left: $file"; exit 1; } ;; esac
done < "$folder/files.txt"
printf '\nthe package installs, works and goes\n'
