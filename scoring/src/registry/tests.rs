//! Versions that are there once and unchanged or not at all, and moves of which one wins.

use super::memory::MemoryShelf;
use super::*;
use crate::gate;
use crate::lineup::Share;
use crate::model::tests::{shipped, with_version};

struct Bench {
    shelf: Arc<MemoryShelf>,
    key: SigningKey,
    registry: Registry,
}

impl Bench {
    fn new() -> Self {
        let (shelf, key) = (Arc::new(MemoryShelf::default()), SigningKey::generate());
        let registry = Registry::new(shelf.clone(), &[key.public()]);
        Self { shelf, key, registry }
    }

    async fn deploy(&self, content: &Content) -> Result<Seal, RegistryError> {
        let passed = gate::examine(content, None).passed().unwrap();
        self.registry.deploy(content, &passed, &self.key, "ada", at(1)).await
    }

    /// Versions 1 to `last`.
    async fn deployed(last: u32) -> (Self, Vec<Version>) {
        let bench = Self::new();
        let mut versions = Vec::new();
        for version in 1..=last {
            versions.push(bench.deploy(&with_version(version)).await.unwrap().id());
        }
        (bench, versions)
    }

    async fn make(&self, order: Order) -> Result<Move, RegistryError> {
        self.registry.make(NAME, order, author("because")).await
    }

    async fn aliases(&self) -> Aliases {
        self.registry.aliases(NAME).await.unwrap()
    }
}

const NAME: &str = "german_credit";

fn at(micros: i64) -> KnownTime {
    KnownTime::from_micros(micros)
}

fn author(why: &str) -> Author {
    Author { who: "ada".to_owned(), at: at(7), why: why.to_owned() }
}

fn share(percent: u8) -> Share {
    percent.try_into().unwrap()
}

fn said<T: std::fmt::Debug>(result: Result<T, RegistryError>) -> String {
    crate::one_line(&result.unwrap_err())
}

#[tokio::test]
async fn a_version_comes_out_as_it_was_put_in_and_again_changes_nothing() {
    let bench = Bench::new();
    let content = Content::read_model(&shipped()).unwrap();
    let seal = bench.deploy(&content).await.unwrap();
    assert_eq!(bench.registry.package(&bench.registry.seal(NAME, 1).await.unwrap()).await.unwrap(), content);
    let passed = gate::examine(&content, None).passed().unwrap();
    let again = bench.registry.deploy(&content, &passed, &bench.key, "bob", at(2)).await.unwrap();
    assert_eq!(again, seal, "the first seal stands");
    assert_eq!(bench.registry.names().await.unwrap(), [NAME]);
    assert_eq!(bench.registry.seals(NAME).await.unwrap().len(), 1);
}

#[tokio::test]
async fn another_package_under_the_same_version_is_refused() {
    let bench = Bench::new();
    bench.deploy(&with_version(1)).await.unwrap();
    let toml = with_version(1).text("model.toml").unwrap().replace("credit-risk", "somebody");
    let other = with_version(1).with("model.toml", toml.into_bytes());
    let error = said(bench.deploy(&other).await);
    assert!(error.contains("german_credit version 1: is there already, as package"), "{error}");
}

#[tokio::test]
async fn of_two_who_deploy_one_version_at_the_same_moment_one_does() {
    let bench = Bench::new();
    let toml = with_version(1).text("model.toml").unwrap().replace("credit-risk", "somebody");
    let other = with_version(1).with("model.toml", toml.into_bytes());
    let (one, two) = (with_version(1), other);
    let (first, second) = tokio::join!(bench.deploy(&one), bench.deploy(&two));
    let (winner, content) = match (first, second) {
        (Ok(seal), Err(_)) => (seal, one),
        (Err(_), Ok(seal)) => (seal, two),
        both => panic!("expected one of two, found {both:?}"),
    };
    let stored = bench.registry.seal(NAME, 1).await.unwrap();
    assert_eq!(stored, winner);
    assert_eq!(bench.registry.package(&stored).await.unwrap(), content);
}

