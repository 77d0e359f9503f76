//! Which member of this process has which partition: whose it is, as the group said last, and who has its state open.
//! A state store is open once in a process, so a member opens one only when nobody has it open, and who has one that
//! became another's closes it between two polls. No member ever waits for the lock of a store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

type MemberId = u64;

/// The partitions of one group's topic in this process.
#[derive(Debug, Default)]
pub(super) struct Ownership(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    members: MemberId,
    partitions: BTreeMap<u16, Entry>,
    /// Members that are out of the group, and since when.
    astray: BTreeMap<MemberId, Instant>,
    joined_anew: u64,
}

#[derive(Debug, Default)]
struct Entry {
    /// The member that the group gave it to last.
    owner: Option<MemberId>,
    open: Option<MemberId>,
    /// Since when it has an owner who has not taken it over.
    waits: Option<Instant>,
}

/// Why a partition cannot be opened now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Busy {
    /// The group gave it to another member of this process since.
    Superseded,
    /// Another member of this process has it open still, and closes it after its current turn.
    Open,
}

/// What a process was given by its group and does not work on, and the members that are given nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Partitions that were given and are not taken over.
    pub partitions: usize,
    /// How long the first of them has waited.
    pub longest: Duration,
    /// Members that are out of the group: it rebalances, or they do not find into it.
    pub members_out: usize,
    /// How long the first of them has been.
    pub longest_out: Duration,
    /// How often a member took a new client, since the start.
    pub joined_anew: u64,
}

impl Ownership {
    /// A member more.
    pub(super) fn seat(this: &Arc<Self>) -> Seat {
        let mut table = this.table();
        table.members += 1;
        Seat { member: table.members, ownership: Arc::clone(this) }
    }

