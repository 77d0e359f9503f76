//! What crosses a network in clear. Money never does unless it is said; for servers of the operator's own, which may lie on
//! a private network, a warning is told at the start.

use std::net::IpAddr;

use super::Config;

/// Of an address without port: this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The host in `user@host:port` or `host:port`.
fn host(place: &str) -> &str {
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    match place.strip_prefix('[') {
        Some(_) => place.split_once(']').map_or(place, |(address, _)| address),
        None => place.split(':').next().unwrap_or_default(),
    }
}

/// The part of a URL between its scheme and its path or settings.
fn place(url: &str) -> &str {
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    place.split(['/', '?']).next().unwrap_or_default()
}

fn leaves_this_machine(place: &str) -> bool {
    place.split(',').any(|one| !is_loopback(host(one)))
}

/// Settings by which personal data may cross a network in clear.
pub(crate) fn in_clear(config: &Config) -> Vec<&'static str> {
    let database =
        |url: &Option<super::DatabaseUrl>| url.as_ref().map(super::DatabaseUrl::exposed).is_some_and(postgres_in_clear);
    let kafka = config.kafka.as_ref().is_some_and(|kafka| {
        kafka.security.as_ref().is_none_or(|security| !security.tls) && leaves_this_machine(&kafka.brokers)
    });
    let redis = config.redis.as_ref().is_some_and(|redis| leaves_this_machine(place(redis.url.exposed())));
    let settings = [
        ("database.url", database(&config.database.url)),
        ("database.replica_url", database(&config.database.replica_url)),
        ("kafka.brokers", kafka),
        ("redis.url", redis),
        (
            "payments.url",
            config.payments.url.starts_with("http://") && leaves_this_machine(place(&config.payments.url)),
        ),
    ];
    settings.into_iter().filter(|(_, clear)| *clear).map(|(name, _)| name).collect()
}

/// Without an `sslmode` the driver takes TLS only where the server offers it.
fn postgres_in_clear(url: &str) -> bool {
    let is_postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let sealed = ["sslmode=require", "sslmode=verify-ca", "sslmode=verify-full"];
    is_postgres && leaves_this_machine(place(url)) && !sealed.iter().any(|mode| url.contains(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_beyond_this_machine_needs_an_sslmode() {
        for (url, clear) in [
            ("postgres://weir:p@127.0.0.1:5432/weir", false),
            ("postgres://weir:p@[::1]/weir", false),
            ("postgres://weir:p@db.internal/weir", true),
            ("postgres://weir:p@db.internal/weir?sslmode=prefer", true),
            ("postgres://weir:p@db.internal/weir?sslmode=verify-full", false),
            ("/var/lib/lending.sqlite", false),
        ] {
            assert_eq!(postgres_in_clear(url), clear, "{url}");
        }
    }

    #[test]
    fn one_broker_elsewhere_leaves_this_machine() {
        assert!(!leaves_this_machine("127.0.0.1:9092,localhost:9093,[::1]:9094"));
        assert!(leaves_this_machine("127.0.0.1:9092,b2.internal:9092"));
    }
}
