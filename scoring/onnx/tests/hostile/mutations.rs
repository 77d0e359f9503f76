//! The graphs of the corpus with bytes flipped, cut and taken from one another. `fuzz` does the same for hours.

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;

use crate::try_out::try_out;

/// Every tenth graph of the corpus.
static GRAPHS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("tests/corpus/models");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "onnx"));
    files.sort();
    let graphs: Vec<_> = files.iter().step_by(10).map(|path| std::fs::read(path).unwrap()).collect();
    assert!(graphs.len() > 40);
    graphs
});

#[test]
fn a_file_cut_short_is_refused_or_is_a_file() {
    for bytes in GRAPHS.iter() {
        for end in (0..bytes.len()).step_by(bytes.len() / 12 + 1) {
            try_out(&bytes[..end]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn flipped_bytes_never_end_the_process(
        at in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..5),
    ) {
        let mut bytes = at.get(&GRAPHS).clone();
        for (place, flip) in flips {
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
        }
        try_out(&bytes);
    }

    #[test]
    fn parts_of_two_files_never_end_the_process(
        files in any::<[prop::sample::Index; 2]>(),
        places in any::<[prop::sample::Index; 3]>(),
    ) {
        let (first, second) = (files[0].get(&GRAPHS), files[1].get(&GRAPHS));
        let (from, to) = (places[0].index(second.len()), places[1].index(second.len()));
        let at = places[2].index(first.len());
        let mut bytes = first[..at].to_vec();
        bytes.extend(&second[from.min(to)..from.max(to)]);
        bytes.extend(&first[at..]);
        try_out(&bytes);
    }
}
