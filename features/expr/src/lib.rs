//! SQL expressions over Arrow batches: typed, three-valued.
