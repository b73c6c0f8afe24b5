//! The chat: people with tokens, spaces, messages with cards, presses of buttons, webhooks; and pages to click on.
//!
//! The API is under `/v1`, the pages under `/`. What it does not have: files, teams, meetings, moderation, and the webhooks of memberships.

mod actions;
mod api;
mod cardview;
mod compose;
mod delivery;
mod error;
mod hooks;
mod id;
mod markdown;
mod messages;
mod pages;
mod people;
mod press;
mod world;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::web::{Data, ServiceConfig};
use serde_json::{Map, Value};

pub use press::PressError;
pub use world::{BOT_EMAIL, BOT_NAME, Behaviour, GROUP_TITLE, Renderer};

use press::Which;
use world::{BOT, Shared, World};

use crate::faults::{FaultBoard, System};
use crate::http::Server;
use crate::settings::LabSettings;

/// The chat, running.
pub struct Webex {
    server: Server,
    shared: Data<Shared>,
}

/// A message that shows a card now.
#[derive(Debug, Clone, PartialEq)]
pub struct CardMessage {
    /// The message.
    pub message_id: String,
    /// Its space.
    pub room_id: String,
    /// The people in the space, by address; the bot is left out.
    pub recipients: Vec<String>,
    /// The text beside the card.
    pub markdown: String,
    /// The card's JSON.
    pub card: Value,
    /// How often it was edited.
    pub edits: u32,
}

impl Webex {
    /// Starts it.
    ///
    /// # Errors
    /// When the port cannot be bound or no HTTP client for the webhooks can be made.
    pub async fn start(settings: &LabSettings, faults: Arc<FaultBoard>) -> io::Result<Self> {
        // The first of a process wins; any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Each notification has a connection of its own, so that no runtime depends on another one's.
        let http = reqwest::Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .build()
            .map_err(io::Error::other)?;
        let shared = Data::new(Shared::new(World::new(settings), faults.clone(), http));
        let routes = {
            let shared = shared.clone();
            move |config: &mut ServiceConfig| {
                config.app_data(shared.clone()).configure(api::routes).configure(pages::routes);
            }
        };
        let server = Server::start(settings, settings.ports.webex, (System::Webex, faults), routes)?;
        Ok(Self { server, shared })
    }

