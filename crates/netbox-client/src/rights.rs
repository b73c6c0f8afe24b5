//! What a token may do, asked without doing it.

use std::fmt;

use http::Method;
use serde_json::json;

use crate::client::Client;
use crate::error::Error;
use crate::etag::IfMatch;
use crate::request::{self, ADDRESSES, DEVICES, HttpRequest, INTERFACES, VLANS};

/// A right on all objects of a kind. Constraints on single objects are seen only when one of them is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Right {
    /// See devices.
    ViewDevices,
    /// See interfaces.
    ViewInterfaces,
    /// See VLANs.
    ViewVlans,
    /// See IP addresses.
    ViewIpAddresses,
    /// Change interfaces.
    ChangeInterfaces,
    /// Make IP addresses.
    AddIpAddresses,
    /// Change IP addresses.
    ChangeIpAddresses,
    /// Delete IP addresses.
    DeleteIpAddresses,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 8] = [
        Self::ViewDevices,
        Self::ViewInterfaces,
        Self::ViewVlans,
        Self::ViewIpAddresses,
        Self::ChangeInterfaces,
        Self::AddIpAddresses,
        Self::ChangeIpAddresses,
        Self::DeleteIpAddresses,
    ];

    /// Row ids begin at 1, so that there is nothing to be changed; and an address without an address is none. The server looks at rights first.
    fn request(self) -> Result<HttpRequest, Error> {
        let view = |path| request::get(path, &[("limit".to_owned(), "1".to_owned())]);
        let write = |method, path: &str| request::write(method, path, &json!({}), &IfMatch::Unconditional);
        let none = |path| request::one(path, 0);
        match self {
            Self::ViewDevices => view(DEVICES),
            Self::ViewInterfaces => view(INTERFACES),
            Self::ViewVlans => view(VLANS),
            Self::ViewIpAddresses => view(ADDRESSES),
            Self::ChangeInterfaces => write(Method::PATCH, &none(INTERFACES)),
            Self::AddIpAddresses => write(Method::POST, ADDRESSES),
            Self::ChangeIpAddresses => write(Method::PATCH, &none(ADDRESSES)),
            Self::DeleteIpAddresses => request::delete(&none(ADDRESSES), &IfMatch::Unconditional),
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ViewDevices => "view devices",
            Self::ViewInterfaces => "view interfaces",
            Self::ViewVlans => "view VLANs",
            Self::ViewIpAddresses => "view IP addresses",
            Self::ChangeInterfaces => "change interfaces",
            Self::AddIpAddresses => "add IP addresses",
            Self::ChangeIpAddresses => "change IP addresses",
            Self::DeleteIpAddresses => "delete IP addresses",
        })
    }
}

impl Client {
    /// Whether the token's user has a right, and the token may write if it takes that. Nothing is changed: writes are sent to an object that
    /// cannot exist, or without what they need, and what counts is whether the server refuses the right or the request.
    ///
    /// # Errors
    /// When the server answers neither; see [`Error`].
    pub async fn may(&self, right: Right) -> Result<bool, Error> {
        match self.send(right.request()?).await {
            Ok(_) | Err(Error::NotFound { .. } | Error::Invalid { .. }) => Ok(true),
            Err(Error::Forbidden { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
