//! ticket-client
