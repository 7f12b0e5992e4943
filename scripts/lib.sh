# SPDX-License-Identifier: Apache-2.0
# Shared by scripts/demo and scripts/test: step lines with elapsed seconds, system packages, configure and build.

packages=(cmake ninja-build g++ ccache pkg-config libsystemc-dev libboost-dev nlohmann-json3-dev libgtest-dev libgmock-dev
          libbenchmark-dev libssl-dev libcli11-dev python3 python3-dev pybind11-dev)
site_packages=(python3-sphinx python3-myst-parser furo)
# What only the tests of the Python package and of the site need.
test_packages=(python3-venv python3-numpy python3-pandas python3-pytest python3-matplotlib python3-distributed
               python3-nbclient python3-ipykernel mypy "${site_packages[@]}")

step() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }

# Exit code 2, as everywhere in this project: something that the user has to change.
stop() {
    printf 'error: %s\n' "$1" >&2
    shift
    (($# == 0)) || printf '  %s\n' "$@" >&2
    exit 2
}

system_name() {
    local file=${SUPERLANE_OS_RELEASE:-/etc/os-release}
    [[ -r $file ]] || { echo unknown; return; }
    (
        # shellcheck disable=SC1090
        . "$file"
        echo "${ID:-unknown} ${VERSION_ID:-}"
    )
}

what_is_needed=(
    "needed: a C++20 compiler (g++ 12 or later), CMake 3.25 or later, Ninja, pkg-config, Python 3,"
    "SystemC 2.3.4, Boost 1.74 or later, nlohmann_json 3.10 or later, GoogleTest with GoogleMock,"
    "Google Benchmark, OpenSSL 3, CLI11 2.1 or later; ccache is used when it is there. For the Python package"
    "pybind11 2.10 or later and Python's headers; for its tests NumPy, pandas, pytest, matplotlib, Dask distributed, nbclient, ipykernel, mypy;"
    "for the site of the documentation Sphinx 5.3 or later, myst-parser 0.18 or later and furo."
    "On Debian 12 these are the packages: ${packages[*]}"
    "With all of them installed, set SUPERLANE_SKIP_PACKAGES=1 and run this again."
)

missing_packages() {
    local installed
    installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true)
    local package
    for package in "${packages[@]}"; do
        grep -qx "$package installed" <<<"$installed" || echo "$package"
    done
}

install_packages() {
    if [[ -n ${SUPERLANE_SKIP_PACKAGES:-} ]]; then
        step "packages: not checked (SUPERLANE_SKIP_PACKAGES)"
        return
    fi
    local system
    system=$(system_name)
    case $system in
        "debian 12" | "ubuntu 24.04") ;;
        *) stop "this script knows Debian 12 and Ubuntu 24.04; this is '$system'" "${what_is_needed[@]}" ;;
    esac
    local missing
    mapfile -t missing < <(missing_packages)
    if ((${#missing[@]} == 0)); then
        step "packages: all present ($system)"
        return
    fi
    local as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || stop "no root and no sudo; missing packages: ${missing[*]}" "${what_is_needed[@]}"
        as_root=(sudo)
    fi
    step "packages: installing ${missing[*]}"
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0)
    "${apt[@]}" update </dev/null || stop "apt-get update failed; is this machine online?"
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null ||
        stop "apt-get could not install: ${missing[*]}" "${what_is_needed[@]}"
}

# build PRESET: configure only what is not configured; ninja does the rest, and nothing when nothing changed.
build() {
    local preset=$1 folder=$2
    if [[ ! -f $folder/build.ninja ]]; then
        step "configure ($preset)"
        cmake --preset "$preset" >"${folder}.log" 2>&1 || { cat "${folder}.log" >&2; rm -f "${folder}.log"; stop "configure failed"; }
        rm -f "${folder}.log"
    fi
    # ccache then finds the same objects for another build folder, such as that of `pip install .`.
    export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
    step "build ($preset)"
    cmake --build "$folder" -j "$(nproc)"
}
