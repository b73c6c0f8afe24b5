//! Every conversion between the wire of another system and the domain.

pub(crate) mod card;
pub(crate) mod device;
pub(crate) mod netbox;
pub(crate) mod note;
pub(crate) mod restconf;
pub(crate) mod ticket;
