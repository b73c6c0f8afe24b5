//! Spaces and who is in them.

use http::Method;
use serde::{Deserialize, Serialize};

use crate::client::{Client, Items};
use crate::error::Error;
use crate::id::{MembershipId, PersonId, RoomId};
use crate::lenient::null_as_default;
use crate::request::{self, Built};

/// Most items that one page of a list is asked for.
const PAGE: &str = "100";

/// A space.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// The identifier.
    pub id: RoomId,
    /// The title; of a direct space, the other person's name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub title: String,
    /// Direct or group.
    #[serde(rename = "type", default, deserialize_with = "null_as_default")]
    pub kind: RoomKind,
    /// Only moderators may change it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub is_locked: bool,
    /// Nobody may write.
    #[serde(default, deserialize_with = "null_as_default")]
    pub is_read_only: bool,
    /// Only moderators may write.
    #[serde(default, deserialize_with = "null_as_default")]
    pub is_announcement_only: bool,
}

/// Direct or group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum RoomKind {
    /// Two people.
    Direct,
    /// Any number of people. A bot sees only the messages here that mention it.
    Group,
    /// Not said.
    #[default]
    Unknown,
    /// A word that this version does not know.
    Other(String),
}

impl From<String> for RoomKind {
    fn from(text: String) -> Self {
        match text.as_str() {
            "direct" => Self::Direct,
            "group" => Self::Group,
            "" => Self::Unknown,
            _ => Self::Other(text),
        }
    }
}

impl From<RoomKind> for String {
    fn from(kind: RoomKind) -> Self {
        match kind {
            RoomKind::Direct => "direct".to_owned(),
            RoomKind::Group => "group".to_owned(),
            RoomKind::Unknown => Self::new(),
            RoomKind::Other(word) => word,
        }
    }
}

/// One person in one space.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// The identifier.
    pub id: MembershipId,
    /// The space.
    pub room_id: RoomId,
    /// The person.
    pub person_id: PersonId,
    /// The person's address.
    #[serde(default, deserialize_with = "null_as_default")]
    pub person_email: String,
    /// The person's name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub person_display_name: String,
    /// The person's organisation; differs from ours for guests.
    #[serde(default)]
    pub person_org_id: Option<String>,
    /// May moderate the space.
    #[serde(default, deserialize_with = "null_as_default")]
    pub is_moderator: bool,
}

fn get_room(id: &RoomId) -> Built {
    request::empty(Method::GET, &request::path(&["rooms", id.as_str()], &[]))
}

fn list_rooms() -> Built {
    request::empty(Method::GET, &request::path(&["rooms"], &[("type", "group"), ("max", PAGE)]))
}

fn list_memberships(room: &RoomId) -> Built {
    request::empty(Method::GET, &request::path(&["memberships"], &[("roomId", room.as_str()), ("max", PAGE)]))
}

fn find_membership(room: &RoomId, email: &str) -> Built {
    let query = [("roomId", room.as_str()), ("personEmail", email)];
    request::empty(Method::GET, &request::path(&["memberships"], &query))
}

impl Client {
    /// `GET /rooms/{id}`.
    ///
    /// # Errors
    /// 404 when there is no such space or the bot is not in it; see [`Error`].
    pub async fn room(&self, id: &RoomId) -> Result<Room, Error> {
        self.call("GET /rooms/{id}", get_room(id)).await
    }

    /// `GET /rooms?type=group`: the group spaces that the bot is in.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn group_rooms(&self) -> Result<Vec<Room>, Error> {
        self.list("GET /rooms", list_rooms()).await
    }

    /// `GET /memberships?roomId=`: everybody in the space.
    ///
    /// # Errors
    /// 404 or 403 when the bot is not in it; see [`Error`].
    pub async fn memberships(&self, room: &RoomId) -> Result<Vec<Membership>, Error> {
        self.list("GET /memberships", list_memberships(room)).await
    }

    /// `GET /memberships?roomId=&personEmail=`: one person's membership, `None` when the person is not in the space.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find_membership(&self, room: &RoomId, email: &str) -> Result<Option<Membership>, Error> {
        let found: Items<Membership> = self.call("GET /memberships", find_membership(room, email)).await?;
        Ok(found.items.into_iter().find(|membership| membership.person_email.eq_ignore_ascii_case(email)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_the_documented_paths() {
        let room: RoomId = "R1".parse().unwrap();
        assert_eq!(get_room(&room).unwrap().uri(), "/rooms/R1");
        assert_eq!(list_rooms().unwrap().uri(), "/rooms?type=group&max=100");
        assert_eq!(list_memberships(&room).unwrap().uri(), "/memberships?roomId=R1&max=100");
        assert_eq!(
            find_membership(&room, "a@example.net").unwrap().uri(),
            "/memberships?roomId=R1&personEmail=a%40example.net"
        );
    }
}
