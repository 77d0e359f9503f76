//! What every payment channel must do, run against the HTTP adapter with a server of the protocol behind it.