#[tokio::test]
async fn an_upload_that_was_torn_is_seen_by_nobody_and_is_finished_by_the_next() {
    let bench = Bench::new();
    let content = with_version(1);
    let hash = content.hash();
    for file in ["model.toml", "model.onnx"] {
        let bytes = content.bytes(file).unwrap().to_vec();
        bench.shelf.create(&package_file(NAME, &hash, file), bytes).await.unwrap();
    }
    assert!(bench.registry.names().await.unwrap().is_empty() && bench.registry.seals(NAME).await.unwrap().is_empty());
    assert!(said(bench.registry.seal(NAME, 1).await).contains("no such version"));
    let seal = bench.deploy(&content).await.unwrap();
    assert_eq!(bench.registry.package(&seal).await.unwrap(), content);
}

#[tokio::test]
async fn a_file_that_was_changed_or_taken_away_is_refused() {
    for file in MODEL_FILES {
        let bench = Bench::new();
        let seal = bench.deploy(&with_version(1)).await.unwrap();
        let path = package_file(NAME, &seal.hash, file);
        bench.shelf.overwrite(&path, |mut bytes| {
            *bytes.last_mut().unwrap() ^= 1;
            Some(bytes)
        });
        assert!(said(bench.registry.package(&seal).await).contains("expected package"), "{file}");
        bench.shelf.overwrite(&path, |_| None);
        assert!(said(bench.registry.package(&seal).await).contains("it is not there"), "{file}");
    }
}

#[tokio::test]
async fn a_seal_that_was_changed_in_any_field_is_refused() {
    for (before, after) in [
        ("\"ada\"", "\"eve\""),
        ("1970-01-01", "1971-01-01"),
        ("\"signature\": \"", "\"signature\": \"00"),
        ("\"hash\": \"", "\"hash\": \"0"),
    ] {
        let bench = Bench::new();
        bench.deploy(&with_version(1)).await.unwrap();
        bench.shelf.overwrite(&seal_file(NAME, 1), |bytes| {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(before), "{text}");
            Some(text.replace(before, after).into_bytes())
        });
        assert!(said(bench.registry.seal(NAME, 1).await).contains("the seal was changed"), "{before}");
    }
}

#[tokio::test]
async fn a_seal_stands_under_no_other_version() {
    let (bench, _) = Bench::deployed(1).await;
    let seal = bench.shelf.get(&seal_file(NAME, 1)).await.unwrap().unwrap();
    bench.shelf.create(&seal_file(NAME, 2), seal.clone()).await.unwrap();
    assert!(said(bench.registry.seal(NAME, 2).await).contains("its seal is of german_credit version 1"));
    bench.shelf.create(&seal_file("other", 1), seal).await.unwrap();
    assert!(said(bench.registry.seal("other", 1).await).contains("its seal is of german_credit version 1"));
}

#[tokio::test]
async fn a_key_that_is_not_trusted_deploys_nothing_and_what_it_sealed_is_not_there() {
    let (bench, _) = Bench::deployed(1).await;
    let stranger = SigningKey::generate();
    let content = with_version(2);
    let passed = gate::examine(&content, None).passed().unwrap();
    let refused = bench.registry.deploy(&content, &passed, &stranger, "eve", at(1)).await;
    assert!(said(refused).contains("which `models.trusted` does not name"));
    assert!(said(bench.registry.seal(NAME, 2).await).contains("no such version"));
    let elsewhere = Registry::new(bench.shelf.clone(), &[stranger.public()]);
    assert!(said(elsewhere.seal(NAME, 1).await).contains("which `models.trusted` does not name"));
    assert!(elsewhere.seals(NAME).await.unwrap()[0].1.is_err());
}

#[tokio::test]
async fn a_name_that_points_elsewhere_is_refused() {
    let bench = Bench::new();
    for name in ["", "..", "a/b", "A", "ä", &"a".repeat(65)] {
        assert!(matches!(bench.registry.seal(name, 1).await, Err(RegistryError::Name { .. })), "{name}");
        assert!(matches!(bench.registry.moves(name, 1).await, Err(RegistryError::Name { .. })), "{name}");
    }
}

