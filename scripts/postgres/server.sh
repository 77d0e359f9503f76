# PostgreSQL: what scripts/servers must know of it. Sourced, never run.
postgres_default_port() { echo 5432; }
postgres_url() { echo "postgres://postgres@127.0.0.1:$1/postgres"; }

# A startup message as the user and for the database `postgres`. A server that is still starting, or recovering,
# says 57P03; any other word, a refusal too, means that it serves.
postgres_answers() {
    case $(exchange "$1" "$2" '\0\0\0\051\0\003\0\0user\0postgres\0database\0postgres\0\0') in
    E*57P03*) false ;;
    R* | E*) true ;;
    *) false ;;
    esac
}

# Debian keeps the server's programs off the PATH, in a folder of their version.
postgres_programs() {
    local newest
    newest=$(find /usr/lib/postgresql -maxdepth 3 -name initdb 2>/dev/null | sort -V | tail -n 1)
    [ -n "$newest" ] || newest=$(command -v initdb) || return
    dirname "$newest"
}

postgres_install() {
    postgres_programs >/dev/null || locked install_packages postgresql
    postgres_programs >/dev/null || fail "the package postgresql brought no initdb"
}

# PostgreSQL refuses to run as root; the package made a user for it.
postgres_user() {
    [ "$(id -u)" != 0 ] || echo setpriv --reuid=postgres --regid=postgres --init-groups
}

postgres_prepare() {
    mkdir -p "$home/data"
    [ "$(id -u)" != 0 ] || chown postgres "$home/data"
    echo "$1" >"$home/port"
    # Connections come from this machine alone, so anybody may connect as the superuser.
    # shellcheck disable=SC2046 # a prefix of words
    (cd / && $(postgres_user) "$(postgres_programs)/initdb" -D "$home/data" -U postgres -A trust -E UTF8 \
        --locale=C --no-sync) >"$home/log" 2>&1
}

# launch() has seen that our server is gone. After kill -9 its lock file stays, and may name an id that lives again.
postgres_launch() {
    rm -f "$home/data/postmaster.pid"
    # shellcheck disable=SC2046 # a prefix of words
    spawn $(postgres_user) "$(postgres_programs)/postgres" -D "$home/data" -p "$(cat "$home/port")" \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300
}

# INT is the fast stop: clients are told to go, and what is committed is on disk.
postgres_stop_signal() { echo INT; }

postgres_container() {
    docker create --publish "127.0.0.1:$1:5432" --env POSTGRES_HOST_AUTH_METHOD=trust postgres:15.13-bookworm \
        -c max_connections=300
}
