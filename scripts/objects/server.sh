# An object store that speaks the S3 API: moto's server, in a virtual environment of pinned packages. What scripts/servers
# must know of it. Sourced, never run. It takes any key, keeps objects in memory, and has no container.
objects_variable=WEIR_TEST_S3

objects_default_port() { echo 80; }
objects_url() { echo "http://127.0.0.1:$1"; }

objects_answers() {
    case $(exchange "$1" "$2" 'HEAD / HTTP/1.0\r\n\r\n') in
    HTTP/1.*) true ;;
    *) false ;;
    esac
}

objects_install() {
    [ -d "$(objects_environment)" ] || need_venv
    locked objects_fetch
}

# The folder is named by the packages, so that a change of them is fetched anew.
objects_environment() { echo "$cache/moto-$(sha256sum <"$here/objects/requirements.txt" | cut -c 1-12)"; }

objects_fetch() {
    local environment part
    environment=$(objects_environment)
    [ -d "$environment" ] && return
    say "fetching moto's server"
    part=$(mktemp -d "$cache/moto.XXXXXX")
    { python3 -m venv "$part" && "$part/bin/python" -m pip install --quiet --disable-pip-version-check \
        --requirement "$here/objects/requirements.txt"; } >"$home/install.log" 2>&1 || {
        rm -rf "$part"
        fail "pip could not install scripts/objects/requirements.txt: $(tail -n 1 "$home/install.log")"
    }
    mv "$part" "$environment"
}

objects_prepare() {
    mkdir -p "$home/data"
    echo "$1" >"$home/port"
}

# The folder stands among the words, since it tells our process from any other.
objects_launch() {
    spawn "$(objects_environment)/bin/python" -c 'import sys; from moto.server import main; main(sys.argv[2:])' \
        "$home" -H 127.0.0.1 -p "$(cat "$home/port")"
}

objects_stop_signal() { echo TERM; }
