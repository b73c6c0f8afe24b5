//! People: who the bot is, who pressed a button.

use http::Method;
use serde::{Deserialize, Serialize};

use crate::client::{Client, Items};
use crate::error::Error;
use crate::id::PersonId;
use crate::lenient::null_as_default;
use crate::request::{self, Built};

/// A person or a bot, as `GET /people/{id}` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The identifier.
    pub id: PersonId,
    /// Addresses, as Webex writes them; upper and lower case may be mixed.
    #[serde(default, deserialize_with = "null_as_default")]
    pub emails: Vec<String>,
    /// The name that spaces show.
    #[serde(default, deserialize_with = "null_as_default")]
    pub display_name: String,
    /// The organisation; absent without the right to see it.
    #[serde(default)]
    pub org_id: Option<String>,
    /// Person, bot or application.
    #[serde(default, rename = "type", deserialize_with = "null_as_default")]
    pub kind: PersonKind,
}

impl Person {
    /// Whether one of the addresses is this one; case does not count.
    #[must_use]
    pub fn has_email(&self, email: &str) -> bool {
        self.emails.iter().any(|own| own.eq_ignore_ascii_case(email))
    }
}

/// What kind of account a [`Person`] is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum PersonKind {
    /// A human.
    Person,
    /// A bot.
    Bot,
    /// A service's account.
    Appuser,
    /// Something newer, or not said.
    #[default]
    Unknown,
    /// A word that this version does not know.
    Other(String),
}

impl From<String> for PersonKind {
    fn from(text: String) -> Self {
        match text.as_str() {
            "person" => Self::Person,
            "bot" => Self::Bot,
            "appuser" => Self::Appuser,
            "" => Self::Unknown,
            _ => Self::Other(text),
        }
    }
}

impl From<PersonKind> for String {
    fn from(kind: PersonKind) -> Self {
        match kind {
            PersonKind::Person => "person".to_owned(),
            PersonKind::Bot => "bot".to_owned(),
            PersonKind::Appuser => "appuser".to_owned(),
            PersonKind::Unknown => Self::new(),
            PersonKind::Other(word) => word,
        }
    }
}

fn get_me() -> Built {
    request::empty(Method::GET, "/people/me")
}

fn get_person(id: &PersonId) -> Built {
    request::empty(Method::GET, &request::path(&["people", id.as_str()], &[]))
}

fn find_by_email(email: &str) -> Built {
    request::empty(Method::GET, &request::path(&["people"], &[("email", email)]))
}

impl Client {
    /// `GET /people/me`: the bot itself; also the check that the token works.
    ///
    /// # Errors
    /// 401 ([`Error::is_unauthorized`]) when the token is not taken; see [`Error`].
    pub async fn me(&self) -> Result<Person, Error> {
        self.call("GET /people/me", get_me()).await
    }

    /// `GET /people/{id}`. Keep the answer: a person changes seldom, and a rate limit is soon reached.
    ///
    /// # Errors
    /// 404 for an unknown id; see [`Error`].
    pub async fn person(&self, id: &PersonId) -> Result<Person, Error> {
        self.call("GET /people/{id}", get_person(id)).await
    }

    /// `GET /people?email=`: the person with this address, `None` when Webex knows none.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find_person_by_email(&self, email: &str) -> Result<Option<Person>, Error> {
        let found: Items<Person> = self.call("GET /people", find_by_email(email)).await?;
        Ok(found.items.into_iter().find(|person| person.has_email(email)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_the_documented_paths() {
        assert_eq!(get_me().unwrap().uri(), "/people/me");
        assert_eq!(get_person(&"P1".parse().unwrap()).unwrap().uri(), "/people/P1");
        assert_eq!(find_by_email("a@example.net").unwrap().uri(), "/people?email=a%40example.net");
    }

    #[test]
    fn addresses_are_compared_without_case() {
        let person: Person =
            serde_json::from_str(r#"{"id":"P","emails":["Lead@Example.net"],"type":"person"}"#).unwrap();
        assert!(person.has_email("lead@example.NET"));
        assert!(!person.has_email("lead@example.net.evil"));
        assert_eq!(person.kind, PersonKind::Person);
    }
}
