//! netconf-client
