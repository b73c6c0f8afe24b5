//! netbox-client
