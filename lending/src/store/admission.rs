//! Which commits of a group may be written, in their order, each seeing those before it. Pure: what the database holds
//! is read before, what is admitted is written after.

use std::collections::{HashMap, HashSet};

use super::house::House;
use super::{AnsweredRequest, Claim, Commit, Refused, StreamId};

/// What the database holds of everything that a group of commits asks about.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// How many events each stream has; absent is none.
    pub(super) versions: HashMap<StreamId, u64>,
    pub(super) answered: HashMap<String, AnsweredRequest>,
    /// (kind, value) to owner.
    pub(super) claims: HashMap<(String, String), String>,
    /// Ids of entries in the journal.
    pub(super) entries: HashSet<String>,
    pub(super) house: House,
}

impl Known {
    /// Refuses a commit, or takes it in as if it were written.
    pub(super) fn admit(&mut self, commit: &Commit) -> Result<(), Refused> {
        self.check(commit)?;
        self.house = self.house.after(&commit.entries)?;
        for append in &commit.appends {
            *self.versions.entry(append.stream.clone()).or_default() += append.bodies.len() as u64;
        }
        if let Some(answered) = &commit.answered {
            self.answered.insert(answered.request.clone(), answered.clone());
        }
        for release in &commit.releases {
            if self.claims.get(&key(release)) == Some(&release.owner) {
                self.claims.remove(&key(release));
            }
        }
        for claim in &commit.claims {
            self.claims.insert(key(claim), claim.owner.clone());
        }
        if let Some(erased) = &commit.erase {
            self.claims.retain(|_, owner| owner != erased.as_str());
        }
        self.entries.extend(commit.entries.iter().map(|entry| entry.id().to_string()));
        Ok(())
    }

    fn check(&self, commit: &Commit) -> Result<(), Refused> {
        // First, so that a request sent twice gets its answer and not the conflict with itself.
        if let Some(answered) = &commit.answered
            && let Some(before) = self.answered.get(&answered.request)
        {
            return Err(Refused::Answered(before.clone()));
        }
        for append in &commit.appends {
            let found = self.versions.get(&append.stream).copied().unwrap_or_default();
            if found != append.expected {
                let (stream, expected) = (append.stream.clone(), append.expected);
                return Err(Refused::Version { stream, expected, found });
            }
        }
        for claim in &commit.claims {
            match self.claims.get(&key(claim)) {
                Some(owner) if *owner != claim.owner => {
                    return Err(Refused::Claimed { kind: claim.kind, owner: owner.clone() });
                }
                Some(_) | None => {}
            }
        }
        match commit.entries.iter().find(|entry| self.entries.contains(entry.id().as_str())) {
            Some(entry) => Err(Refused::Posted(entry.id().to_string())),
            None => Ok(()),
        }
    }
}

fn key(claim: &Claim) -> (String, String) {
    (claim.kind.to_owned(), claim.value.clone())
}

#[cfg(test)]
mod tests {
    use weir_messages::{KnownTime, TraceId};

    use super::super::Append;
    use super::*;

    fn commit() -> Commit {
        Commit::empty(KnownTime::from_micros(0), TraceId::random())
    }

    fn appending(stream: &str, expected: u64) -> Commit {
        let stream = StreamId::application(&stream.into());
        Commit { appends: vec![Append { stream, expected, bodies: vec!["{}".to_owned()] }], ..commit() }
    }

    fn claim(value: &str, owner: &str) -> Claim {
        Claim { kind: "open_application", value: value.to_owned(), owner: owner.to_owned() }
    }

    #[test]
    fn of_two_commits_on_one_version_the_first_is_admitted() {
        let mut known = Known::default();
        known.admit(&appending("a", 0)).unwrap();
        assert!(matches!(known.admit(&appending("a", 0)), Err(Refused::Version { expected: 0, found: 1, .. })));
        known.admit(&appending("a", 1)).unwrap();
    }

    #[test]
    fn a_request_sent_twice_gets_its_answer_and_not_its_own_conflict() {
        let answered =
            AnsweredRequest { request: "k".into(), fingerprint: "f".into(), status: Some(201), answer: "1".into() };
        let once = Commit { answered: Some(answered.clone()), ..appending("a", 0) };
        let mut known = Known::default();
        known.admit(&once).unwrap();
        assert_eq!(known.admit(&once), Err(Refused::Answered(answered)));
    }

    #[test]
    fn a_claim_has_one_owner_until_that_owner_gives_it_up() {
        let mut known = Known::default();
        let claiming = |owner: &str| Commit { claims: vec![claim("c1", owner)], ..commit() };
        known.admit(&claiming("a1")).unwrap();
        known.admit(&claiming("a1")).unwrap();
        assert!(matches!(known.admit(&claiming("a2")), Err(Refused::Claimed { .. })));
        known.admit(&Commit { releases: vec![claim("c1", "a2")], ..commit() }).unwrap();
        assert!(known.admit(&claiming("a2")).is_err(), "given up by one who did not hold it");
        known.admit(&Commit { releases: vec![claim("c1", "a1")], ..commit() }).unwrap();
        known.admit(&claiming("a2")).unwrap();
    }

    #[test]
    fn a_refused_commit_leaves_no_trace() {
        let mut known = Known::default();
        let torn = Commit { claims: vec![claim("c1", "a1")], ..appending("a", 7) };
        assert!(known.admit(&torn).is_err());
        known.admit(&Commit { claims: vec![claim("c1", "a2")], ..appending("a", 0) }).unwrap();
    }
}
