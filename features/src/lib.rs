//! Events to feature vectors.
