//! A complete configuration with fresh keys, for `weir config init` and the demo.

use std::path::Path;

use uuid::Uuid;

/// A configuration file whose content lies in `root` and whose data goes to `data`. Every call makes new keys.
#[must_use]
pub fn template(root: &Path, data: &Path) -> String {
    let (root, data) = (root.display(), data.display());
    format!(
        r#"# Weir. Every value can be overridden from the environment: WEIR__SERVER__LISTEN=0.0.0.0:8080
data = "{data}"

[server]
listen = "127.0.0.1:8080"
# Callers show it as `Authorization: Bearer …`.
token = "weir_{server}"
# What callers may take: bytes of a body after decompression; connections at once, half of them one client's; seconds from a
# connection's opening or last answer to the next whole header, and from there to the end of the body; requests at once.
# max_body = 4194304
# max_connections = 4096
# idle_seconds = 60
# body_seconds = 30
# max_requests = 1024
# max_requests_per_client = 512
# At SIGTERM: seconds in which /readyz says so and all is answered, and then seconds for what still runs.
# drain_notice_seconds = 3
# drain_seconds = 10

[keys]
# Identifiers become tokens under this key. Keep it: another key breaks every join.
token_id = "t1"
token = "{token}"
# `current` seals; the others on the ring still open. To rotate, add a key and name it here.
current = "k1"

[keys.ring]
k1 = "{ring}"

[database]
# Absent, it is lending.sqlite in the data folder. A replica answers what may lag: statements, listings, trial balance.
# url = "postgres://weir:…@127.0.0.1:5432/weir"
# replica_url = "postgres://weir:…@127.0.0.1:5433/weir"
max_connections = 8

# Absent, the log is in the data folder and this process runs every role. `weir topics apply` makes the topics.
# [kafka]
# brokers = "127.0.0.1:9092"

# Where the state of partitions is kept for whoever is given them next.
# [objects]
# url = "file:///var/lib/weir/objects"

# Absent, nothing is written for other readers: no decision reads Redis.
# [redis]
# url = "redis://:…@127.0.0.1:6379"
# expiry_days = 30

# How long the log in the data folder keeps what, where there is no [kafka]. Absent: events and decisions for ever.
# [retention]
# events = {{ days = 400 }}
# dead_letters = {{ days = 90 }}

[content]
views = "{root}/features/views"
model = "{root}/models/german_credit"
policy = "{root}/models/policies/consumer"
products = "{root}/lending/products"

# Absent, there is no registry. `content.model = "registry:german_credit"` takes the champion there, and each that follows it
# while this runs. `weir models keygen` makes a key and prints the public one.
# [models]
# url = "file:///var/lib/weir/models"
# trusted = ["…"]

[lender]
# As your licence has it: stands in every contract.
name = "Weir Demonstration Lender"
# Where business days begin and end: ages, due dates and the end of a day follow it.
zone = "UTC"

[payments]
url = "http://127.0.0.1:8090"
secret = "{payments}"
timeout_ms = 2000

[lending]
# How long a repeated idempotency key gets the first answer; hours from one verification of the books to the next.
answer_days = 30
verify_hours = 24

[log]
filter = "info"
json = true
"#,
        server = random_hex(),
        token = random_hex(),
        ring = random_hex(),
        payments = random_hex(),
    )
}

/// 64 hex digits from the operating system's generator, by way of two random UUIDs hashed together.
fn random_hex() -> String {
    use sha2::{Digest, Sha256};
    let digest = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()]
        .iter()
        .fold(Sha256::new(), |hash, uuid| hash.chain_update(uuid.as_bytes()));
    hex::encode(digest.finalize())
}