    /// Its base URL, where the pages are.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The URL of its API.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}/v1", self.server.url())
    }

    /// Stops it.
    pub async fn stop(&self) {
        self.server.stop().await;
    }

    /// How many requests reached the API; those that a fault answered are not among them.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// The token of one of the people, to call the API as that person.
    #[must_use]
    pub fn token_of(&self, email: &str) -> Option<String> {
        let world = self.shared.world();
        world.account_by_email(email).map(|index| world.accounts[index].token.clone())
    }

    /// The identifier of a person or of the bot.
    #[must_use]
    pub fn person_id(&self, email: &str) -> Option<String> {
        let world = self.shared.world();
        world.account_by_email(email).map(|index| world.accounts[index].id.clone())
    }

    /// The identifier of the group space, the same in every lab until it migrates.
    #[must_use]
    pub fn group_room_id(&self) -> String {
        let world = self.shared.world();
        world
            .spaces
            .iter()
            .find(|space| space.title.is_some())
            .map(|space| space.id.clone())
            .unwrap_or_default()
    }

    /// The identifier of the direct space of a person and the bot, made if need be; `None` for a stranger.
    #[must_use]
    pub fn direct_room_id(&self, email: &str) -> Option<String> {
        let mut world = self.shared.world();
        let person = world.account_by_email(email).filter(|person| *person != BOT)?;
        Some(world.open_direct(person, BOT))
    }

    /// All messages that are not deleted, as the API shows them, the oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        let world = self.shared.world();
        world
            .messages
            .iter()
            .filter(|message| !message.deleted)
            .map(|message| world.message_json(message))
            .collect()
    }

    /// The messages that show a card now, the oldest first.
    #[must_use]
    pub fn cards(&self) -> Vec<CardMessage> {
        let world = self.shared.world();
        let shown = world.messages.iter().filter(|message| !message.deleted);
        let view = |message: &world::Message| {
            let space = world.spaces.iter().find(|space| space.id == message.room_id)?;
            let people = space.members.iter().filter(|member| **member != BOT);
            Some(CardMessage {
                message_id: message.id.clone(),
                room_id: message.room_id.clone(),
                recipients: people.map(|member| world.accounts[*member].email.clone()).collect(),
                markdown: message.body.markdown.clone().unwrap_or_else(|| message.body.text.clone()),
                card: press::card_of(message)?.clone(),
                edits: message.edits,
            })
        };
        shown.filter_map(view).collect()
    }

    /// The registered webhooks as the API shows them.
    #[must_use]
    pub fn webhooks(&self) -> Vec<Value> {
        let world = self.shared.world();
        world.hooks.iter().map(|hook| delivery::hook_json(&world, hook)).collect()
    }

    /// Presses a button of a card as a person, as the Webex client would; `button` is its title or action word, `inputs` what the person
    /// typed, by input. Gives the action's id once its notifications were answered, lost or given up.
    ///
    /// # Errors
    /// When a client would not send it; see [`PressError`].
    pub async fn press(
        &self,
        message_id: &str,
        email: &str,
        button: &str,
        inputs: &Map<String, Value>,
    ) -> Result<String, PressError> {
        let which = Which::Word(button);
        let (id, deliveries) = press::press(&mut self.shared.world(), message_id, (email, &which), inputs)?;
        delivery::send_and_wait(&self.shared, deliveries).await;
        Ok(id)
    }

    /// Creates an action with any inputs, as anyone in the space can without the card; the message may be deleted. Gives the action's id
    /// once its notifications were answered, lost or given up.
    ///
    /// # Errors
    /// When there never was such a card, or nobody with this address is in its space.
    pub async fn forge_action(
        &self,
        message_id: &str,
        email: &str,
        inputs: Map<String, Value>,
    ) -> Result<String, PressError> {
        let (id, deliveries) = {
            let mut world = self.shared.world();
            let person =
                world.account_by_email(email).ok_or_else(|| PressError::NotThere(email.to_owned()))?;
            press::make(&mut world, message_id, person, inputs)?
        };
        delivery::send_and_wait(&self.shared, deliveries).await;
        Ok(id)
    }

    /// Writes a message as a person; `@Netchange` at its start mentions the bot. Gives the message's id once its notifications were
    /// answered, lost or given up.
    ///
    /// # Errors
    /// When the person is not in the space or the text is too long; in words.
    pub async fn write(&self, room_id: &str, email: &str, text: &str) -> Result<String, String> {
        let (id, deliveries) = pages::say(&self.shared, room_id, email, text)?;
        delivery::send_and_wait(&self.shared, deliveries).await;
        Ok(id)
    }

    /// Changes the chat's habits.
    pub fn set_behaviour(&self, behaviour: Behaviour) {
        self.shared.world().behaviour = behaviour;
    }

    /// Puts the clock forward that counts failed notifications.
    pub fn advance(&self, by: Duration) {
        self.shared.world().ahead += by;
    }

    /// Gives a space a new identifier, as a move between regions does, and tells the webhooks for it. Gives the new one; `None` when
    /// there is no such space.
    pub async fn migrate_room(&self, room_id: &str) -> Option<String> {
        let (new, deliveries) = {
            let mut world = self.shared.world();
            let new = id::fresh("ROOM");
            let space = world.spaces.iter_mut().find(|space| space.id == room_id)?;
            space.id.clone_from(&new);
            let there = world.messages.iter_mut().filter(|message| message.room_id == room_id);
            there.for_each(|message| message.room_id.clone_from(&new));
            world
                .presses
                .iter_mut()
                .filter(|press| press.room_id == room_id)
                .for_each(|press| press.room_id.clone_from(&new));
            let deliveries = delivery::of_migration(&world, room_id, &new);
            (new, deliveries)
        };
        delivery::send_and_wait(&self.shared, deliveries).await;
        Some(new)
    }
}
