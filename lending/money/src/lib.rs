//! Money, currency and rates, without floats.
