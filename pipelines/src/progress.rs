//! Progress bars on standard error, for work that takes a while. Where nobody watches they draw nothing.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `length` steps.
pub(crate) fn bar(title: &'static str, length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:24} {bar:40} {pos:>7}/{len:7} {per_sec:>14} {elapsed:>5}")
        .expect("the template is checked by a test");
    let bar = ProgressBar::new(u64::try_from(length).unwrap_or(u64::MAX)).with_style(style).with_message(title);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    #[test]
    fn template_of_the_bar_parses() {
        assert_eq!(super::bar("counting", 3).length(), Some(3));
    }
}
