//! Many items at once, each with an answer of its own: what one does, by an error or a panic, concerns no other.

use std::collections::HashMap;

use tokio::task::JoinSet;

use super::LendingError;

/// Items under way at once. Their commits share transactions, so more of them cost less each.
const MAX_AT_ONCE: usize = 256;

/// Answers in the order of the items.
pub(super) async fn each<I, T, W, F>(items: impl IntoIterator<Item = I>, work: W) -> Vec<Result<T, LendingError>>
where
    W: Fn(I) -> F,
    F: Future<Output = Result<T, LendingError>> + Send + 'static,
    T: Send + 'static,
{
    let (mut running, mut places) = (JoinSet::new(), HashMap::new());
    let mut answers = Vec::new();
    for item in items {
        if running.len() == MAX_AT_ONCE {
            take(&mut running, &mut places, &mut answers).await;
        }
        places.insert(running.spawn(work(item)).id(), answers.len());
        answers.push(Err(LendingError::Panicked));
    }
    while !running.is_empty() {
        take(&mut running, &mut places, &mut answers).await;
    }
    answers
}

/// Waits for the next that ends. One that panicked keeps the answer that it was given at its start.
async fn take<T: 'static>(
    running: &mut JoinSet<Result<T, LendingError>>,
    places: &mut HashMap<tokio::task::Id, usize>,
    answers: &mut [Result<T, LendingError>],
) {
    if let Some(Ok((id, answer))) = running.join_next_with_id().await
        && let Some(place) = places.remove(&id)
    {
        answers[place] = answer;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_item_that_panics_or_fails_concerns_no_other() {
        let answers = each(0..1_000_u32, |item| async move {
            match item {
                3 => panic!("a defect"),
                4 => Err(LendingError::Contended),
                _ => Ok(item),
            }
        });
        let answers = answers.await;
        assert!(matches!((&answers[3], &answers[4]), (Err(LendingError::Panicked), Err(LendingError::Contended))));
        let right = answers.iter().zip(0..).filter(|(answer, item)| matches!(answer, Ok(value) if value == item));
        assert_eq!(right.count(), 998);
    }
}
