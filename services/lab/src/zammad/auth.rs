//! Who calls: tokens and passwords, with Zammad's difference between 401 and 403.

use super::error::Refusal;
use super::seed::{ADMIN_ID, AGENT_ID, BOT_ID, CUSTOMER_ID};

/// Token of the agent who files tickets.
pub(super) const AGENT_TOKEN: &str = "lab-zammad-agent-token";
/// Token of the administrator.
pub(super) const ADMIN_TOKEN: &str = "lab-zammad-admin-token";
/// Token of the requester, who is a customer.
pub(super) const CUSTOMER_TOKEN: &str = "lab-zammad-customer-token";
/// A token that was good once.
pub(super) const EXPIRED_TOKEN: &str = "lab-zammad-expired-token";
/// Password of the agent, for Basic.
pub(super) const AGENT_PASSWORD: &str = "lab-zammad-password";

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Right {
    Customer,
    Agent,
    Admin,
}

/// A caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) user_id: u64,
    pub(super) right: Right,
}

impl Caller {
    /// The agent, as whom the pages act.
    pub(super) const AGENT: Self = Self { user_id: AGENT_ID, right: Right::Agent };

    pub(super) fn needs(self, right: Right) -> Result<(), Refusal> {
        if self.right >= right { Ok(()) } else { Err(Refusal::forbidden("Not authorized")) }
    }
}

/// Finds the caller from the `Authorization` header.
pub(super) fn authenticate(header: Option<&str>, bot_token: &str) -> Result<Caller, Refusal> {
    let Some(header) = header.map(str::trim).filter(|header| !header.is_empty()) else {
        return Err(Refusal::forbidden("Authentication required"));
    };
    let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
    match scheme.to_ascii_lowercase().as_str() {
        "token" | "bearer" => by_token(token(rest), bot_token),
        "basic" => by_password(rest.trim()),
        _ => Err(Refusal::forbidden("Authentication required")),
    }
}

/// `token=abc`, `token="abc"` and `abc` all mean the token `abc`.
fn token(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix("token=").unwrap_or(text).trim_matches('"')
}

fn by_token(token: &str, bot_token: &str) -> Result<Caller, Refusal> {
    let (user_id, right) = match token {
        EXPIRED_TOKEN => return Err(Refusal::unauthorized("Not authorized (token expired)!")),
        AGENT_TOKEN => (AGENT_ID, Right::Agent),
        ADMIN_TOKEN => (ADMIN_ID, Right::Admin),
        CUSTOMER_TOKEN => (CUSTOMER_ID, Right::Customer),
        other if !other.is_empty() && other == bot_token => (BOT_ID, Right::Agent),
        _ => return Err(Refusal::unauthorized("Can't find User for Token")),
    };
    Ok(Caller { user_id, right })
}

fn by_password(credentials: &str) -> Result<Caller, Refusal> {
    // Base64 of the only two spellings that are right, compared as text: no decoder is needed for that.
    let right = ["developer", crate::people::AGENT.email]
        .map(|user| base64(format!("{user}:{AGENT_PASSWORD}").as_bytes()));
    if right.iter().any(|good| good == credentials) {
        return Ok(Caller::AGENT);
    }
    Err(Refusal::unauthorized("Invalid BasicAuth credentials"))
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0_u32, |word, at| word << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for place in 0..4 {
            let digit = ALPHABET[(word >> (18 - 6 * place) & 63) as usize];
            text.push(if place > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_credentials_are_403_and_wrong_ones_are_401() {
        let status = |header| authenticate(header, "bot").map_err(|refusal| (refusal.status, refusal.text));
        assert_eq!(status(None), Err((403, "Authentication required".to_owned())));
        assert_eq!(status(Some("Token token=nope")), Err((401, "Can't find User for Token".to_owned())));
        assert_eq!(status(Some("Token token=")), Err((401, "Can't find User for Token".to_owned())));
        assert_eq!(status(Some("Basic bm9wZQ==")), Err((401, "Invalid BasicAuth credentials".to_owned())));
        let expired = format!("Token token={EXPIRED_TOKEN}");
        assert_eq!(status(Some(&expired)), Err((401, "Not authorized (token expired)!".to_owned())));
    }

    #[test]
    fn a_token_is_taken_in_every_spelling() {
        for header in ["Token token=bot", "Token token=\"bot\"", "Token bot", "Bearer bot"] {
            assert_eq!(
                authenticate(Some(header), "bot").map(|caller| caller.user_id),
                Ok(BOT_ID),
                "{header}"
            );
        }
    }

    #[test]
    fn the_password_is_taken() {
        // printf 'developer:lab-zammad-password' | base64
        let header = "Basic ZGV2ZWxvcGVyOmxhYi16YW1tYWQtcGFzc3dvcmQ=";
        assert_eq!(authenticate(Some(header), "bot"), Ok(Caller::AGENT));
    }
}
