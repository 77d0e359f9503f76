//! Ids as newtypes, and the virtual shard of a customer.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

id! {
    /// A customer, by our own id: never a phone or id number.
    CustomerId
}
id!(ApplicationId);
id!(LoanId);
id! {
    /// A producer's id of an event, unique within its source.
    EventId
}

/// A customer's place among 1,024 virtual shards: murmur2 of the id, as Kafka's Java partitioner takes it, modulo
/// 1,024. Partition counts are powers of two up to 1,024, so a shard never spans two partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Shard(u16);

impl Shard {
    pub const COUNT: u16 = 1024;
    /// The seed of `org.apache.kafka.common.utils.Utils.murmur2`.
    const KAFKA_SEED: u32 = 0x9747_b28c;

    #[must_use]
    pub fn of(key: &str) -> Self {
        let positive = murmur2::murmur2(key.as_bytes(), Self::KAFKA_SEED) & 0x7fff_ffff;
        Self(u16::try_from(positive % u32::from(Self::COUNT)).expect("a remainder of 1,024 fits"))
    }

    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The partition that holds this shard when there are `partitions` of them.
    #[must_use]
    pub fn partition(self, partitions: u16) -> u16 {
        assert!(
            partitions.is_power_of_two() && partitions <= Self::COUNT,
            "partition counts are powers of two to 1,024"
        );
        self.0 % partitions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures of `UtilsTest.testMurmur2` in Apache Kafka: keys and their 32-bit hash.
    #[test]
    fn a_shard_agrees_with_the_java_partitioner() {
        for (key, hash) in
            [("21", -973_932_308_i32), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536)]
        {
            let expected = hash.cast_unsigned() & 0x7fff_ffff;
            assert_eq!(u32::from(Shard::of(key).number()), expected % 1024, "{key}");
        }
    }

    #[test]
    fn a_shard_lies_in_one_partition_whatever_their_number() {
        for key in 0..1000 {
            let shard = Shard::of(&format!("c{key}"));
            assert_eq!(shard.partition(64) % 4, shard.partition(4));
        }
    }
}
