//! The people of the lab, the same in the ticket system and in the chat.

/// One person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// E-mail address, the identity that all systems share.
    pub email: &'static str,
    /// Name as shown.
    pub name: &'static str,
    /// What the person does in the lab's story.
    pub role: &'static str,
}

/// An approver.
pub const LEAD: Person = Person { email: "lead@example.net", name: "Lena Lead", role: "approver" };
/// A second approver.
pub const CAB: Person = Person { email: "cab@example.net", name: "Carl Cab", role: "approver" };
/// The requester: customer of the lab's tickets.
pub const REQUESTER: Person =
    Person { email: "network-team@local.lab", name: "Network Team", role: "requester" };
/// The agent who types tickets in for the requester.
pub const AGENT: Person = Person { email: "developer@local.lab", name: "NetDevOps Developer", role: "agent" };
/// Somebody in the chat space who may approve nothing.
pub const BYSTANDER: Person = Person { email: "guest@example.net", name: "Gus Guest", role: "guest" };

/// Everybody with a Webex account.
pub const PEOPLE: [Person; 5] = [LEAD, CAB, REQUESTER, AGENT, BYSTANDER];
