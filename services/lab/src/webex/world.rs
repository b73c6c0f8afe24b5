//! What the chat knows: accounts, spaces, messages, presses of buttons, webhooks.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::id;
use crate::faults::FaultBoard;
use crate::people::PEOPLE;
use crate::settings::LabSettings;

/// The bot's address.
pub const BOT_EMAIL: &str = "netchange@webex.bot";
/// The bot's name.
pub const BOT_NAME: &str = "Netchange";
/// The title of the group space.
pub const GROUP_TITLE: &str = "Network changes";

/// A position in [`World::accounts`].
pub(super) type AccountIndex = usize;

/// The bot's position; it is the first account.
pub(super) const BOT: AccountIndex = 0;

/// A person or the bot.
pub(super) struct Account {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) token: String,
}

/// A space.
pub(super) struct Space {
    pub(super) id: String,
    /// `None` for a direct space, whose title depends on who looks.
    pub(super) title: Option<String>,
    pub(super) members: Vec<AccountIndex>,
    pub(super) created: String,
}

/// A message; a deleted one is kept, since a press of its card may still be under way.
pub(super) struct Message {
    pub(super) id: String,
    pub(super) room_id: String,
    pub(super) author: AccountIndex,
    pub(super) body: Body,
    pub(super) parent: Option<String>,
    pub(super) created: String,
    pub(super) updated: Option<String>,
    pub(super) edits: u32,
    pub(super) deleted: bool,
}

/// What a message says.
#[derive(Default, Clone)]
pub(super) struct Body {
    pub(super) text: String,
    pub(super) markdown: Option<String>,
    pub(super) html: Option<String>,
    pub(super) attachments: Vec<Value>,
    pub(super) files: Vec<Value>,
    pub(super) mentioned: Vec<String>,
    pub(super) groups: Vec<String>,
}

/// One press of a button.
pub(super) struct Press {
    pub(super) id: String,
    pub(super) message_id: String,
    pub(super) room_id: String,
    pub(super) person: AccountIndex,
    pub(super) inputs: Map<String, Value>,
    pub(super) created: String,
    /// So many more requests for it are answered with 404.
    pub(super) hidden: u32,
}

/// A registered webhook.
pub(super) struct Hook {
    pub(super) id: String,
    pub(super) owner: AccountIndex,
    pub(super) name: String,
    pub(super) target_url: String,
    pub(super) resource: String,
    pub(super) event: String,
    pub(super) filter: Option<String>,
    pub(super) secret: Option<String>,
    pub(super) active: bool,
    pub(super) created: String,
    /// When deliveries failed, the last five minutes of them.
    pub(super) failures: Vec<Instant>,
    /// Until then one failure is enough to switch it off again.
    pub(super) fragile_until: Option<Instant>,
}

/// How the clients that press buttons merge inputs; the two known renderers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Renderer {
    /// Cisco's web client: all inputs of the card are sent, empty ones as `""`, and the button's data wins a name clash.
    #[default]
    Cisco,
    /// The reference renderer: inputs of the button's own and outer cards, empty ones left out, and the input wins a name clash.
    Reference,
}

/// Habits of the chat that a test may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behaviour {
    /// Messages with cards can be edited; otherwise `PUT` gives 400, as the API's description says.
    pub card_edit: bool,
    /// How button presses merge inputs.
    pub renderer: Renderer,
    /// So many requests for each new attachment action are answered with 404 first.
    pub actions_hidden: u32,
    /// The next card that the person with this address can see is pressed, and the notification delivered, before its `POST` is answered:
    /// address and action word.
    pub quick_click: Option<(String, String)>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self { card_edit: true, renderer: Renderer::default(), actions_hidden: 0, quick_click: None }
    }
}

/// Everything, behind one lock.
pub(super) struct World {
    pub(super) accounts: Vec<Account>,
    pub(super) spaces: Vec<Space>,
    pub(super) messages: Vec<Message>,
    pub(super) presses: Vec<Press>,
    pub(super) hooks: Vec<Hook>,
    pub(super) behaviour: Behaviour,
    /// How far the clock of the failure counter is ahead.
    pub(super) ahead: Duration,
}

/// What all handlers share.
pub(super) struct Shared {
    world: Mutex<World>,
    pub(super) faults: Arc<FaultBoard>,
    pub(super) http: reqwest::Client,
    pub(super) requests: AtomicU64,
}

impl Shared {
    pub(super) fn new(world: World, faults: Arc<FaultBoard>, http: reqwest::Client) -> Self {
        Self { world: Mutex::new(world), faults, http, requests: AtomicU64::default() }
    }

