"""Which package owns a path, asked on a live host: what the walk and the list of running code share, as shell.

`manager` sets $manager (dpkg, apk, rpm or nothing) and $database. With the paths in $names, each on its line after the
first newline, `dpkg_lists` and `apk_files` put into $found what `asked` of `secops.hosts.tables._origin` reads.
"""

from __future__ import annotations

#: dpkg's lists answer when they know it.
DPKG_ITSELF = "/usr/bin/dpkg"

# Why as it is: only these few files are looked up, with a few processes in all. For dpkg that is one grep over its
# lists (a third of what dpkg-query takes), for apk one awk over its database, which is text. $nl is a newline, $oldifs
# what IFS was.
OWNERS_SH = r"""
split() { IFS=$nl; set -f; }
whole() { IFS=$oldifs; }
lines() { printf '%s\n' "${1#"$nl"}"; }
manager() {
  manager= database=
  if [ -s /var/lib/dpkg/status ]; then manager=dpkg; return; fi
  for f in /lib/apk/db/installed /usr/lib/apk/db/installed; do if [ -s $f ]; then manager=apk database=$f; fi; done
  [ ! "$manager" ] || return 0
  for f in /usr/lib/sysimage/rpm /var/lib/rpm; do
    if [ -e $f/rpmdb.sqlite ] || [ -e $f/Packages ] || [ -e $f/Packages.db ]; then
      manager=rpm database=${database:-$f}
    fi
  done
}
dpkg_lists() {
  D=/var/lib/dpkg; diverted=$(cat $D/diversions 2>/dev/null)
  set +f; set -- $D/info/*.list; set -f
  found=$(lines "$names$nl@DPKG@$nl$(lines "$diverted" | sed -n 'p;n;n')" | grep -HxF -f - -- "$@" 2>/dev/null)
}
apk_files() {
  found=$(lines "$names" | awk 'NR == FNR { wanted[$0]; next }
    /^P:/ { package = $0; n++ }
    /^F:/ { folder = substr($0, 3); folder = folder == "" ? "/" : "/" folder "/" }
    /^R:/ { path = folder substr($0, 3); hit = path in wanted; if (hit) { print package; print "R:" path } }
    /^[aZ]:/ && hit
    END { print "N:" n + 0 }' - "$database")
}
""".replace("@DPKG@", DPKG_ITSELF)
