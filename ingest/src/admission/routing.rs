//! Whether a record lies where its customer does: its key is its subject, and its partition the one of that key. Whoever
//! writes past the collector may use another partitioner, and would part a customer's events from each other.

use weir_messages::{CustomerId, Shard};

use crate::refusal::Refusal;

pub(super) fn check(subject: &CustomerId, key: &str, (found, partitions): (u16, u16)) -> Result<(), Refusal> {
    if key != subject.as_str() {
        return Err(Refusal::new("misrouted", "key", "expected the record's key to be its subject"));
    }
    let expected = Shard::of(key).partition(partitions);
    if found == expected {
        return Ok(());
    }
    let reason = format!("expected {expected}, which is its key's of {partitions}, found {found}");
    Err(Refusal::new("misrouted", "partition", reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(key: &str, found: u16, partitions: u16) -> Result<(), (&'static str, String)> {
        check(&CustomerId::new("foobar"), key, (found, partitions)).map_err(|refusal| (refusal.code, refusal.field))
    }

    /// By `UtilsTest.testMurmur2` of Apache Kafka, `foobar` is -790332482, and so 2 of 4 partitions.
    #[test]
    fn a_record_lies_in_the_partition_that_java_gives_its_key() {
        assert_eq!(checked("foobar", 2, 4), Ok(()));
        assert_eq!(checked("foobar", 0, 1), Ok(()));
        for wrong in [0, 1, 3] {
            assert_eq!(checked("foobar", wrong, 4), Err(("misrouted", "partition".to_owned())));
        }
    }

    #[test]
    fn a_key_that_is_not_the_subject_is_misrouted_wherever_it_lies() {
        assert_eq!(checked("foo", 2, 4), Err(("misrouted", "key".to_owned())));
    }
}
