# Apache Kafka: what scripts/servers must know of it. Sourced, never run.
kafka_version=4.3.0
kafka_cluster=d2Vpci10ZXN0LWJyb2tlcg

kafka_default_port() { echo 9092; }
kafka_url() { echo "127.0.0.1:$1"; }

# An ApiVersions request (key 18, version 0) of a client that numbers it "weir": the broker repeats the number, and does
# so only once it serves requests, which is later than when it takes connections.
kafka_answers() {
    case $(exchange "$1" "$2" '\0\0\0\012\0\022\0\0weir\377\377') in
    *weir*) true ;;
    *) false ;;
    esac
}

kafka_properties() { # FOLDER PORT ADDRESS: the whole configuration; ADDRESS is what the listeners bind to
    cat "$here/kafka/server.properties"
    local controller
    controller=$(free_port)
    echo "listeners=PLAINTEXT://$3:$2,CONTROLLER://127.0.0.1:$controller"
    echo "advertised.listeners=PLAINTEXT://127.0.0.1:$2"
    echo "controller.quorum.voters=1@127.0.0.1:$controller"
    echo "log.dirs=$1"
}

kafka_install() {
    need_command java default-jre-headless
    [ -d "$(kafka_jars)" ] || need_command mvn maven
    locked kafka_fetch
    # Foreign clients that tests write with.
    need_command kcat kcat
    need_venv
}

# The folder is named by what the pom says, so that a change of it is fetched anew.
kafka_jars() { echo "$cache/kafka-$kafka_version-$(sha256sum <"$here/kafka/pom.xml" | cut -c 1-12)"; }

kafka_fetch() {
    local jars part
    jars=$(kafka_jars)
    [ -d "$jars" ] && return
    say "fetching the jars of Apache Kafka $kafka_version"
    part=$(mktemp -d "$cache/kafka.XXXXXX")
    mvn -q -B -Dstyle.color=never -f "$here/kafka/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$part" >&2 || {
        rm -rf "$part"
        fail "mvn could not fetch the jars of scripts/kafka/pom.xml"
    }
    mv "$part" "$jars"
}

kafka_prepare() {
    kafka_properties "$home/data" "$1" 127.0.0.1 >"$home/server.properties"
    kafka_java kafka.tools.StorageTool format -t "$kafka_cluster" -c "$home/server.properties" >"$home/log" 2>&1
}

kafka_java() {
    java -Dlog4j2.configurationFile="$here/kafka/log4j2.properties" -cp "$(kafka_jars)/*" "$@"
}

kafka_launch() {
    spawn java -Xmx512m -Dlog4j2.configurationFile="$here/kafka/log4j2.properties" -cp "$(kafka_jars)/*" \
        kafka.Kafka "$home/server.properties"
}

kafka_stop_signal() { echo TERM; }

# The image takes each setting as a variable: `log.dirs` is KAFKA_LOG_DIRS.
kafka_container() {
    kafka_properties /tmp/kafka "$1" 0.0.0.0 |
        awk -F= '/^[a-z]/ { key = toupper($1); gsub(/\./, "_", key); print "KAFKA_" key substr($0, length($1) + 1) }' \
            >"$home/settings"
    docker create --publish "127.0.0.1:$1:$1" --env-file "$home/settings" --env CLUSTER_ID="$kafka_cluster" \
        --env KAFKA_HEAP_OPTS=-Xmx512m "apache/kafka:$kafka_version"
}