#[tokio::test]
async fn moves_fold_to_what_stands_and_rollback_goes_to_what_stood_before() {
    let (bench, versions) = Bench::deployed(3).await;
    let [one, two, three] = &versions[..] else { panic!("three versions") };
    assert!(said(bench.make(Order::Rollback).await).contains("no champion"));
    assert!(said(bench.make(Order::Shadow(one.clone())).await).contains("no champion"));
    bench.make(Order::Promote(one.clone())).await.unwrap();
    assert!(said(bench.make(Order::Promote(one.clone())).await).contains("version 1 is champion already"));
    assert!(said(bench.make(Order::Rollback).await).contains("none before"));
    bench.make(Order::Challenge(two.clone(), share(10))).await.unwrap();
    bench.make(Order::Shadow(two.clone())).await.unwrap();
    bench.make(Order::Shadow(three.clone())).await.unwrap();
    assert!(said(bench.make(Order::Shadow(three.clone())).await).contains("a shadow already"));
    assert_eq!(bench.aliases().await.named(two), ["challenger of 10 %", "shadow"]);
    bench.make(Order::Promote(two.clone())).await.unwrap();
    let aliases = bench.aliases().await;
    assert_eq!((aliases.champion.as_ref(), aliases.challenger), (Some(two), None), "who won challenges no more");
    assert_eq!(aliases.shadows.iter().collect::<Vec<_>>(), [three]);
    let back = bench.make(Order::Rollback).await.unwrap();
    assert_eq!((back.to.as_ref(), back.previous.as_ref()), (Some(one), Some(two)));
    assert_eq!(bench.aliases().await.champion.as_ref(), Some(one));
    bench.make(Order::Unshadow(three.clone())).await.unwrap();
    assert!(said(bench.make(Order::Unshadow(three.clone())).await).contains("is no shadow"));
    assert!(said(bench.make(Order::EndChallenge).await).contains("there is no challenger"));
    let moves = bench.registry.moves(NAME, 1).await.unwrap();
    assert_eq!((moves.len(), bench.aliases().await), (7, Aliases::of(&moves)));
    assert!(moves.iter().all(|one| one.author == author("because")), "the list is the audit trail");
    assert_eq!(bench.registry.moves(NAME, 6).await.unwrap(), moves[5..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_promote_at_the_same_moment_each_number_is_one_move() {
    let (bench, versions) = Bench::deployed(2).await;
    let promote = |number: usize| {
        let (registry, version) = (bench.registry.clone(), versions[number % 2].clone());
        tokio::spawn(async move { registry.make(NAME, Order::Promote(version), author(&number.to_string())).await })
    };
    let mut won = Vec::new();
    for promoted in (0..32).map(promote).collect::<Vec<_>>() {
        match promoted.await.unwrap() {
            Ok(one) => won.push(one),
            Err(RegistryError::Overtaken { .. } | RegistryError::Refused { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let moves = bench.registry.moves(NAME, 1).await.unwrap();
    assert!(!won.is_empty() && won.len() == moves.len(), "who was told so has won, and nobody else");
    assert!(won.iter().all(|one| moves.contains(one)));
    let previous: Vec<_> = moves.iter().map(|one| one.previous.clone()).skip(1).collect();
    let to: Vec<_> = moves.iter().map(|one| one.to.clone()).take(moves.len() - 1).collect();
    assert_eq!(previous, to, "each move goes out from the one before");
}

#[tokio::test]
async fn no_alias_moves_to_what_is_not_sealed_not_even_back() {
    let (bench, versions) = Bench::deployed(2).await;
    let other = Version { hash: versions[1].hash.clone(), ..versions[0].clone() };
    assert!(said(bench.make(Order::Promote(other)).await).contains("german_credit version 1: expected package"));
    bench.make(Order::Promote(versions[0].clone())).await.unwrap();
    bench.make(Order::Promote(versions[1].clone())).await.unwrap();
    bench.shelf.overwrite(&seal_file(NAME, 1), |_| None);
    assert!(said(bench.make(Order::Rollback).await).contains("no such version"));
    assert_eq!(bench.aliases().await.champion.as_ref(), Some(&versions[1]));
}

#[tokio::test]
async fn a_move_that_does_not_read_is_named() {
    let (bench, versions) = Bench::deployed(1).await;
    bench.make(Order::Promote(versions[0].clone())).await.unwrap();
    bench.shelf.overwrite(&move_file(NAME, 1), |_| Some(b"{}".to_vec()));
    assert!(said(bench.registry.moves(NAME, 1).await).starts_with("german_credit/moves/00000001.json: "));
}