    pub(super) fn waiting(&self, now: Instant) -> Waiting {
        let table = self.table();
        let since = || table.partitions.values().filter_map(|entry| entry.waits);
        let ago = |since: Option<Instant>| since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        Waiting {
            partitions: since().count(),
            longest: ago(since().min()),
            members_out: table.astray.len(),
            longest_out: ago(table.astray.values().min().copied()),
            joined_anew: table.joined_anew,
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One member's place in the table. Dropped, it leaves nothing there.
#[derive(Debug)]
pub(super) struct Seat {
    member: MemberId,
    ownership: Arc<Ownership>,
}

impl Seat {
    /// Since when this member is out of the group; `None` when it is in.
    pub(super) fn set_astray(&self, since: Option<Instant>) {
        let mut table = self.ownership.table();
        match since {
            Some(since) => drop(table.astray.insert(self.member, since)),
            None => drop(table.astray.remove(&self.member)),
        }
    }

    /// With a new client.
    pub(super) fn joins_anew(&self) {
        self.ownership.table().joined_anew += 1;
    }

    /// The group gives the partition to this member.
    pub(super) fn assign(&self, partition: u16, now: Instant) {
        let mut table = self.ownership.table();
        let entry = table.partitions.entry(partition).or_default();
        entry.owner = Some(self.member);
        if entry.open != Some(self.member) {
            entry.waits.get_or_insert(now);
        }
    }

    /// Claims the state for this member, which then has it open.
    pub(super) fn open(&self, partition: u16, now: Instant) -> Result<(), Busy> {
        let mut table = self.ownership.table();
        let entry = table.partitions.entry(partition).or_default();
        if *entry.owner.get_or_insert(self.member) != self.member {
            return Err(Busy::Superseded);
        }
        entry.waits.get_or_insert(now);
        if *entry.open.get_or_insert(self.member) != self.member {
            return Err(Busy::Open);
        }
        Ok(())
    }

    /// What was opened is taken over.
    pub(super) fn taken_over(&self, partition: u16) {
        self.of(partition, |entry, member| {
            if entry.open == Some(member) {
                entry.waits = None;
            }
        });
    }

    /// Its state is closed; the partition stays this member's where it was.
    pub(super) fn close(&self, partition: u16, now: Instant) {
        self.of(partition, |entry, member| {
            if entry.open == Some(member) {
                entry.open = None;
            }
            if entry.owner == Some(member) {
                entry.waits.get_or_insert(now);
            }
        });
    }

    /// The partition is this member's no more, and its state is closed.
    pub(super) fn release(&self, partition: u16) {
        self.of(partition, release);
    }

    /// Whether the group gave it to another member of this process since.
    pub(super) fn is_superseded(&self, partition: u16) -> bool {
        self.of(partition, |entry, member| entry.owner.is_some_and(|owner| owner != member)).unwrap_or(false)
    }

    fn of<T>(&self, partition: u16, then: impl FnOnce(&mut Entry, MemberId) -> T) -> Option<T> {
        self.ownership.table().partitions.get_mut(&partition).map(|entry| then(entry, self.member))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut table = self.ownership.table();
        table.astray.remove(&self.member);
        table.partitions.values_mut().for_each(|entry| release(entry, self.member));
    }
}

fn release(entry: &mut Entry, member: MemberId) {
    if entry.open == Some(member) {
        entry.open = None;
    }
    if entry.owner == Some(member) {
        (entry.owner, entry.waits) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> (Arc<Ownership>, Seat, Seat) {
        let ownership = Arc::<Ownership>::default();
        let (one, two) = (Ownership::seat(&ownership), Ownership::seat(&ownership));
        (ownership, one, two)
    }

    #[test]
    fn a_new_owner_opens_once_the_old_one_has_closed() {
        let (_ownership, one, two) = two();
        let now = Instant::now();
        one.assign(3, now);
        assert_eq!(one.open(3, now), Ok(()));
        two.assign(3, now);
        assert_eq!(two.open(3, now), Err(Busy::Open));
        assert!(one.is_superseded(3) && !two.is_superseded(3));
        one.close(3, now);
        assert_eq!((one.open(3, now), two.open(3, now)), (Err(Busy::Superseded), Ok(())));
    }

    #[test]
    fn who_was_superseded_has_it_again_when_the_newer_owner_goes() {
        let (_ownership, one, two) = two();
        let now = Instant::now();
        one.assign(3, now);
        two.assign(3, now);
        assert_eq!(one.open(3, now), Err(Busy::Superseded));
        drop(two);
        assert_eq!(one.open(3, now), Ok(()));
    }

    #[test]
    fn releasing_what_became_anothers_leaves_it_to_the_other() {
        let (_ownership, one, two) = two();
        let now = Instant::now();
        one.assign(3, now);
        one.open(3, now).unwrap();
        two.assign(3, now);
        one.release(3);
        assert!(!two.is_superseded(3));
        assert_eq!(two.open(3, now), Ok(()));
    }

    #[test]
    fn a_partition_waits_from_its_assignment_until_it_is_taken_over() {
        let (ownership, one, two) = two();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let waiting = |seconds| ownership.waiting(after(seconds));
        let given =
            |partitions, seconds| Waiting { partitions, longest: Duration::from_secs(seconds), ..Waiting::default() };
        one.assign(3, start);
        one.assign(5, after(2));
        one.open(3, start).unwrap();
        assert_eq!(waiting(4), given(2, 4));
        one.taken_over(3);
        assert_eq!(waiting(4), given(1, 2));
        one.close(3, after(5));
        one.release(5);
        assert_eq!(waiting(6), given(1, 1));
        two.assign(3, after(7));
        two.open(3, after(7)).unwrap();
        two.taken_over(3);
        assert_eq!(waiting(9), Waiting::default());
    }

    #[test]
    fn a_member_is_out_until_it_is_in_or_gone() {
        let (ownership, one, two) = two();
        let start = Instant::now();
        let out = |seconds| {
            let Waiting { members_out, longest_out, .. } = ownership.waiting(start + Duration::from_secs(seconds));
            (members_out, longest_out.as_secs())
        };
        one.set_astray(Some(start));
        two.set_astray(Some(start + Duration::from_secs(3)));
        assert_eq!(out(5), (2, 5));
        one.set_astray(None);
        assert_eq!(out(6), (1, 3));
        two.joins_anew();
        assert_eq!((out(7), ownership.waiting(start).joined_anew), ((1, 4), 1), "it is not in yet");
        drop(two);
        assert_eq!(out(8), (0, 0));
    }
}
