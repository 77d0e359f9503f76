# Redis: what scripts/servers must know of it. Sourced, never run.
redis_default_port() { echo 6379; }
redis_url() { echo "redis://127.0.0.1:$1"; }

# A server that wants a password first says so, and that is an answer too.
redis_answers() {
    case $(exchange "$1" "$2" 'PING\r\n') in
    +PONG* | -NOAUTH*) true ;;
    *) false ;;
    esac
}

redis_install() { need_command redis-server redis-server; }

# The title stays as it was started, since the folder in it tells our process from any other.
redis_prepare() {
    mkdir -p "$home/data"
    cat >"$home/redis.conf" <<-CONF
	bind 127.0.0.1
	port $1
	dir $home/data
	appendonly yes
	set-proc-title no
	CONF
}

redis_launch() { spawn redis-server "$home/redis.conf"; }
redis_stop_signal() { echo TERM; }

redis_container() {
    docker create --publish "127.0.0.1:$1:6379" redis:7.2.7-bookworm --appendonly yes
}