    /// The world, locked; never held across an `await`.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Now, as Webex writes times.
pub(super) fn now() -> String {
    format!("{:.3}", Timestamp::now())
}

impl World {
    /// The lab's people, the group space with all of them and the bot, and the bot's two webhooks.
    pub(super) fn new(settings: &LabSettings) -> Self {
        let mut accounts = vec![Account {
            id: id::fixed("PEOPLE", 2),
            email: BOT_EMAIL.to_owned(),
            name: BOT_NAME.to_owned(),
            role: "bot".to_owned(),
            token: settings.webex_token.clone(),
        }];
        for (number, person) in (3..).zip(PEOPLE) {
            accounts.push(Account {
                id: id::fixed("PEOPLE", number),
                email: person.email.to_owned(),
                name: person.name.to_owned(),
                role: person.role.to_owned(),
                token: person_token(person.email),
            });
        }
        let group = Space {
            id: id::fixed("ROOM", 4),
            title: Some(GROUP_TITLE.to_owned()),
            members: (0..accounts.len()).collect(),
            created: now(),
        };
        let hooks =
            [("netchange cards", "attachmentActions", "card"), ("netchange messages", "messages", "webex")];
        let hooks = (9..).zip(hooks).map(|(number, hook)| first_hook(settings, number, hook)).collect();
        Self {
            accounts,
            spaces: vec![group],
            messages: Vec::new(),
            presses: Vec::new(),
            hooks,
            behaviour: Behaviour::default(),
            ahead: Duration::ZERO,
        }
    }

    /// Now, on the clock that tests can put forward.
    pub(super) fn instant(&self) -> Instant {
        Instant::now() + self.ahead
    }

    pub(super) fn account_by_email(&self, email: &str) -> Option<AccountIndex> {
        self.accounts.iter().position(|account| account.email.eq_ignore_ascii_case(email))
    }

    pub(super) fn account_by_id(&self, id: &str) -> Option<AccountIndex> {
        self.accounts.iter().position(|account| account.id == id)
    }

    /// The space, if this account is in it.
    pub(super) fn space_of(&self, id: &str, member: AccountIndex) -> Option<&Space> {
        self.spaces.iter().find(|space| space.id == id && space.members.contains(&member))
    }

    /// A message that is not deleted.
    pub(super) fn message(&self, id: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.id == id && !message.deleted)
    }

    /// The direct space of two accounts.
    pub(super) fn direct(&self, one: AccountIndex, other: AccountIndex) -> Option<&Space> {
        let both = |space: &&Space| {
            space.title.is_none() && space.members.contains(&one) && space.members.contains(&other)
        };
        self.spaces.iter().find(both)
    }

    /// The direct space of two accounts, made if need be.
    pub(super) fn open_direct(&mut self, one: AccountIndex, other: AccountIndex) -> String {
        if let Some(space) = self.direct(one, other) {
            return space.id.clone();
        }
        let space = Space { id: id::fresh("ROOM"), title: None, members: vec![one, other], created: now() };
        let id = space.id.clone();
        self.spaces.push(space);
        id
    }

    /// The title of a space for one who is in it.
    pub(super) fn title(&self, space: &Space, viewer: AccountIndex) -> String {
        let other = space
            .members
            .iter()
            .find(|member| **member != viewer)
            .map(|member| self.accounts[*member].name.clone());
        space.title.clone().or(other).unwrap_or_default()
    }

    /// Whether this account is told of a message: a bot in a group space only when it is mentioned.
    pub(super) fn sees(&self, account: AccountIndex, message: &Message) -> bool {
        let Some(space) = self.space_of(&message.room_id, account) else {
            return false;
        };
        account != BOT
            || space.title.is_none()
            || message.author == BOT
            || message.body.mentioned.contains(&self.accounts[account].id)
    }

    /// A message as the API shows it.
    pub(super) fn message_json(&self, message: &Message) -> Value {
        let author = &self.accounts[message.author];
        let body = &message.body;
        let mut json = json!({
            "id": message.id, "roomId": message.room_id, "roomType": self.room_type(&message.room_id),
            "personId": author.id, "personEmail": author.email, "created": message.created,
        });
        let mut set = |key: &str, value: Value| {
            if !value.is_null() && value != json!([]) && value != json!("") {
                json[key] = value;
            }
        };
        set("text", json!(body.text));
        set("markdown", json!(body.markdown));
        set("html", json!(body.html));
        set("attachments", json!(body.attachments));
        set("files", json!(body.files));
        set("mentionedPeople", json!(body.mentioned));
        set("mentionedGroups", json!(body.groups));
        set("parentId", json!(message.parent));
        set("updated", json!(message.updated));
        json
    }

    pub(super) fn room_type(&self, room_id: &str) -> &'static str {
        let group = self.spaces.iter().any(|space| space.id == room_id && space.title.is_some());
        if group { "group" } else { "direct" }
    }
}

/// The token of one of the lab's people.
pub(super) fn person_token(email: &str) -> String {
    format!("lab-webex-token-of-{}", email.split('@').next().unwrap_or_default())
}

fn first_hook(settings: &LabSettings, number: u32, (name, resource, path): (&str, &str, &str)) -> Hook {
    Hook {
        id: id::fixed("WEBHOOK", number),
        owner: BOT,
        name: name.to_owned(),
        target_url: format!("{}/{path}", settings.orchestrator_url.trim_end_matches('/')),
        resource: resource.to_owned(),
        event: "created".to_owned(),
        filter: None,
        secret: Some(settings.webex_webhook_secret.clone()),
        active: true,
        created: now(),
        failures: Vec::new(),
        fragile_until: None,
    }
}
