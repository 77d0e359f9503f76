//! The `weir` command.

/// Folding an event allocates dozens of small pieces on one thread and frees them on another: the system's own allocator
/// spends a third of the time on it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    weir_pipelines::cli::run()
}
